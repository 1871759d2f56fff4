//! One try per version of a secret, over all workflows and runs: six wrong ones lock the account for everybody.

use super::run::Surroundings;
use crate::domain::reason::Stop;

/// Stops a run whose credentials were refused before, in any workflow, and have not changed since.
pub async fn refuse_known_failures(around: &Surroundings<'_>) -> Result<(), Stop> {
    let refused = around.store.refused_sign_ins().await?;
    let again = refused
        .into_iter()
        .find(|(system, version)| around.secret_versions.get(system) == Some(version));
    again.map_or(Ok(()), |(system, _)| {
        Err(Stop::AuthenticationFailed(system))
    })
}

/// Remembers a sign-in that was refused in this run.
pub async fn remember(around: &Surroundings<'_>, stop: &Stop) -> Result<(), Stop> {
    let Stop::AuthenticationFailed(system) = stop else {
        return Ok(());
    };
    let Some(version) = around.secret_versions.get(system) else {
        return Ok(());
    };
    let now = around.clock.now();
    Ok(around
        .store
        .put_refused_sign_in(*system, version, now)
        .await?)
}
