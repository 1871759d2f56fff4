//! The ids that we choose ourselves, so that a repeated write meets its own first attempt.
//!
//! They are computed from system ids and the deployment alone and **must never change**: a changed formula would create every
//! case and service a second time.

use uuid::Uuid;

use super::identifier::tidied;
use super::ids::{CaseRecordId, Deployment, InterventionId, ServiceId};
use super::pii::Pii;

const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_6f1e_5f0b_5c53_9a3e_0d6f_2a3c_7b10);

/// The Primero case of an individual: UUIDv5 of `case/<deployment>/<progres_id>`, the individual number tidied.
#[must_use]
pub fn case_record_id(deployment: &Deployment, individual_no: &Pii<String>) -> CaseRecordId {
    let name = format!("case/{deployment}/{}", tidied(individual_no.expose()));
    CaseRecordId::new(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
}

/// The Primero service of an intervention: UUIDv5 of `service/<deployment>/<intervention GUID in lower case>`.
#[must_use]
pub fn service_id(deployment: &Deployment, intervention: InterventionId) -> ServiceId {
    let name = format!("service/{deployment}/{intervention}");
    ServiceId::new(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Computed once with Python's uuid.uuid5; a change here breaks every installation.
    #[test]
    fn golden_ids_never_change() {
        let gambella: Deployment = "gambella".parse().expect("a name");
        let individual = Pii::new(" 803-100016547 ".to_owned());
        let intervention: InterventionId = "68B20E2A-4879-EE11-8179-000D3A43F6EB"
            .parse()
            .expect("a GUID");
        assert_eq!(
            case_record_id(&gambella, &individual).to_string(),
            "61f142c5-b6b3-57bf-97e3-38fde7228c38"
        );
        let pasted = Pii::new("\u{feff}803\u{2011}100016547\u{200b}".to_owned());
        assert_eq!(
            case_record_id(&gambella, &pasted),
            case_record_id(&gambella, &individual)
        );
        assert_eq!(
            service_id(&gambella, intervention).to_string(),
            "310a6bfc-c5e5-54a2-89be-aeffe9542072"
        );
    }
}
