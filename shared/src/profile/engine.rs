//! Limits and retries of the engine.

use std::time::Duration;

use serde::Serialize;

use super::faults::ProfileProblem;
use super::section::{Read, Section};

const DEFAULT_FIRST_RUN_WRITES: i64 = 500;
const MAX_WRITES: i64 = 1_000_000;

/// `[limits]`, `[retry]` and `[confirm]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineSettings {
    /// Records delivered at the same time (`limits.concurrency`, 1 to 64). Default 8.
    pub concurrency: usize,
    /// Writes of one run, which bound the harm of a bad profile (`limits.max_writes_per_run`). Default 5,000.
    pub max_writes_per_run: usize,
    /// The same for the first run (`limits.first_run_writes`). Default 500, or [`Self::max_writes_per_run`] if smaller.
    pub first_run_writes: usize,
    /// How long after a write it is verified (`limits.verify_after_seconds`, 2 to 60). Default 2 s.
    pub verify_after: Duration,
    /// Pause after the first failed attempt (`retry.base_seconds`). Default 10 minutes.
    pub retry_base: Duration,
    /// Longest pause between attempts (`retry.cap_seconds`). Default 24 hours.
    pub retry_cap: Duration,
    /// Attempts over all runs before the record is held (`retry.attempts`, 1 to 100). Default 12.
    pub retry_attempts: u32,
    /// Pause before the destination is first asked for its final word, doubled each time (`confirm.after_seconds`, 1 to 60).
    /// Default 2 s.
    pub confirm_after: Duration,
    /// How often the run that sent a record asks (`confirm.checks`, 1 to 10). Later runs ask once each. Default 5.
    pub confirm_checks: u32,
    /// After how long without a final word a record is held (`confirm.overdue_days`, 1 to 90). Default 7 days.
    pub confirm_overdue: Duration,
}

pub(super) fn read(root: &Section<'_>) -> Read<EngineSettings> {
    let limits = root
        .section("limits")
        .and_then(|limits| read_limits(&limits));
    let retry = root.section("retry").and_then(|retry| read_retry(&retry));
    let (concurrency, max_writes_per_run, first_run_writes, verify_after) = limits?;
    let confirm = root
        .section("confirm")
        .and_then(|confirm| read_confirm(&confirm));
    let (retry_base, retry_cap, retry_attempts) = retry?;
    let (confirm_after, confirm_checks, confirm_overdue) = confirm?;
    Ok(EngineSettings {
        concurrency,
        max_writes_per_run,
        first_run_writes,
        verify_after,
        retry_base,
        retry_cap,
        retry_attempts,
        confirm_after,
        confirm_checks,
        confirm_overdue,
    })
}

fn read_limits(section: &Section<'_>) -> Read<(usize, usize, usize, Duration)> {
    let concurrency = section.integer("concurrency", 8, 1..=64);
    let max_writes: Read<u32> = section.integer("max_writes_per_run", 5000, 1..=MAX_WRITES);
    // A profile that only lowers the limit of a run means the first one as well.
    let first_default = DEFAULT_FIRST_RUN_WRITES.min(max_writes.map_or(MAX_WRITES, i64::from));
    let first_run: Read<u32> = section.integer("first_run_writes", first_default, 1..=MAX_WRITES);
    let verify_after = section.seconds("verify_after_seconds", 2, 2..=60);
    let (max_writes, first_run) = (max_writes?, first_run?);
    if first_run > max_writes {
        let other = format!("limits.max_writes_per_run ({max_writes})");
        let problem = ProfileProblem::AboveOther {
            found: first_run.into(),
            other,
        };
        return Err(section.fault("first_run_writes", problem));
    }
    let count = |writes: u32| usize::try_from(writes).expect("no smaller than 32 bits here");
    Ok((
        concurrency?,
        count(max_writes),
        count(first_run),
        verify_after?,
    ))
}

fn read_confirm(section: &Section<'_>) -> Read<(Duration, u32, Duration)> {
    let after = section.seconds("after_seconds", 2, 1..=60);
    let checks = section.integer("checks", 5, 1..=10);
    let days: Read<u32> = section.integer("overdue_days", 7, 1..=90);
    let day = Duration::from_hours(24);
    Ok((after?, checks?, day * days?))
}

fn read_retry(section: &Section<'_>) -> Read<(Duration, Duration, u32)> {
    let base: Read<u32> = section.integer("base_seconds", 600, 1..=86_400);
    let cap: Read<u32> = section.integer("cap_seconds", 86_400, 1..=2_592_000);
    let attempts = section.integer("attempts", 12, 1..=100);
    let (base, cap) = (base?, cap?);
    if base > cap {
        let other = format!("retry.cap_seconds ({cap})");
        let problem = ProfileProblem::AboveOther {
            found: base.into(),
            other,
        };
        return Err(section.fault("base_seconds", problem));
    }
    let pause = |seconds: u32| Duration::from_secs(seconds.into());
    Ok((pause(base), pause(cap), attempts?))
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
