//! How keys of a profile are read, whatever they are called.

use super::samples::minimal;

#[test]
fn marks_that_nobody_sees_are_dropped() {
    let profile = minimal()
        .set("progres", "agency", "\"\u{feff}UNHCR\u{200b}\"")
        .set("primero", "progres_user", "\"unhcr_cw\u{200b}\"")
        .set("primero.case_defaults", "\"point\u{200b}\"", "\"gate\"")
        .profile();
    assert_eq!(profile.progres.agency, "UNHCR");
    assert_eq!(profile.primero.progres_user, ["unhcr_cw"]);
    assert_eq!(profile.primero.case_defaults["point"], "gate");
    let faults = minimal().set("progres", "agency", "\"\u{200b}\"").faults();
    assert_eq!(faults, "progres.agency: is blank");
}

#[test]
fn a_wrong_type_is_named_once_and_its_keys_are_not_missed_as_well() {
    let faults = minimal()
        .without_section("sex")
        .without_section("language_in")
        .set("", "sex", "\"female\"")
        .set("", "language_in", "1")
        .set("", "report_delivery_fail", "\"no\"")
        .faults();
    assert_eq!(
        faults,
        "language_in: is of type integer, expected table\n\
         report_delivery_fail: is of type string, expected boolean\n\
         sex: is of type string, expected table"
    );
}

#[test]
fn texts_that_would_be_sent_with_stray_blanks_are_refused() {
    let faults = minimal()
        .set("ping", "interop_id", "\"  \"")
        .set("ping", "partner_id", "\"PNR-1 \"")
        .set("ping", "token_cookie", "\"a\\r\\nb\"")
        .faults();
    assert_eq!(
        faults,
        "ping.interop_id: is blank\n\
         ping.partner_id: has blanks around it\n\
         ping.token_cookie: holds a control character"
    );
}

#[test]
fn a_number_stays_inside_its_range() {
    let faults = minimal()
        .set("ping", "max_body_bytes", "268_435_457")
        .set("primero", "look_up_batch", "151")
        .set("primero", "verify_batch", "-1")
        .set("limits", "verify_after_seconds", "1")
        .set("retry", "attempts", "0")
        .faults();
    assert_eq!(
        faults,
        "limits.verify_after_seconds: 1 is below 2\n\
         ping.max_body_bytes: 268435457 is above 268435456\n\
         primero.look_up_batch: 151 is above 150\n\
         primero.verify_batch: -1 is below 1\n\
         retry.attempts: 0 is below 1"
    );
}

#[test]
fn unknown_keys_are_refused_at_every_level() {
    let faults = minimal()
        .set("", "colour", "1")
        .set("ping.shipping", "pending_referral", "\"SHP-1\"")
        .set("sex", "125080009", "\"x\"")
        .set("telemetry", "on", "true")
        .set("limits", "attempts", "3")
        .faults();
    assert_eq!(
        faults,
        "colour: unknown key\n\
         limits.attempts: unknown key, did you mean retry.attempts?\n\
         ping.shipping.pending_referral: unknown key, did you mean pending_referrals?\n\
         sex.125080009: unknown key\n\
         telemetry: unknown key"
    );
}

#[test]
fn a_choice_is_one_of_its_words() {
    let faults = minimal()
        .set("primero", "closed_case", "\"reopen\"")
        .faults();
    assert_eq!(
        faults,
        "primero.closed_case: \"reopen\" is not one of hold, append"
    );
}
