//! Every address there is.

use salvo::{
    Router, affix_state,
    catch_panic::CatchPanic,
    oapi::{
        Components, Info, License, OpenApi, SecurityScheme, ToSchema,
        naming::{FlexNamer, set_namer},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme},
    },
    request_id::RequestId,
};

use crate::{
    app::App,
    auth,
    desktop::{Desktop, Door, OwnHost, Websockify, is_for_own_host},
    docs, live, pages,
    rest::{
        assignments, audit, desktops, doctor, grants, identity, jobs, lessons, looks, me, people, personal,
        provisioning, restrictions, roster, schedule, services, sessions, status, templates, tokens, webhooks,
    },
    views::NoticeView,
};

const DOCUMENT: &str = "/api/v1/openapi.json";

/// All that people and programs are served.
pub(crate) fn router(app: App) -> Router {
    let api = Router::with_path("api/v1").push(rest());
    let document = document(&api);
    let (own_hosts, elsewhere) = (app.config.clone(), app.config.clone());
    // the host before anything else: on a desktop's own there is nothing of the app, not even where nothing answers
    let own_hosts = Router::with_filter_fn(move |req, _| is_for_own_host(&own_hosts, req))
        .push(Router::with_path("{**path}").goal(OwnHost));
    let elsewhere = Router::with_filter_fn(move |req, _| !is_for_own_host(&elsewhere, req))
        .push(api)
        .push(document.into_router(DOCUMENT))
        .push(docs::router(DOCUMENT))
        .push(Router::with_path("desktop/{**place}").goal(Desktop))
        .push(Router::with_path("enter/{label}").get(Door))
        .push(Router::with_path("websockify").goal(Websockify))
        .push(
            Router::with_path("auth")
                .push(Router::with_path("login").get(auth::provider_login))
                .push(Router::with_path("callback").get(auth::callback))
                .push(Router::with_path("logout").get(auth::provider_logout))
                .push(Router::with_path("backchannel-logout").post(auth::backchannel_logout)),
        )
        .push(Router::with_path("{**path}").get(pages::fallback));
    Router::new()
        .hoop(RequestId::new())
        .hoop(CatchPanic::new())
        .hoop(affix_state::inject(app))
        .push(own_hosts)
        .push(elsewhere)
}

/// The REST interface.
fn rest() -> Router {
    Router::new()
        .push(Router::with_path("login").post(auth::login))
        .push(Router::with_path("logout").post(auth::logout))
        .push(Router::with_path("auth/methods").get(auth::methods))
        .push(
            Router::with_path("me")
                .get(me::me)
                .push(Router::with_path("looks").get(looks::of_mine))
                .push(Router::with_path("export").get(personal::export_mine)),
        )
        .push(Router::with_path("status").get(status::status))
        .push(Router::with_path("doctor/echo").get(doctor::echo))
        .push(Router::with_path("events").get(live::events))
        .push(
            Router::with_path("templates").get(templates::list).post(templates::create).push(
                Router::with_path("{slug}")
                    .patch(templates::update)
                    .delete(templates::remove)
                    .push(Router::with_path("pull").post(templates::pull)),
            ),
        )
        .push(
            Router::with_path("assignments")
                .get(assignments::list)
                .post(assignments::create)
                .push(Router::with_path("{id}").patch(assignments::update).delete(assignments::remove)),
        )
        .push(
            Router::with_path("lessons")
                .get(lessons::list)
                .post(lessons::create)
                .push(Router::with_path("{id}").delete(lessons::remove)),
        )
        .push(wanted())
        .push(
            Router::with_path("tokens")
                .get(tokens::list)
                .post(tokens::create)
                .push(Router::with_path("{id}").delete(tokens::revoke)),
        )
        .push(
            Router::with_path("service-accounts").get(services::list).push(
                Router::with_path("{name}").put(services::put).delete(services::close).push(
                    Router::with_path("tokens")
                        .get(services::tokens)
                        .post(services::create_token)
                        .push(Router::with_path("{id}").delete(services::revoke_token)),
                ),
            ),
        )
        .push(provisioned())
        .push(
            Router::with_path("restrictions")
                .get(restrictions::list)
                .post(restrictions::create)
                .push(Router::with_path("{id}").delete(restrictions::remove)),
        )
        .push(told())
        .push(Router::with_path("roster/sync").post(roster::sync))
        .push(Router::with_path("jobs").get(jobs::list).push(Router::with_path("{id}").get(jobs::show)))
        .push(
            Router::with_path("schedule")
                .get(schedule::list)
                .push(Router::with_path("{name}/run").post(schedule::run_now)),
        )
        .push(
            Router::with_path("sessions")
                .get(sessions::list)
                .delete(sessions::remove_others)
                .push(Router::with_path("{id}").delete(sessions::remove)),
        )
        .push(
            Router::with_path("users").get(people::users).push(
                Router::with_path("{id}")
                    .delete(personal::delete)
                    .push(Router::with_path("export").get(personal::export_of))
                    .push(Router::with_path("sessions").delete(sessions::remove_all_of)),
            ),
        )
        .push(Router::with_path("groups").get(people::groups))
        .push(Router::with_path("identity/providers").get(identity::providers))
        .push(Router::with_path("identity/preview").post(identity::preview))
        .push(
            Router::with_path("audit")
                .get(audit::list)
                .push(Router::with_path("export").get(audit::export))
                .push(Router::with_path("verify").get(audit::verify)),
        )
}

