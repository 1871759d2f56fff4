//! Sign-ins, remembered over all workflows and runs: six wrong tries lock an account for everybody.
//!
//! Under `<deployment>#sign-in`: `auth_failed#<system>` is the last refusal, `signed_in#<system>` the last success, and
//! `trying#<system>` says that somebody is trying just now.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;

use super::table::TTL_ATTRIBUTE;
use super::{Item, Store, StoreError, failed, number, text};
use crate::domain::system::System;

const SYSTEMS: [System; 2] = [System::Ping, System::Primero];

/// What is known of our sign-ins to one system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIns {
    /// The last refusal, unless it was forgotten or succeeded by a success.
    pub refused: Option<RefusedSignIn>,
    /// The last success.
    pub accepted: Option<AcceptedSignIn>,
}

/// A sign-in that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedSignIn {
    /// Under which version of the secret.
    pub version: String,
    /// When last; none in a row of an older release that cannot be read.
    pub at: Option<Timestamp>,
    /// How often since the last success.
    pub tries: u32,
}

/// A sign-in that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedSignIn {
    /// Under which version of the secret.
    pub version: String,
    /// When last noted.
    pub at: Timestamp,
}

impl Store {
    /// What is known of our sign-ins, by system.
    pub async fn sign_ins(&self) -> Result<HashMap<System, SignIns>, StoreError> {
        let keys = SYSTEMS
            .iter()
            .flat_map(|system| [REFUSED, ACCEPTED].map(|kind| self.sign_in_id(kind, *system)))
            .collect();
        let items = self.read_all(keys, "read_sign_ins").await?;
        let of = |kind: &str, system: System| {
            let sk = sort_key(kind, system);
            items.iter().find(|item| value(item, "sk") == Some(&sk))
        };
        let known = |system: System| SignIns {
            refused: of(REFUSED, system).and_then(refused),
            accepted: of(ACCEPTED, system).and_then(accepted),
        };
        Ok(SYSTEMS
            .into_iter()
            .map(|system| (system, known(system)))
            .collect())
    }

    /// The systems that refused a sign-in, each with the version of the secret it refused.
    pub async fn refused_sign_ins(&self) -> Result<HashMap<System, String>, StoreError> {
        let known = self.sign_ins().await?.into_iter();
        let version = |(system, known): (System, SignIns)| Some((system, known.refused?.version));
        Ok(known.filter_map(version).collect())
    }

    /// Remembers that a system refused this version of the secret once more, until a success, another version, or a person deletes the
    /// row.
    pub async fn put_refused_sign_in(
        &self,
        system: System,
        secret_version: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let counted = self
            .counted()
            .update_item()
            .table_name(&self.table)
            .set_key(Some(self.sign_in_id(REFUSED, system)))
            .condition_expression("secret_version = :version")
            // A row of an older release counts no tries; it was one.
            .update_expression("SET refused_at = :at, tries = if_not_exists(tries, :one) + :one")
            .expression_attribute_values(":version", text(secret_version))
            .expression_attribute_values(":at", text(at.to_string()))
            .expression_attribute_values(":one", number(1))
            .send()
            .await;
        match counted.map_err(|error| failed("count_sign_in", &error)) {
            Ok(_) => Ok(()),
            Err(StoreError::Superseded) => {
                let mut item = self.sign_in_id(REFUSED, system);
                item.insert("secret_version".to_owned(), text(secret_version));
                item.insert("refused_at".to_owned(), text(at.to_string()));
                item.insert("tries".to_owned(), number(1));
                self.put(item, "put_sign_in").await
            }
            Err(error) => Err(error),
        }
    }

    /// Remembers that a system accepted this version of the secret.
    pub async fn put_accepted_sign_in(
        &self,
        system: System,
        secret_version: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = self.sign_in_id(ACCEPTED, system);
        item.insert("secret_version".to_owned(), text(secret_version));
        item.insert("signed_in_at".to_owned(), text(at.to_string()));
        self.put(item, "put_sign_in").await
    }

