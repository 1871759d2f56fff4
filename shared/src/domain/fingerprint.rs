//! Keyed hashes: how the ledger remembers what a record looked like without keeping any of it.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::pii::Pii;

/// HMAC-SHA-256 of a record's mapped source fields, and the id of the key it was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Which key made it. Hashes under different keys say nothing about each other.
    pub key_id: String,
    /// 64 hexadecimal digits.
    pub hash: String,
}

impl Fingerprint {
    /// Whether the record changed between `self` and `newer`. Under another key that cannot be told, and is not taken as a change.
    #[must_use]
    pub fn changed_to(&self, newer: &Self) -> bool {
        self.key_id == newer.key_id && self.hash != newer.hash
    }
}

/// The key for fingerprints, from the secret of the deployment.
pub struct FingerprintKey {
    id: String,
    mac: Hmac<Sha256>,
}

impl FingerprintKey {
    /// Prepares the key. Its id is derived from the key, so a rotated key has a new id by itself.
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        let mac = Hmac::new_from_slice(secret.expose_secret().as_bytes())
            .expect("HMAC takes a key of any length");
        let mut id = hex(&mac
            .clone()
            .chain_update(b"referral-bridge key id")
            .finalize()
            .into_bytes());
        id.truncate(12);
        Self { id, mac }
    }

    /// The fingerprint of these bytes.
    #[must_use]
    pub fn fingerprint(&self, fields: &Pii<Vec<u8>>) -> Fingerprint {
        let hash = self
            .mac
            .clone()
            .chain_update(fields.expose())
            .finalize()
            .into_bytes();
        Fingerprint {
            key_id: self.id.clone(),
            hash: hex(&hash),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> FingerprintKey {
        FingerprintKey::new(&SecretString::from(secret))
    }

    fn print(key: &FingerprintKey, fields: &str) -> Fingerprint {
        key.fingerprint(&Pii::new(fields.as_bytes().to_vec()))
    }

    #[test]
    fn equal_fields_have_equal_fingerprints_and_others_do_not() {
        let key = key("0123456789abcdef0123456789abcdef");
        assert!(!print(&key, "a").changed_to(&print(&key, "a")));
        assert!(print(&key, "a").changed_to(&print(&key, "b")));
    }

    #[test]
    fn another_key_is_no_change() {
        let (old, new) = (
            key("0123456789abcdef0123456789abcdef"),
            key("fedcba9876543210fedcba9876543210"),
        );
        assert_ne!(print(&old, "a").key_id, print(&new, "a").key_id);
        assert!(!print(&old, "a").changed_to(&print(&new, "b")));
    }
}
