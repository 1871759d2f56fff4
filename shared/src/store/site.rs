//! Whose a Primero is, in a row that all deployments of the table see.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use jiff::Timestamp;

use super::{Item, Store, StoreError, failed, text};
use crate::domain::site::Site;

impl Store {
    /// The deployment that works at this Primero for this agency, if any has written there.
    pub async fn owner(&self, site: &Site) -> Result<Option<String>, StoreError> {
        let answer = self
            .counted()
            .get_item()
            .table_name(&self.table)
            .set_key(Some(owner_id(site)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failed("read_owner", &error))?;
        Ok(answer.item.as_ref().and_then(named))
    }

    /// Makes this deployment the owner; with `by_force` whoever it was before. Answers another one that stays so.
    pub async fn claim(
        &self,
        site: &Site,
        at: Timestamp,
        by_force: bool,
    ) -> Result<Option<String>, StoreError> {
        let mut item = owner_id(site);
        item.insert("deployment".to_owned(), text(self.deployment.as_str()));
        item.insert("since".to_owned(), text(at.to_string()));
        if by_force {
            return self.put(item, "put_owner").await.map(|()| None);
        }
        let answer = self
            .counted()
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(deployment) OR deployment = :own")
            .expression_attribute_values(":own", text(self.deployment.as_str()))
            .return_values_on_condition_check_failure(AllOld)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(None),
            Err(error) => match refusing(&error) {
                Some(item) => Ok(Some(named(item).unwrap_or_default())),
                None => Err(failed("put_owner", &error)),
            },
        }
    }

    /// Gives up a Primero that this deployment has left; one that is another's stays so. The row stays, without a name: a function may
    /// delete nothing.
    pub async fn give_up(&self, site: &Site) -> Result<(), StoreError> {
        let answer = self
            .counted()
            .update_item()
            .table_name(&self.table)
            .set_key(Some(owner_id(site)))
            .condition_expression("deployment = :own")
            .update_expression("REMOVE deployment")
            .expression_attribute_values(":own", text(self.deployment.as_str()))
            .send()
            .await;
        match answer.map_err(|error| failed("free_owner", &error)) {
            Ok(_) | Err(StoreError::Superseded) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn owner_id(site: &Site) -> Item {
    HashMap::from([
        ("pk".to_owned(), text(format!("owner#{}", site.owned))),
        ("sk".to_owned(), text("owner")),
    ])
}

fn named(item: &Item) -> Option<String> {
    item.get("deployment")?.as_s().ok().cloned()
}

/// The row that a refused claim met.
fn refusing<R>(error: &SdkError<PutItemError, R>) -> Option<&Item> {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(refusal)) => refusal.item(),
        _ => None,
    }
}