    /// Takes the one try to sign in that may be under way, unless somebody else is trying and his call may still be answered.
    pub async fn take_try(
        &self,
        system: System,
        holder: &str,
        now: Timestamp,
        ends: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = self.sign_in_id(TRYING, system);
        item.insert("holder".to_owned(), text(holder));
        item.insert("try_ends".to_owned(), number(ends.as_millisecond()));
        item.insert(TTL_ATTRIBUTE.to_owned(), number(ends.as_second() + 1));
        let taken = self
            .counted()
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR holder = :holder OR try_ends < :now")
            .expression_attribute_values(":holder", text(holder))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .send()
            .await;
        match taken.map_err(|error| failed("take_try", &error)) {
            Ok(_) => Ok(true),
            Err(StoreError::Superseded) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives the try back, so that nobody waits for it. The row stays: a function may not delete.
    pub async fn release_try(&self, system: System, holder: &str) -> Result<(), StoreError> {
        let released = self
            .counted()
            .update_item()
            .table_name(&self.table)
            .set_key(Some(self.sign_in_id(TRYING, system)))
            .condition_expression("holder = :holder")
            .update_expression("SET try_ends = :over")
            .expression_attribute_values(":holder", text(holder))
            .expression_attribute_values(":over", number(0))
            .send()
            .await;
        match released.map_err(|error| failed("release_try", &error)) {
            Ok(_) | Err(StoreError::Superseded) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A system that had refused a sign-in has taken one: its refusal counts no more. The row stays: a function may not delete.
    pub async fn end_refused_sign_in(&self, system: System) -> Result<(), StoreError> {
        let ended = self
            .counted()
            .update_item()
            .table_name(&self.table)
            .set_key(Some(self.sign_in_id(REFUSED, system)))
            .condition_expression("attribute_exists(secret_version)")
            .update_expression("REMOVE secret_version, refused_at, tries")
            .send()
            .await;
        match ended.map_err(|error| failed("end_sign_in", &error)) {
            Ok(_) | Err(StoreError::Superseded) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Forgets that a system refused the sign-in, so that the next run tries the same secret again: a person says so, for an account that
    /// was unlocked.
    /// Tells whether there was anything to forget.
    pub async fn forget_refused_sign_in(&self, system: System) -> Result<bool, StoreError> {
        let answer = self
            .counted()
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(self.sign_in_id(REFUSED, system)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| failed("delete_sign_in", &error))?;
        let forgotten = answer.attributes.as_ref().and_then(refused);
        Ok(forgotten.is_some())
    }

    fn sign_in_id(&self, kind: &str, system: System) -> Item {
        let pk = format!("{}#sign-in", self.deployment);
        HashMap::from([
            ("pk".to_owned(), text(pk)),
            ("sk".to_owned(), text(sort_key(kind, system))),
        ])
    }
}

const REFUSED: &str = "auth_failed";
const ACCEPTED: &str = "signed_in";
const TRYING: &str = "trying";

fn sort_key(kind: &str, system: System) -> String {
    format!("{kind}#{system}")
}

fn value<'i>(item: &'i Item, name: &str) -> Option<&'i String> {
    item.get(name)?.as_s().ok()
}

fn refused(item: &Item) -> Option<RefusedSignIn> {
    let tries = item.get("tries").map(AttributeValue::as_n);
    Some(RefusedSignIn {
        version: value(item, "secret_version")?.clone(),
        at: value(item, "refused_at").and_then(|at| at.parse().ok()),
        tries: tries.map_or(Some(1), |tries| tries.ok()?.parse().ok())?,
    })
}

fn accepted(item: &Item) -> Option<AcceptedSignIn> {
    Some(AcceptedSignIn {
        version: value(item, "secret_version")?.clone(),
        at: value(item, "signed_in_at")?.parse().ok()?,
    })
}
