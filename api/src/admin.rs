//! Health and metrics, for the one who runs it: on a listener of its own, without credentials.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use salvo::{
    Depot, Response, Router, affix_state,
    http::StatusCode,
    writing::{Json, Text},
};
use serde_json::json;

use crate::{app::App, extract};

/// The routes of the admin listener.
pub(crate) fn router(app: App) -> Router {
    // a second recorder in one process: the first one keeps the numbers
    let recorder = PrometheusBuilder::new().install_recorder().ok();
    Router::new()
        .hoop(affix_state::inject(app).inject(recorder))
        .push(Router::with_path("livez").get(livez))
        .push(Router::with_path("readyz").get(readyz))
        .push(Router::with_path("metrics").get(metrics))
}

/// The process answers.
#[salvo::handler]
async fn livez(res: &mut Response) {
    res.render("ok\n");
}

/// The process can do its work; if not, what it waits for.
#[salvo::handler]
async fn readyz(depot: &mut Depot, res: &mut Response) {
    let app = extract::app(depot);
    let database = app.store.revision().await.is_ok();
    let mut checks = vec![("database", database)];
    checks.extend(app.readiness.iter().map(|(name, check)| (*name, *check.borrow())));
    let ready = checks.iter().all(|(_, holds)| *holds);
    res.status_code(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE });
    let checks: serde_json::Map<_, _> =
        checks.into_iter().map(|(name, holds)| (name.to_owned(), json!(holds))).collect();
    res.render(Json(json!({ "ready": ready, "checks": checks })));
}

/// Prometheus text format.
#[salvo::handler]
async fn metrics(depot: &mut Depot, res: &mut Response) {
    let app = extract::app(depot);
    #[expect(clippy::cast_precision_loss, reason = "counts of streams and desktops are small")]
    {
        ::metrics::gauge!("pult_streams").set(app.gateway.streams() as f64);
        ::metrics::gauge!("pult_routes").set(app.routes.snapshot().len() as f64);
        ::metrics::gauge!("pult_revision").set(app.routes.snapshot().revision as f64);
    }
    let recorder = depot.get_typed::<Option<PrometheusHandle>>().ok().and_then(Option::as_ref);
    res.render(Text::Plain(recorder.map(PrometheusHandle::render).unwrap_or_default()));
}
