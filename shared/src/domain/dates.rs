//! Calendar dates as the two systems write them.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use serde::{Serialize, Serializer};

/// Nobody who is registered was born before this year.
const FIRST_YEAR: i16 = 1900;
/// Nor is anybody older than this.
const OLDEST: i16 = 120;

/// A text that does not begin with a real calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a calendar date")]
pub struct InvalidDate;

/// Why a text names no calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDay {
    /// It does not begin with a real calendar date, or what follows is no time.
    #[error("not a calendar date")]
    NotADate,
    /// It is a moment, and no midnight where the office is, as far as that is known.
    #[error("not midnight in the office's time zone")]
    NotMidnight,
}

/// Why a day cannot be the day of a birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBirth {
    /// It is tomorrow: a child born tonight where the day has begun already. Time alone mends it.
    #[error("not begun yet")]
    Tomorrow,
    /// Later than that, or so long ago that it stands for no date at all.
    #[error("no date of birth")]
    Impossible,
}

/// The time zone of an office, by its IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeZone(TimeZone);

impl OfficeZone {
    fn date_of(&self, moment: Timestamp) -> Date {
        moment.to_zoned_datetime(self.0.clone()).date()
    }
}

impl FromStr for OfficeZone {
    type Err = InvalidZone;

    fn from_str(name: &str) -> Result<Self, InvalidZone> {
        let zone = TimeZone::get(name).map_err(|_| InvalidZone)?;
        let named = !zone.is_unknown() && zone.iana_name().is_some();
        named.then_some(Self(zone)).ok_or(InvalidZone)
    }
}

impl Serialize for OfficeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.iana_name().serialize(serializer)
    }
}

/// A text that names no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a time zone")]
pub struct InvalidZone;

/// The calendar day that a text names: a date, with or without midnight after it, or the instant of a midnight in `zone`.
///
/// An office's day may reach us as an instant: `2014-02-27T21:00:00Z` is the 28th where clocks are three hours ahead. Its date part
/// would be a day early, so a time that is no midnight is never cut off.
pub fn day(text: &str, zone: Option<&OfficeZone>) -> Result<Date, NoDay> {
    let date = date_part(text).map_err(|_| NoDay::NotADate)?;
    let written = Pieces::parse(text.trim()).map_err(|_| NoDay::NotADate)?;
    let time = written.time().unwrap_or(Time::midnight());
    if time == Time::midnight() {
        return Ok(date);
    }
    let offset = written.to_numeric_offset().unwrap_or(Offset::UTC);
    let moment = offset.to_timestamp(date.to_datetime(time));
    let moment = moment.map_err(|_| NoDay::NotADate)?;
    let zone = zone.ok_or(NoDay::NotMidnight)?;
    let there = moment.to_zoned_datetime(zone.0.clone());
    // Where clocks are put forward at midnight the day begins at one.
    let begins = there
        .start_of_day()
        .is_ok_and(|begin| begin.timestamp() == moment);
    if begins || there.time() == Time::midnight() {
        Ok(there.date())
    } else {
        Err(NoDay::NotMidnight)
    }
}

/// The day on which it is now: where the office is, in UTC where that is not known.
#[must_use]
pub fn today(now: Timestamp, zone: Option<&OfficeZone>) -> Date {
    zone.map_or_else(
        || now.to_zoned_datetime(TimeZone::UTC).date(),
        |zone| zone.date_of(now),
    )
}

/// Whether somebody can have been born on this day.
pub fn birth(day: Date, today: Date) -> Result<Date, NoBirth> {
    if today.tomorrow().is_ok_and(|tomorrow| day == tomorrow) {
        Err(NoBirth::Tomorrow)
    } else if day > today || day.year() < FIRST_YEAR || whole_years(day, today) > OLDEST {
        Err(NoBirth::Impossible)
    } else {
        Ok(day)
    }
}

