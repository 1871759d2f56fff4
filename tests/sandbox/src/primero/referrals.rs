//! Referrals of a case: who may make, see and answer them, and which moves are possible.

use super::Fields;
use super::Primero;
use super::call::Call;
use super::cases::open_case;
use super::error_body::Refusal;
use super::life::changes;
use super::moment::instant_text;
use super::referral_effects::{self, Move};
use super::scope::Scope;
use super::server::Answer;
use super::state::{Case, State};
use super::users::{GROUP, User};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Where a referral stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Accepted,
    Rejected,
    Done,
    Revoked,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Done => "done",
            Self::Revoked => "revoked",
        }
    }

    /// True while the referral gives its recipient access to the case.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::InProgress | Self::Accepted)
    }

    /// What an asked status means for a referral that stands here; `None`: the server ignores it.
    fn move_to(self, asked: &str) -> Option<Move> {
        match (self, asked) {
            (Self::InProgress, "accepted") => Some(Move::Accept),
            (Self::InProgress, "rejected") => Some(Move::Reject),
            (Self::Accepted, "done") => Some(Move::Finish),
            _ => None,
        }
    }
}

/// A stored referral.
#[derive(Clone, Debug)]
pub(super) struct Referral {
    pub(super) id: String,
    pub(super) record_id: String,
    pub(super) status: Status,
    /// The user name; none for somebody outside the system.
    pub(super) transitioned_to: Option<String>,
    pub(super) remote: bool,
    pub(super) service_record_id: Option<String>,
    pub(super) responded_at: Option<Timestamp>,
    pub(super) rejected_reason: Option<Value>,
    pub(super) rejection_note: Option<Value>,
    /// The rest of what the API shows, fixed when the referral is made.
    fixed: Fields,
}

/// `GET /api/v2/cases/:id/referrals`: the owner and all-scope roles see all, a recipient its own.
pub(super) fn list(primero: &Primero, user: &User, id: &str) -> Result<Answer, Refusal> {
    let state = primero.state();
    let case = open_case(&state, user, id)?;
    let sees_all = user.scope != Scope::Own || is_owner(case, user);
    let of_case = state.referrals.of_case(id);
    let seen = of_case.filter(|referral| sees_all || referral.is_to(user));
    let shown: Vec<Value> = seen
        .map(|referral| Value::Object(referral.shown_to(user)))
        .collect();
    Ok(Answer::unchanged(json!({ "data": shown })))
}

/// `POST /api/v2/cases/:id/referrals`.
pub(super) fn refer(
    primero: &Primero,
    user: &User,
    call: &Call,
    id: &str,
) -> Result<Answer, Refusal> {
    let now = primero.now();
    let mut state = primero.state();
    let case = open_case(&state, user, id)?.clone();
    if !user.role.may_write() {
        return Err(Refusal::Forbidden);
    }
    let data = data_of(call)?;
    let referral = make(&mut state, &case, user, &data, now)?;
    let shown = store(&mut state, &referral, Move::Make, user, now);
    Ok(Answer::changed(json!({ "data": shown })))
}

/// Makes a referral of the case without storing it, if the rules allow it.
pub(super) fn make(
    state: &mut State,
    case: &Case,
    user: &User,
    data: &Fields,
    now: Timestamp,
) -> Result<Referral, Refusal> {
    let remote = is_true(data, "remote");
    let target = data.get("transitioned_to").and_then(Value::as_str);
    let target = target.and_then(|name| state.user(name)).cloned();
    if !remote {
        let no_method = "undefined method `user_name' for nil";
        let target = target
            .as_ref()
            .ok_or(Refusal::ServerError(no_method.to_owned()))?;
        if !target.role.may_receive_referrals() || is_owner(case, target) {
            let message = "transition.errors.to_user_can_receive";
            return Err(Refusal::broken_rule("transitioned_to", message));
        }
    }
    let consent = is_true(&case.fields, "consent_for_services")
        && is_true(&case.fields, "disclosure_other_orgs");
    if !consent && !is_true(data, "consent_overridden") {
        return Err(Refusal::broken_rule("consent", "transition.errors.consent"));
    }
    let fixed = fixed_fields(case, user, target.as_ref(), data, now);
    let service_record_id = data.get("service_record_id").and_then(Value::as_str);
    Ok(Referral {
        id: state.ids.fresh().to_string(),
        record_id: case.id().to_owned(),
        status: Status::InProgress,
        transitioned_to: target.map(|target| target.user_name),
        remote,
        service_record_id: service_record_id.map(str::to_owned),
        responded_at: None,
        rejected_reason: None,
        rejection_note: None,
        fixed,
    })
}

