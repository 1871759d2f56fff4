//! Chance as a dependency: seeded in tests, from the operating system elsewhere.

use std::sync::Mutex;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng};

/// A source of random numbers, shared by everything in a run.
#[derive(Debug)]
pub struct Entropy(Mutex<StdRng>);

impl Entropy {
    /// The same numbers every time.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// Seeded by the operating system.
    #[must_use]
    pub fn from_system() -> Self {
        Self(Mutex::new(rand::make_rng()))
    }

    /// Between a half and the whole of `duration`, so that many who wait do not wake at once.
    pub fn jitter(&self, duration: Duration) -> Duration {
        duration.mul_f64(self.rng().random_range(0.5..=1.0))
    }

    /// 128 random bits.
    pub fn bits(&self) -> u128 {
        self.rng().random()
    }

    fn rng(&self) -> std::sync::MutexGuard<'_, StdRng> {
        self.0.lock().expect("no holder of this lock panics")
    }
}
