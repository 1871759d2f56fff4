//! What fields an installation has: a field that no form has is dropped without a word.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer};

use super::listing::Listing;
use super::options::{Choices, Offered};
use super::{PrimeroClient, Repeat};
use crate::transport::GateError;

/// An installation's case and service fields by name.
#[derive(Clone, Debug, Default)]
pub struct FormFields {
    /// Fields of a case, subforms included.
    pub case: HashMap<String, FormField>,
    /// Fields of one service.
    pub service: HashMap<String, FormField>,
}

/// A field as the forms define it.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property that Primero gives a field"
)]
pub struct FormField {
    /// The forms that hold it.
    pub forms: Vec<String>,
    /// Primero's word for its type, such as `select_box`.
    pub kind: String,
    /// Whether it takes several options.
    pub takes_many: bool,
    /// Whether its dates have a time.
    pub has_time: bool,
    /// Whether a form cannot be saved without it.
    pub required: bool,
    /// Whether it is switched off wherever it is.
    pub disabled: bool,
    /// What it may be chosen from.
    pub choices: Choices,
}

#[derive(Deserialize)]
struct Form {
    unique_id: String,
    #[serde(default)]
    is_nested: bool,
    #[serde(default = "yes", deserialize_with = "yes_unless_false")]
    visible: bool,
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    multi_select: Option<bool>,
    #[serde(default)]
    date_include_time: Option<bool>,
    #[serde(default)]
    required: Option<bool>,
    #[serde(default)]
    disabled: Option<bool>,
    #[serde(default = "yes", deserialize_with = "yes_unless_false")]
    visible: bool,
    #[serde(default)]
    option_strings_source: Option<String>,
    #[serde(default)]
    option_strings_text: Option<serde_json::Value>,
}

const fn yes() -> bool {
    true
}

fn yes_unless_false<'de, D: Deserializer<'de>>(reader: D) -> Result<bool, D::Error> {
    Ok(Option::<bool>::deserialize(reader)?.unwrap_or(true))
}

impl Field {
    fn add_to(self, known: &mut HashMap<String, FormField>, form: &str, form_shows: bool) {
        let disabled = self.disabled.unwrap_or_default();
        let required = self.required.unwrap_or_default();
        let counts = form_shows && self.visible && !disabled;
        let choices = self.choices();
        let field = known.entry(self.name).or_insert_with(|| FormField {
            kind: self.kind,
            takes_many: self.multi_select.unwrap_or_default(),
            has_time: self.date_include_time.unwrap_or_default(),
            disabled: true,
            choices,
            ..FormField::default()
        });
        field.forms.push(form.to_owned());
        field.required |= required && counts;
        field.disabled &= disabled;
    }

    fn choices(&self) -> Choices {
        match self.option_strings_source.as_deref().map(str::trim) {
            None | Some("") => match self.option_strings_text.as_ref().and_then(Offered::inline) {
                Some(offered) => Choices::Own(offered),
                None => Choices::Unknown,
            },
            Some("Agency") => Choices::Agencies,
            Some(source) => match source.strip_prefix("lookup ") {
                Some(list) => Choices::List(list.trim().to_owned()),
                None => Choices::Unknown,
            },
        }
    }
}

impl PrimeroClient {
    /// Reads the fields of the case forms of the profile's module.
    pub async fn form_fields(&self) -> Result<FormFields, GateError> {
        let url = self.url("/api/v2/forms");
        let query = [
            ("record_type", "case"),
            ("module_id", &self.settings.module_id),
            ("include_subforms", "true"),
        ];
        let answer = self
            .call("list forms", Repeat::Freely, |http| {
                http.get(&url).query(&query)
            })
            .await?;
        let forms: Listing<Form> = self.transport.json("list forms", &answer)?;
        let mut fields = FormFields::default();
        for form in forms.data {
            let known = match (form.is_nested, form.unique_id.as_str()) {
                (false, _) => &mut fields.case,
                (true, "services_section") => &mut fields.service,
                (true, _) => continue,
            };
            for field in form.fields {
                field.add_to(known, &form.unique_id, form.visible);
            }
        }
        Ok(fields)
    }
}
