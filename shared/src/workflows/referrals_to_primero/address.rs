//! The child's address: the names of up to six location levels, in the several spellings in which they come.

use serde_json::Value;

use super::source::SourceReferral;
use crate::progres::{Row, text_of};

const LEVELS: std::ops::RangeInclusive<u8> = 1..=6;

/// Prefixes under which a level was seen.
const PREFIXES: [&str; 4] = [
    "progres_individual.individuals.",
    "progres_individual.",
    "individuals.",
    "",
];

/// The levels of a row by their bare key, as names.
pub fn levels(row: &Row) -> Vec<(String, String)> {
    LEVELS
        .filter_map(|level| Some((key(level), name(row, &key(level))?)))
        .collect()
}

/// The levels joined by a space; one that repeats the level before it is left out.
pub fn joined(source: &SourceReferral) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for name in LEVELS.filter_map(|level| source.text(&key(level))) {
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| names.join(" "))
}

fn key(level: u8) -> String {
    format!("progres_coalocationlevel{level}")
}

/// The name twin if there is one, else a lookup object's name, else a text that is no bare id.
fn name(row: &Row, key: &str) -> Option<String> {
    let twin = PREFIXES
        .iter()
        .find_map(|prefix| row.text(&format!("{prefix}{key}name")));
    let own = || {
        PREFIXES
            .iter()
            .find_map(|prefix| row.get(&format!("{prefix}{key}")).and_then(text_or_name))
    };
    twin.or_else(own)
}

fn text_or_name(value: &Value) -> Option<String> {
    text_of(value).filter(|text| uuid::Uuid::try_parse(text).is_err())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workflows::referrals_to_primero::testing::rows;

    fn address(row: Value) -> Option<String> {
        joined(&SourceReferral::fold(&rows(vec![row])))
    }

    #[test]
    fn every_spelling_of_a_level_is_read() {
        let row = json!({
            "progres_individual.individuals.progres_coalocationlevel1": {"Id": "1", "Name": "Garissa"},
            "progres_individual.progres_coalocationlevel2": "Dadaab",
            "progres_individual.individuals.progres_coalocationlevel3": "37d191c6-2624-e711-80d4-00155d34082d",
            "progres_individual.progres_coalocationlevel3name": "Hagadera",
            "individuals.progres_coalocationlevel4": {"Name": "Section A"},
            "progres_coalocationlevel5": "Block 7",
        });
        assert_eq!(
            address(row).as_deref(),
            Some("Garissa Dadaab Hagadera Section A Block 7")
        );
    }

    #[test]
    fn empty_and_repeated_levels_are_left_out() {
        let row = json!({
            "progres_coalocationlevel1": "Katerini", "progres_coalocationlevel2": " ",
            "progres_coalocationlevel3": "Katerini", "progres_coalocationlevel4": null,
            "progres_coalocationlevel5": "37d191c6-2624-e711-80d4-00155d34082d", "progres_coalocationlevel6": "Katerini 2",
        });
        assert_eq!(address(row).as_deref(), Some("Katerini Katerini 2"));
        assert_eq!(address(json!({})), None);
    }
}
