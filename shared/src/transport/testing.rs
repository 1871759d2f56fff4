//! What the tests of the gates share: a run's conditions in bent time.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{AnyTry, Conditions, Limits};
use crate::clock::{VirtualClock, later};
use crate::deadline::Deadline;
use crate::entropy::Entropy;

/// When every test's run begins.
pub const START: Timestamp = Timestamp::constant(1_795_428_000, 0);

/// A run of `seconds` that began just now, with a clock that only waiting moves. Its reserve is min(20 s, a quarter).
pub fn run_of(seconds: u64) -> (Arc<VirtualClock>, Conditions) {
    let clock = Arc::new(VirtualClock::at(START));
    let conditions = Conditions {
        clock: Arc::<VirtualClock>::clone(&clock),
        entropy: Arc::new(Entropy::from_seed(1)),
        deadline: Deadline::new(START, later(START, Duration::from_secs(seconds))),
        sign_ins: Arc::new(AnyTry),
    };
    (clock, conditions)
}

/// Limits that no honest answer of a test reaches.
pub const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(30),
    max_body_bytes: 1024 * 1024,
};
