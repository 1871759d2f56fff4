//! A simulated Primero (case management of child protection), release 2.16 unless asked otherwise.
//!
//! It answers as the recordings of a real server show, with their oddities. Where a client must
//! not rely on something, neither may this server be kinder than the real one: unknown fields and
//! filters are dropped in silence, two `PATCH` requests for one case overwrite each other, a look-up by ids
//! of which one is malformed finds nothing.

mod access;
mod call;
mod cases;
mod cast;
mod control;
mod error_body;
mod filters;
mod forms;
mod installation;
mod life;
mod listing;
mod local;
mod lookups;
mod meanwhile;
mod merge;
mod moment;
mod people;
mod query_string;
mod referral_book;
mod referral_effects;
mod referrals;
mod saves;
mod scope;
mod server;
mod sessions;
mod sign_in;
mod state;
mod time_range;
mod users;
mod validation;
mod workers;

pub use control::NewReferral;
pub use forms::FormSet;
pub use local::LocalChanges;
pub use scope::{Scope, UserChange};
pub use users::{DEFAULT_PASSWORD, Role, User};
pub use workers::ServiceDecision;

use forms::Forms;
use jiff::Timestamp;
use meanwhile::Meanwhile;
use moment::Clock;
use saves::SaveGate;
use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The fields of a record by name.
type Fields = serde_json::Map<String, serde_json::Value>;

/// One simulated server; clones share it.
#[derive(Clone, Debug)]
pub struct Primero {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    forms: Forms,
    disabled_agencies: Vec<String>,
    clock: Clock,
    saves: SaveGate,
    meanwhile: Meanwhile,
    release: ReleaseLine,
    behind_tls: bool,
    habits: Mutex<Habits>,
}

/// What can be switched while the server runs.
#[derive(Clone, Copy, Debug)]
struct Habits {
    sends_date: bool,
    look_up_entry_costs: Duration,
}

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct PrimeroOptions {
    /// Which forms it has; standard by default.
    pub forms: FormSet,
    /// Who can sign in, numbered from 1 in this order; by default those of [`User::recorded`].
    pub users: Vec<User>,
    /// Makes generated ids repeatable; 0 by default.
    pub seed: u64,
    /// The release it behaves like; the 2.16 line by default.
    pub release: ReleaseLine,
    /// How long a save of a case waits between reading and writing. Zero by default: then it only
    /// lets other requests run, and [`Primero::hold_saves`] makes an overlap certain.
    pub save_delay: Duration,
    /// True (the default): every request counts as HTTPS, so sessions get their cookies. False: only
    /// those with `X-Forwarded-Proto: https` do.
    pub behind_tls: bool,
    /// Form fields that this installation lacks, of cases and of services; none by default.
    pub without_fields: Vec<String>,
    /// What this installation has otherwise; nothing by default.
    pub local: LocalChanges,
    /// True (the default): every answer has a `Date`, as behind nginx. False: none has, as of puma alone.
    pub sends_date: bool,
    /// What each alternative of a look-up beyond the fifth costs, for then the database scans its whole table: about 300 ms each among
    /// 64,000 cases. Zero by default.
    pub look_up_entry_costs: Duration,
}

impl Default for PrimeroOptions {
    fn default() -> Self {
        Self {
            forms: FormSet::default(),
            users: User::recorded(),
            seed: 0,
            release: ReleaseLine::default(),
            save_delay: Duration::ZERO,
            behind_tls: true,
            without_fields: Vec::new(),
            local: LocalChanges::default(),
            sends_date: true,
            look_up_entry_costs: Duration::ZERO,
        }
    }
}

/// Releases that differ in what an exchange notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReleaseLine {
    /// 2.10 and before: sign-in by token (JWT) only; unknown options are stored.
    Older,
    /// 2.14: Basic or session; unknown options are stored, and a case without a name has no `name` in answers.
    A,
    /// 2.15: as 2.14, but unknown options are refused.
    Between,
    /// The 2.16 line: Basic or session; unknown options are refused, and a case without a name has a `name` of null.
    #[default]
    B,
}

impl ReleaseLine {
    fn checks_options(self) -> bool {
        matches!(self, Self::Between | Self::B)
    }

    /// What `contact_information` tells of it.
    fn version(self) -> &'static str {
        match self {
            Self::Older => "2.10.3",
            Self::A => "2.14.0",
            Self::Between => "2.15.0",
            Self::B => "2.16.0",
        }
    }

    fn shows_null_names(self) -> bool {
        self == Self::B
    }
}

impl Primero {
    /// An empty server.
    #[must_use]
    pub fn new(options: PrimeroOptions) -> Self {
        let inner = Inner {
            state: Mutex::new(State::new(options.users, options.seed)),
            forms: Forms::new(options.forms, &options.without_fields, &options.local),
            disabled_agencies: options.local.disabled_agencies,
            clock: Clock::default(),
            saves: SaveGate::new(options.save_delay),
            meanwhile: Meanwhile::default(),
            release: options.release,
            behind_tls: options.behind_tls,
            habits: Mutex::new(Habits {
                sends_date: options.sends_date,
                look_up_entry_costs: options.look_up_entry_costs,
            }),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The whole HTTP API, `/api/v2/…` and `/health`. A response to a request that changed stored
    /// data carries [`crate::journal::Effect`] in its extensions.
    pub fn router(&self) -> axum::Router {
        server::router(self.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn forms(&self) -> &Forms {
        &self.inner.forms
    }

    fn has_disabled(&self, agency: &str) -> bool {
        self.inner.disabled_agencies.iter().any(|one| one == agency)
    }

    fn saves(&self) -> &SaveGate {
        &self.inner.saves
    }

    pub(crate) fn release(&self) -> ReleaseLine {
        self.inner.release
    }

    fn habits(&self) -> MutexGuard<'_, Habits> {
        let habits = self.inner.habits.lock();
        habits.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sends_date(&self) -> bool {
        self.habits().sends_date
    }

    fn is_behind_tls(&self) -> bool {
        self.inner.behind_tls
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}

impl Default for Primero {
    fn default() -> Self {
        Self::new(PrimeroOptions::default())
    }
}
