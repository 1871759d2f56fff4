//! What a profile may say but probably does not mean.

mod languages;

use std::collections::BTreeMap;

use super::Profile;
use super::tables::CodeTables;
use crate::document::spelling::fold;
use crate::domain::codes::SexCode;

/// Something that a person should look at before the deployment runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileWarning {
    /// proGres sends a language that Primero keeps under an option, which goes back to proGres as another language.
    #[error("language_in.{name:?}: comes in as {option}, which goes out as {returns_as:?}")]
    LanguageReturnsAs {
        /// The language that comes in.
        name: String,
        /// The Primero option.
        option: String,
        /// The language that goes out.
        returns_as: String,
    },
    /// A Primero language goes out under a name that comes in as another option.
    #[error("language_out.{option}: goes out as {name:?}, which comes in as {returns_as}")]
    LanguageOptionReturnsAs {
        /// The Primero option that goes out.
        option: String,
        /// The name that it goes out under.
        name: String,
        /// The option that the name comes in as.
        returns_as: String,
    },
    /// Languages that go out under names which `language_in` does not list: they come back as `other`.
    #[error("language_out: come back as language_in.other: {}", names.join("; "))]
    LanguagesWithoutWayIn {
        /// The names.
        names: Vec<String>,
    },
    /// Several service types go out as one proGres service, and `service_in` does not choose exactly one of them.
    #[error("service_out: {} all go out as {guid}, and service_in does not choose one of them", service_types.join(", "))]
    NoChosenWayBack {
        /// GUID of the proGres service.
        guid: String,
        /// The service types.
        service_types: Vec<String>,
    },
    /// A service type that comes in but cannot go out: 2.1 holds it as `unmapped_service`.
    #[error("service_in: {service_type} comes in but is not in service_out")]
    ServiceWithoutWayOut {
        /// The service type.
        service_type: String,
    },
    /// A table entry that the look-up never comes to, because an earlier one is the same but for case and blanks.
    #[error("{table}.{entry:?}: never reached, {found_instead:?} is found instead")]
    UnreachableEntry {
        /// The table.
        table: &'static str,
        /// The entry.
        entry: String,
        /// The entry that is found instead.
        found_instead: String,
    },
    /// Several sex codes share an option, which goes back as the first of them.
    #[error(
        "sex: {} share {option}, which goes back as the first",
        codes.iter().map(|code| code.number().to_string()).collect::<Vec<_>>().join(", ")
    )]
    SharedSex {
        /// The Primero option.
        option: String,
        /// The codes.
        codes: Vec<SexCode>,
    },
    /// Two operations have the same shipping process; PING issues one for each.
    #[error("ping.shipping: {} share {id}", operations.join(", "))]
    SharedShippingProcess {
        /// The shipping process id.
        id: String,
        /// The keys that hold it.
        operations: Vec<&'static str>,
    },
}

pub(super) fn of(profile: &Profile) -> Vec<ProfileWarning> {
    let tables = &profile.tables;
    let mut warnings = languages::that_disagree(tables);
    warnings.extend(services(tables));
    warnings.extend(unreachable(tables));
    warnings.extend(shared_sex(tables));
    warnings.extend(
        grouped(
            profile
                .ping
                .shipping
                .all()
                .map(|(operation, id)| (id, operation)),
        )
        .map(|(id, operations)| ProfileWarning::SharedShippingProcess {
            id: id.to_owned(),
            operations,
        }),
    );
    warnings
}

fn services(tables: &CodeTables) -> Vec<ProfileWarning> {
    if tables.service_out.is_empty() {
        return Vec::new();
    }
    let mut incoming: Vec<&String> = tables.service_in.values().collect();
    incoming.sort_unstable();
    incoming.dedup();
    let guids = grouped(
        tables
            .service_out
            .iter()
            .map(|(kind, guid)| (guid.as_str(), kind.as_str())),
    );
    let unchosen = guids.filter_map(|(guid, service_types)| {
        let chosen = |kind: &&&str| incoming.iter().any(|option| fold(option) == fold(kind));
        (service_types.iter().filter(chosen).count() != 1).then(|| {
            ProfileWarning::NoChosenWayBack {
                guid: guid.to_owned(),
                service_types: service_types
                    .iter()
                    .map(|kind| (*kind).to_owned())
                    .collect(),
            }
        })
    });
    let unsendable = incoming
        .iter()
        .filter(|option| tables.service_out(option).is_none())
        .map(|option| ProfileWarning::ServiceWithoutWayOut {
            service_type: (*option).clone(),
        });
    unchosen.chain(unsendable).collect()
}

