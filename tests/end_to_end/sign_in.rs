//! Signing in by an identity provider that says what the tests tell it to: what is right lets people in with the right
//! role, and of what is wrong nothing does.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Browser, Mischief, PrivateAuthority, Provider, Pult, eventually};

/// A Pult whose people sign in at a provider, with some keys more.
async fn pult_with(provider: &Provider, more: &[(&str, &str)]) -> Pult {
    let told = provider.settings();
    let mut settings: Vec<_> = told.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    settings.push(("server.public_url", "http://pult.localhost:{port}"));
    settings.extend(more);
    Pult::with(&settings).await
}

/// Begins at a page of the app and follows until it ends somewhere; where, with what status and which problem.
async fn sign_in(browser: &Browser, next: &str) -> (String, StatusCode, String) {
    let hops = browser.follow(&format!("{}/auth/login?next={next}", browser.app())).await;
    let last = hops.last().expect("a step");
    (last.path_on(browser.app()), last.status, last.code())
}

/// Who is signed in.
async fn me(browser: &Browser) -> Option<Value> {
    let answer = browser.ask(&format!("{}/api/v1/me", browser.app()), &[]).await;
    (answer.status == StatusCode::OK).then(|| serde_json::from_str(&answer.body).expect("JSON"))
}

fn groups(me: &Value) -> Vec<&str> {
    me["groups"].as_array().expect("groups").iter().map(|group| group["name"].as_str().expect("a name")).collect()
}

