//! The gate to proGres: identifiers, paths, batches and words that PING issued for, or differ between, deployments.

use std::time::Duration;

use serde::Serialize;

use super::faults::ProfileProblem;
use super::section::{MAX_BODY_BYTES, Read, Section};
use super::spelling::fold;
use crate::domain::refusal::EarlyRefusal;

const DEFAULT_BODY_BYTES: i64 = 32 * 1024 * 1024;

/// `[ping]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PingSettings {
    /// `PartnerId` of every call, for example `PNR-1363`.
    pub partner_id: String,
    /// `InteropID`/`InteropId` of every call, for example `INT-1436`.
    pub interop_id: String,
    /// Path of retrieval with paging.
    pub retrieval_path: String,
    /// Path of synchronous ingestion. `{PartnerId}` stands for [`Self::partner_id`].
    pub ingestion_path: String,
    /// Path of asynchronous ingestion. `{PartnerId}` stands for [`Self::partner_id`].
    pub async_ingestion_path: String,
    /// Path of checkstatus.
    pub check_status_path: String,
    /// `APIVersion` of retrieval. Default `V3`.
    pub retrieval_api_version: String,
    /// `APIVersion` of asynchronous ingestion. Default `V2`.
    pub async_api_version: String,
    /// `Cookie` header of the token request. Default `x-ms-cpim-geo=EU`; none when the profile says `""`.
    pub token_cookie: Option<String>,
    /// How a next page is asked for.
    pub paging: PagingSettings,
    /// One shipping process id per operation.
    pub shipping: ShippingProcesses,
    /// Words of checkstatus.
    pub status_words: StatusWords,
    /// Records per call of the details retrievals, 1 to 500. Default 25.
    pub details_batch: usize,
    /// Records per call of status and mark writes, 1 to 500. Default 25.
    pub status_batch: usize,
    /// Referrals per submission; the only number allowed is 1, because one receipt has one outcome.
    pub submit_batch: usize,
    /// What becomes of a submission of unknown fate. Default [`Ambiguity::Hold`].
    pub ambiguity: Ambiguity,
    /// Answers that the gateway is known to give before a write has an effect. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused_before_effect: Vec<EarlyRefusal>,
    /// How long one call may take (`timeout_seconds`, 1 to 300). Default 30 s.
    pub timeout: Duration,
    /// Largest answer that is read, in bytes, up to 256 MiB. Default 32 MiB.
    pub max_body_bytes: usize,
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

/// `[ping.paging]`. How PING wants to be asked for a next page is not public, so the field names are settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PagingSettings {
    /// Top-level field that echoes the cookie. Default `PagingCookie`.
    pub cookie_field: String,
    /// Top-level field for the page number. Default `PageNumber`.
    pub page_number_field: String,
    /// Pages of one list after which the run stops, 1 to 10,000. Default 1,000.
    pub max_pages: usize,
}

/// `[ping.shipping]`: `ShippingProcessId` per operation, as issued by PING.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShippingProcesses {
    /// Lists pending referral interventions (1.1).
    pub pending_referrals: String,
    /// Intervention and individual details (1.1).
    pub intervention_details: String,
    /// Writes a transfer status or decision on an intervention (1.1, 1.2).
    pub intervention_status: String,
    /// Submits a referral into proGres (2.1).
    pub submit_referral: String,
    /// Lists referral decisions (2.2).
    pub referral_decisions: String,
    /// Details of referral decisions (2.2).
    pub decision_details: String,
    /// Marks an interoperability referral as synced (2.2).
    pub mark_referral: String,
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

/// `[ping.status_words]`: what the status words of checkstatus mean. Compared without case; a word in no list leaves the
/// record unconfirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusWords {
    /// The record is in. Default: Success, Succeeded, Completed, Processed.
    pub confirmed: Vec<String>,
    /// The record was refused. Default: Failed, Error, Rejected.
    pub rejected: Vec<String>,
    /// Not decided yet. Default: `InProgress`, Pending, Queued, Processing.
    pub in_progress: Vec<String>,
}

