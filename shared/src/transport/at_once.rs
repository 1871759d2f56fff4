//! How many calls a system gets at the same time: few at first, more as long as its answers stay near their best.
//!
//! Primero's own gateway takes 20 connections from one address, and a small server answers no faster beyond a few. So a run
//! begins with 2 at once and doubles after every round of answers that were about as quick as the best of their routes, up to 16.
//! A round that was slower shows what the server bears: the run goes back to half of that and stays there. A refusal for being
//! busy halves as well, but that may pass, and the run doubles again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Calls at once when a run begins, and whatever comes.
const LEAST: usize = 2;
/// Calls at once at most: what is left of 20 connections is for the other workflows.
const MOST: usize = 16;
/// How much slower than the best of its route an answer may be and still be near it.
const NEAR: f64 = 1.5;
/// Differences below this say nothing of the load.
const NOISE: Duration = Duration::from_millis(50);

/// The bound of one client.
#[derive(Debug)]
pub struct AtOnce {
    places: Semaphore,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    limit: usize,
    /// No more than this for the rest of the run.
    ceiling: usize,
    /// Places to be taken away as soon as they are free.
    owed: usize,
    /// The quickest answer of each route.
    best: HashMap<&'static str, Duration>,
    /// Answers of this round, and how many of them were near the best of their routes.
    answers: usize,
    near: usize,
}

/// How a call went, as far as it tells of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// It was answered after this time.
    Answered(Duration),
    /// The system was too busy, or gave no answer in time.
    TooBusy,
    /// It never arrived.
    Nowhere,
}

/// The right to one call; given back when it is dropped.
pub struct Place<'a> {
    bound: &'a AtOnce,
    permit: Option<SemaphorePermit<'a>>,
}

impl Default for AtOnce {
    fn default() -> Self {
        Self {
            places: Semaphore::new(LEAST),
            pace: Mutex::new(Pace {
                limit: LEAST,
                ceiling: MOST,
                owed: 0,
                best: HashMap::new(),
                answers: 0,
                near: 0,
            }),
        }
    }
}

impl AtOnce {
    /// Waits for the right to one call.
    pub async fn place(&self) -> Place<'_> {
        let permit = self.places.acquire().await;
        Place {
            bound: self,
            permit: permit.ok(),
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().expect("no holder of this lock panics")
    }
}

impl Place<'_> {
    /// Says how the call went.
    pub fn went(&self, route: &'static str, went: Went) {
        let mut pace = self.bound.pace();
        let before = pace.limit;
        pace.note(route, went);
        let after = pace.limit;
        if after >= before {
            let more = after - before;
            let kept = more.min(pace.owed);
            pace.owed -= kept;
            self.bound.places.add_permits(more - kept);
        } else {
            let fewer = before - after;
            pace.owed += fewer - self.bound.places.forget_permits(fewer);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut pace = self.bound.pace();
        if pace.owed > 0
            && let Some(permit) = self.permit.take()
        {
            pace.owed -= 1;
            permit.forget();
        }
    }
}

impl Pace {
    fn note(&mut self, route: &'static str, went: Went) {
        match went {
            Went::Answered(took) => self.answered(route, took),
            Went::TooBusy => self.begin_round((self.limit / 2).max(LEAST)),
            Went::Nowhere => {}
        }
    }

    fn answered(&mut self, route: &'static str, took: Duration) {
        let best = self.best.entry(route).or_insert(took);
        *best = took.min(*best);
        self.answers += 1;
        self.near += usize::from(took <= best.mul_f64(NEAR) + NOISE);
        if self.answers < self.limit {
            return;
        }
        if self.near * 2 > self.answers {
            self.begin_round((self.limit * 2).min(self.ceiling));
        } else {
            self.ceiling = (self.limit / 2).max(LEAST);
            self.begin_round(self.ceiling);
        }
    }

    const fn begin_round(&mut self, limit: usize) {
        self.limit = limit;
        self.answers = 0;
        self.near = 0;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use jiff::Timestamp;

    use super::*;
    use crate::clock::{Clock as _, VirtualClock, until};

    const ROUTE: &str = "look up cases";

    /// A server that takes `capacity` calls side by side without getting slower, in a time that only it moves.
    struct Server {
        clock: VirtualClock,
        capacity: usize,
        most_at_once: usize,
    }

    impl Server {
        fn of(capacity: usize) -> Self {
            Self {
                clock: VirtualClock::at(Timestamp::UNIX_EPOCH),
                capacity,
                most_at_once: 0,
            }
        }

        /// All calls that the bound lets in at once; how many those were.
        fn round(&mut self, bound: &AtOnce) -> usize {
            let places: Vec<Place<'_>> =
                std::iter::from_fn(|| bound.place().now_or_never()).collect();
            let at_once = places.len();
            self.most_at_once = self.most_at_once.max(at_once);
            let began = self.clock.now();
            let share = u32::try_from(at_once.div_ceil(self.capacity)).expect("a small number");
            self.clock.advance(Duration::from_millis(400) * share);
            for place in places {
                place.went(ROUTE, Went::Answered(until(began, self.clock.now())));
            }
            at_once
        }
    }

    #[test]
    fn calls_at_once_double_from_two_to_sixteen_while_answers_stay_quick() {
        let (bound, mut server) = (AtOnce::default(), Server::of(100));
        let rounds: Vec<usize> = (0..6).map(|_| server.round(&bound)).collect();
        assert_eq!(rounds, [2, 4, 8, 16, 16, 16]);
    }

    #[test]
    fn a_small_server_is_left_at_what_it_bears() {
        let (bound, mut server) = (AtOnce::default(), Server::of(4));
        let rounds: Vec<usize> = (0..7).map(|_| server.round(&bound)).collect();
        assert_eq!(rounds, [2, 4, 8, 4, 4, 4, 4]);
    }

    #[test]
    fn a_busy_server_gets_half_and_later_more_again() {
        let (bound, mut server) = (AtOnce::default(), Server::of(100));
        while server.round(&bound) < 8 {}
        let places: Vec<Place<'_>> = std::iter::from_fn(|| bound.place().now_or_never()).collect();
        assert_eq!(places.len(), 16);
        places[0].went(ROUTE, Went::TooBusy);
        drop(places);
        let rounds: Vec<usize> = (0..2).map(|_| server.round(&bound)).collect();
        assert_eq!(rounds, [8, 16]);
    }

    #[test]
    fn whatever_happens_two_are_let_in_and_never_more_than_sixteen() {
        let (bound, mut server) = (AtOnce::default(), Server::of(1));
        for n in 0..50 {
            let held: Vec<Place<'_>> =
                std::iter::from_fn(|| bound.place().now_or_never()).collect();
            assert!((2..=16).contains(&held.len()), "{n}: {}", held.len());
            let went = match n % 5 {
                0 => Went::TooBusy,
                1 => Went::Nowhere,
                n => Went::Answered(Duration::from_millis(n * 70)),
            };
            held.last().expect("two at least").went(ROUTE, went);
            drop(held);
            server.capacity = if n % 7 == 0 { 1 } else { 100 };
            server.round(&bound);
        }
        assert!(server.most_at_once <= 16);
    }
}
