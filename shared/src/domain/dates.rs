//! Calendar dates as the two systems write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A text that does not begin with a real calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a calendar date")]
pub struct InvalidDate;

/// The date part of `YYYY-MM-DD` or `YYYY-MM-DDThh:mm…`, whatever the time and zone: proGres stores dates as midnights.
pub fn date_part(text: &str) -> Result<Date, InvalidDate> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10).ok_or(InvalidDate)?;
    let shaped = date.bytes().enumerate().all(|(i, byte)| match i {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if !shaped || !(rest.is_empty() || rest.starts_with(['T', 't', ' '])) {
        return Err(InvalidDate);
    }
    date.parse().map_err(|_| InvalidDate)
}

/// The instant of a date with or without a time: midnight where there is none, in UTC where no zone is named.
pub fn instant(text: &str) -> Result<Timestamp, InvalidDate> {
    date_part(text)?;
    let text = text.trim();
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let in_utc: DateTime = text.parse().map_err(|_| InvalidDate)?;
    let moment = in_utc.to_zoned_datetime(TimeZone::UTC);
    moment
        .map(|moment| moment.timestamp())
        .map_err(|_| InvalidDate)
}

/// Whole years from `birth` to `today`, by the calendar: a child born on 29 February turns a year older on 1 March of a common
/// year. Negative for a birth in the future.
#[must_use]
pub fn whole_years(birth: Date, today: Date) -> i16 {
    let before_birthday = (today.month(), today.day()) < (birth.month(), birth.day());
    today.year() - birth.year() - i16::from(before_birthday)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_date_part_ignores_time_and_zone() {
        for text in [
            "2014-02-28",
            "2014-02-28T00:00:00Z",
            " 2014-02-28 23:59:59 ",
            "2014-02-28T22:00:00-05:00",
        ] {
            assert_eq!(date_part(text), Ok(date(2014, 2, 28)), "{text}");
        }
    }

    #[test]
    fn what_is_no_calendar_date_is_refused() {
        for text in [
            "",
            "2014-02-30",
            "2014-13-01",
            "28/02/2014",
            "2014-2-28",
            "20140228",
            "2014-02-28x",
            "２０14-02-2",
        ] {
            assert_eq!(date_part(text), Err(InvalidDate), "{text}");
        }
    }

    #[test]
    fn an_instant_keeps_its_time_and_what_is_not_said_is_midnight_in_utc() {
        let same = |text, other: &str| {
            assert_eq!(
                instant(text),
                Ok(other.parse().expect("an instant")),
                "{text}"
            );
        };
        same("2026-11-03", "2026-11-03T00:00:00Z");
        same("2026-11-03T08:15:00Z", "2026-11-03T08:15:00Z");
        same("2026-11-03T08:15:00+03:00", "2026-11-03T05:15:00Z");
        same("2026-11-03T00:00:00", "2026-11-03T00:00:00Z");
        same("2026-11-03 08:15", "2026-11-03T08:15:00Z");
        for text in [
            "2026-11-03T25:00:00",
            "2026-11-03T08:15 or so",
            "2026-02-30",
            "soon",
        ] {
            assert_eq!(instant(text), Err(InvalidDate), "{text}");
        }
    }

    #[test]
    fn age_follows_the_calendar() {
        assert_eq!(whole_years(date(2014, 2, 28), date(2026, 2, 27)), 11);
        assert_eq!(whole_years(date(2014, 2, 28), date(2026, 2, 28)), 12);
        assert_eq!(whole_years(date(2012, 2, 29), date(2025, 2, 28)), 12);
        assert_eq!(whole_years(date(2012, 2, 29), date(2025, 3, 1)), 13);
        assert_eq!(whole_years(date(2026, 3, 2), date(2026, 3, 1)), -1);
    }
}
