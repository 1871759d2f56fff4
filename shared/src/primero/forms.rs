//! What fields an installation has: a field that no form has is dropped without a word.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::listing::Listing;
use super::{PrimeroClient, Repeat};
use crate::transport::GateError;

/// The names of an installation's case and service fields.
#[derive(Clone, Debug, Default)]
pub struct FormFields {
    /// Fields of a case, subforms included by name, each with the forms that hold it.
    pub case: HashMap<String, Vec<String>>,
    /// Fields of one service.
    pub service: HashSet<String>,
}

#[derive(Deserialize)]
struct Form {
    unique_id: String,
    #[serde(default)]
    is_nested: bool,
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
}

impl PrimeroClient {
    /// Reads the field names of the case forms of the profile's module.
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
            let names = form.fields.into_iter().map(|field| field.name);
            match (form.is_nested, form.unique_id.as_str()) {
                (false, form) => {
                    for name in names {
                        fields.case.entry(name).or_default().push(form.to_owned());
                    }
                }
                (true, "services_section") => fields.service.extend(names),
                (true, _) => {}
            }
        }
        Ok(fields)
    }
}
