//! The faults that the contract names, each planted in a copy of what is good.

use sandbox::primero::{FormSet, Scope, UserChange};

use super::{Edit, Plant, of_profile, of_secrets, of_user};

pub const UNIT: &str = "577ccdf6-86de-e811-80d8-001dd8b71fe3";
const LEGAL: Edit = (
    "legal_support = \"7ad37dd0-0306-e611-80d9-00155d34051a\"",
    "legal_support = \"f98e1516-0406-e611-80d9-00155d34051a\"",
);

/// The faults of the contract that stand in profile and secrets.
#[expect(clippy::too_many_lines, reason = "it is a table")]
pub fn configured() -> Vec<Plant> {
    let missing = "partner_id: missing";
    vec![
        of_profile(
            "key typo",
            &[("partner_id =", "partner_ids =")],
            ("profile_readable", missing),
        ),
        of_profile(
            "guid malformed",
            &[(UNIT, "577ccdf6-86de")],
            ("profile_readable", "business_unit"),
        ),
        of_profile(
            "business unit wrong but valid",
            &[(UNIT, "577ccdf6-86de-e811-80d8-001dd8b71fe4")],
            ("ping_business_unit", "Ethiopia - Gambella"),
        ),
        Plant {
            warning: true,
            ..of_profile(
                "two services one guid",
                &[LEGAL],
                ("profile_services", "legal_support, medical"),
            )
        },
        of_profile(
            "table direction swapped",
            &[(
                "\"Alternative Care\" = \"alternative_care\"",
                "alternative_care = \"Alternative Care\"",
            )],
            ("primero_options", "look swapped"),
        ),
        of_profile(
            "module wrong",
            &[("primeromodule-cp", "primeromodule-cpp")],
            ("primero_module", "primeromodule-cpp"),
        ),
        Plant {
            forms: Some(FormSet::Standard),
            also: &[
                "primero_options",
                "primero_rejection_reason",
                "primero_defaults",
            ],
            ..of_profile(
                "standard forms",
                &[],
                ("primero_fields", "progres_interventionnumber"),
            )
        },
        of_user(
            "role self",
            "bridge_api",
            UserChange {
                scope: Some(Scope::Own),
                ..UserChange::default()
            },
            ("primero_scope", "`self`"),
        ),
        of_profile(
            "offset missing",
            &[("2026-01-01T00:00:00Z", "2026-01-01T00:00:00")],
            ("profile_readable", "start_from"),
        ),
        of_profile(
            "start in 2062",
            &[("2026-01-01T00:00:00Z", "2062-01-01T00:00:00Z")],
            ("profile_start", "2062"),
        ),
        of_secrets(
            "ping url with a path",
            &[("ping", "base_url", "+/api")],
            ("ping_route", "404"),
        ),
        of_secrets(
            "primero url with /v2",
            &[("primero", "url", "+/v2")],
            ("primero_route", "`/v2`"),
        ),
        of_secrets(
            "wrong port",
            &[("primero", "url", "http://127.0.0.1:1")],
            ("primero_route", "nothing answers"),
        ),
        of_profile(
            "intake user unknown",
            &[("worker4", "worker44")],
            ("primero_intake_user", "no user"),
        ),
        of_profile(
            "agency unknown",
            &[("agency = \"UNHCR\"\n", "agency = \"UNHRC\"\n")],
            ("primero_agency", "`UNHRC`; it has UNHCR, UNICEF"),
        ),
        of_profile(
            "receiving agency unknown",
            &[("\"UNICEF\"", "\"UNICEFF\"")],
            ("primero_receiving_agency", "did you mean `UNICEF`?"),
        ),
        of_profile(
            "service that is no option",
            &[("= \"alternative_care\"", "= \"alternative_carre\"")],
            (
                "primero_options",
                "`alternative_carre` is no option; did you mean `alternative_care`?",
            ),
        ),
        of_profile(
            "language that is no option",
            &[("Acholi = \"language10\"", "Acholi = \"language11\"")],
            ("primero_options", "`language11` is no option"),
        ),
        of_profile(
            "sex that is no option",
            &[("= \"male\"", "= \"males\"")],
            ("primero_options", "`males`"),
        ),
        of_profile(
            "progres user unknown",
            &[("unhcr_cw", "unhcr_cww")],
            ("primero_progres_user", "unhcr_cww"),
        ),
        of_profile(
            "process ids swapped",
            &[
                ("SHP-2747", "SHP-X"),
                ("SHP-2795", "SHP-2747"),
                ("SHP-X", "SHP-2795"),
            ],
            ("ping_processes", "are swapped"),
        ),
        Plant {
            more: "[consent]\nfields = [\"disclosure_other_org\", \"consent_for_services\"]\n",
            ..of_profile(
                "consent field misspelt",
                &[],
                ("primero_consent", "did you mean `disclosure_other_orgs`?"),
            )
        },
        of_profile(
            "rejection field misspelt",
            &[(
                "progres_user =",
                "rejection_reason_field = \"unhcr_referral_rejection_reasn\"\nprogres_user =",
            )],
            (
                "primero_rejection_reason",
                "did you mean `unhcr_referral_rejection_reason`?",
            ),
        ),
        of_secrets(
            "key short",
            &[("ledger", "fingerprint_key", "short")],
            ("secrets_readable", "fingerprint_key"),
        ),
        of_profile(
            "default names no field",
            &[("legitimate_basis", "legitimate_bases")],
            ("primero_defaults", "did you mean `legitimate_basis`?"),
        ),
        of_secrets(
            "primero password wrong",
            &[("primero", "password", "+x")],
            ("primero_sign_in", "refused"),
        ),
        of_secrets(
            "ping password wrong",
            &[("ping", "password", "+x")],
            ("ping_sign_in", "refuses"),
        ),
        of_secrets(
            "subscription key wrong",
            &[("ping", "subscription_key", "+x")],
            ("ping_subscription", "401"),
        ),
        Plant {
            renamed: Some(("primero", "password", "pasword")),
            ..of_secrets("secret key typo", &[], ("secrets_readable", "password"))
        },
    ]
}
