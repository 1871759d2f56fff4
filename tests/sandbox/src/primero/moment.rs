//! Dates and times as Primero reads and writes them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// The server's clock: the machine's, moved by an offset, or stopped at one instant.
#[derive(Debug, Default)]
pub(super) struct Clock {
    setting: Mutex<Setting>,
}

#[derive(Clone, Copy, Debug)]
enum Setting {
    Offset(SignedDuration),
    Stopped(Timestamp),
}

impl Default for Setting {
    fn default() -> Self {
        Self::Offset(SignedDuration::ZERO)
    }
}

impl Clock {
    pub(super) fn now(&self) -> Timestamp {
        match *self.setting.lock().unwrap_or_else(PoisonError::into_inner) {
            Setting::Offset(offset) => Timestamp::now()
                .saturating_add(offset)
                .unwrap_or(Timestamp::MAX),
            Setting::Stopped(at) => at,
        }
    }

    pub(super) fn offset_by(&self, offset: SignedDuration) {
        self.set(Setting::Offset(offset));
    }

    pub(super) fn stop_at(&self, at: Timestamp) {
        self.set(Setting::Stopped(at));
    }

    fn set(&self, setting: Setting) {
        *self.setting.lock().unwrap_or_else(PoisonError::into_inner) = setting;
    }
}

/// `2026-01-02T03:04:05.678Z`, the only way Primero writes an instant.
pub(super) fn instant_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `2026-01-02`, in UTC.
pub(super) fn date_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// `Mon, 02 Jan 2026 03:04:05 GMT`, for the `Date` header.
pub(super) fn header_text(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A calendar date that exists, in the form `2026-01-02` and no other.
pub(super) fn read_date(text: &str) -> Option<Date> {
    has_shape(text, "dddd-dd-dd")
        .then(|| text.parse().ok())
        .flatten()
}

/// An instant with seconds. Primero takes a `T` or a blank between date and time, any fraction of a
/// second, and a zone (`Z`, `+02:00`); without a zone it means UTC. It refuses a time without seconds.
pub(super) fn read_instant(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix(['T', ' '])?;
    let (time, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, "Z"),
    };
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let zone_is_known = zone == "Z" || has_shape(&zone[1..], "dd:dd");
    let fraction_is_digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    if !has_shape(seconds, "dd:dd:dd") || !zone_is_known || !fraction_is_digits {
        return None;
    }
    let local: DateTime = format!("{}T{time}", read_date(date)?).parse().ok()?;
    if zone == "Z" {
        return local
            .to_zoned_datetime(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp());
    }
    format!("{local}{zone}").parse().ok()
}

fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                _ => byte == wanted,
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_needs_seconds_and_a_plus_that_was_not_lost() {
        assert!(read_instant("2030-01-01T00:00:00Z").is_some());
        assert!(read_instant("2030-01-01 00:00:00").is_some());
        assert!(read_instant("2030-01-01T00:00Z").is_none());
        assert!(read_instant("2030-01-01T00:00:00 00:00").is_none());
    }

    #[test]
    fn an_instant_is_written_in_utc_with_milliseconds() {
        let at = read_instant("2024-02-01T10:00:00.123456+02:00").unwrap();

        assert_eq!(instant_text(at), "2024-02-01T08:00:00.123Z");
    }

    #[test]
    fn a_day_that_no_calendar_has_is_no_date() {
        assert!(read_date("2015-02-31").is_none());
        assert!(read_date("2015-02-28").is_some());
    }
}
