//! Placing referrals in Primero: look-up, create or append, read back.

use super::mapping::Referral;
use super::matching::{Match, Plan, choose, service_of};
use super::{Place, Proof, ReferralsToPrimero};
use crate::domain::ids::CaseRecordId;
use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::engine::{BatchResult, Fault, LedgerView, Located, Trouble, Verification};
use crate::primero::{Case, Created, Service};
use crate::transport::GateError;
use crate::workflows::trouble::per_record;

/// Case fields that matching rests on.
const CASE_FIELDS: [&str; 1] = ["unhcr_individual_no"];
/// Service fields that the way back (1.2) rests on.
const SERVICE_FIELDS: [&str; 4] = [
    "progres_interventionnumber",
    "unhcr_referral_status",
    "service_referral",
    "service_request_agency",
];
/// How often an append of unknown fate is asked after and sent again.
const APPENDS: usize = 4;

impl ReferralsToPrimero<'_> {
    /// Before the first record: that Primero's forms have the fields of the round trip, and a control entry for look-ups.
    pub(super) async fn prepare_primero(&self, ledger: LedgerView<'_>) -> Result<(), Stop> {
        let may_be_empty = self.profile.primero.allow_empty && !ledger.has_delivered().await?;
        let control = async {
            self.primero
                .choose_control(may_be_empty)
                .await
                .map_err(not_ready)
        };
        // Without a visible case the forms explain nothing, so the control entry is heard first.
        let (control, forms) = futures::join!(control, self.check_forms());
        control.and(forms)
    }

    /// A user without access to the forms is no fault: the first write is read back in any case.
    async fn check_forms(&self) -> Result<(), Stop> {
        let fields = match self.primero.form_fields().await {
            Ok(fields) => fields,
            Err(GateError::Run(Stop::PermissionDenied { .. })) => {
                tracing::warn!(
                    "the user may not read Primero's forms; the first write will show which fields they have"
                );
                return Ok(());
            }
            Err(error) => return Err(not_ready(error)),
        };
        let lacking = CASE_FIELDS
            .iter()
            .find(|name| !fields.case.contains(**name));
        let lacking = lacking.or_else(|| {
            SERVICE_FIELDS
                .iter()
                .find(|name| !fields.service.contains(**name))
        });
        if let Some(name) = lacking {
            return Err(Stop::FieldNotAccepted((*name).to_owned()));
        }
        self.forms_have_fields.set(true);
        Ok(())
    }

    pub(super) async fn match_cases(&self, referrals: &[&Referral]) -> BatchResult<Located<Self>> {
        let numbers: Vec<_> = referrals
            .iter()
            .map(|referral| &referral.individual_no)
            .collect();
        let cases = self.primero.cases_by_individual_no(&numbers).await?;
        let place = |referral: &&Referral| -> Result<Located<Self>, Trouble> {
            let cases = cases.of(&referral.individual_no)?;
            match choose(referral, cases, &self.profile.primero)? {
                Match::Nowhere(plan) => Ok(Located::Missing(plan)),
                Match::There(case, service) => {
                    Ok(Located::InPlace(in_place(referral, case, service)?))
                }
            }
        };
        per_record(referrals.iter().map(place))
    }

    /// Writes a referral. The first one of a run is read back at once, for a Primero that drops fields must not get more. Unless the
    /// forms have shown that it has them, the others wait for that.
    pub(super) async fn write_service(
        &self,
        referral: &Referral,
        plan: &Plan,
    ) -> Result<Place, Trouble> {
        let mut proof = match self.proof.try_lock() {
            Ok(proof) => proof,
            Err(_) if self.forms_have_fields.get() => {
                return self.create_or_append(referral, plan).await;
            }
            Err(_) => self.proof.lock().await,
        };
        match &*proof {
            Proof::Given => {
                drop(proof);
                return self.create_or_append(referral, plan).await;
            }
            Proof::Failed(stop) => return Err(stop.clone().into()),
            Proof::Awaited => {}
        }
        let written = self.write_and_prove(referral, plan).await;
        match &written {
            Ok(_) => *proof = Proof::Given,
            Err(Trouble::Run(stop)) => *proof = Proof::Failed(stop.clone()),
            Err(Trouble::Record(_)) => {}
        }
        written
    }

    async fn write_and_prove(&self, referral: &Referral, plan: &Plan) -> Result<Place, Trouble> {
        let place = self.create_or_append(referral, plan).await?;
        self.prove_fields(referral, &place).await?;
        Ok(place)
    }

    async fn prove_fields(&self, referral: &Referral, place: &Place) -> Result<(), Trouble> {
        let Some(id) = place.case else { return Ok(()) };
        let case = self.primero.case_by_id(id).await?;
        let Some(case) = case.filter(|case| case.enabled) else {
            return Ok(());
        };
        if !case.is_of(&referral.individual_no) {
            return Err(Stop::FieldNotAccepted(CASE_FIELDS[0].to_owned()).into());
        }
        self.primero
            .adopt_control(id, &referral.individual_no)
            .await;
        let Some(service) = service_of(referral, &case) else {
            return Ok(());
        };
        match SERVICE_FIELDS.iter().find(|field| !service.has(field)) {
            Some(field) => Err(Stop::FieldNotAccepted((*field).to_owned()).into()),
            None => Ok(()),
        }
    }

    async fn create_or_append(&self, referral: &Referral, plan: &Plan) -> Result<Place, Trouble> {
        let (id, case_id) = match plan {
            Plan::Append { case, case_id } => (*case, case_id.clone()),
            Plan::Create => {
                let created = self
                    .primero
                    .create_case(referral.case, &referral.case_fields)
                    .await?;
                if created == Created::Exists {
                    return self.append_to_own_case(referral).await;
                }
                (referral.case, None)
            }
        };
        if *plan != Plan::Create {
            self.append(referral, id).await?;
        }
        Ok(Place {
            case: Some(id),
            case_id,
            ..bare_place(referral)
        })
    }

    /// The case that we wanted to create exists: our own first try, or one whose number was changed since.
    async fn append_to_own_case(&self, referral: &Referral) -> Result<Place, Trouble> {
        let case = self.primero.case_by_id(referral.case).await?;
        let case = case
            .filter(|case| case.enabled && case.is_of(&referral.individual_no))
            .ok_or_else(|| Fault::hold(Reason::CaseIdentityChanged, Vec::new()))?;
        let only = std::slice::from_ref(&case);
        match choose(referral, only, &self.profile.primero)? {
            Match::There(case, service) => Ok(in_place(referral, case, service)?),
            Match::Nowhere(_) => {
                self.append(referral, case.id).await?;
                let case_id = case.case_id.clone();
                Ok(Place {
                    case: Some(case.id),
                    case_id,
                    ..bare_place(referral)
                })
            }
        }
    }

    /// Appends the service. Where its fate is unknown the case is read, and the service sent again only if it is not there.
    async fn append(&self, referral: &Referral, id: CaseRecordId) -> Result<(), Trouble> {
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
        let ids: Vec<_> = written.iter().filter_map(|(_, place)| place.case).collect();
        let cases = self.primero.cases_by_id(&ids).await?;
        let verify = |(referral, place): &(&Referral, &Place)| -> Result<_, Trouble> {
            let found = match &place.case {
                Some(id) => cases.one(id)?.filter(|case| case.enabled),
                None => None,
            };
            let found = found.filter(|case| case.is_of(&referral.individual_no));
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
