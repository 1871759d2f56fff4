//! Whether Primero's answers can be trusted, and what its cases show beside that.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::listing::Listing;
use super::seen::id_of;
use super::{PrimeroClient, Repeat};
use crate::domain::identifier::is_tidy;
use crate::domain::ids::CaseRecordId;
use crate::transport::GateError;

/// The cases that changed last, as far as they are looked at.
const LATEST: &str = "200";
/// Cases in one page, and pages, of all of them.
const PAGE: usize = 1000;
const PAGES: usize = 1000;

/// What the cases that changed last show, in one call.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    /// Primero's own time; none where its answers have no `Date`.
    pub time: Option<Timestamp>,
    /// How many cases the user sees.
    pub cases: u64,
    /// How many services name each agency as the one that is to provide them.
    pub agencies: BTreeMap<String, u64>,
}

/// What a look-up of the control case brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// The case, and no other child's.
    Honest,
    /// Cases that were not asked for.
    Ignored,
    /// Nothing.
    Blind,
    /// There is no numbered case to look up.
    NoControl,
}

impl PrimeroClient {
    /// Looks at the cases that changed last.
    pub async fn latest(&self) -> Result<Latest, GateError> {
        const ROUTE: &str = "list cases";
        let url = self.url("/api/v2/cases");
        let query = [
            ("fields", "services_section"),
            ("order_by", "last_updated_at"),
            ("order", "desc"),
            ("per", LATEST),
        ];
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(&query))
            .await?;
        let listing: Listing<Value> = self.transport.json(ROUTE, &answer)?;
        let mut agencies = BTreeMap::new();
        let services = listing.data.iter();
        let services = services.filter_map(|case| case["services_section"].as_array());
        for service in services.flatten() {
            if let Some(agency) = service["service_implementing_agency"].as_str() {
                *agencies.entry(agency.to_owned()).or_default() += 1;
            }
        }
        Ok(Latest {
            time: answer.date(),
            cases: u64::try_from(listing.metadata.total).unwrap_or(u64::MAX),
            agencies,
        })
    }

    /// Chooses a control case, and looks it up by its number.
    pub async fn prove_look_up(&self) -> Result<LookUp, GateError> {
        const ROUTE: &str = "list cases";
        self.choose_control(true).await?;
        let Some(control) = self.control().await else {
            return Ok(LookUp::NoControl);
        };
        let number = control.individual_no.expose();
        let url = self.url("/api/v2/cases");
        let query = [
            ("fields", "unhcr_individual_no"),
            ("unhcr_individual_no", number.as_str()),
            ("per", "20"),
        ];
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(&query))
            .await?;
        let listing: Listing<Value> = self.transport.json(ROUTE, &answer)?;
        let rows = &listing.data;
        let is_asked_for = |row: &Value| match &row["unhcr_individual_no"] {
            Value::String(text) => text == number,
            Value::Number(digits) => digits.to_string() == *number,
            _ => false,
        };
        Ok(if !rows.iter().all(is_asked_for) {
            LookUp::Ignored
        } else if rows.iter().any(|row| id_of(row) == Some(control.id)) {
            LookUp::Honest
        } else {
            LookUp::Blind
        })
    }

    /// The cases, of all that the user sees, whose individual number is not as proGres writes it.
    pub async fn untidy_numbers(&self) -> Result<Vec<CaseRecordId>, GateError> {
        const ROUTE: &str = "list cases";
        let url = self.url("/api/v2/cases");
        let mut untidy = Vec::new();
        for page in 1..=PAGES {
            let query = [
                ("fields", "unhcr_individual_no".to_owned()),
                ("order_by", "created_at".to_owned()),
                ("order", "asc".to_owned()),
                ("per", PAGE.to_string()),
                ("page", page.to_string()),
            ];
            let answer = self
                .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(&query))
                .await?;
            let listing: Listing<Value> = self.transport.json(ROUTE, &answer)?;
            let is_untidy = |row: &&Value| {
                let number = row["unhcr_individual_no"].as_str();
                number.is_some_and(|number| !number.is_empty() && !is_tidy(number))
            };
            untidy.extend(listing.data.iter().filter(is_untidy).filter_map(id_of));
            if listing.data.len() < PAGE {
                break;
            }
        }
        Ok(untidy)
    }
}
