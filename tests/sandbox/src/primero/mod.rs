//! A simulated Primero (case management of child protection), release 2.16 unless asked otherwise.
//!
//! It answers as the recordings of a real server show, with their oddities. Where a client must
//! not rely on something, neither may this server be kinder than the real one: unknown fields and
//! filters are dropped in silence, two `PATCH` requests for one case overwrite each other, a look-up by ids
//! of which one is malformed finds nothing.

mod access;
mod call;
mod cases;
mod control;
mod error_body;
mod filters;
mod forms;
mod life;
mod listing;
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
    clock: Clock,
    saves: SaveGate,
    meanwhile: Meanwhile,
    release: ReleaseLine,
    behind_tls: bool,
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
        }
    }
}

/// Releases that differ in what an exchange notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReleaseLine {
    /// 2.10 and before: sign-in by token (JWT) only; unknown options are stored.
    Older,
    /// 2.14: Basic or session; unknown options are stored.
    A,
    /// The 2.16 line: Basic or session; unknown options are refused.
    #[default]
    B,
}

impl ReleaseLine {
    fn checks_options(self) -> bool {
        self == Self::B
    }
}

impl Primero {
    /// An empty server.
    #[must_use]
    pub fn new(options: PrimeroOptions) -> Self {
        let inner = Inner {
            state: Mutex::new(State::new(options.users, options.seed)),
            forms: Forms::new(options.forms),
            clock: Clock::default(),
            saves: SaveGate::new(options.save_delay),
            meanwhile: Meanwhile::default(),
            release: options.release,
            behind_tls: options.behind_tls,
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

    fn saves(&self) -> &SaveGate {
        &self.inner.saves
    }

    pub(crate) fn release(&self) -> ReleaseLine {
        self.inner.release
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
