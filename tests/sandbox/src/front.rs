//! What stands before a system: Primero's own nginx, with the limits of its `security.conf`.
//!
//! Everything here comes from one machine, so the limits for one client address are the limits for all.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::journal::locked;

/// What is let through. The default is everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FrontLimits {
    /// A request line of this many bytes or more is refused with 414.
    pub line_bytes: Option<usize>,
    /// A request that comes while so many others are under way is refused with 503.
    pub connections: Option<usize>,
    /// What comes faster than so many requests a second waits for its turn; while [`FrontLimits::BURST`] wait, more are refused with
    /// 503.
    pub requests_a_second: Option<u32>,
}

impl FrontLimits {
    /// Everything is let through.
    pub const NONE: Self = Self {
        line_bytes: None,
        connections: None,
        requests_a_second: None,
    };
    /// As Primero ships.
    pub const NGINX: Self = Self {
        line_bytes: Some(1024),
        connections: Some(20),
        requests_a_second: Some(50),
    };
    /// How many requests may wait for their turn.
    pub const BURST: u32 = 20;
}

/// The front of one system.
#[derive(Default)]
pub(crate) struct Front {
    limits: Mutex<FrontLimits>,
    under_way: Mutex<usize>,
    queue: Mutex<Queue>,
}

/// How far requests are ahead of their turn.
#[derive(Debug, Default)]
struct Queue {
    last: Option<Instant>,
    ahead: f64,
}

/// A request that is under way, until this is dropped.
pub(crate) struct UnderWay<'f>(&'f Front);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        *locked(&self.0.under_way) -= 1;
    }
}

impl Front {
    pub(crate) fn with(limits: FrontLimits) -> Self {
        Self {
            limits: Mutex::new(limits),
            ..Self::default()
        }
    }

    pub(crate) fn limit(&self, limits: FrontLimits) {
        *locked(&self.limits) = limits;
    }

    /// Lets a request in when its turn comes, or refuses it.
    pub(crate) async fn admit(&self, request: &Parts) -> Result<UnderWay<'_>, Response> {
        let limits = *locked(&self.limits);
        if limits
            .line_bytes
            .is_some_and(|limit| line_bytes(request) >= limit)
        {
            return Err(page(StatusCode::URI_TOO_LONG));
        }
        let busy = || page(StatusCode::SERVICE_UNAVAILABLE);
        let pass = self.enter(limits.connections).ok_or_else(busy)?;
        if let Some(rate) = limits.requests_a_second {
            let wait = locked(&self.queue).turn(rate, Instant::now());
            tokio::time::sleep(wait.ok_or_else(busy)?).await;
        }
        Ok(pass)
    }

    fn enter(&self, connections: Option<usize>) -> Option<UnderWay<'_>> {
        let mut under_way = locked(&self.under_way);
        if connections.is_some_and(|limit| *under_way >= limit) {
            return None;
        }
        *under_way += 1;
        Some(UnderWay(self))
    }
}

impl Queue {
    /// How long a request of this moment waits; none where too many wait already.
    fn turn(&mut self, a_second: u32, now: Instant) -> Option<Duration> {
        let rate = f64::from(a_second);
        let ahead = self.last.map_or(0.0, |last| {
            let passed = now.saturating_duration_since(last).as_secs_f64();
            (self.ahead - passed * rate + 1.0).max(0.0)
        });
        if ahead > f64::from(FrontLimits::BURST) {
            return None;
        }
        (self.last, self.ahead) = (Some(now), ahead);
        Some(Duration::from_secs_f64(ahead / rate))
    }
}

/// `GET /path?query HTTP/1.1`, as it was sent.
fn line_bytes(request: &Parts) -> usize {
    let target = request
        .uri
        .path_and_query()
        .map_or(1, |target| target.as_str().len());
    request.method.as_str().len() + target + " ".len() + " HTTP/1.1".len()
}

/// What nginx itself answers: a page for people.
fn page(status: StatusCode) -> Response {
    let body = format!("<html>\r\n<head><title>{status}</title></head>\r\n</html>\r\n");
    (status, [(header::CONTENT_TYPE, "text/html")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_too_fast_waits_for_its_turn_and_is_refused_when_too_many_wait() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let waits: Vec<_> = (0..21).filter_map(|_| queue.turn(50, now)).collect();
        let expected: Vec<_> = (0..21).map(|n| Duration::from_millis(20 * n)).collect();
        assert_eq!(waits, expected);
        assert_eq!(queue.turn(50, now), None);
        let later = now + Duration::from_millis(40);
        assert_eq!(queue.turn(50, later), Some(Duration::from_millis(380)));
        assert_eq!(
            queue.turn(50, now + Duration::from_mins(1)),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn the_twenty_first_at_once_is_refused_until_one_is_answered() {
        let front = Front::default();
        let mut under_way: Vec<_> = (0..20).filter_map(|_| front.enter(Some(20))).collect();
        assert_eq!(under_way.len(), 20);
        assert!(front.enter(Some(20)).is_none());
        under_way.pop();
        assert!(front.enter(Some(20)).is_some());
    }
}
