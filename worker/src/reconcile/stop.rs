//! Stops and removes a desktop's container. Running it twice is harmless: what has ended or gone stays so.

use domain::desktop::Desktop;

use super::{Flow, StepError};
use crate::Shared;

/// Stops the container, by force after the grace.
pub(super) async fn stop(shared: &Shared, desktop: Desktop) -> Result<Flow, StepError> {
    shared.engine.stop(desktop.id, shared.config.stop_grace).await?;
    Ok(Flow::Again)
}

/// Takes the container away; the folders mounted into it stay.
pub(super) async fn remove(shared: &Shared, desktop: Desktop) -> Result<Flow, StepError> {
    shared.engine.remove(desktop.id).await?;
    Ok(Flow::Again)
}
