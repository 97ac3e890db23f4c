//! Makes and starts a desktop's container. Running it twice is harmless: the engine refuses a second container of the
//! same name, and the password belongs to the generation, not to the try.

use domain::{
    desktop::{Desktop, DesktopState},
    template::{HomePolicy, TemplateSpec},
    why::Why,
};
use engine::{EngineError, Launch, Mount};
use files::FilesError;

use super::{Flow, StepError, record};
use crate::{Shared, guard};

/// The home folder in every image.
const HOME: &str = "/home/kasm-user";
/// The school's shared folder in every desktop.
const SHARED: &str = "/home/kasm-user/Public/shared";

/// Makes the container.
pub(super) async fn create(shared: &Shared, desktop: Desktop) -> Result<Flow, StepError> {
    let request = match prepare(shared, &desktop).await? {
        Ok(Some(request)) => request,
        // the row has moved on to another generation
        Ok(None) => return Ok(Flow::Again),
        Err(NotYet::Unguarded(guard::Refused::Open)) => return Ok(Flow::At(super::PAUSE)),
        Err(NotYet::Unguarded(guard::Refused::Unguarded)) => {
            let given_up = desktop.clone().given_up(Why::Unguarded);
            record(shared, &desktop, given_up).await?;
            return Ok(Flow::Again);
        }
        Err(NotYet::Homeless(error)) => {
            let why = Why::HomeUnavailable { detail: error.to_string() };
            return failed(shared, desktop, why).await;
        }
    };
    match shared.engine.create(&request).await {
        Ok(container) => {
            let launching = desktop.clone().launching(container);
            record(shared, &desktop, launching).await?;
            start(shared, desktop).await
        }
        Err(error) => refused(shared, desktop, error).await,
    }
}

/// Starts the container.
pub(super) async fn start(shared: &Shared, desktop: Desktop) -> Result<Flow, StepError> {
    if !shared.guard.lets_start() {
        return Ok(Flow::At(super::PAUSE));
    }
    match shared.engine.start(desktop.id).await {
        // it went away between the look and the start
        Ok(()) | Err(EngineError::NoSuchContainer { .. }) => Ok(Flow::Again),
        Err(error) => refused(shared, desktop, error).await,
    }
}

/// Why nothing can be said about the container yet.
enum NotYet {
    /// Its network is not as safe as it has to be.
    Unguarded(guard::Refused),
    /// Its folders could not be made.
    Homeless(FilesError),
}

/// All that is said about the container, with its folders made.
async fn prepare(shared: &Shared, desktop: &Desktop) -> Result<Result<Option<Launch>, NotYet>, StepError> {
    let Some(template) = shared.records.template(desktop.template).await? else {
        return Ok(Ok(None));
    };
    let Some(owner) = shared.records.user(desktop.owner).await? else {
        return Ok(Ok(None));
    };
    let Some(vnc_password) = shared.records.credential(desktop).await? else {
        return Ok(Ok(None));
    };
    let spec = template.spec;
    let home = match shared.spaces.home(desktop.owner, spec.home, &spec.slug).await {
        Ok(home) => home,
        Err(error) => return Ok(Err(NotYet::Homeless(error))),
    };
    let (network, resolvers) = match shared.guard.network(spec.network) {
        Ok((network, resolvers)) => (network, resolvers.to_vec()),
        Err(refused) => return Ok(Err(NotYet::Unguarded(refused))),
    };
    // a home of which nothing is kept is a folder in memory
    let scratch = if spec.home == HomePolicy::None { vec![HOME.to_owned()] } else { Vec::new() };
    let mounts = home
        .map(|source| Mount { source, target: HOME.to_owned(), read_only: false })
        .into_iter()
        .chain([Mount { source: shared.spaces.shared(), target: SHARED.to_owned(), read_only: false }])
        .collect();
    let TemplateSpec { slug, image, port, env, vnc_user, cpus, memory_mb, pids, shm_mb, .. } = spec;
    Ok(Ok(Some(Launch {
        desktop: desktop.id,
        generation: desktop.generation,
        owner: desktop.owner,
        template: slug,
        image,
        port,
        network,
        resolvers,
        hostname: desktop.name.clone(),
        user: owner.username,
        vnc_user,
        vnc_password,
        lang: shared.config.lang.clone(),
        tz: shared.config.time_zone.to_string(),
        env,
        cpus,
        memory_mb,
        pids,
        shm_mb,
        mounts,
        scratch,
    })))
}

/// What an engine that will not means for the desktop.
pub(super) async fn refused(shared: &Shared, desktop: Desktop, error: EngineError) -> Result<Flow, StepError> {
    let why = match error {
        EngineError::Unreachable { .. } => return Err(error.into()),
        // the old container is on its way out
        EngineError::Conflict { .. } => return Ok(Flow::At(super::PAUSE)),
        EngineError::ImageMissing { image } => {
            let given_up = desktop.clone().given_up(Why::ImageMissing { image });
            record(shared, &desktop, given_up).await?;
            return Ok(Flow::Again);
        }
        EngineError::DiskFull { .. } => Why::DiskFull,
        error => Why::EngineRefused { detail: error.to_string() },
    };
    failed(shared, desktop, why).await
}

/// Counts a try that failed. The row is read again first: the container's own part of it may just have been stored. A
/// start that is no longer under way, because somebody wants something else by now, has not failed.
pub(super) async fn failed(shared: &Shared, desktop: Desktop, why: Why) -> Result<Flow, StepError> {
    let meant = desktop.generation;
    let Some(desktop) = shared.records.desktop(desktop.id).await? else {
        return Ok(Flow::Rest);
    };
    if desktop.state != DesktopState::Starting || desktop.generation != meant {
        return Ok(Flow::Again);
    }
    let after = desktop.clone().try_failed(why, &shared.config.start, shared.clock.now());
    record(shared, &desktop, after).await?;
    Ok(Flow::Again)
}
