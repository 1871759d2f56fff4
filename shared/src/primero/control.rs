//! The control entry: a case known to exist, asked for in every look-up. If it does not come back, "none" means nothing.

use super::case::Case;
use super::listing::Listing;
use super::{PrimeroClient, Repeat};
use crate::domain::ids::{CaseId, CaseRecordId};
use crate::domain::pii::Pii;
use crate::domain::reason::Stop;
use crate::transport::GateError;

/// Cases listed in one page while a control is chosen, and pages listed at most. The first page almost always has one.
const ROWS: usize = 100;
const PAGES: usize = 100;

/// An enabled case with an individual number.
#[derive(Clone, Debug)]
pub(super) struct Control {
    pub id: CaseRecordId,
    pub individual_no: Pii<String>,
    pub case_id: Option<CaseId>,
}

impl PrimeroClient {
    /// Chooses the control entry, the oldest case that can serve. `may_be_empty` allows an installation without any.
    pub async fn choose_control(&self, may_be_empty: bool) -> Result<(), GateError> {
        let control = self.oldest_numbered_case().await?;
        if control.is_none() && !may_be_empty {
            return Err(Stop::NoControlCase {
                field: "unhcr_individual_no",
            }
            .into());
        }
        *self.control.lock().await = control;
        Ok(())
    }

    /// Makes a case the control entry if it can serve and there is none yet.
    pub async fn adopt_control(&self, id: CaseRecordId, individual_no: &Pii<String>) {
        if !can_be_asked_for(individual_no) {
            return;
        }
        self.control.lock().await.get_or_insert_with(|| Control {
            id,
            individual_no: individual_no.clone(),
            case_id: None,
        });
    }

    pub(super) async fn control(&self) -> Option<Control> {
        self.control.lock().await.clone()
    }

    async fn oldest_numbered_case(&self) -> Result<Option<Control>, GateError> {
        for page in 1..=PAGES {
            let url = self.url("/api/v2/cases");
            let query = [
                ("fields", "unhcr_individual_no,case_id".to_owned()),
                ("order_by", "created_at".to_owned()),
                ("order", "asc".to_owned()),
                ("per", ROWS.to_string()),
                ("page", page.to_string()),
            ];
            let answer = self
                .call("list cases", Repeat::Freely, |http| {
                    http.get(&url).query(&query)
                })
                .await?;
            let listing: Listing<Case> = self.transport.json("list cases", &answer)?;
            let listed = listing.data.len();
            let found = listing.data.into_iter().find_map(|case| {
                let individual_no = case.individual_no.filter(can_be_asked_for)?;
                case.enabled.then_some(Control {
                    id: case.id,
                    individual_no,
                    case_id: case.case_id,
                })
            });
            if found.is_some() || listed < ROWS {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// Primero reads a comma in a look-up as "or", so a case with one in its number never comes back.
fn can_be_asked_for(number: &Pii<String>) -> bool {
    let number = number.expose();
    !number.trim().is_empty() && !number.contains(',')
}
