//! Do the forms have the fields that are mapped, of the right types, and may the role write them?

use std::collections::BTreeSet;

use super::ground::{Ground, listed, unchecked};
use super::kinds::{Kind, of_field};
use crate::document::spelling::nearest;
use crate::domain::check::{Check, CheckKey};
use crate::primero::{FormField, FormFields};
use crate::profile::Profile;
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
    /// Each field with what the forms know of it, in the order of the mapping.
    fn sought<'m>(
        &'m self,
        forms: &'m FormFields,
    ) -> impl Iterator<Item = (&'m str, Option<&'m FormField>)> {
        let of_case = self.case.iter().map(|name| (name, &forms.case));
        let of_service = self.service.iter().map(|name| (name, &forms.service));
        let all = of_case.chain(of_service);
        all.map(|(name, known)| (name.as_str(), known.get(name)))
    }

    /// These fields and those of another workflow, each once.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (list, more) in [
            (&mut self.case, &other.case),
            (&mut self.service, &other.service),
        ] {
            for name in more {
                if !list.contains(name) {
                    list.push(name.clone());
                }
            }
        }
        for name in &other.needed {
            if !self.needed.contains(name) {
                self.needed.push(name);
            }
        }
        self
    }
}

/// The module is there, and its forms have every field; all that they lack are named at once.
pub async fn fields(ground: &Ground<'_>, mapped: &MappedFields) -> Result<Vec<Check>, GateError> {
    let Some(forms) = ground.forms().await? else {
        return Ok(vec![unchecked("forms")]);
    };
    if forms.case.is_empty() {
        return Ok(vec![Check::of(
            CheckKey::PrimeroModule,
            &*ground.profile.primero.module_id,
        )]);
    }
    let sought = mapped.sought(forms);
    let lacking: Vec<&str> = sought
        .filter(|(_, field)| field.is_none())
        .map(|(name, _)| name)
        .collect();
    Ok(sorted_out(&lacking, mapped, forms, ground.profile))
}

/// What is lacking, by what it means that it is.
fn sorted_out(
    lacking: &[&str],
    mapped: &MappedFields,
    forms: &FormFields,
    profile: &Profile,
) -> Vec<Check> {
    let primero = &profile.primero;
    let meaning = |name: &str| {
        let is_default =
            primero.case_defaults.contains_key(name) || primero.service_defaults.contains_key(name);
        if mapped.needed.contains(&name) {
            CheckKey::PrimeroFields
        } else if name == primero.rejection_reason_field {
            CheckKey::PrimeroRejectionReason
        } else if profile.consent.required && profile.consent.fields.iter().any(|one| one == name) {
            CheckKey::PrimeroConsent
        } else if is_default {
            CheckKey::PrimeroDefaults
        } else {
            CheckKey::PrimeroOtherFields
        }
    };
    let of = |key: CheckKey| lacking.iter().filter(move |name| meaning(name) == key);
    let needed_lack = of(CheckKey::PrimeroFields).next().is_some();
    let mut found = Vec::new();
    if needed_lack {
        // Whoever adds these adds the others with them.
        let of_mapping = lacking.iter().filter(|name| {
            matches!(
                meaning(name),
                CheckKey::PrimeroFields | CheckKey::PrimeroOtherFields
            )
        });
        let names: Vec<&str> = of_mapping.copied().collect();
        found.push(Check::of(CheckKey::PrimeroFields, names.join(", ")));
    }
    for key in [
        CheckKey::PrimeroOtherFields,
        CheckKey::PrimeroConsent,
        CheckKey::PrimeroRejectionReason,
        CheckKey::PrimeroDefaults,
    ] {
        if key == CheckKey::PrimeroOtherFields && needed_lack {
            continue;
        }
        let names: Vec<String> = of(key)
            .map(|name| match key {
                CheckKey::PrimeroOtherFields => (*name).to_owned(),
                _ => with_neighbour(name, forms),
            })
            .collect();
        if !names.is_empty() {
            found.push(Check::of(key, names.join(", ")));
        }
    }
    found
}

