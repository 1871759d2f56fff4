//! Refused sign-ins, remembered over all workflows and runs: six wrong tries lock an account for everybody.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;

use super::{Item, Store, StoreError, failed, text};
use crate::domain::system::System;

const SYSTEMS: [System; 2] = [System::Ping, System::Primero];

impl Store {
    /// The systems that refused a sign-in, each with the version of the secret it refused.
    pub async fn refused_sign_ins(&self) -> Result<HashMap<System, String>, StoreError> {
        let keys = SYSTEMS.map(|system| self.sign_in_id(system)).to_vec();
        let items = self.read_all(keys, "read_sign_ins").await?;
        let row = |item: &Item| {
            let value = |name: &str| item.get(name)?.as_s().ok().cloned();
            let system = SYSTEMS
                .into_iter()
                .find(|system| value("sk") == Some(sort_key(*system)))?;
            Some((system, value("secret_version")?))
        };
        Ok(items.iter().filter_map(row).collect())
    }

    /// Remembers that a system refused this version of the secret, until the version changes or a person deletes the row.
    pub async fn put_refused_sign_in(
        &self,
        system: System,
        secret_version: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = self.sign_in_id(system);
        item.insert("secret_version".to_owned(), text(secret_version));
        item.insert("refused_at".to_owned(), text(at.to_string()));
        self.put(item, "put_sign_in").await
    }

    /// Forgets that a system refused the sign-in, so that the next run tries the same secret again: for an account that was unlocked.
    /// Tells whether there was anything to forget.
    pub async fn forget_refused_sign_in(&self, system: System) -> Result<bool, StoreError> {
        let answer = self
            .counted()
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(self.sign_in_id(system)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| failed("delete_sign_in", &error))?;
        Ok(answer.attributes.is_some_and(|item| !item.is_empty()))
    }

    fn sign_in_id(&self, system: System) -> Item {
        let pk = format!("{}#sign-in", self.deployment);
        HashMap::from([
            ("pk".to_owned(), text(pk)),
            ("sk".to_owned(), text(sort_key(system))),
        ])
    }
}

fn sort_key(system: System) -> String {
    format!("auth_failed#{system}")
}
