//! What a workflow has asked of both systems.

use crate::domain::outcome::Calls;
use crate::primero::PrimeroClient;
use crate::progres::PingClient;

/// Requests sent so far.
pub fn calls(ping: &PingClient, primero: &PrimeroClient) -> Calls {
    Calls {
        ping: ping.calls(),
        primero: primero.calls(),
        state: 0,
    }
}

/// How many of them brought an error or no answer.
pub fn failed_calls(ping: &PingClient, primero: &PrimeroClient) -> Calls {
    Calls {
        ping: ping.failed_calls(),
        primero: primero.failed_calls(),
        state: 0,
    }
}