pub(super) fn read(section: &Section<'_>) -> Read<PingSettings> {
    let partner_id = section.text("partner_id");
    let interop_id = section.text("interop_id");
    let paths = read_paths(section);
    let retrieval_api_version = section.text_or("retrieval_api_version", "V3");
    let async_api_version = section.text_or("async_api_version", "V2");
    let token_cookie = section.text_unless_empty("token_cookie", "x-ms-cpim-geo=EU");
    let paging = section
        .section("paging")
        .and_then(|paging| read_paging(&paging));
    let shipping = section
        .section("shipping")
        .and_then(|shipping| read_shipping(&shipping));
    let status_words = section
        .section("status_words")
        .and_then(|words| read_words(&words));
    let details_batch = section.integer("details_batch", 25, 1..=500);
    let status_batch = section.integer("status_batch", 25, 1..=500);
    let submit_batch = section.integer("submit_batch", 1, 1..=1);
    let ambiguity = section.choice(
        "ambiguity",
        Ambiguity::Hold,
        &[("hold", Ambiguity::Hold), ("resend", Ambiguity::Resend)],
    );
    let refused_before_effect = section.parsed_list(
        "refused_before_effect",
        "a status with its mark, such as 503 header:X-Throttled or 503 body:over capacity",
    );
    let timeout = section.seconds("timeout_seconds", 30, 1..=300);
    let max_body_bytes = section.integer("max_body_bytes", DEFAULT_BODY_BYTES, 1..=MAX_BODY_BYTES);
    let [
        retrieval_path,
        ingestion_path,
        async_ingestion_path,
        check_status_path,
    ] = paths?;
    Ok(PingSettings {
        partner_id: partner_id?,
        interop_id: interop_id?,
        retrieval_path,
        ingestion_path,
        async_ingestion_path,
        check_status_path,
        retrieval_api_version: retrieval_api_version?,
        async_api_version: async_api_version?,
        token_cookie: token_cookie?,
        paging: paging?,
        shipping: shipping?,
        status_words: status_words?,
        details_batch: details_batch?,
        status_batch: status_batch?,
        submit_batch: submit_batch?,
        ambiguity: ambiguity?,
        refused_before_effect: refused_before_effect?,
        timeout: timeout?,
        max_body_bytes: max_body_bytes?,
    })
}

/// Retrieval, ingestion, asynchronous ingestion and checkstatus.
fn read_paths(section: &Section<'_>) -> Read<[String; 4]> {
    let retrieval_path = path(
        section,
        "retrieval_path",
        "/primes/fetch/paging/v3/retrievedatawithpaging",
    );
    let ingestion_path = path(
        section,
        "ingestion_path",
        "/api/ingestion/v2/{PartnerId}/data",
    );
    let async_ingestion_path = path(
        section,
        "async_ingestion_path",
        "/api/ingestion/v2/{PartnerId}/asyncdata",
    );
    let check_status_path = path(
        section,
        "check_status_path",
        "/primes/ingestion/checkstatus/v1/pingdata",
    );
    Ok([
        retrieval_path?,
        ingestion_path?,
        async_ingestion_path?,
        check_status_path?,
    ])
}

/// A path is joined to the base URL of the secret, so it may not leave that host nor carry a query.
fn path(section: &Section<'_>, key: &str, default: &str) -> Read<String> {
    let path = section.text_or(key, default)?;
    let plain = path.replace("{PartnerId}", "");
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
    let climbs = plain.split('/').any(|part| part == "." || part == "..");
    if path.starts_with('/') && !path.starts_with("//") && plain.chars().all(allowed) && !climbs {
        return Ok(path);
    }
    Err(section.fault(key, ProfileProblem::NotAPath))
}

fn read_paging(section: &Section<'_>) -> Read<PagingSettings> {
    let cookie_field = section.text_or("cookie_field", "PagingCookie");
    let page_number_field = section.text_or("page_number_field", "PageNumber");
    let max_pages = section.integer("max_pages", 1000, 1..=10_000);
    Ok(PagingSettings {
        cookie_field: cookie_field?,
        page_number_field: page_number_field?,
        max_pages: max_pages?,
    })
}

fn read_shipping(section: &Section<'_>) -> Read<ShippingProcesses> {
    let pending_referrals = section.text("pending_referrals");
    let intervention_details = section.text("intervention_details");
    let intervention_status = section.text("intervention_status");
    let submit_referral = section.text("submit_referral");
    let referral_decisions = section.text("referral_decisions");
    let decision_details = section.text("decision_details");
    let mark_referral = section.text("mark_referral");
    Ok(ShippingProcesses {
        pending_referrals: pending_referrals?,
        intervention_details: intervention_details?,
        intervention_status: intervention_status?,
        submit_referral: submit_referral?,
        referral_decisions: referral_decisions?,
        decision_details: decision_details?,
        mark_referral: mark_referral?,
    })
}

fn read_words(section: &Section<'_>) -> Read<StatusWords> {
    let confirmed = section.words(
        "confirmed",
        &["Success", "Succeeded", "Completed", "Processed"],
    );
    let rejected = section.words("rejected", &["Failed", "Error", "Rejected"]);
    let in_progress = section.words(
        "in_progress",
        &["InProgress", "Pending", "Queued", "Processing"],
    );
    let words = StatusWords {
        confirmed: confirmed?,
        rejected: rejected?,
        in_progress: in_progress?,
    };
    let lists = [
        ("confirmed", &words.confirmed),
        ("rejected", &words.rejected),
        ("in_progress", &words.in_progress),
    ];
    for (index, (list, words)) in lists.iter().enumerate() {
        for (other, earlier) in &lists[..index] {
            for word in words
                .iter()
                .filter(|word| earlier.iter().any(|w| fold(w) == fold(word)))
            {
                section.fault(
                    list,
                    ProfileProblem::SameWordElsewhere {
                        word: word.clone(),
                        other: (*other).to_owned(),
                    },
                );
            }
        }
    }
    Ok(words)
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
