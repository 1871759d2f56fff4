//! No personal value reaches a log line, a report, an error or the state table, whatever happens to the record.
//!
//! Every personal field of every record holds a value that stands nowhere else, so a leak names itself. All targets log at the
//! finest level. It is a test binary of its own because the log is the process's.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedded_dynamodb::EmbeddedDynamoDb;
use jiff::Timestamp;
use referral_bridge::clock::{Clock, VirtualClock, later};
use referral_bridge::domain::outcome::Outcome;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Finished;
use referral_bridge::engine::Request;
use referral_bridge::entropy::Entropy;
use referral_bridge::profile::Profile;
use referral_bridge::secrets::Secrets;
use referral_bridge::workflows::Installation;
use referral_bridge::{observe, store, transport};
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Map, Value, json};
use tracing::Level;

const TABLE: &str = "privacy";
const PERSONAL: &str = "progres_individual.individuals.";

/// What the process logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no writer panics")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panics").clone())
            .expect("the log is text")
    }
}

/// Records whose personal values are all different and all known.
#[derive(Default)]
struct Canaries(Vec<String>);

impl Canaries {
    fn text(&mut self, field: &str) -> String {
        let canary = format!(
            "Zq{:03}{}",
            self.0.len(),
            field.replace(|c: char| !c.is_ascii_alphabetic(), "")
        );
        self.0.push(canary.clone());
        canary
    }

    /// A day that no other record and no clock shows.
    fn birth_date(&mut self) -> String {
        let n = self.0.len();
        let canary = format!("20{:02}-{:02}-{:02}", 10 + n % 9, 1 + n % 7, 1 + n % 27);
        self.0.push(canary.clone());
        canary
    }

    /// The single detail row of the `n`-th referral.
    fn referral(&mut self, n: usize) -> Value {
        let mut row = Map::new();
        let mut put = |key: &str, value: Value| row.insert(key.to_owned(), value);
        put(
            "progres_interventionnumber",
            json!(format!("700-26-PRTITV-{n:07}")),
        );
        put("progres_lpinterventionid", json!(intervention(n)));
        put(
            "progres_businessunit",
            json!("577ccdf6-86de-e811-80d8-001dd8b71fe3"),
        );
        put(
            "progres_interventiontype2.interventiontype.progres_description",
            json!("Alternative Care"),
        );
        put(
            &format!("{PERSONAL}progres_dateofbirth"),
            json!(self.birth_date()),
        );
        put(&format!("{PERSONAL}progres_sex"), json!(125_080_000));
        for field in [
            "id",
            "givenname",
            "middlename",
            "familyname",
            "commonyusedname",
            "primaryphonenumber",
        ] {
            put(
                &format!("{PERSONAL}progres_{field}"),
                json!(self.text(field)),
            );
        }
        for level in 1..=6 {
            put(
                &format!("{PERSONAL}progres_coalocationlevel{level}"),
                json!({ "Name": self.text("address") }),
            );
        }
        for key in [
            "progres_individual.progres_registrationgroupidname",
            "progres_interventiondescription",
            "progres_reasonforreferral",
            "systemuser.title",
            "systemuser.su.mobilephone",
            "systemuser.su.internalemailaddress",
            "progres_language.progres_languagecodeidname",
            "progres_specificneed.progres_spncategory2name",
        ] {
            put(key, json!(self.text(key)));
        }
        Value::Object(row)
    }

    fn found_in(&self, text: &str) -> Vec<&str> {
        self.0
            .iter()
            .map(String::as_str)
            .filter(|canary| text.contains(canary))
            .collect()
    }
}

fn intervention(n: usize) -> String {
    format!("7d2e{n:04}-4879-4e11-8179-000d3a43f6eb")
}

struct Scene {
    sandbox: Sandbox,
    installation: Installation,
    clock: Arc<VirtualClock>,
    canaries: Canaries,
    _state: EmbeddedDynamoDb,
}

