//! The child's address: the names of up to six location levels, in the several spellings in which they come.

use serde_json::Value;

pub use crate::fields::referrals_to_primero::LEVELS;
use crate::progres::{Row, text_of};

/// Prefixes under which a level was seen.
const PREFIXES: [&str; 4] = [
    "progres_individual.individuals.",
    "progres_individual.",
    "individuals.",
    "",
];

/// A level by its bare key: the name twin if there is one, else a lookup object's name, else a text that is no bare id.
pub fn level(row: &Row, key: &str) -> Option<String> {
    let mut prefixes = PREFIXES.iter();
    let twin = prefixes.find_map(|prefix| row.text(&format!("{prefix}{key}name")));
    let own = |prefix: &&str| row.get(&format!("{prefix}{key}")).and_then(text_or_name);
    twin.or_else(|| PREFIXES.iter().find_map(own))
}

/// The levels joined by a space; one that repeats the level before it is left out.
pub fn joined<'s>(levels: impl Iterator<Item = &'s str>) -> Option<String> {
    let mut names: Vec<&str> = levels.collect();
    names.dedup();
    (!names.is_empty()).then(|| names.join(" "))
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
        let row = &rows(vec![row])[0];
        let levels: Vec<String> = LEVELS.iter().filter_map(|key| level(row, key)).collect();
        joined(levels.iter().map(String::as_str))
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