/// What the API shows of a referral and no move changes; absent values are left out.
fn fixed_fields(
    case: &Case,
    user: &User,
    target: Option<&User>,
    data: &Fields,
    now: Timestamp,
) -> Fields {
    let sent = |field: &str| data.get(field).cloned().unwrap_or_default();
    let all = [
        ("allow_case_creation", json!(false)),
        ("consent_individual_transfer", json!(false)),
        (
            "consent_overridden",
            json!(is_true(data, "consent_overridden")),
        ),
        ("created_at", json!(instant_text(now))),
        ("record_owned_by", json!(case.text("owned_by"))),
        (
            "record_owned_by_agency",
            json!(case.text("owned_by_agency_id")),
        ),
        ("record_owned_by_groups", json!([GROUP])),
        ("record_type", json!("case")),
        ("transitioned_by", json!(user.user_name)),
        ("transitioned_by_user_agency", json!(user.agency)),
        ("transitioned_by_user_groups", json!([GROUP])),
        ("type", json!("Referral")),
        ("notes", sent("notes")),
        ("service", sent("service")),
        ("transitioned_to_remote", sent("transitioned_to_remote")),
        ("transitioned_to_agency", sent("transitioned_to_agency")),
        (
            "transitioned_to_user_agency",
            json!(target.map(|target| &target.agency)),
        ),
        (
            "transitioned_to_user_groups",
            json!(target.map(|_| [GROUP])),
        ),
    ];
    let present = all.into_iter().filter(|(_, value)| !value.is_null());
    present
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn is_true(fields: &Fields, name: &str) -> bool {
    fields.get(name) == Some(&json!(true))
}

/// `PATCH /api/v2/cases/:id/referrals/:referral_id`. A move that the status does not allow answers
/// 200 and changes nothing.
pub(super) fn respond(
    primero: &Primero,
    user: &User,
    call: &Call,
    id: &str,
    referral_id: &str,
) -> Result<Answer, Refusal> {
    let now = primero.now();
    let mut state = primero.state();
    let mut referral = permitted(&state, user, id, referral_id)?;
    let data = data_of(call)?;
    let asked = data
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(made) = referral.status.move_to(asked) else {
        return Ok(untouched(&state, &referral, user));
    };
    referral.take(made, &data, now);
    let shown = store(&mut state, &referral, made, user, now);
    Ok(Answer::changed(json!({ "data": shown })))
}

/// `DELETE /api/v2/cases/:id/referrals/:referral_id`.
pub(super) fn revoke(
    primero: &Primero,
    user: &User,
    id: &str,
    referral_id: &str,
) -> Result<Answer, Refusal> {
    let now = primero.now();
    let mut state = primero.state();
    let mut referral = permitted(&state, user, id, referral_id)?;
    if !referral.status.is_open() {
        return Ok(untouched(&state, &referral, user));
    }
    referral.take(Move::Revoke, &Fields::new(), now);
    let shown = store(&mut state, &referral, Move::Revoke, user, now);
    Ok(Answer::changed(json!({ "data": shown })))
}

/// Stores the referral and what the move does to its case; returns what the API shows of it.
pub(super) fn store(
    state: &mut State,
    referral: &Referral,
    made: Move,
    user: &User,
    now: Timestamp,
) -> Value {
    state.referrals.write(referral.clone());
    let before = state
        .cases
        .get(&referral.record_id)
        .expect("a referral has a case")
        .clone();
    let after = referral_effects::apply(&before, referral, made, user, state, now);
    state.cases.write(after.clone());
    with_record(state, referral, &after, changes(&before, &after), user)
}

impl Referral {
    /// Moves the referral; which moves are possible was asked before.
    pub(super) fn take(&mut self, made: Move, data: &Fields, now: Timestamp) {
        match made {
            Move::Make => {}
            Move::Accept => {
                self.status = Status::Accepted;
                self.responded_at = Some(now);
            }
            Move::Reject => {
                self.status = Status::Rejected;
                self.responded_at = Some(now);
                self.rejected_reason = data.get("rejected_reason").cloned();
            }
            Move::Finish => {
                self.status = Status::Done;
                self.rejection_note = data.get("rejection_note").cloned();
            }
            Move::Revoke => self.status = Status::Revoked,
        }
    }

    /// All that the API shows, whoever asks; absent values are left out.
    pub(super) fn to_json(&self) -> Fields {
        let mut shown = self.fixed.clone();
        let responded_at = self.responded_at.map(instant_text);
        for (name, value) in [
            ("id", json!(self.id)),
            ("record_id", json!(self.record_id)),
            ("status", json!(self.status.as_str())),
            ("remote", json!(self.remote)),
            ("transitioned_to", json!(self.transitioned_to)),
            ("service_record_id", json!(self.service_record_id)),
            ("responded_at", json!(responded_at)),
            ("rejected_reason", json!(self.rejected_reason)),
            ("rejection_note", json!(self.rejection_note)),
        ] {
            if !value.is_null() {
                shown.insert(name.to_owned(), value);
            }
        }
        shown
    }

    fn is_to(&self, user: &User) -> bool {
        self.transitioned_to.as_deref() == Some(&user.user_name)
    }

    fn shown_to(&self, user: &User) -> Fields {
        let mut shown = self.to_json();
        let may_answer = self.status == Status::InProgress && self.is_to(user);
        shown.insert("record_access_denied".to_owned(), json!(false));
        shown.insert("user_can_accept_or_reject".to_owned(), json!(may_answer));
        shown
    }
}

/// The referral, if the user may answer it. It is looked up by its own id alone, as the real server
/// does; the user needs access to the case in the path and to the case it belongs to.
fn permitted(state: &State, user: &User, id: &str, referral_id: &str) -> Result<Referral, Refusal> {
    open_case(state, user, id)?;
    let referral = state.referrals.get(referral_id);
    let unknown = Refusal::NoSuchRecord {
        kind: "Referral",
        id: referral_id.to_owned(),
    };
    let referral = referral.ok_or(unknown)?;
    let case = open_case(state, user, &referral.record_id)?;
    let takes_part = user.scope != Scope::Own || is_owner(case, user) || referral.is_to(user);
    if user.role.may_write() && takes_part {
        Ok(referral.clone())
    } else {
        Err(Refusal::Forbidden)
    }
}

fn is_owner(case: &Case, user: &User) -> bool {
    case.text("owned_by") == Some(&user.user_name)
}

/// `data` of the body, which this endpoint demands.
fn data_of(call: &Call) -> Result<Fields, Refusal> {
    match call.json()?["data"].take() {
        Value::Object(data) if !data.is_empty() => Ok(data),
        _ => Err(Refusal::DataMissing),
    }
}

fn untouched(state: &State, referral: &Referral, user: &User) -> Answer {
    let case = state
        .cases
        .get(&referral.record_id)
        .expect("a referral has a case");
    Answer::unchanged(json!({ "data": with_record(state, referral, case, Fields::new(), user) }))
}

/// The referral with what changed in its case, or a note that the user no longer sees the case.
fn with_record(
    state: &State,
    referral: &Referral,
    case: &Case,
    mut changed: Fields,
    user: &User,
) -> Value {
    let mut shown = referral.shown_to(user);
    if !state.opens(case, user) {
        shown.insert("record_access_denied".to_owned(), json!(true));
        return Value::Object(shown);
    }
    changed.remove("last_updated_by");
    changed.insert("id".to_owned(), json!(case.id()));
    changed.insert("enabled".to_owned(), json!(case.is_enabled()));
    changed.insert(
        "last_updated_at".to_owned(),
        json!(case.text("last_updated_at")),
    );
    shown.insert("record".to_owned(), Value::Object(changed));
    Value::Object(shown)
}
