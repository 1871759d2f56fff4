//! The control entry: a case known to exist, asked for in every look-up. If it does not come back, "none" means nothing.

use serde_json::Value;

use super::asking::Asking;
use super::case::{Case, CaseRow as _, check_case_ids};
use super::rows::Row;
use super::{PrimeroClient, Repeat};
use crate::domain::ids::{CaseId, CaseRecordId};
use crate::domain::pii::Pii;
use crate::domain::reason::Stop;
use crate::transport::GateError;

/// Cases listed in one page while a control is chosen, and pages listed at most. The first page almost always has one.
const ROWS: usize = 100;
const PAGES: usize = 100;
/// Pages after which a number that cannot be asked for beside others will do.
const PAGES_FOR_ONE_TO_RIDE_ALONG: usize = 10;
const ROUTE: &str = "list cases";

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
        if Asking::of(individual_no.expose()) == Asking::Never {
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

    /// The oldest case whose number can be asked for beside others; where there is none, one whose number is asked for by itself.
    async fn oldest_numbered_case(&self) -> Result<Option<Control>, GateError> {
        let mut apart = None;
        for page in 1..=PAGES {
            let (cases, is_last) = self.page_of_cases(page).await?;
            let mut controls = cases.into_iter().filter_map(as_control);
            let rides_along = controls.find(|control| {
                let rides_along = control.asking() == Asking::Together;
                if !rides_along {
                    apart.get_or_insert_with(|| control.clone());
                }
                rides_along
            });
            let enough = is_last || (page >= PAGES_FOR_ONE_TO_RIDE_ALONG && apart.is_some());
            if rides_along.is_some() || enough {
                return Ok(rides_along.or(apart));
            }
        }
        Ok(apart)
    }

    /// A page of the oldest cases, and whether it is the last. Rows that cannot be read are passed over, unless all are such.
    async fn page_of_cases(&self, page: usize) -> Result<(Vec<Case>, bool), GateError> {
        let url = self.url("/api/v2/cases");
        let query = [
            ("fields", "unhcr_individual_no,case_id".to_owned()),
            ("order_by", "created_at".to_owned()),
            ("order", "asc".to_owned()),
            ("per", ROWS.to_string()),
            ("page", page.to_string()),
        ];
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(&query))
            .await?;
        let (rows, _) = self.case_rows(ROUTE, &answer)?;
        let is_last = rows.len() < ROWS;
        let read = |row: &Value| Case::read(Row::new(row.clone())).ok();
        let mut cases: Vec<Case> = rows.iter().filter_map(read).collect();
        if cases.is_empty() {
            cases = self.all_rows(ROUTE, rows)?;
        }
        // Where no number shows either, that is what is missing.
        if cases.iter().any(|case| case.individual_no.is_some()) {
            check_case_ids(&cases)?;
        }
        Ok((cases, is_last))
    }
}

impl Control {
    fn asking(&self) -> Asking {
        Asking::of(self.individual_no.expose())
    }
}

fn as_control(case: Case) -> Option<Control> {
    let control = Control {
        id: case.id,
        individual_no: case.individual_no?,
        case_id: case.case_id,
    };
    (case.enabled && control.asking() != Asking::Never).then_some(control)
}
