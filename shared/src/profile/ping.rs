//! The gate to proGres: identifiers, paths, batches and words that PING issued for, or differ between, deployments.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::MAX_BODY_BYTES;
use crate::document::Problem;
use crate::document::declared::document;
use crate::document::kinds::{
    Kind, integer, list, one_of, parsed, seconds, section, text, text_by, text_unless_empty, words,
};
use crate::document::section::Section;
use crate::document::spelling::fold;
use crate::domain::refusal::EarlyRefusal;

document! {
    /// `[ping]`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct PingSettings {
        /// `PartnerId` of every call, for example `PNR-1363`.
        pub partner_id: String = text(),
        /// `InteropID`/`InteropId` of every call, for example `INT-1436`.
        pub interop_id: String = text(),
        /// Path of retrieval with paging.
        pub retrieval_path: String = path().or("/primes/fetch/paging/v3/retrievedatawithpaging"),
        /// Path of synchronous ingestion. `{PartnerId}` stands for [`Self::partner_id`].
        pub ingestion_path: String = path().or("/api/ingestion/v2/{PartnerId}/data"),
        /// Path of asynchronous ingestion. `{PartnerId}` stands for [`Self::partner_id`].
        pub async_ingestion_path: String = path().or("/api/ingestion/v2/{PartnerId}/asyncdata"),
        /// Path of checkstatus.
        pub check_status_path: String = path().or("/primes/ingestion/checkstatus/v1/pingdata"),
        /// `APIVersion` of retrieval. Default `V3`.
        pub retrieval_api_version: String = text().or("V3"),
        /// `APIVersion` of asynchronous ingestion. Default `V2`.
        pub async_api_version: String = text().or("V2"),
        /// `Cookie` header of the token request. Default `x-ms-cpim-geo=EU`; none when the profile says `""`.
        pub token_cookie: Option<String> = text_unless_empty().or("x-ms-cpim-geo=EU"),
        /// How a next page is asked for.
        pub paging: PagingSettings = section(),
        /// One shipping process id per operation.
        pub shipping: ShippingProcesses = section(),
        /// Words of checkstatus.
        pub status_words: StatusWords = section(),
        /// Records per call of the details retrievals, 1 to 500. Default 25.
        pub details_batch: usize = integer(1..=500).or(25),
        /// Records per call of status and mark writes, 1 to 500. Default 25.
        pub status_batch: usize = integer(1..=500).or(25),
        /// Referrals per submission; the only number allowed is 1, because one receipt has one outcome.
        pub submit_batch: usize = integer(1..=1).or(1),
        /// What becomes of a submission of unknown fate. Default [`Ambiguity::Hold`].
        pub ambiguity: Ambiguity = one_of([
            ("hold", Ambiguity::Hold),
            ("resend", Ambiguity::Resend),
        ]).or("hold"),
        /// Answers that the gateway is known to give before a write has an effect. Default: none.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub refused_before_effect: Vec<EarlyRefusal> = list(parsed(
            "a status with its mark, such as 503 header:X-Throttled or 503 body:over capacity",
        )).or([]),
        /// How long one call may take (`timeout_seconds`, 1 to 300). Default 30 s.
        pub timeout at "timeout_seconds": Duration = seconds(1..=300).or(30),
        /// Largest answer that is read, in bytes, up to 256 MiB. Default 32 MiB.
        pub max_body_bytes: usize = integer(1..=MAX_BODY_BYTES).or(32 * 1024 * 1024),
    }
}

/// What becomes of a submitted referral whose fate is unknown and cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ambiguity {
    /// Held with reason `outcome_unknown`, for a person to look in proGres.
    Hold,
    /// Submitted again in a later run, at the risk of a second referral in proGres.
    Resend,
}

document! {
    /// `[ping.paging]`. How PING wants to be asked for a next page is not public, so the field names are settings.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct PagingSettings {
        /// Top-level field that echoes the cookie. Default `PagingCookie`.
        pub cookie_field: String = text().or("PagingCookie"),
        /// Top-level field for the page number. Default `PageNumber`.
        pub page_number_field: String = text().or("PageNumber"),
        /// Pages of one list after which the run stops, 1 to 10,000. Default 1,000.
        pub max_pages: usize = integer(1..=10_000).or(1000),
    }
}

document! {
    /// `[ping.shipping]`: `ShippingProcessId` per operation, as issued by PING.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct ShippingProcesses {
        /// Lists pending referral interventions (1.1).
        pub pending_referrals: String = text(),
        /// Intervention and individual details (1.1).
        pub intervention_details: String = text(),
        /// Writes a transfer status or decision on an intervention (1.1, 1.2).
        pub intervention_status: String = text(),
        /// Submits a referral into proGres (2.1).
        pub submit_referral: String = text(),
        /// Lists referral decisions (2.2).
        pub referral_decisions: String = text(),
        /// Details of referral decisions (2.2).
        pub decision_details: String = text(),
        /// Marks an interoperability referral as synced (2.2).
        pub mark_referral: String = text(),
    }
}

