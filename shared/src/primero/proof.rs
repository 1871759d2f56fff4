//! What the control entry proves: that "none" is none, and that a record is to blame for a call that fails.

use std::collections::HashSet;
use std::hash::Hash;

use super::asking::Asking;
use super::case::Case;
use super::kinds::{Asked, Kind};
use super::{PrimeroClient, Repeat};
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::transport::GateError;

impl PrimeroClient {
    /// What a failed call for this many means: the answer to all of them, or none if it is to be halved. Before a record is blamed,
    /// the control entry is asked for by itself: where that fails, too, the system is down.
    pub(super) async fn blamed<K: Clone + Eq + Hash>(
        &self,
        asked: Asked<'_, K>,
        error: GateError,
        keys: usize,
    ) -> Result<Option<GateError>, GateError> {
        match error {
            GateError::Refused { .. } | GateError::Failed(_) | GateError::Unanswered(_) => {}
            GateError::Run(stop) => return Err(stop.into()),
            passing => return Ok(Some(passing)),
        }
        if matches!(error, GateError::Refused { .. }) && keys > 1 {
            return Ok(None);
        }
        Ok(match self.control_answers(asked).await {
            Ok(true) if keys > 1 => None,
            Ok(true) => Some(error.of_one_record()),
            Err(GateError::Run(stop)) => return Err(stop.into()),
            Ok(false) | Err(_) => Some(down()),
        })
    }

    /// Whether the control entry comes back if it is asked for by itself. Without one nothing is known.
    async fn control_answers<K: Clone + Eq + Hash>(
        &self,
        asked: Asked<'_, K>,
    ) -> Result<bool, GateError> {
        let Some(key) = self.control_key(asked.kind).await? else {
            return Ok(false);
        };
        let filter = match (asked.kind.asking)(&key) {
            Asking::Together => (asked.kind.together)(std::slice::from_ref(&key)),
            Asking::Alone | Asking::Never => vec![(asked.kind.alone)(&key)],
        };
        let listing = self.list::<Case>(filter, asked.fields, Repeat::WhilePassing);
        let listing = listing.await?;
        let rows = self.checked(listing, &HashSet::from([key]), asked.kind)?;
        Ok(!rows.is_empty())
    }

    /// Where the control entry could not be asked for beside the others, "none" is believed only if it comes back by itself.
    pub(super) async fn prove_by_control<K: Clone + Eq + Hash>(
        &self,
        asked: Asked<'_, K>,
    ) -> Result<(), GateError> {
        let mut renewed = false;
        while self.control_key(asked.kind).await?.is_some() && !self.control_answers(asked).await? {
            self.renew_control(&mut renewed).await?;
        }
        Ok(())
    }

    /// Chooses the control entry anew, once a call.
    pub(super) async fn renew_control(&self, renewed: &mut bool) -> Result<(), GateError> {
        if *renewed {
            return Err(Stop::ControlMissing.into());
        }
        *renewed = true;
        self.choose_control(false).await
    }

    /// What the control entry is asked for by, where it can stand beside others.
    pub(super) async fn riding_along<K>(&self, kind: &Kind<K>) -> Result<Option<K>, GateError> {
        let key = self.control_key(kind).await?;
        Ok(key.filter(|key| (kind.asking)(key) == Asking::Together))
    }

    /// What the control entry is asked for by. One that was adopted from our own write lacks its `case_id`; another is chosen then.
    async fn control_key<K>(&self, kind: &Kind<K>) -> Result<Option<K>, GateError> {
        let Some(control) = self.control().await else {
            return Ok(None);
        };
        if let Some(key) = (kind.of_control)(&control) {
            return Ok(Some(key));
        }
        self.choose_control(false).await?;
        let key = self.control().await.as_ref().and_then(kind.of_control);
        key.map(Some)
            .ok_or_else(|| Stop::NoControlCase { field: kind.field }.into())
    }

    /// Whether there is a control entry that cannot stand beside others.
    pub(super) async fn control_is_apart<K>(&self, kind: &Kind<K>) -> bool {
        let control = self.control().await;
        let key = control.as_ref().and_then(kind.of_control);
        key.is_some_and(|key| (kind.asking)(&key) != Asking::Together)
    }
}

pub fn down() -> GateError {
    GateError::Unavailable(System::Primero)
}
