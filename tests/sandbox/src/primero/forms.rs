//! The installation's forms: which fields exist, of which kind, and which options they take.

use super::Fields;
use super::local::LocalChanges;
use super::lookups::Lookups;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// The module whose cases use the forms.
pub(super) const CHILD_PROTECTION: &str = "primeromodule-cp";
/// A module that exists and has none of the forms simulated here.
pub(super) const GENDER_BASED_VIOLENCE: &str = "primeromodule-gbv";
/// The form that the role `Limited` does not have.
pub(super) const BASIC_IDENTITY: &str = "basic_identity";

/// Which forms the installation has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormSet {
    /// The forms of a fresh Primero, as recorded: the fields of the referral exchange are dropped.
    #[default]
    Standard,
    /// The standard forms and the fields, options and lookups of the referral exchange.
    Exchange,
}

/// What a field holds, as far as the checks tell it apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Date,
    DateTime,
    Tick,
    Select { lookup: Option<String>, multi: bool },
    Subform,
}

#[derive(Clone, Debug, Deserialize)]
struct Form {
    unique_id: String,
    is_nested: bool,
    fields: Vec<Field>,
}

#[derive(Clone, Debug, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property that Primero gives a field by that name"
)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    option_strings_source: Option<String>,
    #[serde(default)]
    multi_select: bool,
    #[serde(default)]
    date_include_time: bool,
    #[serde(default)]
    disabled: bool,
}

/// All forms with what the checks ask about them.
#[derive(Debug)]
pub(super) struct Forms {
    all: Vec<Form>,
    case_fields: HashMap<String, Kind>,
    subform_fields: HashMap<String, HashMap<String, Kind>>,
    /// The case fields of each form, in the order of the forms.
    fields_of: Vec<(String, HashSet<String>)>,
    pub(super) lookups: Lookups,
}

impl Forms {
    pub(super) fn new(set: FormSet, without: &[String], local: &LocalChanges) -> Self {
        let mut forms = read(include_str!("data/forms.json"));
        if set == FormSet::Exchange {
            add(&mut forms, read(include_str!("data/forms_exchange.json")));
        }
        for form in &mut forms {
            form.fields.retain(|field| !without.contains(&field.name));
            for field in &mut form.fields {
                field.change(local);
            }
        }
        let kinds = |form: &Form| -> HashMap<String, Kind> {
            form.fields
                .iter()
                .map(|f| (f.name.clone(), f.kind()))
                .collect()
        };
        let (nested, plain): (Vec<&Form>, Vec<&Form>) = forms.iter().partition(|f| f.is_nested);
        let of_form = |form: &&Form| {
            let names = form.fields.iter().map(|field| field.name.clone());
            (form.unique_id.clone(), names.collect())
        };
        Self {
            case_fields: plain.iter().flat_map(|form| kinds(form)).collect(),
            subform_fields: nested
                .iter()
                .map(|f| (f.unique_id.clone(), kinds(f)))
                .collect(),
            fields_of: plain.iter().map(of_form).collect(),
            lookups: Lookups::new(set, local),
            all: forms,
        }
    }

    pub(super) fn is_module(module: &str) -> bool {
        module == CHILD_PROTECTION || module == GENDER_BASED_VIOLENCE
    }

    /// The kind of a case field that some form has.
    pub(super) fn kind(&self, field: &str) -> Option<&Kind> {
        self.case_fields.get(field)
    }

    /// The fields of a subform, by name.
    pub(super) fn subform(&self, field: &str) -> Option<&HashMap<String, Kind>> {
        self.subform_fields.get(field)
    }

    /// The forms that have a case field.
    pub(super) fn having(&self, field: &str) -> impl Iterator<Item = &str> {
        let having = self
            .fields_of
            .iter()
            .filter(move |(_, fields)| fields.contains(field));
        having.map(|(form, _)| form.as_str())
    }

    /// Forms that a role can have: subforms come with the field that holds them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields_of.iter().map(|(form, _)| form.as_str())
    }

    /// A subform row without the fields that its form does not have.
    pub(super) fn known_row_fields(&self, subform: &str, row: &Fields) -> Fields {
        let known = self.subform(subform);
        let keeps = |name: &str| {
            name == "unique_id" || name == "_destroy" || known.is_some_and(|k| k.contains_key(name))
        };
        row.iter()
            .filter(|(k, _)| keeps(k))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }

    /// The body of `GET /api/v2/forms`.
    pub(super) fn list(&self, include_subforms: bool) -> Value {
        let all = self.all.iter();
        let shown = all.filter(|form| include_subforms || !form.is_nested);
        json!({ "data": shown.map(Form::to_json).collect::<Vec<_>>() })
    }
}

impl Form {
    fn to_json(&self) -> Value {
        let fields: Vec<Value> = self.fields.iter().map(Field::to_json).collect();
        json!({
            "unique_id": self.unique_id,
            "is_nested": self.is_nested,
            "fields": fields,
            "visible": true,
            "module_ids": [CHILD_PROTECTION],
        })
    }
}

impl Field {
    fn change(&mut self, local: &LocalChanges) {
        self.disabled |= local.disabled_fields.contains(&self.name);
        self.required |= local.required_fields.contains(&self.name);
        if let Some((kind, multi)) = local.type_of(&self.name) {
            kind.clone_into(&mut self.kind);
            self.multi_select = multi;
        }
    }

    fn kind(&self) -> Kind {
        match self.kind.as_str() {
            "numeric_field" => Kind::Number,
            "date_field" if self.date_include_time => Kind::DateTime,
            "date_field" => Kind::Date,
            "tick_box" => Kind::Tick,
            "subform" => Kind::Subform,
            "select_box" => Kind::Select {
                lookup: self.lookup(),
                multi: self.multi_select,
            },
            _ => Kind::Text,
        }
    }

    /// Agencies, users and locations are option sources too, but not checked as options.
    fn lookup(&self) -> Option<String> {
        self.option_strings_source
            .as_deref()?
            .strip_prefix("lookup ")
            .map(str::to_owned)
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "required": self.required,
            "option_strings_source": self.option_strings_source,
            "multi_select": self.multi_select,
            "date_include_time": self.date_include_time,
            "disabled": self.disabled,
            "visible": true,
        })
    }
}

fn read(text: &str) -> Vec<Form> {
    serde_json::from_str(text).expect("the forms are part of this crate")
}

/// Adds fields to forms that exist and appends forms that do not.
fn add(forms: &mut Vec<Form>, more: Vec<Form>) {
    for extra in more {
        match forms
            .iter_mut()
            .find(|form| form.unique_id == extra.unique_id)
        {
            Some(form) => form.fields.extend(extra.fields),
            None => forms.push(extra),
        }
    }
}