/// A name that the profile chose, with the field that it may stand for.
fn with_neighbour(name: &str, forms: &FormFields) -> String {
    let known = forms.case.keys().chain(forms.service.keys());
    match nearest(name, known.map(String::as_str)) {
        Some(near) => format!("no form has `{name}`; did you mean `{near}`?"),
        None => format!("no form has `{name}`"),
    }
}

/// The fields that are there are switched on, and of the types that are written.
pub async fn types(ground: &Ground<'_>, mapped: &MappedFields) -> Result<Vec<Check>, GateError> {
    let Some(forms) = ground.module_forms().await? else {
        return Ok(Vec::new());
    };
    let (mut off, mut other) = (Vec::new(), Vec::new());
    for (name, field) in mapped.sought(forms) {
        let Some(field) = field else { continue };
        if field.disabled {
            off.push(name);
        }
        if let Some(kind) = of_field(name, ground.profile)
            && !kind.fits(field)
        {
            other.push(format!("`{name}` is {}, not {kind}", named(field)));
        }
    }
    let mut found = Vec::new();
    if !off.is_empty() {
        found.push(Check::of(CheckKey::PrimeroDisabledFields, off.join(", ")));
    }
    if !other.is_empty() {
        found.push(Check::of(CheckKey::PrimeroFieldTypes, listed(other)));
    }
    found.extend(defaults(ground.profile, forms));
    Ok(found)
}

/// The type of a field as a form shows it.
fn named(field: &FormField) -> String {
    let several = if field.takes_many { " of several" } else { "" };
    let time = if field.has_time { " with a time" } else { "" };
    format!("a {}{several}{time}", field.kind)
}

/// Every default fits the type of its field.
fn defaults(profile: &Profile, forms: &FormFields) -> Option<Check> {
    let primero = &profile.primero;
    let of_case = primero.case_defaults.iter().map(|one| (one, &forms.case));
    let of_service = primero.service_defaults.iter();
    let of_service = of_service.map(|one| (one, &forms.service));
    let misfits = of_case
        .chain(of_service)
        .filter_map(|((name, value), known)| {
            let field = known.get(name)?;
            let kind = Kind::of_value(value)?;
            (!kind.holds(field)).then(|| format!("`{name}` is {}, not {kind}", named(field)))
        });
    let misfits: Vec<String> = misfits.collect();
    (!misfits.is_empty()).then(|| Check::of(CheckKey::PrimeroDefaults, listed(misfits)))
}

/// Of the forms that hold a field that is written, the role writes one.
pub async fn writable(ground: &Ground<'_>, mapped: &MappedFields) -> Result<Vec<Check>, GateError> {
    let (Some(forms), Some(role)) = (ground.forms().await?, ground.role_forms().await?) else {
        return Ok(vec![unchecked("forms of the role")]);
    };
    let writes = |form: &String| role.get(form) == Some(&true);
    let mut only_read = BTreeSet::new();
    for field in mapped.case.iter().map(String::as_str).chain([SERVICES]) {
        let holding = forms.case.get(field).map_or(&[][..], |field| &field.forms);
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

/// What the forms demand beyond what is written.
pub async fn required(
    ground: &Ground<'_>,
    written: &MappedFields,
) -> Result<Vec<Check>, GateError> {
    let Some(forms) = ground.module_forms().await? else {
        return Ok(Vec::new());
    };
    let mut unfilled: Vec<&str> = [
        (&forms.case, &written.case),
        (&forms.service, &written.service),
    ]
    .into_iter()
    .flat_map(|(known, filled)| {
        let demanded = known.iter().filter(|(_, field)| field.required);
        demanded
            .map(|(name, _)| name.as_str())
            .filter(move |name| !OF_ITSELF.contains(name) && !filled.iter().any(|one| one == name))
    })
    .collect();
    unfilled.sort_unstable();
    if unfilled.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Check::of(CheckKey::PrimeroRequired, listed(unfilled))])
}

/// What Primero fills by itself, or is written without a form.
const OF_ITSELF: [&str; 11] = [
    "case_id",
    "short_id",
    "case_id_display",
    "name",
    "status",
    "module_id",
    "owned_by",
    "registration_date",
    "created_at",
    "created_by",
    "unique_id",
];
