//! Keyed hashes: how the ledger remembers what a record looked like without keeping any of it.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::pii::Pii;

/// HMAC-SHA-256 of a record's mapped source fields, and the id of the key it was made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Which key made it. Hashes under different keys say nothing about each other.
    pub key_id: String,
    /// 64 hexadecimal digits.
    pub hash: String,
    /// What else the same record may be remembered as: under the key before this one, or as an older reading of it. Never stored.
    #[serde(skip)]
    before: Option<Box<Self>>,
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        (&self.key_id, &self.hash) == (&other.key_id, &other.hash)
    }
}

impl Eq for Fingerprint {}

impl Fingerprint {
    /// Whether the record changed between `self` and `newer`. Under a key that `newer` does not know that cannot be told, and is not
    /// taken as a change.
    #[must_use]
    pub fn changed_to(&self, newer: &Self) -> bool {
        let mut comparable = newer.under(&self.key_id).peekable();
        comparable.peek().is_some() && comparable.all(|newer| newer.hash != self.hash)
    }

    /// Whether it can be told that the record changed between `self` and `newer`.
    #[must_use]
    pub fn compares_to(&self, newer: &Self) -> bool {
        newer.under(&self.key_id).next().is_some()
    }

    /// The same record, which an older version of this software remembered as `older`: neither is a change of the other.
    #[must_use]
    pub fn or(mut self, older: Self) -> Self {
        self.before = Some(Box::new(match self.before.take() {
            Some(before) => before.or(older),
            None => older,
        }));
        self
    }

    fn under<'p>(&'p self, key_id: &'p str) -> impl Iterator<Item = &'p Self> {
        let all = std::iter::successors(Some(self), |print| print.before.as_deref());
        all.filter(move |print| print.key_id == key_id)
    }
}

/// The key for fingerprints, from the secret of the deployment.
pub struct FingerprintKey {
    id: String,
    mac: Hmac<Sha256>,
    before: Option<Box<Self>>,
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
        Self {
            id,
            mac,
            before: None,
        }
    }

    /// Whether this key, or one before it, has this id.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        let all = std::iter::successors(Some(self), |key| key.before.as_deref());
        all.into_iter().any(|key| key.id == id)
    }

    /// This key after a rotation: what was made with the one before it can still be compared.
    #[must_use]
    pub fn replacing(mut self, before: Self) -> Self {
        self.before = Some(Box::new(before));
        self
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
            before: self
                .before
                .as_ref()
                .map(|before| Box::new(before.fingerprint(fields))),
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
    fn a_rotated_key_knows_what_changed_as_long_as_it_knows_the_one_before() {
        let old = || key("0123456789abcdef0123456789abcdef");
        let new = key("fedcba9876543210fedcba9876543210").replacing(old());
        assert!(!print(&old(), "a").changed_to(&print(&new, "a")));
        assert!(print(&old(), "a").changed_to(&print(&new, "b")));
        let stored = serde_json::to_string(&print(&new, "a")).expect("JSON");
        assert!(!stored.contains(&print(&old(), "a").hash), "{stored}");
    }

    #[test]
    fn a_record_that_is_read_otherwise_than_before_has_not_changed() {
        let old = || key("0123456789abcdef0123456789abcdef");
        let rotated = key("fedcba9876543210fedcba9876543210").replacing(old());
        for key in [old(), rotated] {
            let now = print(&key, "a").or(print(&key, "a\u{200b}"));
            for before in ["a", "a\u{200b}"] {
                assert!(!print(&old(), before).changed_to(&now), "{before:?}");
                assert!(!print(&key, before).changed_to(&now), "{before:?}");
            }
            assert!(print(&old(), "b").changed_to(&now));
            assert!(print(&key, "b").changed_to(&now));
        }
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
