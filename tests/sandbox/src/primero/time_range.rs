//! `FROM..TO` of times, compared in whole seconds.

use super::error_body::Refusal;
use super::moment::{read_date, read_instant};
use jiff::Timestamp;

/// Both ends belong to the range; no `to` means open to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeRange {
    from: i64,
    to: Option<i64>,
}

impl TimeRange {
    pub(super) fn contains(self, at: Timestamp) -> bool {
        let second = whole_second(at);
        self.from <= second && self.to.is_none_or(|to| second <= to)
    }
}

/// Reads a range or a single moment. `None`: nothing the server understands as a time, also when
/// the left end is open. A right end that is no time makes the server fail.
pub(super) fn read_range(text: &str) -> Result<Option<TimeRange>, Refusal> {
    let Some((from, to)) = text.split_once("..") else {
        return Ok(first_second(text).map(|at| TimeRange {
            from: at,
            to: Some(at),
        }));
    };
    let Some(from) = first_second(from) else {
        return Ok(None);
    };
    if to.is_empty() {
        return Ok(Some(TimeRange { from, to: None }));
    }
    let to = last_second(to).ok_or_else(|| {
        Refusal::ServerError("undefined method `iso8601' for an instance of String".to_owned())
    })?;
    Ok(Some(TimeRange { from, to: Some(to) }))
}

fn first_second(text: &str) -> Option<i64> {
    match read_date(text) {
        Some(_) => read_instant(&format!("{text}T00:00:00Z")).map(whole_second),
        None => read_instant(text).map(whole_second),
    }
}

/// A date as the right end takes its whole day in.
fn last_second(text: &str) -> Option<i64> {
    match read_date(text) {
        Some(_) => read_instant(&format!("{text}T23:59:59Z")).map(whole_second),
        None => read_instant(text).map(whole_second),
    }
}

fn whole_second(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Option<TimeRange> {
        read_range(text).unwrap()
    }

    #[test]
    fn milliseconds_play_no_part() {
        let at = read_instant("2026-01-01T10:00:04.227Z").unwrap();

        assert!(range("2026-01-01T10:00:04.999Z..").unwrap().contains(at));
        assert!(
            range("2020-01-01T00:00:00Z..2026-01-01T10:00:04Z")
                .unwrap()
                .contains(at)
        );
        assert!(!range("2026-01-01T10:00:05.000Z..").unwrap().contains(at));
    }

    #[test]
    fn open_to_the_left_is_no_range() {
        assert_eq!(range("..2030-01-01T00:00:00Z"), None);
    }

    #[test]
    fn an_unreadable_right_end_fails() {
        assert!(read_range("2030-01-01T00:00:00Z..null").is_err());
    }
}
