//! From when on, and with how much overlap, a source is followed that tells its changes by time (1.2 and 2.1).

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::document::declared::document;
use crate::document::kinds::{Kind as _, moment, seconds};

document! {
    /// `[window]`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct WindowSettings {
        /// Where the first run begins, and before which no referral of Primero is sent (`start_from`).
        pub start_from: Timestamp = moment(),
        /// How far a run looks back behind the end of the one before (`overlap_seconds`, up to a day). Default 10 minutes.
        pub overlap at "overlap_seconds": Duration = seconds(0..=86_400).or(600),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;

    #[test]
    fn the_beginning_is_a_moment_however_it_is_written() {
        for literal in [
            "2026-01-31T03:00:00+03:00",
            "\"2026-01-31T03:00:00+03:00\"",
            "2026-01-31T00:00:00Z",
        ] {
            let window = minimal()
                .set("window", "start_from", literal)
                .profile()
                .window;
            assert_eq!(window.start_from.to_string(), "2026-01-31T00:00:00Z");
        }
    }

    #[test]
    fn a_beginning_without_its_offset_could_be_any_moment() {
        let expected = "a time with its offset, such as 2026-01-31T00:00:00Z";
        for text in ["2026-01-31", "2026-01-31T00:00:00"] {
            let faults = minimal().set("window", "start_from", text).faults();
            assert_eq!(
                faults,
                format!("window.start_from: {text:?} is not {expected}")
            );
        }
        let faults = minimal().without("window", "start_from").faults();
        assert_eq!(faults, "window.start_from: missing");
    }
}
