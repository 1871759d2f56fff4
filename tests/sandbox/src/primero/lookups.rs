//! Option lists: `GET /api/v2/lookups`, and the options a select field takes.

use super::FormSet;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

#[derive(Clone, Debug, Deserialize)]
struct Lookup {
    unique_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    locked: bool,
    /// Option id and English text.
    values: Vec<(String, String)>,
}

/// All lookups in the server's order.
#[derive(Debug)]
pub(super) struct Lookups {
    lookups: Vec<Lookup>,
    options: HashMap<String, HashSet<String>>,
}

impl Lookups {
    pub(super) fn new(set: FormSet) -> Self {
        let mut lookups = read(include_str!("data/lookups.json"));
        if set == FormSet::Exchange {
            add(
                &mut lookups,
                read(include_str!("data/lookups_exchange.json")),
            );
        }
        let ids = |lookup: &Lookup| lookup.values.iter().map(|(id, _)| id.clone()).collect();
        let options = lookups
            .iter()
            .map(|l| (l.unique_id.clone(), ids(l)))
            .collect();
        Self { lookups, options }
    }

    pub(super) fn has_option(&self, lookup: &str, option: &str) -> bool {
        self.options
            .get(lookup)
            .is_some_and(|options| options.contains(option))
    }

    /// Every lookup as the API shows it.
    pub(super) fn to_json(&self) -> Vec<Value> {
        (1..)
            .zip(&self.lookups)
            .map(|(id, lookup)| lookup.to_json(id))
            .collect()
    }
}

impl Lookup {
    fn to_json(&self, id: usize) -> Value {
        let value =
            |(id, text): &(String, String)| json!({ "id": id, "display_text": texts(text) });
        json!({
            "id": id,
            "unique_id": self.unique_id,
            "name": texts(&self.name),
            "locked": self.locked,
            "values": self.values.iter().map(value).collect::<Vec<_>>(),
        })
    }
}

/// English is filled, the installation's other languages are there and empty.
fn texts(english: &str) -> Value {
    json!({ "en": english, "fr": "", "ar": "", "ar-LB": "", "so": "", "es": "", "bn": "" })
}

fn read(text: &str) -> Vec<Lookup> {
    serde_json::from_str(text).expect("the lookups are part of this crate")
}

fn add(lookups: &mut Vec<Lookup>, more: Vec<Lookup>) {
    for extra in more {
        match lookups
            .iter_mut()
            .find(|lookup| lookup.unique_id == extra.unique_id)
        {
            Some(lookup) => lookup.values.extend(extra.values),
            None => lookups.push(extra),
        }
    }
}
