//! What has to be recorded in Primero before a child's data may go to proGres (2.1).

use serde::Serialize;

use super::section::{Read, Section};

/// `[consent]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsentSettings {
    /// Whether consent is asked for at all. Default: yes.
    pub required: bool,
    /// The fields of the case that must all be true. Default: `disclosure_other_orgs` and `consent_for_services`.
    pub fields: Vec<String>,
}

pub(super) fn read(section: &Section<'_>) -> Read<ConsentSettings> {
    let required = section.switch("required", true);
    let fields = section.words("fields", &["disclosure_other_orgs", "consent_for_services"]);
    Ok(ConsentSettings {
        required: required?,
        fields: fields?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;

    #[test]
    fn consent_is_required_unless_the_profile_says_otherwise() {
        let consent = minimal().profile().consent;
        assert!(consent.required);
        assert_eq!(
            consent.fields,
            ["disclosure_other_orgs", "consent_for_services"]
        );
        let consent = minimal()
            .set("consent", "required", "false")
            .profile()
            .consent;
        assert!(!consent.required);
    }
}
