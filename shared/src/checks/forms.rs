//! Do the forms have the fields that are mapped, and may the role write them?

use std::collections::BTreeSet;

use super::ground::{Ground, unchecked};
use crate::domain::check::{Check, CheckKey};
use crate::primero::FormFields;
use crate::transport::GateError;

/// The case field that holds the services.
const SERVICES: &str = "services_section";

/// The fields of Primero that a workflow writes or reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappedFields {
    /// Of a case, without those that Primero has by itself.
    pub case: Vec<String>,
    /// Of a service.
    pub service: Vec<String>,
    /// Those of both without which nothing can go back.
    pub needed: Vec<&'static str>,
}

impl MappedFields {
    /// The names that `has` does not know, in the order of the mapping.
    fn lacking(&self, forms: &FormFields) -> impl Iterator<Item = &str> {
        let of_case = self
            .case
            .iter()
            .filter(|name| !forms.case.contains_key(*name));
        let of_service = self
            .service
            .iter()
            .filter(|name| !forms.service.contains(*name));
        of_case.chain(of_service).map(String::as_str)
    }
}

/// The module is there, and its forms have every field; all that they lack are named at once.
pub async fn fields(ground: &Ground<'_>, mapped: &MappedFields) -> Result<Vec<Check>, GateError> {
    let Some(forms) = ground.forms().await? else {
        return Ok(vec![unchecked("forms")]);
    };
    if forms.case.is_empty() {
        let module = ground.profile.primero.module_id.clone();
        return Ok(vec![Check::of(CheckKey::PrimeroModule, module)]);
    }
    let lacking: Vec<&str> = mapped.lacking(forms).collect();
    if lacking.is_empty() {
        return Ok(Vec::new());
    }
    let needed = lacking.iter().any(|name| mapped.needed.contains(name));
    let key = if needed {
        CheckKey::PrimeroFields
    } else {
        CheckKey::PrimeroOtherFields
    };
    Ok(vec![Check::of(key, lacking.join(", "))])
}

/// Of the forms that hold a field that is written, the role writes one.
pub async fn writable(ground: &Ground<'_>, mapped: &MappedFields) -> Result<Vec<Check>, GateError> {
    let (Some(forms), Some(role)) = (ground.forms().await?, ground.role_forms().await?) else {
        return Ok(vec![unchecked("forms of the role")]);
    };
    let writes = |form: &String| role.get(form) == Some(&true);
    let mut only_read = BTreeSet::new();
    for field in mapped.case.iter().map(String::as_str).chain([SERVICES]) {
        let holding = forms.case.get(field).map_or(&[][..], Vec::as_slice);
        if !holding.iter().any(writes) {
            only_read.extend(holding.iter().map(String::as_str));
        }
    }
    if only_read.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = only_read.into_iter().collect();
    Ok(vec![Check::of(
        CheckKey::PrimeroWritableForms,
        names.join(", "),
    )])
}
