//! The simulated PING: the gate to `proGres`, strict about what it is sent.
//!
//! What is public about PING is answered as the spec and the samples say. What is not public is a guess, and
//! each guess is either a switch in [`PingOptions`] or named where it is made: refusals are HTTP 200 with an
//! `ErrorMessage`; an unknown key in a body, an unknown field name or an id that was never there refuses the
//! whole call; the next page is asked for by echoing `PagingCookie` and `PageNumber` + 1.

mod body;
mod check_status;
mod control;
mod ingestion;
mod options;
mod records;
mod retrieval;
mod rows;
mod sign_in;
mod state;
mod submission;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use jiff::Timestamp;
use uuid::Uuid;

pub use control::{Decision, InteropReferral};
pub use options::{ListShape, Nothing, PingOptions, ShippingProcesses, StatusShape};
pub use sign_in::SignIns;
pub use state::Received;

use crate::journal::locked;
use state::State;

/// The simulated PING and the `proGres` behind it; cheap to clone, all clones are one.
#[derive(Clone)]
pub struct Ping {
    options: Arc<PingOptions>,
    state: Arc<Mutex<State>>,
}

impl Ping {
    /// A PING without any record.
    #[must_use]
    pub fn new(options: PingOptions) -> Self {
        let state = Arc::new(Mutex::new(State::new(&options)));
        Self {
            options: Arc::new(options),
            state,
        }
    }

    /// The whole HTTP interface.
    pub fn router(&self) -> Router {
        let gate = from_fn_with_state(self.clone(), sign_in::gateway);
        Router::new()
            .route(
                "/primes/fetch/paging/v3/retrievedatawithpaging",
                post(retrieval::retrieve),
            )
            .route("/api/ingestion/v2/{partner}/data", post(ingestion::data))
            .route(
                "/api/ingestion/v2/{partner}/asyncdata",
                post(ingestion::async_data),
            )
            .route(
                "/primes/ingestion/checkstatus/v1/pingdata",
                post(check_status::check),
            )
            .route_layer(gate)
            .route(&self.options.token_path, post(sign_in::token))
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone())
    }

    /// How this PING is set up, credentials included.
    #[must_use]
    pub fn options(&self) -> &PingOptions {
        &self.options
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + self.state().clock_offset
    }

    fn new_id(&self) -> Uuid {
        state::random_id(&mut self.state().ids)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}
