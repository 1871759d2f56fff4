//! The recording with other values: the rules stay, every value that a client chose changes.

use super::recording::Exchange;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use sandbox::primero::User;
use serde_json::{Value, json};

/// Texts that people write; they are enciphered letter by letter, so that equal stays equal, a part
/// stays a part and joined stays joined.
const WRITTEN: [&str; 11] = [
    "name",
    "name_first",
    "name_last",
    "unhcr_individual_no",
    "unhcr_id_no",
    "notes",
    "service_referral_notes",
    "service_provider",
    "rejected_reason",
    "rejection_note",
    "note_on_referral_from_provider",
];

/// The people whose names change; the start of the name stays, because a search rests on it.
const RENAMED: [&str; 6] = [
    "worker1",
    "worker2",
    "worker3",
    "reader",
    "api_unhcr",
    "api_unicef",
];

/// Another world with the same rules.
pub struct Variation {
    seed: u64,
    /// What each of `0-9a-z` becomes; `None` leaves the recording as it is.
    cipher: Option<Cipher>,
    renamed: Vec<(String, String)>,
    years: i64,
    swaps_sexes: bool,
}

struct Cipher {
    digits: Vec<u8>,
    letters: Vec<u8>,
}

impl Variation {
    pub fn none() -> Self {
        Self {
            seed: 0,
            cipher: None,
            renamed: Vec::new(),
            years: 0,
            swaps_sexes: false,
        }
    }

    pub fn seeded(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut digits: Vec<u8> = (b'0'..=b'9').collect();
        let mut letters: Vec<u8> = (b'a'..=b'z').collect();
        digits.shuffle(&mut rng);
        letters.shuffle(&mut rng);
        if digits[1] == b'0' {
            // A number that begins with 1 must not begin with 0.
            digits.swap(0, 1);
        }
        let suffix = |rng: &mut StdRng| -> String {
            (0..4)
                .map(|_| char::from(rng.random_range(b'a'..=b'z')))
                .collect()
        };
        let mut rename = |name: &&str| {
            let kept = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let number = &name[kept.len()..];
            let word = suffix(&mut rng);
            vec![
                ((*name).to_owned(), format!("{kept}_{word}{number}")),
                (
                    capitalised(name),
                    format!("{}_{word}{number}", capitalised(kept)),
                ),
            ]
        };
        let renamed = RENAMED.iter().flat_map(&mut rename).collect();
        Self {
            seed,
            cipher: Some(Cipher { digits, letters }),
            renamed,
            years: rng.random_range(1..=5),
            swaps_sexes: rng.random(),
        }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The users of the recordings, as they are called here.
    pub fn users(&self) -> Vec<User> {
        let mut users = User::recorded();
        users.truncate(19);
        for user in &mut users {
            user.email = user.email.as_deref().map(|email| self.rename(email));
            user.full_name = self.rename(&user.full_name);
            user.user_name = self.rename(&user.user_name);
        }
        users
    }

    pub fn applied_to(&self, exchanges: Vec<Exchange>) -> Vec<Exchange> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let Some(cipher) = &self.cipher else {
            return exchanges;
        };
        let ids = Self::other_ids(&exchanges, &mut rng);
        let replace_ids = |text: &str| {
            ids.iter()
                .fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
        };
        let mut varied: Vec<Exchange> = exchanges;
        for exchange in &mut varied {
            let is_about_cases = exchange.request.path.starts_with("/api/v2/cases");
            let rewrite = |value: &Value| {
                let text = self.rename(&replace_ids(&value.to_string()));
                let mut value = serde_json::from_str(&text).unwrap();
                if is_about_cases {
                    self.rewrite("", &mut value, cipher);
                }
                value
            };
            exchange.request.body = rewrite(&exchange.request.body);
            exchange.response.body = rewrite(&exchange.response.body);
            let path = self.rename(&replace_ids(&exchange.request.path));
            exchange.request.path = self.rewrite_query(&path, cipher);
            if let Some(auth) = &mut exchange.auth {
                auth.user = self.rename(&auth.user);
            }
        }
        shuffle_reads(varied, &mut rng)
    }

    fn rename(&self, text: &str) -> String {
        self.renamed
            .iter()
            .fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
    }

    /// Fresh ids for those that clients chose for cases and services.
    fn other_ids(exchanges: &[Exchange], rng: &mut StdRng) -> Vec<(String, String)> {
        let mut chosen: Vec<(String, String)> = Vec::new();
        let mut answered = String::new();
        for exchange in exchanges {
            let mut found = Vec::new();
            collect_ids(&exchange.request.body, &mut found);
            for id in found {
                // An id that an answer brought first is the server's.
                if !answered.contains(&id) && !chosen.iter().any(|(old, _)| *old == id) {
                    let new = uuid::Builder::from_random_bytes(rng.random::<u128>().to_be_bytes());
                    chosen.push((id, new.into_uuid().to_string()));
                }
            }
            answered.push_str(&exchange.response.body.to_string());
        }
        chosen
    }

