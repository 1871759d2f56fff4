//! What the simulated systems saw: how many requests came, and how many of them changed something.
//!
//! The journal keeps methods, routes, status codes and durations. It never keeps a query, a header or a
//! body, so a request log can be shared without showing anybody's data.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// Put into a response's extensions by a handler whose request changed the simulated system.
///
/// A sign-in changes nothing that a record can be found in, so it never carries one.
#[derive(Clone, Copy, Debug)]
pub struct Effect;

/// The two simulated systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// The gate to `proGres`.
    Ping,
    /// The case management system.
    Primero,
}

/// What both systems saw since they started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Traffic {
    /// Requests to the simulated PING, its token endpoint included.
    pub ping: Counts,
    /// Requests to the simulated Primero, sign-ins included.
    pub primero: Counts,
}

/// Requests to one system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Counts {
    /// Every request, whatever became of it.
    pub requests: usize,
    /// Requests whose handler changed stored data, even where the answer was then lost on its way.
    pub effective_writes: usize,
    /// Requests by `METHOD route`; ids in the path are written `:id`, and a PING operation is named by its
    /// shipping process after a `#`.
    pub by_route: BTreeMap<String, usize>,
}

/// Counts the requests of one system and, where asked, writes a line about each.
#[derive(Default)]
pub(crate) struct Journal {
    counts: Mutex<Counts>,
    span: Mutex<Option<Span>>,
    log: Mutex<Option<RequestLog>>,
}

/// When the first request of a system came, and when the last one was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: Instant,
    pub(crate) last: Instant,
}

impl Span {
    /// The time that covers both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// Where request lines go.
pub type RequestLog = Box<dyn Write + Send>;

/// One answered (or abandoned) request.
pub(crate) struct Entry<'a> {
    pub(crate) system: System,
    pub(crate) route: &'a str,
    /// Absent where the connection was cut instead of an answer.
    pub(crate) status: Option<u16>,
    pub(crate) duration: Duration,
    pub(crate) changed: bool,
}

impl Journal {
    pub(crate) fn logging_to(log: Option<RequestLog>) -> Self {
        Self {
            counts: Mutex::default(),
            span: Mutex::default(),
            log: Mutex::new(log),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        locked(&self.counts).clone()
    }

    pub(crate) fn span(&self) -> Option<Span> {
        *locked(&self.span)
    }

    /// A request that was noted before had its effect only now.
    pub(crate) fn note_effect(&self) {
        locked(&self.counts).effective_writes += 1;
    }

    /// Counts from zero.
    pub(crate) fn forget(&self) {
        *locked(&self.counts) = Counts::default();
        *locked(&self.span) = None;
    }

    pub(crate) fn note(&self, entry: &Entry<'_>) {
        let last = Instant::now();
        let this = Span {
            first: last.checked_sub(entry.duration).unwrap_or(last),
            last,
        };
        {
            let mut span = locked(&self.span);
            *span = Some(span.map_or(this, |so_far| so_far.and(this)));
        }
        {
            let mut counts = locked(&self.counts);
            counts.requests += 1;
            counts.effective_writes += usize::from(entry.changed);
            *counts.by_route.entry(entry.route.to_owned()).or_default() += 1;
        }
        if let Some(log) = locked(&self.log).as_mut() {
            let (method, route) = entry.route.split_once(' ').unwrap_or(("", entry.route));
            let line = serde_json::json!({
                "system": entry.system,
                "method": method,
                "route": route,
                "status": entry.status,
                "duration_ms": u64::try_from(entry.duration.as_millis()).unwrap_or(u64::MAX),
                "changed": entry.changed,
            });
            // A reader who closed the pipe must not stop the simulated systems.
            let _ = writeln!(log, "{line}");
        }
    }
}

/// A panic in one handler must not hide what the others did, so a poisoned lock is still read.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
