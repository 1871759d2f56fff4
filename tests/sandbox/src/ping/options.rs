//! How one simulated PING is set up; the defaults are the identifiers of the Gambella deployment.

use std::time::Duration;

/// Everything that can differ between two PING installations, plus the switches for its less pleasant habits.
#[derive(Clone, Debug)]
pub struct PingOptions {
    /// The partner, in bodies and in the ingestion path.
    pub partner_id: String,
    /// The interop id, whichever way a body spells its key.
    pub interop_id: String,
    /// `APIVersion` demanded of retrievals.
    pub retrieval_api_version: String,
    /// `APIVersion` demanded of asynchronous submissions.
    pub async_api_version: String,
    /// One shipping process per operation.
    pub shipping: ShippingProcesses,
    /// Path of the token endpoint.
    pub token_path: String,
    /// The application that signs in.
    pub client_id: String,
    /// The account that signs in.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The scope that must be asked for.
    pub scope: String,
    /// The gateway's subscription key.
    pub subscription_key: String,
    /// A cookie that the token endpoint demands (UAT: `x-ms-cpim-geo=EU`); absent = any request will do.
    pub token_cookie: Option<String>,
    /// How long a token is good for.
    pub token_lifetime: Duration,
    /// `expires_in` is answered as text instead of a number.
    pub expires_in_as_text: bool,
    /// Rows on one page of a list.
    pub list_page_rows: usize,
    /// Rows on one page of details; one record's rows may fall on two pages.
    pub details_page_rows: usize,
    /// The spelling of the list of pending interventions.
    pub list_shape: ListShape,
    /// How an empty result looks.
    pub nothing: Nothing,
    /// How a finished checkstatus looks.
    pub status_shape: StatusShape,
    /// Checkstatus calls that a transaction answers with "not yet" before its result shows.
    pub checks_before_result: u32,
    /// How "not yet" looks: absent = `Data` is null, else one record with this status word.
    pub interim_word: Option<String>,
    /// A repeated submission of the same referral is recognised. PING itself does not do that.
    pub recognise_repeats: bool,
    /// Fields of a submission that this country's `proGres` takes beside those of the contract.
    pub own_fields: Vec<&'static str>,
    /// The list of decisions keeps those already marked as synced (status 003).
    pub list_synced_decisions: bool,
    /// Decides generated transaction, token and referral ids.
    pub seed: u64,
}

/// The shipping process of each operation.
#[derive(Clone, Debug)]
pub struct ShippingProcesses {
    /// List of pending interventions (1.1).
    pub pending_referrals: String,
    /// Details of interventions and their individuals (1.1).
    pub intervention_details: String,
    /// Transfer status of, or decision on, an intervention (1.1, 1.2).
    pub intervention_status: String,
    /// A new referral into `proGres`, asynchronous (2.1).
    pub submit_referral: String,
    /// List of decisions (2.2).
    pub referral_decisions: String,
    /// Details of decisions (2.2).
    pub decision_details: String,
    /// Mark on an interoperability referral (2.2).
    pub mark_referral: String,
}

/// The spelling of the list of pending interventions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListShape {
    /// Keyed by `progres_lpinterventionid`, individuals under `individuals.`.
    #[default]
    Current,
    /// Keyed by `progres_intervention`, with the prefixes `indiv.` and `int.`.
    Older,
}

/// How an empty result looks in `Data`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nothing {
    /// The string `No Data Available`, without a paging summary.
    #[default]
    Words,
    /// `null`.
    Null,
    /// `[]`.
    EmptyList,
    /// No key `Data` at all.
    Absent,
}

/// How a finished checkstatus looks in `Data`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusShape {
    /// An array of per-record objects.
    #[default]
    Records,
    /// A string of almost-JSON: the quotes inside each record's `Data` are not escaped.
    AlmostJson,
}

impl Default for PingOptions {
    fn default() -> Self {
        Self {
            partner_id: "PNR-1363".to_owned(),
            interop_id: "INT-1436".to_owned(),
            retrieval_api_version: "V3".to_owned(),
            async_api_version: "V2".to_owned(),
            shipping: ShippingProcesses::default(),
            token_path: "/ping.example/b2c_1a_ropc/oauth2/v2.0/token".to_owned(),
            client_id: "3f0c7a52-6f0f-4a53-8f11-9f3b4f3c2d10".to_owned(),
            username: "bridge@ping.example".to_owned(),
            password: "simulated-ping-password".to_owned(),
            scope: "https://ping.example/api/access".to_owned(),
            subscription_key: "simulated-subscription-key".to_owned(),
            token_cookie: None,
            token_lifetime: Duration::from_hours(1),
            expires_in_as_text: false,
            list_page_rows: 50,
            details_page_rows: 200,
            list_shape: ListShape::default(),
            nothing: Nothing::default(),
            status_shape: StatusShape::default(),
            checks_before_result: 0,
            interim_word: None,
            recognise_repeats: false,
            own_fields: Vec::new(),
            list_synced_decisions: true,
            seed: 0,
        }
    }
}

impl Default for ShippingProcesses {
    fn default() -> Self {
        Self {
            pending_referrals: "SHP-2747".to_owned(),
            intervention_details: "SHP-2358".to_owned(),
            intervention_status: "SHP-2748".to_owned(),
            submit_referral: "SHP-2731".to_owned(),
            referral_decisions: "SHP-2795".to_owned(),
            decision_details: "SHP-2796".to_owned(),
            mark_referral: "SHP-2284".to_owned(),
        }
    }
}
