//! Faults of one record, collected so that a person can mend it in one go.

use jiff::civil::Date;

use crate::domain::dates::{self, NoBirth, NoDay, OfficeZone};
use crate::domain::reason::Reason;
use crate::engine::Fault;

/// The profile's key that says where an office's midnights are.
const TIME_ZONE: &str = "progres.time_zone";

/// What was found wrong with a record so far: why, and which field.
#[derive(Debug, Default)]
pub struct Faults {
    noted: Vec<(Reason, String)>,
    /// What time alone mends.
    passing: Option<(Reason, String)>,
}

impl Faults {
    /// Passes a value on; notes a fault of this field if there is none.
    pub fn noted<T>(&mut self, value: Option<T>, reason: Reason, field: &str) -> Option<T> {
        if value.is_none() {
            self.note(reason, field);
        }
        value
    }

    /// Notes a fault of a field, once.
    pub fn note(&mut self, reason: Reason, field: &str) {
        let fault = (reason, field.to_owned());
        if !self.noted.contains(&fault) {
            self.noted.push(fault);
        }
    }

    /// The day that a text names. Where it is a moment, the key is named that could make a day of it.
    pub fn day(&mut self, text: &str, zone: Option<&OfficeZone>, field: &str) -> Option<Date> {
        let day = dates::day(text, zone);
        if day.is_err() {
            self.note(Reason::InvalidDate, field);
        }
        if day == Err(NoDay::NotMidnight) {
            self.note(Reason::InvalidDate, TIME_ZONE);
        }
        day.ok()
    }

    /// The day of a birth. A child born tonight where the day has begun already waits for tomorrow.
    pub fn birth(
        &mut self,
        text: &str,
        zone: Option<&OfficeZone>,
        today: Date,
        field: &str,
    ) -> Option<Date> {
        match dates::birth(self.day(text, zone, field)?, today) {
            Ok(day) => Some(day),
            Err(NoBirth::Tomorrow) => {
                self.passing = Some((Reason::InvalidDate, field.to_owned()));
                None
            }
            Err(NoBirth::Impossible) => self.noted(None, Reason::InvalidDate, field),
        }
    }

    /// What was read, if it was read without fault. The first kind of fault gives the reason, missing fields before all others; the
    /// fields of every kind are named. Where all that is wrong passes by itself the record is tried again.
    pub fn finish<T>(mut self, read: Option<T>) -> Result<T, Fault> {
        self.noted.sort_by_key(|(reason, _)| *reason);
        match (read, self.noted.first(), self.passing) {
            (Some(read), None, None) => Ok(read),
            (_, None, Some((reason, field))) => Err(Fault {
                fields: vec![field],
                ..Fault::retry(reason)
            }),
            (_, first, _) => {
                let reason = first.map_or(Reason::InternalError, |(reason, _)| *reason);
                let fields = self.noted.into_iter().map(|(_, field)| field);
                Err(Fault::hold(reason, fields.collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 23);

    fn born(text: &str) -> Faults {
        let mut faults = Faults::default();
        assert_eq!(faults.birth(text, None, TODAY, "born"), None, "{text}");
        faults
    }

    fn held(faults: Faults) -> Fault {
        faults.finish(None::<()>).expect_err("a fault")
    }

    #[test]
    fn a_moment_names_the_key_that_could_make_a_day_of_it() {
        let fields = vec!["born".to_owned(), "progres.time_zone".to_owned()];
        let expected = Fault::hold(Reason::InvalidDate, fields);
        assert_eq!(held(born("2014-02-27T21:00:00Z")), expected);
        let plain = Fault::hold(Reason::InvalidDate, vec!["born".to_owned()]);
        assert_eq!(held(born("2014-02-30")), plain);
        assert_eq!(held(born("1753-01-01")), plain);
    }

    #[test]
    fn a_child_born_tonight_is_tried_again_unless_something_else_is_wrong() {
        let tonight = held(born("2026-11-24"));
        let expected = Fault {
            fields: vec!["born".to_owned()],
            ..Fault::retry(Reason::InvalidDate)
        };
        assert_eq!(tonight, expected);
        let mut more = born("2026-11-24");
        more.note(Reason::UnknownCode, "sex");
        let expected = Fault::hold(Reason::UnknownCode, vec!["sex".to_owned()]);
        assert_eq!(held(more), expected);
        let in_two_days = Fault::hold(Reason::InvalidDate, vec!["born".to_owned()]);
        assert_eq!(held(born("2026-11-25")), in_two_days);
    }
}
