//! Logs: JSON lines on standard error, from our own code only.
//!
//! Dependencies may print addresses and bodies at their lower levels, and those hold personal data. They are capped here, in code,
//! so that no environment variable can widen them.

use std::io;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// The variable that sets the level of our own lines; `info` if it is unset or unreadable.
pub const LEVEL_VARIABLE: &str = "LOG_LEVEL";

/// Our own code, by crate.
const OWN: [&str; 6] = [
    "referral_bridge",
    "bridge",
    "referrals_to_primero",
    "decisions_to_progres",
    "referrals_to_progres",
    "decisions_to_primero",
];

/// Starts logging for the process, at the level the environment asks for, and keeps panic messages out of the log: they may quote
/// a value.
pub fn start() {
    start_at(Level::INFO);
}

/// The same for a command that tells people what it found: unless the environment asks for more, only errors are logged.
pub fn start_quietly() {
    start_at(Level::ERROR);
}

fn start_at(by_default: Level) {
    let level = std::env::var(LEVEL_VARIABLE)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(by_default);
    // A second start in one process changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber(level, io::stderr));
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
}

/// What [`start`] installs, writing to `lines`.
pub fn subscriber<W>(level: Level, lines: W) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let format = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        // Where nobody reads standard error any more, that is no reason to panic inside a record.
        .log_internal_errors(false)
        .with_writer(lines);
    let own = OWN.map(|target| (target, LevelFilter::from_level(level)));
    tracing_subscriber::registry()
        .with(Targets::new().with_targets(own))
        .with(format)
}
