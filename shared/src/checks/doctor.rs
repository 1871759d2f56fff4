//! A deployment as a whole: everything that can be looked at before a child's data moves, cheap and decisive things first.
//!
//! A check whose ground is missing says so once, beside what took the ground away, so that whoever reads mends the cause.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::forms::MappedFields;
use super::gate::{Gate, cause, nothing_seen};
use super::ground::{Ground, listed, unchecked};
use super::sent::Sent;
use super::sent::SourceKeys;
use super::{forms, options, people, scope, settings, trust};
use crate::domain::check::{Area, Check, CheckKey, Severity};
use crate::domain::reason::Stop;
use crate::engine::LedgerView;
use crate::progres::{PingClient, Shape};
use crate::transport::GateError;

/// What the workflows of a deployment write and read.
#[derive(Clone, Debug)]
pub struct Mapped {
    /// What is written to Primero.
    pub written: MappedFields,
    /// What is written and read there.
    pub all: MappedFields,
    /// How PING spells what is read from it.
    pub keys: SourceKeys,
}

/// What is asked of an examination beside the ordinary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thoroughness {
    /// Look at the numbers of all cases.
    pub all_cases: bool,
    /// Ask the routes of PING that write, with nothing to be written.
    pub write_routes: bool,
    /// A person reads what is found: words of the code lists and case ids are shown. Else they are counted.
    pub names: bool,
}

/// One thing that was found, with the error that it ends a run with.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was found.
    pub check: Check,
    /// The error that brought it to light, if one did.
    pub stop: Option<Stop>,
}

/// What was looked at, in a few words for a person.
#[derive(Clone, Debug, Serialize)]
pub struct Looked {
    /// Where.
    pub area: Area,
    /// What is known of it.
    pub told: String,
}

/// What an examination found.
#[derive(Debug, Default)]
pub struct Examined {
    /// What is otherwise than it should be.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub looked: Vec<Looked>,
    /// What the answers of PING looked like.
    pub shapes: BTreeMap<String, Shape>,
}

impl Examined {
    /// Adds what was found in an area, and that it was looked at.
    pub fn add(&mut self, area: Area, told: impl Into<String>, checks: Vec<Check>) {
        self.looked.push(Looked {
            area,
            told: told.into(),
        });
        self.find(checks);
    }

    fn find(&mut self, checks: Vec<Check>) {
        for check in checks {
            if !self.findings.iter().any(|known| known.check == check) {
                self.findings.push(Finding { check, stop: None });
            }
        }
    }

    fn fail(&mut self, key: CheckKey, found: impl Into<String>, error: GateError) {
        let stop = match error.of_the_system() {
            GateError::Run(stop) => Some(stop),
            _ => None,
        };
        let check = Check::of(key, found);
        self.findings.push(Finding { check, stop });
    }

    fn and(mut self, other: Self) -> Self {
        self.looked.extend(other.looked);
        for finding in other.findings {
            if !self
                .findings
                .iter()
                .any(|known| known.check == finding.check)
            {
                self.findings.push(finding);
            }
        }
        self.shapes.extend(other.shapes);
        self
    }
}

/// What PING sends and what was found on the way, or how far that went.
type Asked = Result<(Sent, Vec<Check>), (Step, GateError)>;

/// How far the way to PING went.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// To its sign-in service.
    SignIn,
    /// To the gateway.
    Gateway,
}

impl Step {
    /// The key of the secret that names the place.
    const fn key(self) -> &'static str {
        match self {
            Self::SignIn => "token_url",
            Self::Gateway => "base_url",
        }
    }
}

/// Who examines, and with what.
pub struct Doctor<'d> {
    /// Primero and the profile.
    pub ground: &'d Ground<'d>,
    /// PING.
    pub ping: &'d PingClient,
    /// What the workflows write and read.
    pub mapped: &'d Mapped,
    /// What the ledger knows; none where there is none yet.
    pub ledger: Option<LedgerView<'d>>,
    /// When this is.
    pub now: Timestamp,
    /// What is asked for.
    pub thoroughness: Thoroughness,
}

