//! Limits and pauses of the engine.

use std::time::Duration;

use serde::Serialize;

use crate::document::declared::{Schema, document};
use crate::document::kinds::{Field, Kind as _, days, integer, seconds};
use crate::document::section::Section;
use crate::document::{Node, Problem};

const MAX_WRITES: i64 = 1_000_000;

document! {
    /// `[limits]`, `[retry]` and `[confirm]`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct EngineSettings {
        /// Records delivered at the same time (`limits.concurrency`, 1 to 64). Default 8.
        pub concurrency at "limits.concurrency": usize = integer(1..=64).or(8),
        /// Writes of one run, which bound the harm of a bad profile (`limits.max_writes_per_run`). Default 5,000.
        pub max_writes_per_run at "limits.max_writes_per_run": usize = integer(1..=MAX_WRITES).or(5000),
        /// The same for the first run (`limits.first_run_writes`). Default 500, or [`Self::max_writes_per_run`] if smaller.
        pub first_run_writes at "limits.first_run_writes": usize = FIRST_RUN,
        /// How long after a write it is verified (`limits.verify_after_seconds`, 2 to 60). Default 2 s.
        pub verify_after at "limits.verify_after_seconds": Duration = seconds(2..=60).or(2),
        /// Pause after the first failed attempt (`retry.base_seconds`). Default 10 minutes.
        pub retry_base at "retry.base_seconds": Duration = FIRST_PAUSE,
        /// Longest pause between attempts (`retry.cap_seconds`). Default 24 hours.
        pub retry_cap at "retry.cap_seconds": Duration = seconds(1..=2_592_000).or(86_400),
        /// Attempts over all runs before the record is held (`retry.attempts`, 1 to 100). Default 12.
        pub retry_attempts at "retry.attempts": u32 = integer(1..=100).or(12),
        /// Pause before the destination is first asked for its final word, doubled each time (`confirm.after_seconds`, 1 to 60).
        /// Default 2 s.
        pub confirm_after at "confirm.after_seconds": Duration = seconds(1..=60).or(2),
        /// How often the run that sent a record asks (`confirm.checks`, 1 to 10). Later runs ask once each. Default 5.
        pub confirm_checks at "confirm.checks": u32 = integer(1..=10).or(5),
        /// After how long without a final word a record is held (`confirm.overdue_days`, 1 to 90). Default 7 days.
        pub confirm_overdue at "confirm.overdue_days": Duration = days(1..=90).or(7),
    }
}

/// A number that is not larger than that of another key.
struct NotAbove<T> {
    most: i64,
    default: i64,
    other: (&'static str, i64),
    /// Whether a default that is larger gives way: a profile that only lowers the limit of a run means the first one as well.
    gives_way: bool,
    make: fn(i64) -> T,
}

const FIRST_RUN: NotAbove<usize> = NotAbove {
    most: MAX_WRITES,
    default: 500,
    other: ("limits.max_writes_per_run", 5000),
    gives_way: true,
    make: |writes| usize::try_from(writes).unwrap_or(usize::MAX),
};

const FIRST_PAUSE: NotAbove<Duration> = NotAbove {
    most: 86_400,
    default: 600,
    other: ("retry.cap_seconds", 86_400),
    gives_way: false,
    make: |seconds| Duration::from_secs(seconds.unsigned_abs()),
};

impl<T> Field for NotAbove<T> {
    type Value = T;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<T> {
        let (other, other_default) = self.other;
        let limit = match section.slot(other).node {
            Some(Node::Integer(limit)) => (*limit).max(1),
            _ => other_default,
        };
        let most = if self.gives_way { limit } else { i64::MAX };
        let default = self.default.min(most);
        let found: i64 = integer(1..=self.most).or(default).read(section, key)?;
        if found > limit {
            let problem = format!("{found} is above {other} ({limit})");
            return section.slot(key).fault(Problem::Quoting(problem));
        }
        Some((self.make)(found))
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        let number = integer::<i64>(1..=self.most).or(self.default);
        number.describe(schema, key, about);
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;

    #[test]
    fn a_lower_limit_of_a_run_lowers_the_first_run_as_well() {
        let engine = minimal()
            .set("limits", "max_writes_per_run", "100")
            .profile()
            .engine;
        assert_eq!(
            (engine.max_writes_per_run, engine.first_run_writes),
            (100, 100)
        );
    }

    #[test]
    fn the_first_run_and_the_first_pause_are_not_the_larger_ones() {
        let faults = minimal()
            .set("limits", "max_writes_per_run", "100")
            .set("limits", "first_run_writes", "101")
            .set("retry", "base_seconds", "61")
            .set("retry", "cap_seconds", "60")
            .faults();
        assert_eq!(
            faults,
            "limits.first_run_writes: 101 is above limits.max_writes_per_run (100)\n\
             retry.base_seconds: 61 is above retry.cap_seconds (60)"
        );
    }
}
