//! The profiles that are shipped: the reference documents every key, and Gambella carries the tables of its programme.

use serde_json::Value;

use super::{Profile, ProfileWarning};
use crate::document::spelling::join;
use crate::domain::codes::SexCode;

const REFERENCE: &str = include_str!("../../../infra/profiles/reference.toml");
const GAMBELLA: &str = include_str!("../../../infra/profiles/gambella.toml");

fn gambella() -> Profile {
    Profile::parse(GAMBELLA).expect("gambella.toml has no faults")
}

#[test]
fn every_shipped_profile_has_no_faults_and_is_named_after_its_deployment() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/profiles");
    let files = std::fs::read_dir(folder).expect("a folder");
    let files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a text");
        let profile = Profile::parse(&text);
        let profile = profile.unwrap_or_else(|faults| panic!("{}:\n{faults}", file.display()));
        let name = file.file_stem().and_then(|name| name.to_str());
        assert_eq!(name, Some(profile.deployment.as_str()));
    }
}

#[test]
fn the_reference_is_a_valid_profile_without_warnings() {
    let profile = Profile::parse(REFERENCE).expect("reference.toml has no faults");
    assert_eq!(profile.warnings, []);
}

/// Every path that the schema declares, those of a table of data without its entries.
fn declared(schema: &Value, path: &str, all: &mut Vec<String>) {
    for (key, shape) in schema["properties"].as_object().into_iter().flatten() {
        let path = join(path, key);
        all.push(path.clone());
        declared(shape, &path, all);
    }
}

#[test]
fn the_reference_documents_every_key() {
    let reference: toml::Table = REFERENCE.parse().expect("TOML");
    let reference = serde_json::to_value(reference).expect("JSON");
    let mut keys = Vec::new();
    declared(&Profile::schema(), "", &mut keys);
    assert!(keys.len() > 80, "{keys:?}");
    // `primero.intake` cannot stand beside `primero.intake_user`, which is shown, and is written there as a comment.
    keys.retain(|path| !path.starts_with("primero.intake."));
    keys.retain(|path| path != "primero.intake");
    assert!(REFERENCE.contains("\n# [primero.intake]\n"));
    let is_there = |path: &&String| {
        let pointer = format!("/{}", path.replace('.', "/"));
        reference.pointer(&pointer).is_none()
    };
    let missing: Vec<_> = keys.iter().filter(is_there).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_reference_shows_the_defaults() {
    let profile = Profile::parse(REFERENCE).expect("reference.toml has no faults");
    let defaults = super::samples::minimal().profile();
    assert_eq!(profile.engine, defaults.engine);
    assert_eq!(profile.ping.status_words, defaults.ping.status_words);
    assert_eq!(profile.ping.paging, defaults.ping.paging);
    let mut ping = profile.ping;
    ping.partner_id.clone_from(&defaults.ping.partner_id);
    ping.interop_id.clone_from(&defaults.ping.interop_id);
    ping.shipping.clone_from(&defaults.ping.shipping);
    assert_eq!(ping, defaults.ping);
    let mut primero = profile.primero;
    primero.intake_user = None;
    primero.progres_user.clear();
    primero.fallback_contact = None;
    primero.case_defaults.clear();
    primero.service_defaults.clear();
    assert_eq!(primero, defaults.primero);
    assert_eq!(profile.consent, defaults.consent);
    assert_eq!(profile.window.overlap, defaults.window.overlap);
    assert_eq!(
        profile.progres.referred_again,
        defaults.progres.referred_again
    );
}

#[test]
fn gambella_has_the_identifiers_of_its_installation() {
    let profile = gambella();
    assert_eq!(profile.deployment.as_str(), "gambella");
    assert_eq!(
        (&*profile.ping.partner_id, &*profile.ping.interop_id),
        ("PNR-1363", "INT-1436")
    );
    let ids = profile.ping.shipping.all().map(|(_, id)| id);
    assert_eq!(
        ids,
        [
            "SHP-2747", "SHP-2358", "SHP-2748", "SHP-2731", "SHP-2795", "SHP-2796", "SHP-2284"
        ]
    );
}

#[test]
fn gambella_maps_what_the_programme_confirmed() {
    let tables = gambella().tables;
    assert_eq!(
        tables.service_in("alternative  CARE"),
        Some("alternative_care")
    );
    assert_eq!(tables.language_in("Dinka, Southeastern;"), "language3");
    assert_eq!(tables.sex(SexCode::Other), Some("other_b25f252"));
    assert_eq!(
        tables.service_out("medical"),
        Some("f98e1516-0406-e611-80d9-00155d34051a")
    );
    assert_eq!(
        tables.need_out("orphan"),
        Some("abc5b4fb-8f76-e611-80c9-00155d340529")
    );
    let sizes = [
        tables.service_in.len(),
        tables.service_out.len(),
        tables.language_in.entries.len(),
        tables.language_out.len(),
        tables.needs_in.len(),
        tables.needs_out.len(),
    ];
    assert_eq!(sizes, [4, 15, 15, 36, 0, 61]);
}

#[test]
fn gambella_leaves_the_suspicious_entries_out() {
    let tables = gambella().tables;
    assert_eq!(tables.service_in("Family Tracing and Reunification"), None);
    assert_eq!(tables.language_in("Swahili"), "language6");
    assert_eq!(tables.language_in("Zande"), "language6");
}

#[test]
fn gambella_warns_of_what_its_programme_should_look_at() {
    let warnings = gambella().warnings;
    let shown: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let without_way_in = warnings.iter().find_map(|warning| match warning {
        ProfileWarning::LanguagesWithoutWayIn { names } => Some(names),
        _ => None,
    });
    assert!(without_way_in.is_some_and(|names| names.contains(&"Dinka".to_owned())));
    let others: Vec<_> = shown
        .iter()
        .filter(|line| !line.starts_with("language_out: come back"))
        .collect();
    assert_eq!(
        others,
        [
            "language_in.\"Cutchi-swahili\": comes in as language1, which goes out as \"Anyuak\"",
            "language_in.\"Swahili, Congo\": comes in as language1, which goes out as \"Anyuak\"",
            "language_out._amharic: goes out as \"Amharic\", which comes in as language5",
            "language_out.if_other_language__please_specify_335944b: goes out as \"Other\", \
             which comes in as language6",
            "service_out: education_formal, non_formal_education all go out as \
             79f7aee2-309e-e911-80e6-001dd8b71fe6, and service_in does not choose one of them",
            "service_out: durable_solution_in_coordination_with_unhcr, relocation all go out as \
             ca34f86f-0406-e611-80d9-00155d34051a, and service_in does not choose one of them",
            "service_in: alternative_care comes in but is not in service_out",
        ]
    );
}
