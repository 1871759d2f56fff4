//! Both recordings, replayed in order.

use super::comparison::Names;
use super::recording::{Exchange, batch_exchanges, cookie_names, exchanges};
use super::served::{Got, Served, send};
use super::variation::Variation;
use jiff::{SignedDuration, Timestamp};
use sandbox::primero::{DEFAULT_PASSWORD, PrimeroOptions, User};
use serde_json::Value;
use std::collections::HashMap;

/// The thirty changes before this read are not in the recording (data/README.md), so its service
/// rows and its time are nobody's to know.
const AFTER_THE_LOST_PATCHES: u32 = 228;
/// Sent at the same time and written down in the order of the answers: one made the case.
const CREATED_AT_ONCE: std::ops::RangeInclusive<u32> = 229..=231;
/// The list of forms is left out of this row.
const FORMS_LEFT_OUT: u32 = 306;
/// Before this row the recorded installation did not have its last two users.
const LAST_USERS_COME: u32 = 318;

#[tokio::test]
async fn the_recording_is_answered_as_the_real_server_did() {
    replay_main(&Variation::none()).await;
}

#[tokio::test]
async fn the_batch_recording_is_answered_as_the_real_server_did() {
    replay_batch(&Variation::none()).await;
}

/// Other children, other numbers, other ids, other people, another order of the reads.
#[tokio::test]
async fn the_recording_holds_for_other_values() {
    for seed in seeds() {
        println!("PRIMERO_SEED={seed}");
        replay_main(&Variation::seeded(seed)).await;
    }
}

#[tokio::test]
async fn the_batch_recording_holds_for_other_values() {
    for seed in seeds() {
        println!("PRIMERO_SEED={seed}");
        replay_batch(&Variation::seeded(seed)).await;
    }
}

/// The seeds to try: a fixed few, or the one in the variable `PRIMERO_SEED`.
fn seeds() -> Vec<u64> {
    let chosen = std::env::var("PRIMERO_SEED")
        .ok()
        .map(|seed| seed.parse().unwrap());
    chosen.map_or_else(|| (1..=5).collect(), |seed| vec![seed])
}

async fn replay_main(variation: &Variation) {
    let mut users = variation.users();
    let latecomers = users.split_off(17);
    let mut replay = Replay::start(users, variation, "2026-11-23T14:21:01Z").await;
    for exchange in variation.applied_to(exchanges()) {
        let n = exchange.n.unwrap();
        // Comes before any request of a user who was not there: reads stay behind their writes.
        if n >= LAST_USERS_COME && replay.served.primero.user_count() == 17 {
            latecomers
                .iter()
                .cloned()
                .for_each(|user| replay.served.primero.add_user(user));
        }
        if !CREATED_AT_ONCE.contains(&n) {
            replay.play(n, exchange).await;
        } else if n == *CREATED_AT_ONCE.start() {
            replay.create_at_once(&exchange).await;
        }
    }
    replay.finish();
}

async fn replay_batch(variation: &Variation) {
    let mut replay = Replay::start(variation.users(), variation, "2026-11-23T14:54:16Z").await;
    for (line, exchange) in (0..).zip(variation.applied_to(batch_exchanges())) {
        replay.play(line, exchange).await;
    }
    replay.finish();
}

struct Replay {
    served: Served,
    names: Names,
    clock: Timestamp,
    /// Cookie header and CSRF token of each session, by the label's first word.
    sessions: HashMap<String, (String, String)>,
    faults: Vec<String>,
}

impl Replay {
    async fn start(users: Vec<User>, variation: &Variation, from: &str) -> Self {
        let options = PrimeroOptions {
            users,
            seed: variation.seed(),
            behind_tls: false,
            ..PrimeroOptions::default()
        };
        Self {
            served: Served::start(options).await,
            names: Names::default(),
            clock: from.parse().unwrap(),
            sessions: HashMap::new(),
            faults: Vec::new(),
        }
    }

