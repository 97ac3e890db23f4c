use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use futures::future::join_all;
use reqwest::StatusCode;

use super::{Api, Desktop, Engine, PATIENCE, Pult};

/// Somebody with their desktop.
pub(crate) struct Owner {
    pub(crate) api: Api,
    pub(crate) desktop: Desktop,
}

/// Waits until rows, routes and containers agree, and tells how long that took from a moment on.
pub(crate) async fn agreed(since: Instant, pult: &Pult, engine: &Engine, owners: &[Owner]) -> Duration {
    loop {
        let looked = Instant::now();
        let differences = differences(pult, engine, owners).await;
        if differences.is_empty() {
            // it was so when we began to look, or it became so while we looked
            return looked.saturating_duration_since(since);
        }
        assert!(since.elapsed() < PATIENCE, "they never agree: {differences:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Where a row or a route says something else than `docker ps`, and containers that are nobody's.
///
/// A row that says `running` has a running container and a route that leads to it. A row at rest has no running
/// container. Whatever does not run is 409. A page is 200 only if the container took the password that was made for
/// this one start of it, so 200 from another desktop's container there is not.
async fn differences(pult: &Pult, engine: &Engine, owners: &[Owner]) -> Vec<String> {
    let instance = pult.instance().expect("it was logged");
    let seen = join_all(owners.iter().map(|Owner { api, desktop }| async move {
        let (row, page) = tokio::join!(api.look(desktop), api.page(desktop, "vnc.html"));
        (row.expect("a desktop is never lost"), page)
    }))
    .await;
    let filter = format!("label=pult.instance={instance}");
    let format = "{{.Label \"pult.desktop\"}} {{.State}}";
    let listed = engine.docker(&["ps", "-a", "--filter", &filter, "--format", format]);
    let mut containers: HashMap<_, _> = listed.lines().filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(containers.len(), listed.lines().count(), "two containers of one desktop: {listed}");
    let mut differences = Vec::new();
    for (row, page) in &seen {
        let container = containers.remove(row.id());
        let runs = container == Some("running");
        let agree = match row.state() {
            "running" => runs && *page == StatusCode::OK,
            "stopped" | "failed" => !runs && *page == StatusCode::CONFLICT,
            // under way: it claims nothing about its container yet
            _ => *page == StatusCode::CONFLICT,
        };
        if !agree {
            let (name, state, why) = (row.text("name"), row.state(), row.text("reason"));
            differences.push(format!("{name}: row {state} ({why}), container {container:?}, page {page}"));
        }
    }
    differences.extend(containers.iter().map(|(desktop, state)| format!("an orphan: {desktop} is {state}")));
    differences
}
