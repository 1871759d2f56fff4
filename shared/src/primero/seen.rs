//! How much of an installation the user sees.

use jiff::Timestamp;
use serde_json::Value;

use super::listing::Listing;
use super::{PrimeroClient, Repeat};
use crate::domain::ids::CaseRecordId;
use crate::domain::pii::Pii;
use crate::transport::GateError;

/// The oldest cases that are looked at for one of somebody else.
const ROWS: &str = "20";

/// What one short call shows.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// Primero's own time; none where its answers have no `Date`.
    pub time: Option<Timestamp>,
    /// How many cases the user sees, disabled ones included.
    pub cases: u64,
    /// One of the oldest that is somebody else's; none if those are the user's own.
    pub foreign: Option<CaseRecordId>,
}

impl PrimeroClient {
    /// Looks at Primero. The time that is seen serves [`PrimeroClient::server_time`], once.
    pub async fn glance(&self) -> Result<Glance, GateError> {
        let glance = self.look().await?;
        *self.glance.lock().await = Some(glance);
        Ok(glance)
    }

    /// Primero's own time: that of the last glance if it was not taken yet, else anew.
    pub(super) async fn time_seen(&self) -> Result<Option<Timestamp>, GateError> {
        let glance = self.glance.lock().await.take();
        match glance {
            Some(glance) => Ok(glance.time),
            None => Ok(self.look().await?.time),
        }
    }

    async fn look(&self) -> Result<Glance, GateError> {
        const ROUTE: &str = "read the time";
        let url = self.url("/api/v2/cases");
        let query = [
            ("fields", "owned_by"),
            ("order_by", "created_at"),
            ("order", "asc"),
            ("per", ROWS),
        ];
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(&query))
            .await?;
        let listing: Listing<Value> = self.transport.json(ROUTE, &answer)?;
        let is_foreign = |row: &&Value| {
            let owner = row["owned_by"].as_str();
            owner.is_some_and(|owner| owner != self.user.username)
        };
        let mut foreign = listing.data.iter().filter(is_foreign).filter_map(id_of);
        Ok(Glance {
            time: answer.date(),
            cases: u64::try_from(listing.metadata.total).unwrap_or(u64::MAX),
            foreign: foreign.next(),
        })
    }

    /// Whether the user sees this case.
    pub async fn sees(&self, id: CaseRecordId) -> Result<bool, GateError> {
        let query = [("fields", "owned_by"), ("id", &*id.to_string())];
        let rows = self.rows_of(&query).await?;
        Ok(rows.iter().filter_map(id_of).any(|seen| seen == id))
    }

    /// Who owns a case; none if the case is not there, and nobody if it has no owner.
    pub async fn owner_of(
        &self,
        id: CaseRecordId,
    ) -> Result<Option<Option<Pii<String>>>, GateError> {
        let query = [("fields", "owned_by"), ("id", &*id.to_string())];
        let rows = self.rows_of(&query).await?;
        let case = rows.iter().find(|row| id_of(row) == Some(id));
        let owner = |case: &Value| case["owned_by"].as_str().map(str::to_owned);
        Ok(case.map(|case| owner(case).map(Pii::new)))
    }

    async fn rows_of(&self, query: &[(&str, &str)]) -> Result<Vec<Value>, GateError> {
        const ROUTE: &str = "list cases";
        let url = self.url("/api/v2/cases");
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(query))
            .await?;
        let listing: Listing<Value> = self.transport.json(ROUTE, &answer)?;
        Ok(listing.data)
    }
}

pub(super) fn id_of(row: &Value) -> Option<CaseRecordId> {
    row["id"].as_str()?.parse().ok()
}