/// The date part of `YYYY-MM-DD` or `YYYY-MM-DDThh:mm…`, whatever the time and zone.
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

    fn zone(name: &str) -> OfficeZone {
        name.parse().expect("a time zone")
    }

    #[test]
    fn a_day_is_a_date_or_midnight_whatever_the_zone_it_is_written_in() {
        let nairobi = zone("Africa/Nairobi");
        for text in [
            "2014-02-28",
            " 2014-02-28 ",
            "2014-02-28T00:00:00Z",
            "2014-02-28T00:00:00.000Z",
            "2014-02-28 00:00",
            "2014-02-28T00:00:00+03:00",
        ] {
            for zone in [None, Some(&nairobi)] {
                assert_eq!(day(text, zone), Ok(date(2014, 2, 28)), "{text} {zone:?}");
            }
        }
    }

    #[test]
    fn a_midnight_of_the_office_is_the_day_that_begins_there() {
        let nairobi = zone("Africa/Nairobi");
        for text in [
            "2014-02-27T21:00:00Z",
            "2014-02-27T21:00:00.000+00:00",
            "2014-02-27T22:00:00+01:00",
            "2014-02-27 21:00:00",
        ] {
            assert_eq!(day(text, Some(&nairobi)), Ok(date(2014, 2, 28)), "{text}");
            assert_eq!(day(text, None), Err(NoDay::NotMidnight), "{text}");
        }
        let bogota = zone("America/Bogota");
        assert_eq!(
            day("2014-02-28T05:00:00Z", Some(&bogota)),
            Ok(date(2014, 2, 28))
        );
    }

    #[test]
    fn a_time_that_is_no_midnight_is_never_cut_off() {
        let nairobi = zone("Africa/Nairobi");
        for text in [
            "2014-02-27T17:00:00Z",
            "2014-02-27T18:30:00Z",
            "2014-02-27T21:00:01Z",
            "2014-02-27T20:59:59.999Z",
            "2014-02-28 23:59:59",
        ] {
            assert_eq!(day(text, Some(&nairobi)), Err(NoDay::NotMidnight), "{text}");
        }
        for text in [
            "2014-02-30",
            "2014-02-28T25:00:00Z",
            "2014-02-28Tsoon",
            "soon",
        ] {
            assert_eq!(day(text, Some(&nairobi)), Err(NoDay::NotADate), "{text}");
        }
    }

    #[test]
    fn midnight_follows_the_clocks_of_that_day() {
        // Clocks go forward at midnight: the day begins at one.
        let cairo = zone("Africa/Cairo");
        let forward = day("2023-04-27T22:00:00Z", Some(&cairo));
        assert_eq!(forward, Ok(date(2023, 4, 28)));
        // Summer time is two hours ahead, winter time one.
        let paris = zone("Europe/Paris");
        assert_eq!(
            day("2014-06-30T22:00:00Z", Some(&paris)),
            Ok(date(2014, 7, 1))
        );
        assert_eq!(
            day("2014-12-31T22:00:00Z", Some(&paris)),
            Err(NoDay::NotMidnight)
        );
    }

    #[test]
    fn a_zone_is_named_as_the_tz_database_names_it() {
        assert_eq!(zone("africa/nairobi"), zone("Africa/Nairobi"));
        for name in ["", "EAT+3", "+03:00", "Africa/Gambella", "Etc/Unknown"] {
            assert_eq!(name.parse::<OfficeZone>(), Err(InvalidZone), "{name}");
        }
    }

    #[test]
    fn a_birth_is_neither_ahead_nor_older_than_anybody_is() {
        let today = date(2026, 11, 23);
        let on = |year, month, day| birth(date(year, month, day), today);
        assert_eq!(on(2026, 11, 23), Ok(today));
        assert_eq!(on(2026, 11, 24), Err(NoBirth::Tomorrow));
        assert_eq!(on(1906, 11, 23), Ok(date(1906, 11, 23)));
        for (year, month, day) in [(2026, 11, 25), (1905, 11, 23), (1899, 12, 31), (1, 1, 1)] {
            assert_eq!(on(year, month, day), Err(NoBirth::Impossible), "{year}");
        }
    }

    #[test]
    fn today_is_the_day_that_has_begun_at_the_office() {
        let now = "2026-11-23T22:00:00Z".parse().expect("a moment");
        assert_eq!(today(now, None), date(2026, 11, 23));
        let nairobi = zone("Africa/Nairobi");
        assert_eq!(today(now, Some(&nairobi)), date(2026, 11, 24));
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
