//! More faults of the same kinds.

use sandbox::primero::{LocalChanges, Role, Scope, User, UserChange};

use super::{Plant, of_primero, of_profile, of_secrets, of_user};

/// More of the same kinds.
#[expect(clippy::too_many_lines, reason = "it is a table")]
pub fn siblings() -> Vec<Plant> {
    let option = |list: &str, option: &str| vec![(list.to_owned(), option.to_owned())];
    let change = UserChange::default;
    vec![
        of_profile(
            "lists and details swapped",
            &[
                ("SHP-2747", "SHP-X"),
                ("SHP-2358", "SHP-2747"),
                ("SHP-X", "SHP-2358"),
            ],
            (
                "ping_processes",
                "pending_referrals (SHP-2358) and intervention_details (SHP-2747) are swapped",
            ),
        ),
        of_profile(
            "details swapped",
            &[
                ("SHP-2358", "SHP-X"),
                ("SHP-2796", "SHP-2358"),
                ("SHP-X", "SHP-2796"),
            ],
            (
                "ping_processes",
                "intervention_details (SHP-2796) and decision_details (SHP-2358) are swapped",
            ),
        ),
        of_profile(
            "one process twice",
            &[("SHP-2284", "SHP-2748")],
            ("profile_shipping", "SHP-2748"),
        ),
        of_profile(
            "partner of somebody else",
            &[("PNR-1363", "PNR-1364")],
            ("ping_processes", "error"),
        ),
        of_profile(
            "concern that is no option",
            &[("orphan =", "orphans =")],
            (
                "primero_options",
                "`orphans` is no option; did you mean `orphan`?",
            ),
        ),
        of_profile(
            "a way out that is no option",
            &[("shelter =", "shelters =")],
            ("primero_options", "`shelters`"),
        ),
        of_profile(
            "default that is no option",
            &[("[\"consent\"]", "[\"consents\"]")],
            ("primero_defaults", "`consents` is no option"),
        ),
        of_profile(
            "default of another type",
            &[("[\"consent\"]", "true")],
            ("primero_defaults", "legitimate_basis"),
        ),
        of_profile(
            "checkstatus elsewhere",
            &[(
                "interop_id =",
                "check_status_path = \"/checkstatus\"\ninterop_id =",
            )],
            ("ping_check_status", "404"),
        ),
        Plant {
            arguments: vec!["--ask-write-routes"],
            ..of_profile(
                "ingestion elsewhere",
                &[(
                    "interop_id =",
                    "ingestion_path = \"/api/data\"\ninterop_id =",
                )],
                ("ping_write_routes", "ping.ingestion_path"),
            )
        },
        Plant {
            warning: true,
            ..of_profile(
                "example contact",
                &[("partner.int", "example.org")],
                ("profile_example", "email"),
            )
        },
        of_profile(
            "invented organisation",
            &[(
                "c00582a6-d8f6-f011-8406-6045bd8ea5fb",
                "00000000-0000-4000-8000-000000000002",
            )],
            ("profile_invented", "progres.organization_from"),
        ),
        Plant {
            file: Some("uganda"),
            ..of_profile(
                "named after another deployment",
                &[],
                ("profile_name", "gambella"),
            )
        },
        of_secrets(
            "ping port wrong",
            &[("ping", "base_url", "http://127.0.0.1:1")],
            ("ping_route", "nothing answers"),
        ),
        of_secrets(
            "token url wrong",
            &[("ping", "token_url", "+/more")],
            ("ping_route", "token_url"),
        ),
        of_secrets(
            "token from a release that gives none",
            &[("primero", "auth", "token")],
            ("primero_sign_in", "gives no token"),
        ),
        of_secrets(
            "client id wrong",
            &[("ping", "client_id", "+x")],
            ("ping_sign_in", "refuses"),
        ),
        of_secrets(
            "primero user wrong",
            &[("primero", "username", "+x")],
            ("primero_sign_in", "refused"),
        ),
        of_secrets(
            "primero url with /api",
            &[("primero", "url", "+/api/v2")],
            ("primero_route", "`/api/v2`"),
        ),
        of_secrets(
            "one user in sessions",
            &[("primero", "auth", "session")],
            ("profile_session", "share a user"),
        ),
        of_primero(
            "option switched off",
            LocalChanges {
                disabled_options: option("lookup-service-type", "alternative_care"),
                ..LocalChanges::default()
            },
            ("primero_options", "`alternative_care` is switched off"),
        ),
        of_primero(
            "fixed word that is no option",
            LocalChanges {
                without_options: option("lookup-unhcr-referral-status", "rejected"),
                ..LocalChanges::default()
            },
            ("primero_options", "`rejected` is no option"),
        ),
        of_primero(
            "field switched off",
            LocalChanges {
                disabled_fields: vec!["unhcr_referral_status".to_owned()],
                ..LocalChanges::default()
            },
            ("primero_disabled_fields", "unhcr_referral_status"),
        ),
        of_primero(
            "field of another type",
            LocalChanges {
                retyped_fields: option("language", "text_field"),
                ..LocalChanges::default()
            },
            ("primero_field_types", "`language` is a text_field"),
        ),
        of_primero(
            "field that the forms demand",
            LocalChanges {
                required_fields: vec!["nationality".to_owned()],
                ..LocalChanges::default()
            },
            ("primero_required", "nationality"),
        ),
        of_primero(
            "agency switched off",
            LocalChanges {
                disabled_agencies: vec!["UNHCR".to_owned()],
                ..LocalChanges::default()
            },
            ("primero_agency", "switched off"),
        ),
        of_user(
            "intake user disabled",
            "worker4",
            UserChange {
                disabled: Some(true),
                ..change()
            },
            ("primero_intake_user", "disabled"),
        ),
        of_user(
            "form only read",
            "bridge_api",
            UserChange {
                read_only_forms: Some(vec!["services".to_owned()]),
                ..change()
            },
            ("primero_writable_forms", "services"),
        ),
        of_user(
            "user of another module",
            "bridge_api",
            UserChange {
                modules: Some(vec!["primeromodule-gbv".to_owned()]),
                ..change()
            },
            ("primero_user_module", "primeromodule-gbv"),
        ),
        of_profile(
            "progres user who receives nothing",
            &[("unhcr_cw", "api_unhcr")],
            ("primero_progres_user", "may not receive referrals"),
        ),
        Plant {
            user: Some(User {
                scope: Scope::All,
                lists_users: true,
                lists_agencies: true,
                lists_modules: true,
                ..User::new("reads_only", Role::ReadOnly, "UNICEF")
            }),
            ..of_secrets(
                "role that may not write",
                &[("primero", "username", "reads_only")],
                ("primero_actions", "create, write"),
            )
        },
    ]
}
