//! What people do while a client pages through the cases.

use std::fmt;
use std::sync::Mutex;

use super::Primero;
use crate::journal::locked;

type Deed = Box<dyn FnMut(&Primero, usize) + Send>;

/// Something done after each answered list of cases.
#[derive(Default)]
pub(super) struct Meanwhile {
    running: Mutex<Option<Running>>,
}

struct Running {
    deed: Deed,
    listings: usize,
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meanwhile").finish_non_exhaustive()
    }
}

impl Primero {
    /// From now on `deed` is done after each answered `GET /api/v2/cases`, before the next request can see
    /// anything: so rows move from page to page exactly where a test wants it. It is told how many lists were
    /// answered since, this one included. It must not call this method or [`Primero::leave_listings_alone`].
    pub fn after_each_listing(&self, deed: impl FnMut(&Self, usize) + Send + 'static) {
        *locked(&self.inner.meanwhile.running) = Some(Running {
            deed: Box::new(deed),
            listings: 0,
        });
    }

    /// Nothing is done after listings any more.
    pub fn leave_listings_alone(&self) {
        *locked(&self.inner.meanwhile.running) = None;
    }

    pub(super) fn listing_answered(&self) {
        if let Some(running) = locked(&self.inner.meanwhile.running).as_mut() {
            running.listings += 1;
            (running.deed)(self, running.listings);
        }
    }
}