    fn rewrite(&self, key: &str, value: &mut Value, cipher: &Cipher) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.rewrite(key, value, cipher);
                }
            }
            Value::Array(items) => {
                for value in items {
                    self.rewrite(key, value, cipher);
                }
            }
            Value::String(text) => *text = self.rewrite_text(key, text, cipher),
            Value::Number(number) if key == "age" => {
                if let Some(age) = number.as_i64() {
                    *value = json!(age + self.years);
                }
            }
            Value::Number(number) if WRITTEN.contains(&key) => {
                *value = serde_json::from_str(&cipher.apply(&number.to_string())).unwrap();
            }
            _ => {}
        }
    }

    fn rewrite_text(&self, key: &str, text: &str, cipher: &Cipher) -> String {
        match (key, text) {
            ("sex", "female") if self.swaps_sexes => "male".to_owned(),
            ("sex", "male") if self.swaps_sexes => "female".to_owned(),
            (key, text) if WRITTEN.contains(&key) && !begins_as_date(text) => cipher.apply(text),
            _ => text.to_owned(),
        }
    }

    /// Rewrites the values of a listing's filters; names and everything else stay.
    fn rewrite_query(&self, path: &str, cipher: &Cipher) -> String {
        let Some((base, query)) = path.split_once('?') else {
            return path.to_owned();
        };
        let rewrite = |pair: &str| {
            let Some((name, value)) = pair.split_once('=') else {
                return pair.to_owned();
            };
            let mut parts = name.split(['[', ']']).filter(|part| !part.is_empty());
            let field = parts.rfind(|part| part.parse::<u32>().is_err());
            let value = match field.unwrap_or_default() {
                "age" => self.rewrite_ages(value),
                "query" if base == "/api/v2/cases" => cipher.apply(value),
                field => {
                    let items = value
                        .split(',')
                        .map(|v| self.rewrite_text(field, v, cipher));
                    items.collect::<Vec<_>>().join(",")
                }
            };
            format!("{name}={value}")
        };
        let pairs: Vec<String> = query.split('&').map(rewrite).collect();
        format!("{base}?{}", pairs.join("&"))
    }

    fn rewrite_ages(&self, value: &str) -> String {
        let older = |age: &str| age.parse::<i64>().map(|age| (age + self.years).to_string());
        value
            .split("..")
            .map(|age| older(age).unwrap_or_default())
            .collect::<Vec<_>>()
            .join("..")
    }
}

impl Cipher {
    /// Digits become digits and letters letters of the same case; escapes (`%20`) stay.
    fn apply(&self, text: &str) -> String {
        let mut escaped = 0;
        let swap = |c: char| {
            if c == '%' {
                escaped = 2;
                return c;
            }
            if escaped > 0 {
                escaped -= 1;
                return c;
            }
            match c {
                '0'..='9' => char::from(self.digits[c as usize - '0' as usize]),
                'a'..='z' => char::from(self.letters[c as usize - 'a' as usize]),
                'A'..='Z' => {
                    char::from(self.letters[c as usize - 'A' as usize]).to_ascii_uppercase()
                }
                other => other,
            }
        };
        text.chars().map(swap).collect()
    }
}

/// Reads that stand together change nothing for each other. Wrong passwords and sessions do.
fn shuffle_reads(exchanges: Vec<Exchange>, rng: &mut StdRng) -> Vec<Exchange> {
    let is_free = |exchange: &Exchange| {
        exchange.request.method == "GET"
            && exchange
                .auth
                .as_ref()
                .is_some_and(|auth| auth.password == "right")
    };
    let mut runs: Vec<Vec<Exchange>> = Vec::new();
    for exchange in exchanges {
        match runs.last_mut() {
            Some(run) if is_free(&run[0]) && is_free(&exchange) => run.push(exchange),
            _ => runs.push(vec![exchange]),
        }
    }
    for run in &mut runs {
        run.shuffle(rng);
    }
    runs.into_iter().flatten().collect()
}

fn collect_ids(body: &Value, found: &mut Vec<String>) {
    match body {
        Value::Object(fields) => fields.values().for_each(|value| collect_ids(value, found)),
        Value::Array(items) => items.iter().for_each(|value| collect_ids(value, found)),
        Value::String(text) => {
            let is_id = uuid::Uuid::try_parse(text).is_ok() && *text == text.to_lowercase();
            found.extend(is_id.then(|| text.clone()));
        }
        _ => {}
    }
}

fn begins_as_date(text: &str) -> bool {
    text.get(..5)
        .is_some_and(|year| year.ends_with('-') && year[..4].parse::<u32>().is_ok())
}

fn capitalised(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}