/// What people want of desktops.
fn wanted() -> Router {
    Router::with_path("desktops").get(desktops::list).post(desktops::request).push(
        Router::with_path("{id}")
            .get(desktops::show)
            .delete(desktops::remove)
            .push(Router::with_path("start").post(desktops::start))
            .push(Router::with_path("stop").post(desktops::stop))
            .push(Router::with_path("extend").post(desktops::extend))
            .push(Router::with_path("reset").post(desktops::reset))
            .push(
                Router::with_path("grants")
                    .get(grants::list)
                    .post(grants::create)
                    .push(Router::with_path("{grant}").delete(grants::remove)),
            ),
    )
}

/// What scripts tell of people and groups.
fn provisioned() -> Router {
    Router::with_path("provisioning")
        .push(Router::with_path("import").post(provisioning::import))
        .push(
            Router::with_path("users")
                .get(provisioning::users)
                .push(Router::with_path("{external_id}").put(provisioning::put_user).delete(provisioning::remove_user)),
        )
        .push(
            Router::with_path("groups").get(provisioning::groups).push(
                Router::with_path("{external_id}")
                    .put(provisioning::put_group)
                    .delete(provisioning::remove_group)
                    .push(Router::with_path("members").get(provisioning::members).put(provisioning::put_members)),
            ),
        )
}

/// Who is told what happens to desktops.
fn told() -> Router {
    Router::with_path("webhooks").get(webhooks::list).post(webhooks::create).push(
        Router::with_path("{id}")
            .patch(webhooks::update)
            .delete(webhooks::remove)
            .push(Router::with_path("rotate").post(webhooks::rotate))
            .push(Router::with_path("test").post(webhooks::test))
            .push(
                Router::with_path("deliveries")
                    .get(webhooks::deliveries)
                    .push(Router::with_path("{delivery}/replay").post(webhooks::replay)),
            ),
    )
}

fn document(api: &Router) -> OpenApi {
    // names that generators of clients take: `ListOfDesktop`, not the path of a type of ours
    set_namer(FlexNamer::new().short_mode(true).generic_delimiter("Of", ""));
    let info = Info::new("Pult", env!("CARGO_PKG_VERSION"))
        .description("A Linux desktop in the browser for every pupil and teacher of a school.")
        .license(License::new("Apache-2.0 OR MIT"));
    let token = Http::new(HttpAuthScheme::Bearer).description("An API token, `pult_…`");
    let session = ApiKeyValue::with_description(
        "pult_session",
        "A browser's session (`__Host-pult_session` over TLS); unsafe methods also need `X-CSRF-Token`",
    );
    let mut events = Components::new();
    // what only events carry
    NoticeView::to_schema(&mut events);
    OpenApi::with_info(info)
        .components(events)
        .add_security_scheme("token", SecurityScheme::Http(token))
        .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)))
        .merge_router(api)
}

/// The `OpenAPI` 3.1 document, with a line feed at its end.
pub fn openapi_document() -> String {
    let api = Router::with_path("api/v1").push(rest());
    // strings, numbers and maps always serialise
    format!("{}\n", document(&api).to_pretty_json().unwrap_or_default())
}
