//! Whether a run is where the workflow has written before.
//!
//! A secret that names another Primero than yesterday is a slip as often as a move: a run would write children to a server that nobody
//! reads, and tell proGres that they were received. So the addresses of both systems are kept from the first write that was accepted, and
//! another one stops every run until a person says that it is meant. Beside that, only one deployment of a table works at one Primero for
//! one agency: two would submit everything twice.

use super::under_way::Run;
use super::workflow::Workflow;
use crate::domain::reason::Stop;

/// Stops a run that is elsewhere than the workflow was, or at another deployment's Primero, unless a person accepts the move: then the
/// new place is kept at once.
pub async fn check<W: Workflow>(run: &Run<'_, W>) -> Result<(), Stop> {
    let (context, site) = (run.context, run.context.site);
    let (store, accepted) = (context.store, run.request.accept_move);
    let kept = if run.request.dry_run {
        store.kept_site().await?
    } else {
        run.lease.site.clone()
    };
    let moved = kept.as_ref().and_then(|kept| site.moved_from(kept));
    if let Some(system) = moved.filter(|_| !accepted) {
        return Err(Stop::SystemMoved(system));
    }
    let owner = store.owner(site).await?;
    let owner_is_known = owner.is_some();
    let others = owner.filter(|owner| owner != context.deployment.as_str());
    if let Some(owner) = others.as_ref().filter(|_| !accepted) {
        return Err(Stop::InstallationTaken(owner.clone()));
    }
    if run.request.dry_run {
        return Ok(());
    }
    // A ledger from before this rule takes the place that it finds.
    let has_written = kept.is_some() || run.lease.predates_sites;
    let is_known = kept.as_ref() == Some(site) && owner_is_known;
    let keeps = others.is_some() || (has_written && !is_known);
    if keeps {
        keep(run, others.is_some()).await?;
    }
    if let Some(left) = kept.filter(|kept| kept.owned != site.owned) {
        store.give_up(&left).await?;
    }
    run.site_kept.set(keeps || is_known);
    Ok(())
}

/// Keeps where the systems are, and whose they are.
pub async fn keep<W: Workflow>(run: &Run<'_, W>, by_force: bool) -> Result<(), Stop> {
    let (context, store) = (run.context, run.context.store);
    let now = context.clock.now();
    if let Some(owner) = store.claim(context.site, now, by_force).await? {
        return Err(Stop::InstallationTaken(owner));
    }
    store.keep_site(&run.lease, context.site).await?;
    Ok(())
}