impl Doctor<'_> {
    /// Looks at both systems, side by side.
    pub async fn examine(&self) -> Examined {
        let mut settings = Examined::default();
        let found = settings::profile(self.ground.profile, self.now);
        settings.add(Area::Profile, "", found);
        let (primero, (faulty, primero_error), ping) = {
            let (primero, ping) = futures::join!(Box::pin(self.primero()), Box::pin(self.gate()));
            let (examined, faulty, error) = primero;
            (examined, (faulty, error), ping)
        };
        let ping = self.judged(ping, &faulty);
        let primero = match primero_error {
            Some(error) => self.lost(primero, error),
            None => primero,
        };
        settings.and(primero).and(ping)
    }

    /// Primero: what was found, the fields whose options are at fault, and the error that ended the looking.
    async fn primero(&self) -> (Examined, Vec<String>, Option<GateError>) {
        let mut examined = Examined::default();
        let release = match Box::pin(self.ground.primero.release()).await {
            Ok(release) => release
                .0
                .map_or_else(String::new, |told| format!("release {told}")),
            Err(error) => return (examined, Vec::new(), Some(error)),
        };
        examined.add(Area::Route, release, Vec::new());
        let mut faulty = Vec::new();
        let looked = self.installation(&mut examined, &mut faulty).await;
        (examined, faulty, looked.err())
    }

    async fn installation(
        &self,
        examined: &mut Examined,
        faulty: &mut Vec<String>,
    ) -> Result<(), GateError> {
        let ground = self.ground;
        // All that is read is read once, and side by side.
        let reads = futures::join!(
            Box::pin(ground.rights()),
            Box::pin(ground.forms()),
            Box::pin(ground.options()),
            Box::pin(ground.agencies()),
            Box::pin(ground.modules()),
            Box::pin(ground.latest()),
        );
        reads.0?;
        reads.1?;
        reads.2?;
        reads.3?;
        reads.4?;
        let cases = reads.5?.cases;

        let is_narrow = ground.sees_too_little().await?;
        self.user(examined, is_narrow, cases).await?;
        let has_forms = self.forms(examined).await?;
        if has_forms {
            let found = Box::pin(options::options(ground)).await?;
            *faulty = found.fields;
            let told = format!("{} values", found.values);
            examined.add(Area::Options, told, found.checks);
            let required = forms::required(ground, &self.mapped.written).await?;
            examined.add(Area::Required, "", required);
        }
        self.people(examined, is_narrow).await?;
        self.trust(examined, is_narrow, cases).await
    }

    async fn user(
        &self,
        examined: &mut Examined,
        is_narrow: bool,
        cases: u64,
    ) -> Result<(), GateError> {
        let ground = self.ground;
        let may_be_empty = ground.profile.primero.allow_empty || cases == 0;
        let mut found = match self.ledger {
            Some(ledger) => Box::pin(scope::scope(ground, ledger, may_be_empty)).await?,
            None => scope::told(ground).await?,
        };
        let own = ground.own().await?;
        if let Some(rights) = ground.rights().await? {
            let lacking = ["read", "create", "write"];
            let lacking: Vec<&str> = lacking.into_iter().filter(|one| !rights.may(one)).collect();
            if !lacking.is_empty() {
                found.push(Check::of(CheckKey::PrimeroActions, lacking.join(", ")));
            }
        }
        let module = &ground.profile.primero.module_id;
        let exists = ground.module_forms().await?.is_some();
        let modules = own.and_then(|own| own.modules.as_ref());
        if let Some(modules) = modules.filter(|modules| exists && !modules.contains(module)) {
            let told = format!("`{module}` is none of {}", listed(modules));
            found.push(Check::of(CheckKey::PrimeroUserModule, told));
        }
        let told = match (is_narrow, own) {
            (false, Some(_)) => format!("sees the cases of everybody, {cases}"),
            _ => format!("sees {cases} cases"),
        };
        examined.add(Area::User, told, found);
        Ok(())
    }

    /// Whether the module has forms to be looked at.
    async fn forms(&self, examined: &mut Examined) -> Result<bool, GateError> {
        let (ground, mapped) = (self.ground, self.mapped);
        let mut found = forms::fields(ground, &mapped.all).await?;
        let module = &ground.profile.primero.module_id;
        for check in &mut found {
            if check.key == CheckKey::PrimeroModule.code() {
                let known = ground.modules().await?;
                check.found = match known {
                    Some(known) if known.contains(module) => {
                        format!("{module} has no case form")
                    }
                    Some(known) => format!("{module}; Primero has {}", listed(known)),
                    None => module.clone(),
                };
            }
        }
        let Some(forms) = ground.module_forms().await? else {
            examined.add(Area::Forms, "", found);
            examined.find(vec![unchecked("fields, options and what the forms demand")]);
            return Ok(false);
        };
        found.extend(forms::types(ground, &mapped.all).await?);
        found.extend(forms::writable(ground, &mapped.written).await?);
        let fields = mapped.all.case.len() + mapped.all.service.len();
        let told = format!(
            "{fields} fields mapped, of {} in module {module}",
            forms.case.len() + forms.service.len()
        );
        examined.add(Area::Forms, told, found);
        Ok(true)
    }

    async fn people(&self, examined: &mut Examined, is_narrow: bool) -> Result<(), GateError> {
        let ground = self.ground;
        let mut found = people::agencies(ground).await?;
        if is_narrow {
            found.push(unchecked("the users that the profile names"));
        } else {
            found.extend(Box::pin(people::intake_user(ground)).await?);
            found.extend(Box::pin(people::progres_users(ground)).await?);
        }
        let agencies = &ground.latest().await?.agencies;
        let told = agencies
            .iter()
            .map(|(agency, services)| format!("{agency} {services}"));
        let told = match (self.thoroughness.names, agencies.is_empty()) {
            (true, false) => format!("services name {}", listed(told)),
            _ => String::new(),
        };
        examined.add(Area::People, told, found);
        Ok(())
    }

    async fn trust(
        &self,
        examined: &mut Examined,
        is_narrow: bool,
        cases: u64,
    ) -> Result<(), GateError> {
        let ground = self.ground;
        let mut found = Vec::from_iter(trust::clock(ground, self.now).await?);
        if is_narrow {
            found.push(unchecked("the control case"));
        } else {
            found.extend(trust::look_up(ground).await?);
        }
        if self.thoroughness.all_cases {
            found.extend(trust::untidy_numbers(ground, self.thoroughness.names).await?);
        }
        examined.add(Area::Trust, format!("{cases} cases visible"), found);
        Ok(())
    }

    /// What an error that ended the looking means.
    fn lost(&self, mut examined: Examined, error: GateError) -> Examined {
        let has_answered = examined.looked.iter().any(|one| one.area == Area::Route);
        if let GateError::Run(stop @ (Stop::AuthenticationFailed(_) | Stop::TokenNotGiven)) = &error
        {
            let found = match stop {
                Stop::TokenNotGiven => {
                    "this release gives no token; set `auth` to basic or session"
                }
                _ => "user name or password is refused",
            };
            examined.fail(CheckKey::PrimeroSignIn, found, error);
        } else if let GateError::Run(Stop::PermissionDenied { route, .. }) = &error {
            let found = format!("the user may not {route}");
            examined.fail(CheckKey::PrimeroActions, found, error);
        } else {
            let path = self.ground.primero.path_of_url();
            let path = path
                .filter(|_| !has_answered)
                .map_or_else(String::new, |path| {
                    format!("; `{path}` does not belong in `primero.url`")
                });
            let found = format!("{}{path}", cause(&error));
            examined.fail(CheckKey::PrimeroRoute, found, error);
        }
        examined.find(vec![unchecked("the rest of Primero")]);
        examined
    }

    /// PING: what it sends now, or the error that ended the asking.
    async fn gate(&self) -> (Gate<'_>, Asked) {
        let gate = Gate {
            profile: self.ground.profile,
            ping: self.ping,
            keys: self.mapped.keys,
            names: self.thoroughness.names,
            shapes: RefCell::default(),
        };
        let looked = async {
            let signed_in = self.ping.prove_sign_in().await;
            signed_in.map_err(|error| (Step::SignIn, error))?;
            let asked = |error| (Step::Gateway, error);
            let sent = gate.sent().await.map_err(asked)?;
            let mut found = gate.check_status().await.map_err(asked)?;
            if self.thoroughness.write_routes {
                found.extend(gate.write_routes().await);
            }
            Ok((sent, found))
        };
        let looked = Box::pin(looked).await;
        (gate, looked)
    }

    /// What PING sends, against the profile. `faulty` are the fields of Primero whose tables are known to be at fault.
    fn judged(&self, (gate, looked): (Gate<'_>, Asked), faulty: &[String]) -> Examined {
        let mut examined = Examined::default();
        match looked {
            Ok((mut sent, found)) => {
                let keys = self.mapped.keys;
                let mut checks = std::mem::take(&mut sent.checks);
                checks.extend(found);
                let (unit, named) = sent.business_unit(self.ground.profile, keys);
                checks.extend(unit);
                checks.extend(sent.details(keys));
                let profile = self.ground.profile;
                checks.extend(sent.unmapped(profile, keys, gate.names, faulty));
                let mut told = sent.note();
                if self.thoroughness.names && !named.is_empty() {
                    told = format!("{told}; {named}");
                }
                examined.add(Area::Ping, told, checks);
            }
            Err((step, error)) => {
                if let GateError::Run(Stop::AuthenticationFailed(_)) = &error {
                    let found = "the sign-in service refuses the secret";
                    examined.fail(CheckKey::PingSignIn, found, error);
                } else if self.ping.refused_token() {
                    let found = "a granted token is refused with 401";
                    examined.fail(CheckKey::PingSubscription, found, error);
                } else {
                    let found = format!("{}: {}", step.key(), cause(&error));
                    examined.fail(CheckKey::PingRoute, found, error);
                }
                examined.find(vec![nothing_seen()]);
            }
        }
        examined.shapes = gate.shapes.take();
        examined
    }
}

/// Takes away what follows from another finding: the tables' warnings about values that are no options.
#[must_use]
pub fn without_consequences(warnings: Vec<Check>, examined: &Examined) -> Vec<Check> {
    let speaks_of = |field: &str| {
        let options = CheckKey::PrimeroOptions.code();
        let mut found = examined.findings.iter().map(|finding| &finding.check);
        found.any(|check| check.key == options && check.found.contains(&format!("`{field}`")))
    };
    let mut kept = warnings;
    kept.retain(|check| match CheckKey::named(&check.key) {
        Some(CheckKey::ProfileServices) => !speaks_of("service_type"),
        Some(CheckKey::ProfileLanguages) => !speaks_of("language"),
        Some(CheckKey::ProfileSex) => !speaks_of("sex"),
        _ => true,
    });
    kept
}

/// How many of these end a command with a fault.
#[must_use]
pub fn faults<'c>(checks: impl IntoIterator<Item = &'c Check>) -> usize {
    let all = checks.into_iter();
    all.filter(|check| check.severity != Severity::Warning)
        .count()
}