    /// Sends what was recorded and notes where the answer differs.
    async fn play(&mut self, n: u32, mut exchange: Exchange) {
        self.set_clock(&exchange);
        self.names.keep_client_ids(&exchange.request.body);
        let got = self.send(&exchange).await;
        let mut differences = Vec::new();
        if got.status != exchange.response.status {
            let (recorded, text) = (exchange.response.status, &got.text);
            differences.push(format!(
                "status recorded {recorded}, ours {}: {text}",
                got.status
            ));
        }
        for name in ["content-type", "www-authenticate"] {
            if exchange.response.header(name) != got.header(name) {
                differences.push(format!("{name}: ours {:?}", got.header(name)));
            }
        }
        if exchange.response.cookie_names() != cookie_names(&got.headers) {
            differences.push(format!("cookies: ours {:?}", cookie_names(&got.headers)));
        }
        assert!(got.header("date").is_some(), "every answer carries a date");
        let mut ours = read(&got);
        if n == AFTER_THE_LOST_PATCHES {
            drop_unknowable(&mut exchange.response.body);
            drop_unknowable(&mut ours);
        }
        if exchange.request.path.starts_with("/api/v2/forms") {
            ours = cut_forms(&mut exchange.response.body, ours);
        }
        if n != FORMS_LEFT_OUT {
            differences.extend(self.names.differences(&exchange.response.body, &ours));
        }
        let label = format!("#{n} {} {}", exchange.label, exchange.request.path);
        self.faults.extend(
            differences
                .iter()
                .map(|difference| format!("{label}: {difference}")),
        );
    }

    /// Three creates of one id: one is made, two conflict.
    async fn create_at_once(&mut self, exchange: &Exchange) {
        self.names.keep_client_ids(&exchange.request.body);
        let (a, b, c) = tokio::join!(
            self.send_once(exchange),
            self.send_once(exchange),
            self.send_once(exchange)
        );
        let mut statuses = [a.status, b.status, c.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409, 409]);
    }

    fn finish(self) {
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
    }

    async fn send(&mut self, exchange: &Exchange) -> Got {
        let got = self.send_once(exchange).await;
        let set = got.headers.iter().filter(|(name, _)| name == "set-cookie");
        let session = self.sessions.entry(session_of(exchange)).or_default();
        for (_, cookie) in set {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match name {
                "CSRF-TOKEN" => session.1 = url_decoded(value),
                _ if got.status < 400 => session.0 = format!("{name}={value}"),
                _ => {}
            }
        }
        got
    }

    async fn send_once(&self, exchange: &Exchange) -> Got {
        let request = &exchange.request;
        let mut sending = self
            .served
            .request(&request.method, &self.names.translate(&request.path));
        if let Some(auth) = &exchange.auth {
            let password = if auth.password == "right" {
                DEFAULT_PASSWORD
            } else {
                "wrong"
            };
            sending = sending.basic_auth(&auth.user, Some(password));
        }
        let none = (String::new(), String::new());
        let (cookie, csrf) = self.sessions.get(&session_of(exchange)).unwrap_or(&none);
        for (name, value) in request.headers.iter().flatten() {
            let value = match name.as_str() {
                "Cookie" => cookie,
                "X-CSRF-Token" => csrf,
                _ => value,
            };
            sending = sending.header(name, value);
        }
        let body = match &request.body {
            Value::Null => String::new(),
            Value::String(raw) => raw.clone(),
            body => body.to_string().replace("<right>", DEFAULT_PASSWORD),
        };
        if !body.is_empty() {
            sending = sending.body(self.names.translate(&body));
        }
        send(sending).await
    }

    /// Writes happen at the recorded time, everything else a moment after what came before.
    fn set_clock(&mut self, exchange: &Exchange) {
        let data = &exchange.response.body["data"];
        let recorded = [&data["record"]["last_updated_at"], &data["last_updated_at"]];
        let recorded = recorded
            .iter()
            .find_map(|time| time.as_str()?.parse::<Timestamp>().ok());
        self.clock = match recorded.filter(|_| exchange.request.method != "GET") {
            Some(at) => at.max(self.clock),
            None => self.clock + SignedDuration::from_millis(10),
        };
        self.served.primero.stop_clock_at(self.clock);
    }
}

fn session_of(exchange: &Exchange) -> String {
    let word = exchange.label.split(' ').next().unwrap_or_default();
    if word == "S1" || word == "S2" {
        word.to_owned()
    } else {
        "one at a time".to_owned()
    }
}

fn read(got: &Got) -> Value {
    match got.text.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
    }
}

fn drop_unknowable(body: &mut Value) {
    let case = body["data"].as_object_mut().unwrap();
    case.remove("services_section");
    case.remove("last_updated_at");
}

/// Three forms are recorded, the others are left out; ours has the three first and fewer others.
fn cut_forms(recorded: &mut Value, mut ours: Value) -> Value {
    recorded.as_object_mut().unwrap().remove("_elided");
    let kept = recorded["data"].as_array().map_or(0, Vec::len);
    ours["data"].as_array_mut().unwrap().truncate(kept);
    ours
}

fn url_decoded(text: &str) -> String {
    text.replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=")
}
