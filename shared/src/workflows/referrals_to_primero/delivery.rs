//! Placing referrals in Primero: look-up, create or append, read back.

use std::collections::HashMap;

use serde_json::Value;

use super::fields::{self, CASE_FIELDS, SERVICE_FIELDS};
use super::mapping::Referral;
use super::matching::{Match, Plan, choose, holds, service_of};
use super::{Place, Proof, ReferralsToPrimero};
use crate::domain::identity::service_id;
use crate::domain::ids::{CaseRecordId, InterventionId};
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::System;
use crate::engine::{BatchResult, CallError, Fault, LedgerView, Located, Verification};
use crate::primero::{Case, Created, LookedUp, Service};
use crate::transport::GateError;
use crate::workflows::trouble::per_record;

/// The form of a case's services.
const SERVICES: &str = "services_section";
/// How often an append of unknown fate is asked after and sent again.
const APPENDS: usize = 4;

impl ReferralsToPrimero<'_> {
    /// Before the first record: that Primero's forms have the fields of the round trip, and a control entry for look-ups.
    pub(super) async fn prepare_primero(&self, ledger: LedgerView<'_>) -> Result<(), Stop> {
        let may_be_empty = self.profile.primero.allow_empty && !ledger.has_delivered().await?;
        let control = async {
            Box::pin(self.primero.choose_control(may_be_empty))
                .await
                .map_err(not_ready)
        };
        let written = fields::written(self.profile);
        let (scope, control, writing) = futures::join!(
            self.preflight.scope(ledger, may_be_empty),
            control,
            self.preflight.writing_cases(ledger, &written),
        );
        // Without everybody's cases, or a visible one, the forms explain nothing.
        scope.and(control).and(writing)
    }

    pub(super) async fn match_cases(&self, referrals: &[&Referral]) -> BatchResult<Located<Self>> {
        let numbers: Vec<_> = referrals
            .iter()
            .map(|referral| &referral.individual_no)
            .collect();
        let cases = self.primero.cases_by_individual_no(&numbers).await?;
        let elsewhere = self.placed_elsewhere(referrals, &cases).await?;
        let place = |referral: &&Referral| -> Result<Located<Self>, CallError> {
            let cases = cases.of(&referral.individual_no)?;
            if let Some(stands) = elsewhere.get(&referral.intervention)
                && stands.clone()?
            {
                return Err(Fault::hold(Reason::CaseIdentityChanged, Vec::new()).into());
            }
            match choose(referral, cases, &self.profile.primero)? {
                Match::Nowhere(plan) => Ok(Located::Missing(plan)),
                Match::There(case, service) => {
                    Ok(Located::InPlace(in_place(referral, case, service)?))
                }
            }
        };
        per_record(referrals.iter().map(place))
    }

    /// Of referrals that the ledger has on a case which no longer carries their child's number, whether the service stands there still:
    /// either number was corrected since it was written, and on another case the service would stand twice.
    async fn placed_elsewhere(
        &self,
        referrals: &[&Referral],
        found: &LookedUp<Pii<String>, Case>,
    ) -> Result<HashMap<InterventionId, Result<bool, GateError>>, CallError> {
        let mut strayed: Vec<(&Referral, CaseRecordId)> = Vec::new();
        for referral in referrals {
            let cases = found.of(&referral.individual_no);
            if let (Some(case), Ok(cases)) = (referral.placed, cases)
                && cases.iter().all(|found| found.id != case)
            {
                strayed.push((referral, case));
            }
        }
        let ids: Vec<_> = strayed.iter().map(|(_, case)| *case).collect();
        let cases = self.primero.cases_by_id(&ids).await?;
        let stands = |(referral, case): (&Referral, CaseRecordId)| {
            let case = cases.one(&case).map(|case| {
                let case = case.filter(|case| case.enabled);
                case.is_some_and(|case| holds(case, referral.service, referral.intervention))
            });
            (referral.intervention, case)
        };
        Ok(strayed.into_iter().map(stands).collect())
    }

    /// Whether services are on the cases where the ledger has them, of referrals that proGres no longer lists.
    pub(super) async fn look_for(&self, records: &[(&RecordKey, &Place)]) -> BatchResult<bool> {
        let ids: Vec<_> = records.iter().filter_map(|(_, place)| place.case).collect();
        let cases = self.primero.cases_by_id(&ids).await?;
        let is_there = |(key, place): &(&RecordKey, &Place)| {
            let id: Option<InterventionId> = key.as_str().parse().ok();
            // A row that does not say where it is, was seen there all the same.
            let (Some(intervention), Some(case)) = (id, place.case) else {
                return Ok(true);
            };
            let service = service_id(&self.profile.deployment, intervention);
            let case = cases.one(&case)?.filter(|case| case.enabled);
            Ok::<_, GateError>(case.is_some_and(|case| holds(case, service, intervention)))
        };
        per_record(records.iter().map(is_there))
    }

    /// Writes a referral. The first one of a run is read back at once, and the others wait for that: forms are listed whatever the role
    /// may write, and a Primero that drops fields must spoil one case, not thirty. The one that shows it stays written, so that it is
    /// known as ours; whoever waited for it ends the run.
    pub(super) async fn write_service(
        &self,
        referral: &Referral,
        plan: &Plan,
    ) -> Result<Place, CallError> {
        let mut proof = self.proof.lock().await;
        match &*proof {
            Proof::Given => {
                drop(proof);
                return Ok(self.create_or_append(referral, plan).await?.0);
            }
            Proof::Failed(stop) => return Err(stop.clone().into()),
            Proof::Awaited => {}
        }
        let (place, is_new) = match self.create_or_append(referral, plan).await {
            Ok(written) => written,
            Err(CallError::Run(stop)) => {
                *proof = Proof::Failed(stop.clone());
                return Err(stop.into());
            }
            Err(fault) => return Err(fault),
        };
        // What was written stays written, whatever is found when it is read back.
        *proof = match self.prove_fields(referral, &place, is_new).await {
            Ok(()) => Proof::Given,
            Err(CallError::Run(stop)) => Proof::Failed(stop),
            Err(CallError::Record(_)) => Proof::Awaited,
        };
        Ok(place)
    }

    /// Primero takes a case of an owner whom it does not know, and then nobody sees it. So the owner of the first case that a run creates
    /// is read back, and the others wait for that.
    async fn create(&self, referral: &Referral) -> Result<Created, CallError> {
        let create = || {
            self.primero
                .create_case(referral.case, &referral.case_fields)
        };
        let mut owner = self.owner.lock().await;
        match &*owner {
            Proof::Given => {
                drop(owner);
                return Ok(create().await?);
            }
            Proof::Failed(stop) => return Err(stop.clone().into()),
            Proof::Awaited => {}
        }
        let created = create().await?;
        if created == Created::New {
            *owner = Proof::Given;
            if let Some(name) = Box::pin(self.primero.owner_of(referral.case)).await? {
                let name = name.as_ref().map(|name| name.expose().as_str());
                let intake = referral.case_fields.expose().get("owned_by");
                let intake = intake.and_then(Value::as_str);
                if let Err(stop) = self.preflight.owner_of_created(referral.case, name, intake) {
                    *owner = Proof::Failed(stop.clone());
                    return Err(stop.into());
                }
            }
        }
        Ok(created)
    }

    /// Reads back what was written first, a case that is new or the one that there was.
    async fn prove_fields(
        &self,
        referral: &Referral,
        place: &Place,
        is_new: bool,
    ) -> Result<(), CallError> {
        let Some(id) = place.case else { return Ok(()) };
        let case = self.primero.case_by_id(id).await?;
        let Some(case) = case.filter(|case| case.enabled) else {
            return Ok(());
        };
        if !case.is_of(&referral.individual_no) {
            // Another number than ours was put there by a person; reading back says so of the record.
            let renamed = case.individual_no.is_some();
            let lost = Stop::FieldNotAccepted(CASE_FIELDS[0].to_owned());
            return if renamed { Ok(()) } else { Err(lost.into()) };
        }
        self.primero
            .adopt_control(id, &referral.individual_no)
            .await;
        let Some(service) = service_of(referral, &case) else {
            // On a case that others work on, a save at the same time may have swallowed it.
            let lacking = || Stop::FieldNotAccepted(SERVICES.to_owned()).into();
            return if is_new { Err(lacking()) } else { Ok(()) };
        };
        match SERVICE_FIELDS.iter().find(|field| !service.has(field)) {
            Some(field) => Err(Stop::FieldNotAccepted((*field).to_owned()).into()),
            None => Ok(()),
        }
    }

    /// Where the service was written, and whether the case is new.
    async fn create_or_append(
        &self,
        referral: &Referral,
        plan: &Plan,
    ) -> Result<(Place, bool), CallError> {
        let (id, case_id) = match plan {
            Plan::Append { case, case_id } => (*case, case_id.clone()),
            Plan::Create => {
                if Box::pin(self.create(referral)).await? == Created::Exists {
                    return self.append_to_own_case(referral).await;
                }
                (referral.case, None)
            }
        };
        if *plan != Plan::Create {
            self.append(referral, id).await?;
        }
        let place = Place {
            case: Some(id),
            case_id,
            ..bare_place(referral)
        };
        Ok((place, *plan == Plan::Create))
    }

    /// The case that we wanted to create exists: our own first try, or one whose number was changed since. One without any number that
    /// our ledger knows as written is ours and empty, for the role could not write it: it is filled whole.
    async fn append_to_own_case(&self, referral: &Referral) -> Result<(Place, bool), CallError> {
        let case = self.primero.case_by_id(referral.case).await?;
        let empty = |case: &Case| case.enabled && case.individual_no.is_none();
        if referral.own_case_written && case.as_ref().is_some_and(empty) {
            let id = referral.case;
            let filled = self.primero.fill_case(id, &referral.case_fields).await;
            filled.map_err(CallError::from)?;
            let place = Place {
                case: Some(id),
                ..bare_place(referral)
            };
            return Ok((place, true));
        }
        let case = case
            .filter(|case| case.enabled && case.is_of(&referral.individual_no))
            .ok_or_else(|| Fault::hold(Reason::CaseIdentityChanged, Vec::new()))?;
        let only = std::slice::from_ref(&case);
        match choose(referral, only, &self.profile.primero)? {
            Match::There(case, service) => Ok((in_place(referral, case, service)?, false)),
            Match::Nowhere(_) => {
                self.append(referral, case.id).await?;
                let case_id = case.case_id.clone();
                let place = Place {
                    case: Some(case.id),
                    case_id,
                    ..bare_place(referral)
                };
                Ok((place, false))
            }
        }
    }

    /// Appends the service. Where its fate is unknown the case is read, and the service sent again only if it is not there.
    async fn append(&self, referral: &Referral, id: CaseRecordId) -> Result<(), CallError> {
        for _ in 0..APPENDS {
            match self
                .primero
                .append_service(id, &referral.service_fields)
                .await
            {
                Err(GateError::Ambiguous(_)) => {
                    let case = self.primero.case_by_id(id).await?;
                    if case.is_some_and(|case| service_of(referral, &case).is_some()) {
                        return Ok(());
                    }
                }
                answer => return Ok(answer?),
            }
        }
        Err(Fault::down(System::Primero).into())
    }

    pub(super) async fn verify_services(
        &self,
        written: &[(&Referral, &Place)],
    ) -> BatchResult<Verification<Place>> {
        // What the first write showed ends the run; until it is mended nothing is written a second time.
        if let Proof::Failed(stop) = &*self.proof.lock().await {
            return Err(stop.clone().into());
        }
        let ids: Vec<_> = written.iter().filter_map(|(_, place)| place.case).collect();
        let cases = self.primero.cases_by_id(&ids).await?;
        let verify = |(referral, place): &(&Referral, &Place)| -> Result<_, CallError> {
            let found = match &place.case {
                Some(id) => cases.one(id)?.filter(|case| case.enabled),
                None => None,
            };
            let is_ours = |case: &&Case| case.is_of(&referral.individual_no);
            if let Some(case) = found.filter(|case| !is_ours(case))
                && case.individual_no.is_some()
                && service_of(referral, case).is_some()
            {
                return Err(Fault::hold(Reason::CaseIdentityChanged, Vec::new()).into());
            }
            let found = found.filter(is_ours);
            match found.and_then(|case| Some((case, service_of(referral, case)?))) {
                Some((case, service)) => {
                    let place = in_place(referral, case, service)?;
                    Ok(Verification::Verified(place))
                }
                None => Ok(Verification::Gone),
            }
        };
        per_record(written.iter().map(verify))
    }
}

/// The place of a service that was read, if it is whole: without its number its decision could not go back, without the case id
/// proGres cannot be told.
fn in_place(referral: &Referral, case: &Case, service: &Service) -> Result<Place, Fault> {
    if service.intervention_number().is_none() {
        let field = SERVICE_FIELDS[0].to_owned();
        return Err(Fault::hold(Reason::InterventionNumberLost, vec![field]));
    }
    let Some(case_id) = case.case_id.clone() else {
        return Err(Fault::hold(
            Reason::UnreadableRecord,
            vec!["case_id".to_owned()],
        ));
    };
    Ok(Place {
        case: Some(case.id),
        case_id: Some(case_id),
        ..bare_place(referral)
    })
}

fn bare_place(referral: &Referral) -> Place {
    Place {
        business_unit: referral.business_unit.clone(),
        case: None,
        case_id: None,
    }
}

/// Without its preparation a run cannot place anything.
fn not_ready(error: GateError) -> Stop {
    match error {
        GateError::Run(stop) => stop,
        GateError::Refused { status, .. } => Stop::UnreadableAnswer {
            system: System::Primero,
            route: "preparing look-ups",
            place: format!("status {status}"),
        },
        _ => Stop::Unavailable(System::Primero),
    }
}
