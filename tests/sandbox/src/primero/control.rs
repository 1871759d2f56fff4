//! What stories do to the server behind the API's back. No request is counted for any of it.

use super::Fields;
use super::Primero;
use super::life;
use super::moment::{date_text, instant_text};
use super::referral_effects::Move;
use super::referrals::{self, Status};
use super::scope::UserChange;
use super::state::{Case, State};
use super::users::User;
use super::validation::is_client_uuid;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// A referral as a case worker makes it; see [`Primero::refer`].
#[derive(Clone, Debug, Default)]
pub struct NewReferral {
    /// The user name of the recipient, e.g. `unhcr_cw`.
    pub transitioned_to: String,
    /// The `unique_id` of the service referred, if it is one.
    pub service_record_id: Option<String>,
    /// The kind of service, e.g. `health_medical_service`.
    pub service: Option<String>,
    /// Free text.
    pub notes: Option<String>,
    /// True when the worker referred without the consent stored in the case.
    pub consent_overridden: bool,
}

impl Primero {
    /// Stores a case as given and returns its `id`. What is absent is added: `id`, `case_id` (with
    /// `short_id` and `case_id_display`), `record_state` (from `enabled`, else true) and the times.
    /// Nothing is validated or dropped. A case without `owned_by` is seen by all-scope roles only.
    ///
    /// # Errors
    /// When it is no object, its id is no lower-case UUID, or the id is taken.
    pub fn insert_case(&self, case: Value) -> Result<String, String> {
        let Value::Object(mut fields) = case else {
            return Err("a case is an object".to_owned());
        };
        let now = self.now();
        let mut state = self.state();
        let id = match fields.get("id") {
            None => json!(state.ids.fresh()),
            Some(id) if id.as_str().is_some_and(is_client_uuid) => id.clone(),
            Some(id) => return Err(format!("{id} is no lower-case UUID")),
        };
        let id = id.as_str().map(str::to_owned).ok_or("an id is a text")?;
        if state.cases.get(&id).is_some() {
            return Err(format!("a case with the id {id} exists"));
        }
        fields.insert("id".to_owned(), json!(id));
        life::identify(&mut fields, &mut state.ids);
        let enabled = fields.remove("enabled").unwrap_or(json!(true));
        fields.entry("record_state").or_insert(enabled);
        fields
            .entry("registration_date")
            .or_insert_with(|| json!(date_text(now)));
        let created_at = fields
            .entry("created_at")
            .or_insert_with(|| json!(instant_text(now)));
        let created_at = created_at.clone();
        fields.entry("last_updated_at").or_insert(created_at);
        if let Some(owner) = fields.get("owned_by").cloned() {
            let agency = owner
                .as_str()
                .and_then(|name| state.user(name))
                .map(|u| u.agency.clone());
            fields
                .entry("associated_user_names")
                .or_insert_with(|| json!([owner]));
            fields
                .entry("owned_by_agency_id")
                .or_insert_with(|| json!(agency));
        }
        state.cases.write(Case::new(fields));
        Ok(id)
    }

    /// All cases, whole, in the order of creation.
    #[must_use]
    pub fn cases(&self) -> Vec<Value> {
        self.state()
            .cases
            .all()
            .iter()
            .map(|case| Value::Object(case.fields.clone()))
            .collect()
    }

    /// One case, whole, by `id` or `case_id`.
    #[must_use]
    pub fn case(&self, either_id: &str) -> Option<Value> {
        self.state()
            .cases
            .find(either_id)
            .map(|case| Value::Object(case.fields.clone()))
    }

    /// All referrals in the order in which they were made.
    #[must_use]
    pub fn referrals(&self) -> Vec<Value> {
        let state = self.state();
        state
            .referrals
            .all()
            .iter()
            .map(|referral| Value::Object(referral.to_json()))
            .collect()
    }

    /// Every referral of one case, in order; `case_id` is the `id` of URLs.
    #[must_use]
    pub fn referrals_of(&self, case_id: &str) -> Vec<Value> {
        let state = self.state();
        let of_case = state.referrals.of_case(case_id);
        of_case
            .map(|referral| Value::Object(referral.to_json()))
            .collect()
    }

    /// Lets one more user sign in.
    pub fn add_user(&self, user: User) {
        self.state().users.push(user);
    }

    /// Adds many case workers ([`User::crowd`]), so that the list of users has several pages.
    pub fn add_crowd(&self, count: usize) {
        self.state().users.extend(User::crowd(count));
    }

