//! Option lists: `GET /api/v2/lookups`, and the options a select field takes.

use super::FormSet;
use super::local::{LocalChanges, names};
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
    /// Options that are switched off.
    #[serde(skip)]
    disabled: HashSet<String>,
}

/// All lookups in the server's order.
#[derive(Debug)]
pub(super) struct Lookups {
    lookups: Vec<Lookup>,
    options: HashMap<String, HashSet<String>>,
}

impl Lookups {
    pub(super) fn new(set: FormSet, local: &LocalChanges) -> Self {
        let mut lookups = read(include_str!("data/lookups.json"));
        if set == FormSet::Exchange {
            add(
                &mut lookups,
                read(include_str!("data/lookups_exchange.json")),
            );
        }
        for lookup in &mut lookups {
            let id = &lookup.unique_id;
            let has = |(option, _): &(String, String)| !names(&local.without_options, id, option);
            lookup.values.retain(has);
            let off = local.disabled_options.iter().filter(|(list, _)| list == id);
            lookup.disabled = off.map(|(_, option)| option.clone()).collect();
        }
        let ids = |lookup: &Lookup| {
            let ids = lookup.values.iter().map(|(id, _)| id);
            let on = ids.filter(|id| !lookup.disabled.contains(*id));
            on.cloned().collect()
        };
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
        // An option that was never switched off does not say that it is on.
        let value = |(id, text): &(String, String)| {
            let mut value = json!({ "id": id, "display_text": texts(text) });
            if self.disabled.contains(id) {
                value["disabled"] = json!(true);
            }
            value
        };
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
pub(super) fn texts(english: &str) -> Value {
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
