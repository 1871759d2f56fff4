//! What has to be recorded in Primero before a child's data may go to proGres (2.1).

use serde::Serialize;

use crate::document::declared::document;
use crate::document::kinds::{Kind as _, switch, words};

document! {
    /// `[consent]`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct ConsentSettings {
        /// Whether consent is asked for at all. Default: yes.
        pub required: bool = switch().or(true),
        /// The fields of the case that must all be true. Default: `disclosure_other_orgs` and `consent_for_services`.
        pub fields: Vec<String> = words().or(["disclosure_other_orgs", "consent_for_services"]),
    }
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
