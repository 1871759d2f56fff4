//! What an installation has otherwise than the form set: administrators disable, demand and rename.

/// Differences of one installation; the default has none.
#[derive(Clone, Debug, Default)]
pub struct LocalChanges {
    /// Form fields, of cases and of services, that are switched off.
    pub disabled_fields: Vec<String>,
    /// Form fields that people cannot save a form without.
    pub required_fields: Vec<String>,
    /// Form fields of another type, by Primero's word for it; `multi_select` is a select box of several options.
    pub retyped_fields: Vec<(String, String)>,
    /// Options that a list does not have, as list and option.
    pub without_options: Vec<(String, String)>,
    /// Options that are switched off: they are listed, and no new value may be one.
    pub disabled_options: Vec<(String, String)>,
    /// Agencies that are switched off.
    pub disabled_agencies: Vec<String>,
}

impl LocalChanges {
    /// Primero's type of a field, and whether it takes several options, where that is otherwise.
    pub(super) fn type_of(&self, field: &str) -> Option<(&str, bool)> {
        let mut retyped = self.retyped_fields.iter();
        let (_, kind) = retyped.find(|(name, _)| name == field)?;
        Some(match kind.as_str() {
            "multi_select" => ("select_box", true),
            kind => (kind, false),
        })
    }
}

/// Whether a list of pairs has this one.
pub(super) fn names(pairs: &[(String, String)], list: &str, option: &str) -> bool {
    pairs.iter().any(|(a, b)| a == list && b == option)
}