    /// An administrator changes what somebody may see and do.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn change_user(&self, user_name: &str, change: UserChange) -> Result<(), String> {
        let mut state = self.state();
        let mut users = state.users.iter_mut();
        let user = users.find(|user| user.user_name == user_name);
        change.apply(user.ok_or(format!("no user {user_name}"))?);
        Ok(())
    }

    /// From now on the API answers 403 to everything about this one case; it is listed as before.
    pub fn lock_case(&self, id: &str) {
        self.state().locked_cases.insert(id.to_owned());
    }

    /// The case is given to whom its role covers, as before.
    pub fn unlock_case(&self, id: &str) {
        self.state().locked_cases.remove(id);
    }

    /// Whether answers have a `Date`.
    pub fn set_sends_date(&self, sends_date: bool) {
        self.habits().sends_date = sends_date;
    }

    /// What each alternative of a look-up beyond the fifth costs.
    pub fn set_look_up_entry_costs(&self, cost: Duration) {
        self.habits().look_up_entry_costs = cost;
    }

    /// How many users there are, disabled ones too.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.state().users.len()
    }

    /// The owner refers the case; returns the referral's id. The API's rules hold.
    ///
    /// # Errors
    /// When there is no such case or the rules forbid the referral (recipient, consent).
    pub fn refer(&self, case_id: &str, referral: &NewReferral) -> Result<String, String> {
        self.refer_at(case_id, referral, self.now())
    }

    /// [`Primero::refer`] at a given time.
    pub(crate) fn refer_at(
        &self,
        case_id: &str,
        referral: &NewReferral,
        now: Timestamp,
    ) -> Result<String, String> {
        let mut state = self.state();
        let case = found(&state, case_id)?.clone();
        let user = owner(&state, &case);
        let recipient = state.user(&referral.transitioned_to);
        let agency = recipient.map(|recipient| recipient.agency.clone());
        let data = Fields::from_iter([
            (
                "transitioned_to".to_owned(),
                json!(referral.transitioned_to),
            ),
            ("transitioned_to_agency".to_owned(), json!(agency)),
            (
                "service_record_id".to_owned(),
                json!(referral.service_record_id),
            ),
            ("service".to_owned(), json!(referral.service)),
            ("notes".to_owned(), json!(referral.notes)),
            (
                "consent_overridden".to_owned(),
                json!(referral.consent_overridden),
            ),
        ]);
        let made = referrals::make(&mut state, &case, &user, &data, now);
        let made = made.map_err(|refusal| format!("{refusal:?}"))?;
        let id = made.id.clone();
        referrals::store(&mut state, &made, Move::Make, &user, now);
        Ok(id)
    }

    /// The recipient accepts the referral.
    ///
    /// # Errors
    /// When there is no such referral or it is not in progress.
    pub fn accept_referral(&self, referral_id: &str) -> Result<(), String> {
        self.move_referral(referral_id, Move::Accept, &Fields::new())
    }

    /// The recipient rejects the referral.
    ///
    /// # Errors
    /// When there is no such referral or it is not in progress.
    pub fn reject_referral(&self, referral_id: &str, reason: &str) -> Result<(), String> {
        let data = Fields::from_iter([("rejected_reason".to_owned(), json!(reason))]);
        self.move_referral(referral_id, Move::Reject, &data)
    }

    /// The recipient reports an accepted referral as done.
    ///
    /// # Errors
    /// When there is no such referral or it is not accepted.
    pub fn finish_referral(&self, referral_id: &str) -> Result<(), String> {
        self.move_referral(referral_id, Move::Finish, &Fields::new())
    }

    /// The owner takes the referral back.
    ///
    /// # Errors
    /// When there is no such referral or it is neither in progress nor accepted.
    pub fn revoke_referral(&self, referral_id: &str) -> Result<(), String> {
        self.move_referral(referral_id, Move::Revoke, &Fields::new())
    }

    /// Moves the server's clock against the machine's.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.inner.clock.offset_by(offset);
    }

    /// Stops the server's clock at one instant, until it is set again.
    pub fn stop_clock_at(&self, at: Timestamp) {
        self.inner.clock.stop_at(at);
    }

    /// From now on every save of a case (POST and PATCH) stops between reading and writing.
    pub fn hold_saves(&self) {
        self.saves().hold();
    }

    /// Lets the held saves write, in any order; the last one wins.
    pub fn release_saves(&self) {
        self.saves().release();
    }

    /// Waits until at least `count` saves are held.
    pub async fn saves_held(&self, count: usize) {
        self.saves().reached(count).await;
    }

    fn move_referral(&self, referral_id: &str, made: Move, data: &Fields) -> Result<(), String> {
        let now = self.now();
        let mut state = self.state();
        let stored = state.referrals.get(referral_id);
        let mut referral = stored.ok_or(format!("no referral {referral_id}"))?.clone();
        let allowed = match made {
            Move::Accept | Move::Reject => referral.status == Status::InProgress,
            Move::Finish => referral.status == Status::Accepted,
            Move::Revoke => referral.status.is_open(),
            Move::Make => false,
        };
        if !allowed {
            return Err(format!("the referral is {}", referral.status.as_str()));
        }
        let case = found(&state, &referral.record_id)?;
        let recipient = referral
            .transitioned_to
            .as_deref()
            .and_then(|name| state.user(name));
        let user = match made {
            Move::Revoke => owner(&state, case),
            _ => recipient.cloned().unwrap_or_else(|| owner(&state, case)),
        };
        referral.take(made, data, now);
        referrals::store(&mut state, &referral, made, &user, now);
        Ok(())
    }
}

pub(super) fn found<'s>(state: &'s State, either_id: &str) -> Result<&'s Case, String> {
    state
        .cases
        .find(either_id)
        .ok_or_else(|| format!("no case {either_id}"))
}

/// The case's owner; a case worker of no agency where the owner is not a user here.
pub(super) fn owner(state: &State, case: &Case) -> User {
    let name = case.text("owned_by").unwrap_or("nobody");
    let stranger = || User::new(name, super::Role::CaseWorker, "");
    state.user(name).cloned().unwrap_or_else(stranger)
}
