//! Which workflows a key of the profile concerns.

/// The keys that concern some workflows alone, by their beginning. All others concern every one.
const CONCERNS: [(&str, &str); 38] = [
    ("consent", "2.1"),
    ("extra.case", "1.1"),
    ("extra.service", "1.1"),
    (
        "extra.submission",
        "2.1: another set of fields leaves Primero",
    ),
    ("confirm", "1.2, 2.1"),
    ("language_in", "1.1"),
    ("language_out", "nobody: proGres takes no language"),
    ("limits.verify_after_seconds", "1.1"),
    ("needs_in", "1.1"),
    ("needs_out", "2.1"),
    ("ping.ambiguity", "2.1"),
    ("ping.async", "2.1"),
    ("ping.details_batch", "1.1, 2.2"),
    ("ping.refused_before_effect", "1.2, 2.1"),
    ("ping.shipping.decision_details", "2.2"),
    ("ping.shipping.intervention_details", "1.1"),
    ("ping.shipping.intervention_status", "1.1, 1.2"),
    ("ping.shipping.mark_referral", "2.2"),
    ("ping.shipping.pending_referrals", "1.1"),
    ("ping.shipping.referral_decisions", "2.2"),
    ("ping.shipping.submit_referral", "2.1"),
    ("ping.status_words", "1.2, 2.1"),
    ("primero.case_defaults", "1.1"),
    ("primero.closed_case", "1.1"),
    ("primero.fallback_contact", "2.1"),
    ("primero.intake", "1.1"),
    ("primero.module_id", "1.1"),
    ("primero.progres_user", "2.1, 2.2"),
    ("primero.receiving_agency", "1.1"),
    ("primero.rejection_reason_field", "1.2"),
    ("primero.required", "1.1"),
    ("primero.service_defaults", "1.1"),
    ("progres.organization_from", "2.1"),
    ("progres.referred", "2.1"),
    ("report_delivery_fail", "1.1"),
    ("service_in", "1.1"),
    ("service_out", "2.1"),
    ("window", "1.2, 2.1"),
];

/// The workflows that a key concerns, in words.
pub fn by(key: &str) -> &'static str {
    if key == "deployment" {
        return "all: another deployment has another ledger, and its ids are others";
    }
    let concerned = CONCERNS.iter().find(|(begins, _)| key.starts_with(begins));
    concerned.map_or("1.1, 1.2, 2.1, 2.2", |(_, who)| who)
}

/// The path of a value as the profile's file has it.
pub fn key(path: &str) -> String {
    let engine = [
        ("engine.concurrency", "limits.concurrency"),
        ("engine.max_writes_per_run", "limits.max_writes_per_run"),
        ("engine.first_run_writes", "limits.first_run_writes"),
        ("engine.verify_after", "limits.verify_after_seconds"),
        ("engine.retry_base", "retry.base_seconds"),
        ("engine.retry_cap", "retry.cap_seconds"),
        ("engine.retry_attempts", "retry.attempts"),
        ("engine.confirm_after", "confirm.after_seconds"),
        ("engine.confirm_checks", "confirm.checks"),
        (
            "engine.confirm_overdue",
            "confirm.overdue_days (in seconds)",
        ),
        ("ping.timeout", "ping.timeout_seconds"),
        ("primero.timeout", "primero.timeout_seconds"),
        ("window.overlap", "window.overlap_seconds"),
    ];
    let renamed = engine.iter().find(|(ours, _)| *ours == path);
    let path = renamed.map_or(path, |(_, theirs)| theirs);
    let path = path.strip_prefix("tables.").unwrap_or(path);
    path.replace("language_in.entries.", "language_in.")
}