/// The newest lines of the audit log: what was done, and why.
async fn audit(pult: &Pult, action: &str) -> Vec<Value> {
    let log = pult.person("admin", "admin").json("/api/v1/audit?limit=200").await;
    let lines = log["items"].as_array().expect("lines").clone();
    lines.into_iter().filter(|line| line["action"] == action).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_an_answer_lets_nobody_in_and_is_noted() {
    let provider = Provider::start().await;
    let pult = pult_with(&provider, &[]).await;
    provider.says(json!({ "preferred_username": "mia" }), json!({ "roles": ["ROLE_STUDENT"], "groups": ["9b"] }));
    for (mischief, code) in [
        (Mischief::NonceOfAnother, "token_nonce_wrong"),
        (Mischief::NonceMissing, "token_nonce_wrong"),
        (Mischief::AudienceOfAnother, "token_audience_wrong"),
        (Mischief::AudienceOfOthersToo, "token_audience_wrong"),
        (Mischief::PartyOfAnother, "token_audience_wrong"),
        (Mischief::IssuerOfAnother, "token_issuer_wrong"),
        (Mischief::IssuerOfAnotherInTheAddress, "token_issuer_wrong"),
        (Mischief::SignedByAnother, "token_signature_wrong"),
        (Mischief::SignedByNobody, "token_signature_wrong"),
        (Mischief::SignedWithOurSecret, "token_signature_wrong"),
        (Mischief::KeyUnknown, "token_signature_wrong"),
        (Mischief::PayloadChanged, "token_signature_wrong"),
        (Mischief::Expired, "token_expired"),
        (Mischief::NotYet, "token_expired"),
        (Mischief::FromTheFuture, "token_expired"),
        (Mischief::TokenMissing, "provider_answer_invalid"),
        (Mischief::TokenGarbled, "provider_answer_invalid"),
        (Mischief::SubjectMissing, "provider_answer_invalid"),
        (Mischief::UserinfoOfAnother, "token_subject_wrong"),
        (Mischief::UserinfoFails, "sign_in_denied"),
        (Mischief::Denies, "sign_in_denied"),
    ] {
        provider.misbehaves(mischief);
        let browser = Browser::new(&pult);
        let (place, status, found) = sign_in(&browser, "/").await;
        assert!(place.starts_with("app:/auth/callback"), "{mischief:?} ends at {place}");
        assert_eq!(found, code, "{mischief:?}: {status}");
        assert!(status.is_client_error() || status.is_server_error(), "{mischief:?}: {status}");
        assert_eq!(me(&browser).await, None, "{mischief:?}");
        let noted = audit(&pult, "session.refuse").await;
        assert_eq!((&noted[0]["detail"]["code"], &noted[0]["object"]), (&json!(code), &json!("oidc")), "{mischief:?}");
    }
    assert_eq!(audit(&pult, "session.refuse").await.len(), 21);
    assert_eq!(audit(&pult, "session.create").await.len(), 0);

    // and the same provider, once it behaves
    provider.misbehaves(Mischief::None);
    let browser = Browser::new(&pult);
    assert_eq!(sign_in(&browser, "/").await.0, "app:/");
    assert_eq!(me(&browser).await.expect("somebody")["user"]["username"], "mia");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_for_the_browser_that_asked_and_good_once() {
    let provider = Provider::start().await;
    let pult = pult_with(&provider, &[]).await;
    let (browser, other) = (Browser::new(&pult), Browser::new(&pult));
    let begin = format!("{}/auth/login", browser.app());
    let answer = browser.follow_until(&begin, "/auth/callback").await;

    // brought by another browser, with and without a way of its own, it signs nobody in
    assert_eq!(other.get(&answer).await.code(), "sign_in_stale");
    other.get(&begin).await;
    assert_eq!(other.get(&answer).await.code(), "sign_in_stale");
    // nor does a changed state, or none
    let (base, _) = answer.split_once('?').expect("a query");
    for query in ["", "?code=code-1", "?code=code-1&state=", "?code=code-1&state=guess"] {
        let refused = browser.get(&format!("{base}{query}")).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::BAD_REQUEST, "sign_in_stale"), "{query}");
    }
    assert_eq!(audit(&pult, "session.refuse").await.len(), 6);

    let (landed, again) = (browser.get(&answer).await, browser.get(&answer).await);
    assert_eq!(landed.status, StatusCode::FOUND);
    assert_eq!(again.code(), "sign_in_stale", "used");
    assert!(me(&browser).await.is_some() && me(&other).await.is_none());
    // a person is told in a sentence, with a way on
    assert!(again.body.contains("<html lang=\"") && again.body.contains("/auth/login"), "{}", again.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_to_a_foreign_place() {
    let provider = Provider::start().await;
    let pult = pult_with(&provider, &[]).await;
    let browser = Browser::new(&pult);
    for (next, lands) in [
        ("/", "app:/"),
        ("%2Fstart%2Fxfce", "app:/start/xfce"),
        ("https:%2F%2Fevil.example%2F", "app:/"),
        ("%2F%2Fevil.example", "app:/"),
        ("%2F%5Cevil.example", "app:/"),
        ("%2F%09%2Fevil.example", "app:/"),
        ("%2Fauth%2Flogin", "app:/"),
        ("", "app:/"),
    ] {
        assert_eq!(sign_in(&browser, next).await.0, lands, "{next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn role_and_groups_are_what_the_provider_says_now_in_any_shape() {
    let provider = Provider::start().await;
    let pult = pult_with(&provider, &[("auth.oidc.admin_groups", "it-team")]).await;
    let token = json!({ "sub": "mia", "iserv:uuid": "8d0c", "preferred_username": "mia.maier", "name": "Mia Maier" });
    let class = json!({ "id": 4711, "act": "klasse.8d", "name": "Klasse 8D" });
    // a group that is known before anybody signs in
    pult.person_with("anybody", "student", &["--group", "Klasse 8D"]);
    let first = Browser::new(&pult);
    let mut id = Value::Null;
    for (userinfo, role, names) in [
        (json!({ "groups": { "4711": class }, "roles": ["ROLE_STUDENT"] }), "student", vec!["Klasse 8D"]),
        (json!({ "iserv:groups": [class, "chor"], "roles": [] }), "student", vec!["Klasse 8D", "chor"]),
        (json!({ "iserv:roles": [{ "id": "ROLE_TEACHER", "displayName": "Lehrer" }] }), "teacher", vec![]),
        (json!({ "groups": ["it-team"], "roles": ["ROLE_ADMIN"] }), "admin", vec!["it-team"]),
        (
            json!({ "groups": [{ "act": "ag", "name": "it-team" }], "roles": ["ROLE_ADMIN"] }),
            "student",
            vec!["it-team (ag)"],
        ),
        (json!({}), "student", vec![]),
    ] {
        provider.says(token.clone(), userinfo.clone());
        let browser = Browser::new(&pult);
        sign_in(&browser, "/").await;
        let me_now = me(&browser).await.expect("somebody");
        assert_eq!((me_now["role"].as_str(), groups(&me_now)), (Some(role), names), "{userinfo}");
        assert_eq!(me_now["user"]["display_name"], "Mia Maier");
        assert!(id.is_null() || id == me_now["user"]["id"], "one person, whatever the provider says of her");
        id = me_now["user"]["id"].clone();
        // a browser that was signed in before has the new role too
        if userinfo["iserv:roles"].is_null() {
            sign_in(&first, "/").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_somebody_works_the_provider_is_asked_again_who_they_are() {
    let mut provider = Provider::start().await;
    let pult = pult_with(&provider, &[("auth.oidc.ask_again_after", "1s")]).await;
    let says = |role: &str| provider.says(json!({}), json!({ "roles": [role], "groups": [role] }));
    says("ROLE_STUDENT");
    let browser = Browser::new(&pult);
    sign_in(&browser, "/").await;
    let becomes = async |role: &str| {
        eventually(role, || async { me(&browser).await.filter(|me| me["role"] == role) }).await;
    };
    assert_eq!(me(&browser).await.expect("somebody")["role"], "student");
    says("ROLE_TEACHER");
    becomes("teacher").await;
    assert_eq!(groups(&me(&browser).await.expect("somebody")), ["ROLE_TEACHER"]);
    // with another token, once the first one is over
    provider.ends_its_access_tokens();
    says("ROLE_STUDENT");
    becomes("student").await;
    let changes = audit(&pult, "user.role").await;
    let changes: Vec<_> = changes.iter().map(|line| (&line["detail"]["from"], &line["detail"]["to"])).collect();
    assert_eq!(changes, [(&json!("teacher"), &json!("student")), (&json!("student"), &json!("teacher"))]);
    // whatever the provider does, the session goes on with what was said last
    provider.stop().await;
    let asked = provider.asked().len();
    eventually("it is missed", || async { pult.log().contains("cannot be asked again").then_some(()) }).await;
    assert!(me(&browser).await.is_some());
    provider.misbehaves(Mischief::UserinfoOfAnother);
    provider.says(json!({}), json!({ "roles": ["ROLE_TEACHER"] }));
    provider.resume().await;
    eventually("it is asked again", || async { (provider.asked().len() > asked).then_some(()) }).await;
    eventually("it is given up", || async { pult.log().contains("userinfo is of another subject").then_some(()) })
        .await;
    assert_eq!(me(&browser).await.expect("somebody")["role"], "student");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_releases_less_is_asked_for_less_and_that_is_remembered_and_told() {
    let provider = Provider::start().await;
    let pult = pult_with(&provider, &[]).await;
    let scopes_asked = || -> Vec<String> {
        let asked = provider.asked();
        let asked = asked.iter().filter(|asked| asked.starts_with("/iserv/auth/auth?"));
        let scope = |asked: &String| {
            let query = asked.split_once('?').expect("a query").1;
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == "scope")
                .expect("a scope")
                .1
                .into_owned()
        };
        asked.map(scope).collect()
    };
    provider.releases("openid profile email uuid groups roles");
    let browser = Browser::new(&pult);
    assert_eq!(sign_in(&browser, "%2Fstart%2Fxfce").await.0, "app:/start/xfce", "the way back is kept");
    assert_eq!(
        scopes_asked(),
        [
            "openid profile email iserv:uuid iserv:groups iserv:roles uuid groups roles",
            "openid profile email iserv:uuid iserv:groups iserv:roles",
            "openid profile email uuid groups roles",
        ]
    );
    sign_in(&Browser::new(&pult), "/").await;
    assert_eq!(scopes_asked().len(), 4, "the step that worked is remembered");

    let admin = pult.person("admin", "admin");
    let told = admin.json("/api/v1/identity/providers").await;
    assert_eq!(told["items"][0]["missing_scopes"], json!([]));
    provider.releases("openid profile");
    sign_in(&Browser::new(&pult), "/").await;
    let told = admin.json("/api/v1/identity/providers").await;
    assert_eq!(told["items"][0]["scopes"], json!(["openid", "profile"]));
    assert_eq!(told["items"][0]["missing_scopes"], json!(["iserv:uuid", "iserv:groups", "iserv:roles"]));
    assert!(told["items"][0]["redirect_uri"].as_str().is_some_and(|uri| uri.ends_with("/auth/callback")), "{told}");

    let (_, doctor) = pult.doctor(&[], &[]);
    let line = doctor["checks"].as_array().expect("checks").iter().find(|line| line["check"] == "identity_provider");
    let line = line.expect("a line");
    assert_eq!(line["state"], "warn", "{line}");
    assert!(line["remedy"].as_str().is_some_and(|remedy| remedy.contains("iserv:groups")), "{line}");

    provider.releases("nothing");
    assert_eq!(sign_in(&Browser::new(&pult), "/").await.2, "provider_scopes_refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_taken_in_the_form_is_sent_in_the_header_and_a_new_key_is_loaded_once() {
    let provider = Provider::start().await;
    provider.takes_only_basic();
    let pult = pult_with(&provider, &[]).await;
    let count = |path: &str| provider.asked().iter().filter(|asked| asked.starts_with(path)).count();
    let browser = Browser::new(&pult);
    assert_eq!(sign_in(&browser, "/").await.0, "app:/");
    assert_eq!(count("/iserv/auth/public/token"), 2);
    sign_in(&browser, "/").await;
    assert_eq!(count("/iserv/auth/public/token"), 3, "what worked is tried first");
    let keys_loaded_by_the_way = || count("/.well-known");
    assert_eq!(count("/iserv/auth/public/jwk"), keys_loaded_by_the_way(), "keys are kept");
    provider.rotates_its_key();
    assert_eq!(sign_in(&browser, "/").await.0, "app:/");
    sign_in(&browser, "/").await;
    assert_eq!(count("/iserv/auth/public/jwk"), keys_loaded_by_the_way() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_provider_is_away_sessions_go_on() {
    let mut provider = Provider::start().await;
    let mut pult = pult_with(&provider, &[]).await;
    let browser = Browser::new(&pult);
    sign_in(&browser, "/").await;
    provider.stop().await;
    assert!(me(&browser).await.is_some());
    // a Pult that starts meanwhile has never heard of it
    pult.stop();
    pult.resume().await;
    assert!(me(&browser).await.is_some(), "who was signed in works on");
    let told = Browser::new(&pult).get(&format!("{}/auth/login?next=/start/xfce", browser.app())).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable"));
    assert!(told.body.contains("href=\"/auth/login?next=/start/xfce\""), "with a way to try again: {}", told.body);
    provider.resume().await;
    eventually("the provider is asked again", || async {
        (sign_in(&Browser::new(&pult), "%2Fstart%2Fxfce").await.0 == "app:/start/xfce").then_some(())
    })
    .await;
    // gone in the middle: between the provider's page and ours
    let late = Browser::new(&pult);
    let answer = late.follow_until(&format!("{}/auth/login", late.app()), "/auth/callback").await;
    provider.stop().await;
    let told = late.get(&answer).await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable"));
    assert!(told.body.contains("/auth/login?provider=oidc"), "the same answer would not be taken again: {}", told.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_here_signs_out_there() {
    let provider = Provider::start().await;
    provider.discovery_says(json!({ "end_session_endpoint": format!("{}/iserv/auth/logout", provider.issuer()) }));
    let pult = pult_with(&provider, &[]).await;
    let browser = Browser::new(&pult);
    sign_in(&browser, "/").await;
    let out = format!("{}/auth/logout", browser.app());
    assert_eq!(
        me(&browser).await.expect("somebody")["provider"],
        json!({ "name": "IServ", "sign_out_url": "/auth/logout" })
    );

    // a page of somebody else's signs nobody out
    let foreign = browser.ask(&out, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]).await;
    assert_eq!(foreign.header("location"), "/");
    assert!(me(&browser).await.is_some());

    let led = browser.get(&out).await.led_to();
    let there = url::Url::parse(&led).expect("a URL");
    assert!(led.starts_with(&format!("{}/iserv/auth/logout?", provider.issuer())), "{led}");
    let said: std::collections::HashMap<_, _> = there.query_pairs().into_owned().collect();
    assert_eq!(said["post_logout_redirect_uri"], out);
    assert_eq!(said["id_token_hint"].split('.').count(), 3);
    assert_eq!(me(&browser).await, None);
    // and back
    let back = browser.ask(&out, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]).await;
    assert_eq!(back.header("location"), "/login?signed_out");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_there_signs_out_here_if_the_provider_says_so_and_means_us() {
    let provider = Provider::start().await;
    let mut pult = pult_with(&provider, &[]).await;
    let (browser, other) = (Browser::new(&pult), Browser::new(&pult));
    sign_in(&browser, "/").await;
    provider.says(json!({ "sid": "s2" }), json!({}));
    sign_in(&other, "/").await;
    let now = crate::support::now();
    let claims = json!({
        "iss": provider.issuer(), "aud": "pult-client", "iat": now, "exp": now + 60, "jti": "1", "sid": "s1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    let (http, place) = (reqwest::Client::new(), format!("{}/auth/backchannel-logout", pult.url()));
    let tell = |token: String| {
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
        let request = http.post(&place).header("content-type", "application/x-www-form-urlencoded").body(form);
        async move { request.send().await.expect("an answer").status() }
    };
    let right = provider.signed("logout+jwt", &claims);
    assert_eq!(tell(right.clone()).await, StatusCode::BAD_REQUEST, "discovery does not say that it does");
    assert!(me(&browser).await.is_some());

    provider.discovery_says(json!({ "backchannel_logout_supported": true }));
    pult.stop();
    pult.resume().await;
    let but = |field: &str, value: Value| {
        let mut claims = claims.clone();
        claims[field] = value;
        provider.signed("logout+jwt", &claims)
    };
    for (wrong, token) in [
        ("no token", "x".to_owned()),
        ("nothing", String::new()),
        ("another audience", but("aud", json!("another"))),
        ("another issuer", but("iss", json!("https://evil.example"))),
        ("an ID token", but("nonce", json!("n"))),
        ("another event", but("events", json!({ "other": {} }))),
        ("old", but("iat", json!(now - 600))),
        ("over", but("exp", json!(now - 90))),
        ("from the future", but("iat", json!(now + 90))),
        ("nobody", but("sid", Value::Null)),
        ("another kind", provider.signed("at+jwt", &claims)),
        ("forged", provider.forged("logout+jwt", &claims)),
        ("unsigned", format!("{}.", right.rsplit_once('.').expect("parts").0)),
    ] {
        assert_eq!(tell(token).await, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(me(&browser).await.is_some(), "{wrong}");
    }
    assert_eq!(tell(right).await, StatusCode::OK);
    assert!(me(&browser).await.is_none() && me(&other).await.is_some(), "one session");
    let mut everywhere = claims.clone();
    everywhere.as_object_mut().expect("an object").remove("sid");
    everywhere["sub"] = json!("mia");
    assert_eq!(tell(provider.signed("logout+jwt", &everywhere)).await, StatusCode::OK);
    assert!(me(&other).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schools_own_authority_is_trusted_once_it_is_among_the_systems() {
    let authority = PrivateAuthority::new();
    let provider = Provider::start_under(&authority).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (certificates, secret) = (folder.path().join("certificates.pem"), folder.path().join("secret"));
    std::fs::write(&certificates, &authority.certificate).expect("it is written");
    std::fs::write(&secret, "a secret & more\n").expect("it is written");
    let (issuer, secret) = (provider.issuer(), secret.display().to_string());
    let pult = Pult::with(&[
        ("auth.oidc.issuer", issuer.as_str()),
        ("auth.oidc.client_id", "pult-client"),
        ("auth.oidc.client_secret_file", &secret),
    ])
    .await;
    let look = |environment: &[(&str, &str)]| {
        let (_, document) = pult.doctor(&[], environment);
        let lines = document["checks"].as_array().expect("checks").clone();
        lines.into_iter().find(|line| line["check"] == "identity_provider").expect("a line")
    };
    let unknown = look(&[]);
    assert_eq!(unknown["state"], "fail", "{unknown}");
    assert!(unknown["detail"].as_str().is_some_and(|detail| detail.contains("UnknownIssuer")), "{unknown}");
    assert!(unknown["remedy"].as_str().is_some_and(|remedy| remedy.contains("update-ca-certificates")), "{unknown}");
    // where systems are told which file their certificates are in
    let known = look(&[("SSL_CERT_FILE", &certificates.display().to_string())]);
    assert_eq!(known["state"], "ok", "{known}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_providers_stand_side_by_side_and_share_nobody() {
    let (school, district) = (Provider::start().await, Provider::start().await);
    let issuer = district.issuer();
    let more = [
        ("auth.oidc.more.district.issuer", issuer.as_str()),
        ("auth.oidc.more.district.client_id", "pult-client"),
        ("auth.oidc.more.district.client_secret", "a secret & more"),
        ("auth.oidc.more.district.name", "Landkreis"),
        ("auth.oidc.more.district.teacher_roles", "staff"),
    ];
    let pult = pult_with(&school, &more).await;
    let says = json!({ "preferred_username": "mia", "roles": ["staff"] });
    school.says(says.clone(), json!({}));
    district.says(says, json!({}));
    let browser = Browser::new(&pult);
    let methods = browser.ask(&format!("{}/api/v1/auth/methods", browser.app()), &[]).await;
    let methods: Value = serde_json::from_str(&methods.body).expect("JSON");
    assert_eq!(methods["providers"][1]["name"], "Landkreis");
    let mut seen = Vec::new();
    for provider in methods["providers"].as_array().expect("providers") {
        let begin = format!("{}{}", browser.app(), provider["url"].as_str().expect("an address"));
        browser.follow(&begin).await;
        let me = me(&browser).await.expect("somebody");
        seen.push((me["user"]["username"].as_str().expect("a name").to_owned(), me["role"].clone()));
    }
    assert_eq!(seen, [("mia".to_owned(), json!("student")), ("mia-2".to_owned(), json!("teacher"))]);
    let unknown = browser.get(&format!("{}/auth/login?provider=none", browser.app())).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_who_somebody_would_be_without_making_them() {
    let provider = Provider::start().await;
    let pult = pult_with(&provider, &[("auth.oidc.admin_users", "8d0c")]).await;
    let admin = pult.person("admin", "admin");
    let ask = async |claims: Value| {
        let request = admin.request(Method::POST, "/api/v1/identity/preview").json(&json!({ "claims": claims }));
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json::<Value>().await.expect("JSON"))
    };
    let (status, who) = ask(json!({ "sub": "m", "uuid": "8d0c", "preferred_username": "Mia", "groups": ["9b"] })).await;
    assert_eq!(status, StatusCode::OK);
    let expected = json!({
        "issuer": provider.issuer(), "subject": "8d0c", "username": "mia", "display_name": "mia", "role": "admin",
        "because": { "rule": "admin_users", "word": "8d0c" }, "groups": ["9b"],
    });
    assert_eq!(who, expected);
    assert_eq!(ask(json!({})).await.0, StatusCode::BAD_REQUEST);
    let users = admin.json("/api/v1/users").await;
    assert!(users["items"].as_array().expect("people").iter().all(|user| user["username"] != "mia"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_administrator_signs_in_from_the_configured_network_alone() {
    let settings = [
        ("auth.local.admins_from", "192.0.2.0/24, 2001:db8::1"),
        ("server.trusted_proxies", "127.0.0.1"),
        ("server.public_url", "http://pult.localhost:{port}"),
    ];
    let pult = Pult::with(&settings).await;
    let sign_in = async |name: &str, from: &str| {
        let browser = Browser::new(&pult);
        let credentials = json!({ "username": name, "password": pult.password_of(name) });
        let login = format!("{}/api/v1/login", browser.app());
        let answer = browser.post(&login, &credentials, &[("x-forwarded-for", from)]).await;
        (answer.status, answer.code())
    };
    for from in ["192.0.2.7", "198.51.100.1, 192.0.2.7", "2001:db8::1"] {
        assert_eq!(sign_in("admin", from).await.0, StatusCode::NO_CONTENT, "{from}");
    }
    for from in ["198.51.100.1", "192.0.2.7, 198.51.100.1", "2001:db8::2", "nowhere"] {
        let refused = (StatusCode::FORBIDDEN, "address_not_allowed".to_owned());
        assert_eq!(sign_in("admin", from).await, refused, "{from}");
        assert_eq!(sign_in("lehrerin", from).await.0, StatusCode::NO_CONTENT, "{from}: she is no administrator");
    }
    let noted = audit(&pult, "session.refuse").await;
    assert_eq!((noted.len(), &noted[0]["detail"]["code"]), (4, &json!("address_not_allowed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_touches_no_desktop() {
    let provider = Provider::start().await;
    let pult = pult_with(&provider, &[]).await;
    let browser = Browser::new(&pult);
    sign_in(&browser, "/").await;
    let csrf = me(&browser).await.expect("somebody")["csrf_token"].as_str().expect("a token").to_owned();
    let desktops = format!("{}/api/v1/desktops", browser.app());
    let wish = browser.post(&desktops, &json!({ "template": "tiny" }), &[("x-csrf-token", &csrf)]).await;
    assert_eq!(wish.status, StatusCode::ACCEPTED, "{}", wish.body);
    let look = async || {
        let list: Value = serde_json::from_str(&browser.ask(&desktops, &[]).await.body).expect("JSON");
        (list["items"][0]["state"] == "running").then(|| list["items"].clone())
    };
    let before = eventually("it runs", look).await;
    sign_in(&browser, "/").await;
    let after = look().await.expect("it still runs");
    assert_eq!((&after[0]["id"], &after[0]["started_at"]), (&before[0]["id"], &before[0]["started_at"]));
    assert_eq!(after.as_array().map(Vec::len), Some(1));
}
