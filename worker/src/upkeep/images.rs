use std::collections::BTreeSet;

use domain::schedule::Outcome;
use store::Store;

use crate::{Shared, schedule::JobError};

/// Looks whether the engine has the image of each enabled template, and names those that it has not: the next pupil
/// who starts one would meet a failure. Pulls nothing: an administrator may have a reason.
pub(crate) async fn run(shared: &Shared, store: &Store) -> Result<Outcome, JobError> {
    let templates = store.templates().all().await?;
    let wanted: BTreeSet<_> = templates
        .into_iter()
        .map(|template| template.spec)
        .filter(|spec| spec.enabled)
        .map(|spec| spec.image)
        .collect();
    let mut missing = Vec::new();
    for image in &wanted {
        if shared.engine.image(image).await?.is_none() {
            missing.push(image.clone());
        }
    }
    Ok(if missing.is_empty() {
        Outcome::ImagesPresent { images: wanted.len() as u64 }
    } else {
        Outcome::ImagesMissing { images: missing }
    })
}
