//! Jobs, the audit log and engines.

use std::collections::HashSet;

use chrono::TimeDelta;
use domain::JobId;
use store::JobState;

use crate::house::{House, Outcome, at_once, on_both, present};

on_both![
    a_pull_is_ordered_once_at_a_time,
    a_job_tells_how_far_it_is_until_it_ends,
    jobs_are_followed_by_their_revision,
    the_audit_log_keeps_what_it_was_told,
    an_engine_is_spoken_of_when_it_changes_sides,
    an_engine_is_compared_without_anybody_being_told,
    the_audit_log_forgets_what_is_older_than_wanted,
];

async fn a_pull_is_ordered_once_at_a_time(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    for image in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let ordered = at_once(8, |_| {
            let (house, anna) = (house.clone(), anna.id);
            async move { house.store.jobs().order_pull(image, anna).await }
        });
        let ids = ordered.await.into_iter().map(|job| job.map(|job| job.id)).collect::<Result<HashSet<_>, _>>()?;
        assert_eq!(ids.len(), 1, "{image}");
    }
    let other = house.store.jobs().order_pull("pult/xfce:latest", anna.id).await?;
    assert_eq!(house.store.jobs().open().await?.len(), 9);
    house.store.jobs().report(other.id, JobState::Done, Some(1.0), "").await?;
    let again = house.store.jobs().order_pull("pult/xfce:latest", anna.id).await?;
    assert_ne!(again.id, other.id, "what is done can be ordered again");
    Ok(())
}

async fn a_job_tells_how_far_it_is_until_it_ends(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let jobs = house.store.jobs();
    let job = jobs.order_pull("pult/tiny:latest", anna.id).await?;
    assert_eq!(jobs.get(job.id).await?, Some(job.clone()));
    assert_eq!((job.state.as_str(), job.kind.as_str(), job.created_by), ("waiting", store::PULL, Some(anna.id)));
    jobs.report(job.id, JobState::Running, Some(0.25), "layer 1 of 4").await?;
    let running = present(jobs.get(job.id).await?, "the job")?;
    assert_eq!((running.state.as_str(), running.progress, running.finished_at), ("running", Some(0.25), None));
    jobs.report(job.id, JobState::Failed, None, "no such image").await?;
    let failed = present(jobs.get(job.id).await?, "the job")?;
    assert_eq!((failed.state.as_str(), failed.progress, failed.message.as_str()), ("failed", None, "no such image"));
    assert!(failed.finished_at.is_some() && jobs.open().await?.is_empty());
    jobs.report(job.id, JobState::Running, Some(0.5), "late").await?;
    assert_eq!(jobs.get(job.id).await?, Some(failed), "what has ended stays so");
    jobs.report(JobId::new(), JobState::Running, None, "nobody's").await?;
    Ok(())
}

async fn jobs_are_followed_by_their_revision(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let jobs = house.store.jobs();
    let (first, second) = (jobs.order_pull("a", anna.id).await?, jobs.order_pull("b", anna.id).await?);
    assert!(second.revision > first.revision);
    jobs.report(first.id, JobState::Running, None, "").await?;
    let changed = jobs.since(second.revision).await?;
    assert_eq!(changed.iter().map(|job| job.id).collect::<Vec<_>>(), [first.id]);
    assert_eq!(changed[0].revision, house.store.revision().await?);
    Ok(())
}

async fn the_audit_log_keeps_what_it_was_told(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let detail = serde_json::json!({ "from": { "cpus": 0.5 }, "to": ["ü", null, true] });
    let audit = house.store.audit();
    audit.record(Some(anna.id), "template.update", Some("tiny".to_owned()), Some(detail.clone())).await?;
    audit.record(None, "container.remove", None, None).await?;
    let page = house.lines().await?;
    assert_eq!((page[0].actor, page[0].action.as_str(), &page[0].detail), (None, "container.remove", &None));
    assert_eq!((page[1].actor, page[1].object.as_deref()), (Some(anna.id), Some("tiny")));
    assert_eq!(page[1].detail, Some(detail));
    assert!(page[0].at >= page[1].at);
    Ok(())
}

async fn an_engine_is_spoken_of_when_it_changes_sides(house: House) -> Outcome {
    let engines = house.store.engines();
    assert_eq!(engines.get("local").await?, None);
    let mut before = house.store.revision().await?;
    for (reachable, message) in [(true, None), (false, Some("no route")), (true, None)] {
        engines.report("local", reachable, message.map(str::to_owned)).await?;
        let status = present(engines.get("local").await?, "the engine")?;
        assert_eq!((status.reachable, status.message.as_deref()), (reachable, message));
        assert_eq!(status.revision, house.store.revision().await?);
        assert!(status.revision > before && status.since.is_some());
        before = status.revision;
        engines.report("local", reachable, Some("the same".to_owned())).await?;
        assert_eq!(engines.get("local").await?, Some(status));
        assert_eq!(house.store.revision().await?, before);
    }
    engines.report("other", false, None).await?;
    assert!(house.store.revision().await? > before);
    Ok(())
}

async fn an_engine_is_compared_without_anybody_being_told(house: House) -> Outcome {
    let engines = house.store.engines();
    engines.checked("local").await?;
    assert_eq!(engines.get("local").await?, None, "nobody has spoken of it");
    engines.report("local", true, None).await?;
    let before = present(engines.get("local").await?, "the engine")?;
    assert_eq!(before.checked_at, None);
    engines.checked("local").await?;
    let after = present(engines.get("local").await?, "the engine")?;
    assert!(after.checked_at.is_some());
    assert_eq!(store::EngineStatus { checked_at: None, ..after }, before);
    assert_eq!(house.store.revision().await?, before.revision);
    engines.report("local", false, None).await?;
    let away = present(engines.get("local").await?, "the engine")?;
    assert!(away.checked_at.is_some(), "when it was last compared is still so");
    Ok(())
}

async fn the_audit_log_forgets_what_is_older_than_wanted(house: House) -> Outcome {
    let audit = house.store.audit();
    for action in ["first", "second", "third"] {
        audit.record(None, action, None, None).await?;
    }
    let lines = house.lines().await?;
    let second = present(lines.iter().find(|line| line.action == "second"), "the second line")?.at;
    let older = lines.iter().filter(|line| line.at < second).count();
    assert_eq!(audit.purge(second).await?, u64::try_from(older)?, "what was at that moment stays");
    // the log told of the purge, where there was anything to purge
    let told = u64::from(older > 0);
    assert_eq!(audit.purge(second + TimeDelta::days(1)).await?, 3 + told - u64::try_from(older)?);
    let left: Vec<_> = house.lines().await?.into_iter().map(|line| line.action).collect();
    assert_eq!(left, ["audit.purge"]);
    Ok(())
}
