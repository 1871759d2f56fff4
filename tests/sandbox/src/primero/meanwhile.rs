//! What people do while a client pages through the cases.

use std::fmt;
use std::sync::Mutex;

use super::Primero;
use super::query_string::QueryString;
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
    /// Whether look-ups are left alone.
    of_changes: bool,
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
        self.do_after_listings(Box::new(deed), false);
    }

    /// The same after each page of what changed, and not after look-ups of cases by their ids or numbers.
    pub fn after_each_page_of_changes(&self, deed: impl FnMut(&Self, usize) + Send + 'static) {
        self.do_after_listings(Box::new(deed), true);
    }

    fn do_after_listings(&self, deed: Deed, of_changes: bool) {
        *locked(&self.inner.meanwhile.running) = Some(Running {
            deed,
            listings: 0,
            of_changes,
        });
    }

    /// Nothing is done after listings any more.
    pub fn leave_listings_alone(&self) {
        *locked(&self.inner.meanwhile.running) = None;
    }

    pub(super) fn listing_answered(&self, query: &QueryString) {
        let of_changes = query.plain("last_updated_at").is_some();
        let mut running = locked(&self.inner.meanwhile.running);
        let running = running.as_mut();
        if let Some(running) = running.filter(|running| of_changes || !running.of_changes) {
            running.listings += 1;
            (running.deed)(self, running.listings);
        }
    }
}
