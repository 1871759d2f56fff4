//! Referrals of a case, and answering them.

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::case::personal_text;
use super::listing::Listing;
use super::{PrimeroClient, Repeat};
use crate::domain::ids::{CaseRecordId, ReferralId};
use crate::domain::pii::Pii;
use crate::domain::system::System;
use crate::domain::words::user_name;
use crate::transport::GateError;

const ANSWER: &str = "answer referral";
/// How often an answer of unknown fate is asked after and sent again.
const TRIES: usize = 4;

/// One referral of a case.
#[derive(Clone, Debug, Deserialize)]
pub struct Referral {
    /// The id in URLs.
    pub id: ReferralId,
    /// The case.
    pub record_id: CaseRecordId,
    /// Where it stands.
    pub status: ReferralStatus,
    /// The user it was made to; none for somebody outside the installation.
    #[serde(
        default,
        rename = "transitioned_to",
        deserialize_with = "personal_text"
    )]
    pub to: Option<Pii<String>>,
    /// `unique_id` of the service it is about; none for the case as a whole.
    #[serde(
        default,
        rename = "service_record_id",
        deserialize_with = "id_unless_blank"
    )]
    pub service: Option<String>,
    /// Whether the worker referred without the consent stored in the case.
    #[serde(default)]
    pub consent_overridden: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was answered.
    #[serde(default)]
    pub responded_at: Option<Timestamp>,
    /// Why it was rejected.
    #[serde(default, deserialize_with = "personal_text")]
    pub rejected_reason: Option<Pii<String>>,
}

impl Referral {
    /// Whether it was made to one of these users; to any if there are none.
    #[must_use]
    pub fn is_to(&self, users: &[String]) -> bool {
        let to = self.to.as_ref().map(|to| user_name(to.expose()));
        users.is_empty() || to.is_some_and(|to| users.iter().any(|user| user_name(user) == to))
    }
}

/// Where a referral stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferralStatus {
    /// Nobody has answered.
    InProgress,
    /// The recipient took it.
    Accepted,
    /// The recipient refused it.
    Rejected,
    /// Accepted, and finished since.
    Done,
    /// Taken back by the sender.
    Revoked,
    /// A word that we do not know.
    #[serde(other)]
    Unknown,
}

/// How a referral in progress is answered.
#[derive(Clone, Debug)]
pub enum ReferralAnswer {
    /// It is taken.
    Accepted,
    /// It is refused, with the reason in words where there is one.
    Rejected(Option<Pii<String>>),
}

#[derive(Deserialize)]
struct Answered {
    data: Stand,
}

#[derive(Deserialize)]
struct Stand {
    id: ReferralId,
    record_id: CaseRecordId,
    status: ReferralStatus,
}

impl PrimeroClient {
    /// The referrals of a case, as many as our role may see. Primero gives them unpaged. Where one of them cannot be read, that is
    /// [`GateError::UnreadableRecord`].
    pub async fn case_referrals(&self, case: CaseRecordId) -> Result<Vec<Referral>, GateError> {
        const ROUTE: &str = "list referrals";
        let url = self.url(&format!("/api/v2/cases/{case}/referrals"));
        let answer = self
            .call_on(case, ROUTE, Repeat::Freely, |http| http.get(&url))
            .await?;
        let listing: Listing<Referral> = self
            .transport
            .json_of_record::<_, Listing<IgnoredAny>>(ROUTE, &answer)?;
        match listing.data.iter().position(|row| row.record_id != case) {
            None => Ok(listing.data),
            Some(row) => {
                let place = format!("`data[{row}].record_id`: another case");
                Err(self.transport.unreadable(ROUTE, place))
            }
        }
    }

    /// Answers a referral, and tells where it stands afterwards. Primero answers 200 and changes nothing when the referral was not
    /// in progress, so the caller must compare.
    ///
    /// Where the fate of the request is unknown the referral is read, and the answer sent again only if it is still in progress.
    pub async fn answer_referral(
        &self,
        case: CaseRecordId,
        referral: ReferralId,
        answer: &ReferralAnswer,
    ) -> Result<ReferralStatus, GateError> {
        for _ in 0..TRIES {
            let error = match self.send_answer(case, referral, answer).await {
                Ok(status) => return Ok(status),
                Err(error) => error,
            };
            // After a rejection the recipient loses access, so a repeat of what was carried out may be forbidden.
            let forbidden = matches!(error, GateError::NoAccess { .. });
            if !forbidden && error != GateError::Ambiguous(System::Primero) {
                return Err(error);
            }
            let referrals = self.case_referrals(case).await?;
            let found = referrals.iter().find(|row| row.id == referral);
            match found.map(|row| row.status) {
                Some(ReferralStatus::InProgress) | None if forbidden => return Err(error),
                Some(ReferralStatus::InProgress) => {}
                Some(status) => return Ok(status),
                None => return Err(error),
            }
        }
        Err(GateError::Unavailable(System::Primero))
    }

    async fn send_answer(
        &self,
        case: CaseRecordId,
        referral: ReferralId,
        answer: &ReferralAnswer,
    ) -> Result<ReferralStatus, GateError> {
        let url = self.url(&format!("/api/v2/cases/{case}/referrals/{referral}"));
        let data = match answer {
            ReferralAnswer::Accepted => json!({ "status": "accepted" }),
            ReferralAnswer::Rejected(None) => json!({ "status": "rejected" }),
            ReferralAnswer::Rejected(Some(reason)) => {
                json!({ "status": "rejected", "rejected_reason": reason.expose() })
            }
        };
        let body = json!({ "data": data });
        let answer = self
            .call_on(case, ANSWER, Repeat::AfterAsking, |http| {
                http.patch(&url).json(&body)
            })
            .await?;
        // An answer that cannot be read is as good as none.
        let Answered { data } = self
            .transport
            .json(ANSWER, &answer)
            .map_err(|_| GateError::Ambiguous(System::Primero))?;
        if data.id == referral && data.record_id == case {
            return Ok(data.status);
        }
        let place = "`data`: another referral than the one that was answered".to_owned();
        Err(self.transport.unreadable(ANSWER, place))
    }
}

fn id_unless_blank<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(reader)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}