fn unreachable(tables: &CodeTables) -> Vec<ProfileWarning> {
    let named = [
        ("service_in", &tables.service_in),
        ("service_out", &tables.service_out),
        ("language_in", &tables.language_in.entries),
        ("language_out", &tables.language_out),
        ("needs_in", &tables.needs_in),
        ("needs_out", &tables.needs_out),
    ];
    let mut warnings = Vec::new();
    for (table, entries) in named {
        let mut found: BTreeMap<String, &String> = BTreeMap::new();
        for entry in entries.keys() {
            let first = *found.entry(fold(entry)).or_insert(entry);
            if first != entry {
                warnings.push(ProfileWarning::UnreachableEntry {
                    table,
                    entry: entry.clone(),
                    found_instead: first.clone(),
                });
            }
        }
    }
    warnings
}

fn shared_sex(tables: &CodeTables) -> Vec<ProfileWarning> {
    let folded: Vec<_> = tables
        .sex
        .iter()
        .map(|(code, option)| (fold(option), *code))
        .collect();
    grouped(folded.iter().map(|(option, code)| (option.as_str(), *code)))
        .map(|(option, codes)| ProfileWarning::SharedSex {
            option: option.to_owned(),
            codes,
        })
        .collect()
}

/// The members of every group that has more than one, by group.
fn grouped<'a, T>(
    members: impl IntoIterator<Item = (&'a str, T)>,
) -> impl Iterator<Item = (&'a str, Vec<T>)> {
    let mut groups: BTreeMap<&str, Vec<T>> = BTreeMap::new();
    for (group, member) in members {
        groups.entry(group).or_default().push(member);
    }
    groups.into_iter().filter(|(_, members)| members.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;

    const GUID: &str = "\"577ccdf6-86de-e811-80d8-001dd8b71fe3\"";

    #[test]
    fn a_shared_guid_needs_exactly_one_way_back() {
        let shared = || {
            minimal()
                .set("service_out", "shelter", GUID)
                .set("service_out", "housing", GUID)
        };
        assert_eq!(shared().warnings(), "");
        let both = shared()
            .set("service_in", "Housing", "\"housing\"")
            .warnings();
        assert_eq!(
            both,
            "service_out: housing, shelter all go out as 577ccdf6-86de-e811-80d8-001dd8b71fe3, \
             and service_in does not choose one of them"
        );
    }

    #[test]
    fn a_service_that_cannot_go_out_is_named() {
        let draft = minimal().set("service_out", "medical", GUID);
        assert_eq!(
            draft.warnings(),
            "service_in: shelter comes in but is not in service_out"
        );
    }

    #[test]
    fn an_entry_behind_its_twin_is_never_reached() {
        let draft = minimal().set("service_in", "SHELTER", "\"shelter\"").set(
            "language_in",
            "Other",
            "\"language9\"",
        );
        assert_eq!(
            draft.warnings(),
            "service_in.\"Shelter\": never reached, \"SHELTER\" is found instead"
        );
    }

    #[test]
    fn a_shared_sex_option_is_named() {
        let draft = minimal().set("sex", "125080003", "\"other\"");
        assert_eq!(
            draft.warnings(),
            "sex: 125080002, 125080003 share other, which goes back as the first"
        );
    }

    #[test]
    fn a_shared_shipping_process_is_named() {
        let draft = minimal().set("ping.shipping", "mark_referral", "\"SHP-1\"");
        assert_eq!(
            draft.warnings(),
            "ping.shipping: pending_referrals, mark_referral share SHP-1"
        );
    }
}