impl ShippingProcesses {
    /// Every operation with its id, in the order of the fields.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &str); 7] {
        [
            ("pending_referrals", &self.pending_referrals),
            ("intervention_details", &self.intervention_details),
            ("intervention_status", &self.intervention_status),
            ("submit_referral", &self.submit_referral),
            ("referral_decisions", &self.referral_decisions),
            ("decision_details", &self.decision_details),
            ("mark_referral", &self.mark_referral),
        ]
    }
}

document! {
    /// `[ping.status_words]`: what the status words of checkstatus mean. Compared without case; a word in no list leaves the
    /// record unconfirmed.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct StatusWords {
        /// The record is in. Default: Success, Succeeded, Completed, Processed.
        pub confirmed: Vec<String> = words().or(["Success", "Succeeded", "Completed", "Processed"]),
        /// The record was refused. Default: Failed, Error, Rejected.
        pub rejected: Vec<String> = words().or(["Failed", "Error", "Rejected"]),
        /// Not decided yet. Default: `InProgress`, Pending, Queued, Processing.
        pub in_progress: Vec<String> = words().or(["InProgress", "Pending", "Queued", "Processing"]),
    }
    check said_once;
}

/// A word that stands in two lists of opposite meaning would mean nothing.
fn said_once(words: &StatusWords, section: &Section<'_>) {
    let lists = [
        ("confirmed", &words.confirmed),
        ("rejected", &words.rejected),
        ("in_progress", &words.in_progress),
    ];
    for (index, (list, words)) in lists.iter().enumerate() {
        for (other, earlier) in &lists[..index] {
            let said = |word: &&String| earlier.iter().any(|one| fold(one) == fold(word));
            for word in words.iter().filter(said) {
                let problem = format!("{word:?} is in {other} as well");
                section.fault(list, Problem::Quoting(problem));
            }
        }
    }
}

/// A path is joined to the base URL of the secret, so it may not leave that host nor carry a query.
fn path() -> impl Kind<Value = String> {
    let shape = json!({ "type": "string", "pattern": "^/([^/]|$)" });
    text_by(shape, |path| {
        let plain = path.replace("{PartnerId}", "");
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
        let climbs = plain.split('/').any(|part| part == "." || part == "..");
        let leaves = !path.starts_with('/') || path.starts_with("//");
        if leaves || climbs || !plain.chars().all(allowed) {
            return Err(Problem::Plain(
                "is not a path (it starts with /, has no query, and {PartnerId} is its only placeholder)",
            ));
        }
        Ok(path)
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;

    #[test]
    fn an_empty_cookie_sends_none_and_an_absent_one_the_default() {
        let cookie = |draft: super::super::samples::Draft| draft.profile().ping.token_cookie;
        assert_eq!(cookie(minimal()).as_deref(), Some("x-ms-cpim-geo=EU"));
        assert_eq!(cookie(minimal().set("ping", "token_cookie", "\"\"")), None);
    }

    #[test]
    fn a_path_cannot_leave_its_host() {
        for path in [
            "data",
            "//evil.example/data",
            "https://evil.example",
            "/a/../b",
            "/a?b=c",
            "/a b",
            "/{Partner}/data",
        ] {
            let faults = minimal()
                .set("ping", "ingestion_path", &format!("{path:?}"))
                .faults();
            assert!(
                faults.starts_with("ping.ingestion_path: is not a path"),
                "{path}: {faults}"
            );
        }
        let profile = minimal()
            .set("ping", "ingestion_path", "\"/v3/{PartnerId}/data\"")
            .profile();
        assert_eq!(profile.ping.ingestion_path, "/v3/{PartnerId}/data");
    }

    #[test]
    fn referrals_are_submitted_one_by_one() {
        let faults = minimal().set("ping", "submit_batch", "2").faults();
        assert_eq!(faults, "ping.submit_batch: 2 is above 1");
    }

    #[test]
    fn no_answer_counts_as_an_early_refusal_unless_the_profile_says_so() {
        let refusals = |draft: super::super::samples::Draft| {
            let refusals = draft.profile().ping.refused_before_effect;
            refusals.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(refusals(minimal()), [""; 0]);
        let key = "refused_before_effect";
        let list = "[\"503 header:X-Throttled\"]";
        assert_eq!(
            refusals(minimal().set("ping", key, list)),
            ["503 header:x-throttled"]
        );
        let faults = minimal().set("ping", key, "[\"503\"]").faults();
        assert!(
            faults.starts_with("ping.refused_before_effect: \"503\" is not a status with its mark"),
            "{faults}"
        );
    }

    #[test]
    fn a_status_word_cannot_mean_two_things() {
        let faults = minimal()
            .set(
                "ping.status_words",
                "in_progress",
                "[\"Queued\", \"SUCCESS\"]",
            )
            .set("ping.status_words", "rejected", "[]")
            .faults();
        assert_eq!(faults, "ping.status_words.rejected: is an empty list");
        let faults = minimal()
            .set(
                "ping.status_words",
                "in_progress",
                "[\"Queued\", \"SUCCESS\"]",
            )
            .faults();
        assert_eq!(
            faults,
            "ping.status_words.in_progress: \"SUCCESS\" is in confirmed as well"
        );
    }
}