impl Scene {
    /// A bridge between empty systems, its secrets canaries as well.
    async fn new() -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default())
            .await
            .expect("the sandbox starts");
        let state = EmbeddedDynamoDb::in_memory()
            .await
            .expect("the state store starts");
        store::table::ensure(&state.client(), TABLE)
            .await
            .expect("the table is made");
        let mut canaries = Canaries::default();
        let mut secrets = sandbox.secrets().as_object().cloned().expect("an object");
        let key = format!("{}{}", canaries.text("ledgerkey"), "0".repeat(32));
        secrets.insert("ledger".to_owned(), json!({ "fingerprint_key": key }));
        for (system, key) in [
            ("ping", "password"),
            ("ping", "subscription_key"),
            ("ping", "username"),
            ("primero", "password"),
        ] {
            canaries
                .0
                .push(secrets[system][key].as_str().expect("a text").to_owned());
        }
        let mut profile = Profile::parse(include_str!("../../../infra/profiles/gambella.toml"))
            .expect("a valid profile");
        profile.report_delivery_fail = true;
        let clock = Arc::new(VirtualClock::at(Timestamp::now()));
        let installation = Installation {
            profile,
            secrets: Secrets::from_json(secrets).expect("valid secrets"),
            state: state.client(),
            table: TABLE.to_owned(),
            http: transport::http_client().expect("a client"),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(Entropy::from_seed(1)),
        };
        Self {
            sandbox,
            installation,
            clock,
            canaries,
            _state: state,
        }
    }

    fn refer(&mut self, n: usize, change: impl FnOnce(&mut Value, &mut Canaries)) {
        let mut row = self.canaries.referral(n);
        change(&mut row, &mut self.canaries);
        self.sandbox
            .ping
            .refer(vec![row])
            .expect("proGres takes it");
    }

    async fn run(&self) -> Finished {
        let end = later(self.clock.now(), Duration::from_mins(15));
        self.installation
            .run(
                WorkflowName::ReferralsToPrimero,
                &Request::default(),
                end,
                &|_| {},
            )
            .await
    }

    async fn table(&self) -> String {
        let items = self
            .installation
            .state
            .scan()
            .table_name(TABLE)
            .send()
            .await
            .expect("a scan");
        assert!(
            items.last_evaluated_key.is_none(),
            "one page holds the table"
        );
        format!("{:?}", items.items())
    }
}

/// Records that go every way a record can go, one of each.
fn refer_one_of_each(scene: &mut Scene) {
    scene.refer(1, |_, _| {});
    // Appended to a case that is there.
    let mut existing = Value::Null;
    scene.refer(2, |row, _| {
        existing = row[format!("{PERSONAL}progres_id")].clone();
    });
    let name = scene.canaries.text("casename");
    let case = json!({
        "unhcr_individual_no": existing, "name_first": name, "module_id": "primeromodule-cp", "status": "open",
    });
    scene
        .sandbox
        .primero
        .insert_case(case)
        .expect("Primero takes it");
    // Held by us, with the bad value itself personal or unknown.
    scene.refer(3, |row, canaries| {
        row[format!("{PERSONAL}progres_dateofbirth")] = json!(canaries.text("nodate"));
    });
    scene.refer(4, |row, canaries| {
        let key = "progres_interventiontype2.interventiontype.progres_description";
        row[key] = json!(canaries.text("noservice"));
    });
    scene.refer(5, |row, canaries| {
        row[format!("{PERSONAL}progres_sex")] = json!(canaries.text("nosex"));
    });
    scene.refer(6, |row, _| {
        row[format!("{PERSONAL}progres_givenname")] = json!(" ");
    });
    // Refused by Primero with 422: a text that looks like a date.
    scene.refer(7, |row, canaries| {
        row[format!("{PERSONAL}progres_familyname")] = json!(canaries.birth_date());
    });
    // Refused by PING with an error message that repeats what was sent.
    scene.refer(8, |_, _| {});
    scene.sandbox.ping.poison(&intervention(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_value_is_logged_reported_or_kept() {
    let log = Log::default();
    let lines = log.clone();
    tracing::subscriber::set_global_default(observe::subscriber(Level::TRACE, move || {
        lines.clone()
    }))
    .expect("the first subscriber of the process");

    // GIVEN records that go every way a record can go
    let mut scene = Scene::new().await;
    refer_one_of_each(&mut scene);

    // WHEN they are run, run again, and run once more while Primero and PING are gone
    let first = scene.run().await;
    let second = scene.run().await;
    let table = scene.table().await;
    let Scene {
        sandbox,
        installation,
        clock,
        canaries,
        _state,
    } = scene;
    drop(sandbox);
    clock.advance(Duration::from_hours(48));
    let end = later(clock.now(), Duration::from_mins(15));
    let third = installation
        .run(
            WorkflowName::ReferralsToPrimero,
            &Request::default(),
            end,
            &|_| {},
        )
        .await;

    // THEN the runs did what they should
    let counts = &first.report.counts;
    assert_eq!(
        (counts.delivered, counts.held, counts.will_retry),
        (2, 5, 1),
        "{:#?}",
        first.report
    );
    assert!(
        first
            .report
            .records
            .iter()
            .any(|record| record.outcome == Outcome::Held && !record.fields.is_empty())
    );
    assert!(third.stop.is_some(), "{third:?}");

    // AND nothing of it shows a personal value
    let log = log.text();
    assert!(
        log.lines().count() > 30,
        "the log is too short to prove anything:\n{log}"
    );
    for (place, text) in [
        ("log", log),
        ("table", table),
        (
            "first report",
            serde_json::to_string(&first.report).expect("a report"),
        ),
        (
            "second report",
            serde_json::to_string(&second.report).expect("a report"),
        ),
        (
            "third report and error",
            format!("{third:?} {}", third.stop.as_ref().expect("a stop")),
        ),
    ] {
        assert_eq!(
            canaries.found_in(&text),
            Vec::<&str>::new(),
            "in the {place}:\n{text}"
        );
    }
}
