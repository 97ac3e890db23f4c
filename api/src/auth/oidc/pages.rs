//! The addresses that a browser and a provider come to: `/auth/…`.

use domain::{
    access::{Credential, Principal},
    identity::{Identity, scopes},
};
use openidconnect::{
    ClientId, CsrfToken, EndSessionUrl, LogoutRequest, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, RedirectUrl, Scope, core::CoreAuthenticationFlow,
};
use salvo::{
    Depot, Request, Response, handler,
    http::{HeaderValue, StatusCode, header},
    writing::Redirect,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use store::{Deed, ProviderTokens, SignIn, SignedOut, Vouched};
use url::{Url, form_urlencoded};

use super::{
    Connected, SignInError,
    logout_token::{SignedOutThere, unverified_issuer},
    return_to::return_to,
};
use crate::{
    app::App,
    auth::{
        caller::end_former,
        cookie::{SESSION, SIGN_IN},
        identify, origin,
    },
    error::{ApiError, Audience},
    extract,
};

const CALLBACK: &str = "auth/callback";
const LOGOUT: &str = "auth/logout";
/// Octets of a logout token's form that are read.
const LONGEST_FORM: usize = 32 * 1024;
/// A token that is longer is not shown to the provider again: some servers read no longer addresses.
const LONGEST_HINT: usize = 4000;

/// `GET /auth/login?provider=…&next=…`: on the way to a provider.
#[handler]
pub(crate) async fn login(req: &mut Request, depot: &mut Depot, res: &mut Response) {
    let app = extract::app(depot).clone();
    let next = return_to(req.query("next")).to_owned();
    let provider = req.query::<String>("provider");
    let audience = Audience::at_desktop(req, &app.config.public_url);
    let begun = async {
        if origin::asks_for_a_foreign_page(req) {
            return Err(ApiError::OriginForeign);
        }
        let provider = app.oidc.get(provider.as_deref()).ok_or(ApiError::NotFound("identity provider"))?;
        let worked = app.store.sign_ins().scope_step(&provider.config.issuer).await?;
        let step = if provider.config.scopes.is_empty() { scopes::first(worked, chrono::Utc::now()) } else { 0 };
        send(&app, provider, step, &next, req, res).await
    };
    if let Err(error) = begun.await {
        error.render(&audience, res);
    }
}

/// Leads a browser to a provider, which is asked for as much as a step of the ladder says.
async fn send(
    app: &App,
    provider: &Connected,
    step: usize,
    next: &str,
    req: &Request,
    res: &mut Response,
) -> Result<(), ApiError> {
    let scopes = provider.config.scopes_at(step).ok_or(SignInError::Scopes)?;
    let known = provider.awake().await?;
    let secure = app.config.is_secure();
    // two tabs on their way have one word
    let word = SIGN_IN.read(req, secure)?.filter(|word| word.expose_secret().len() == 43);
    let word = word.unwrap_or_else(store::random_secret);
    let begun = app.store.sign_ins().begin(&word, &provider.config.id, step, next).await?;
    let (state, nonce) = (begun.state.expose_secret().to_owned(), begun.nonce.expose_secret().to_owned());
    let verifier = PkceCodeVerifier::new(begun.verifier.expose_secret().to_owned());
    let client = provider.client(known.metadata.clone(), Some(place(app, CALLBACK, RedirectUrl::from_url)));
    let (way, ..) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || CsrfToken::new(state),
            move || Nonce::new(nonce),
        )
        // the crate asks for `openid` by itself
        .add_scopes(scopes.into_iter().filter(|scope| *scope != "openid").map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    SIGN_IN.write(res, &word, secure);
    lead(res, way.as_str());
    Ok(())
}

/// `GET /auth/callback`: a provider's answer, brought by the browser.
#[handler]
pub(crate) async fn callback(req: &mut Request, depot: &mut Depot, res: &mut Response) {
    let app = extract::app(depot).clone();
    let mut audience = Audience::at_desktop(req, &app.config.public_url);
    let answer = Answer::of(req);
    let taken = match take(&app, req, &answer).await {
        Ok(taken) => taken,
        Err(error) => return refuse(&app, None, &error, &audience.trying_again_at(&again(&app, None)), res).await,
    };
    audience = audience.trying_again_at(&again(&app, Some(&taken)));
    let provider = taken.provider.clone();
    if let Err(error) = finish(&app, taken, answer, req, res).await {
        refuse(&app, Some(&provider), &error, &audience, res).await;
    }
}

/// What a provider has a browser bring.
struct Answer {
    state: Option<SecretString>,
    code: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
}

impl Answer {
    fn of(req: &mut Request) -> Self {
        let state = req.query::<String>("state").map(SecretString::from);
        Self { state, code: req.query("code"), issuer: req.query("iss"), error: req.query("error") }
    }
}

/// The sign-in that an answer is for, if it is this browser's.
async fn take(app: &App, req: &Request, answer: &Answer) -> Result<SignIn, ApiError> {
    let word = SIGN_IN.read(req, app.config.is_secure())?;
    let (Some(state), Some(word)) = (&answer.state, word) else {
        return Err(SignInError::Stale.into());
    };
    Ok(app.store.sign_ins().take(state, &word).await?.ok_or(SignInError::Stale)?)
}

async fn finish(app: &App, sign_in: SignIn, answer: Answer, req: &Request, res: &mut Response) -> Result<(), ApiError> {
    let provider = app.oidc.get(Some(&sign_in.provider)).ok_or(SignInError::Stale)?;
    let issuer = &provider.config.issuer;
    // RFC 9207: whoever says who it is has to be who was asked
    if answer.issuer.is_some_and(|told| told != *issuer) {
        return Err(SignInError::Issuer.into());
    }
    match answer.error.as_deref() {
        None => {}
        Some("invalid_scope") => {
            tracing::warn!(provider = sign_in.provider, step = sign_in.scope_step, "a provider refuses a scope");
            return send(app, provider, sign_in.scope_step + 1, &sign_in.return_to, req, res).await;
        }
        Some("unauthorized_client" | "invalid_client") => return Err(SignInError::Client.into()),
        Some(error) => return Err(SignInError::Denied(error.chars().take(100).collect()).into()),
    }
    let code = answer.code.ok_or_else(|| SignInError::Answer("there is no code".to_owned()))?;
    let redirect = place(app, CALLBACK, RedirectUrl::from_url);
    let proof = provider.redeem(code, &sign_in.verifier, &sign_in.nonce, redirect).await?;
    let identity = Identity::of(&proof.claims, &provider.config.rules);
    let identity = identity.map_err(|error| SignInError::Answer(error.to_string()))?;
    let user = app.store.users().sign_in(issuer, &identity).await?;
    let vouched = Vouched {
        provider: &provider.config.id,
        sid: proof.sid.as_deref(),
        id_token: &proof.id_token,
        tokens: ProviderTokens { access: &proof.tokens.access, refresh: proof.tokens.refresh.as_ref() },
        is_told_of_its_end: proof.tells_of_its_end,
    };
    let user_agent = req.header::<&str>(header::USER_AGENT);
    let detail = json!({ "provider": provider.config.id, "role": user.role });
    let store = app.store.noting(Deed::of(user.id, "session.create").with(detail));
    let (_, secret) = store.sessions().create_vouched(user.id, user_agent, vouched).await?;
    remember_step(app, provider, sign_in.scope_step).await?;
    end_former(app, req, user.id).await?;
    SESSION.write(res, &secret, app.config.is_secure());
    lead(res, &sign_in.return_to);
    Ok(())
}

/// Notes for how much the provider could be asked, if that is news.
async fn remember_step(app: &App, provider: &Connected, step: usize) -> Result<(), ApiError> {
    let (issuer, sign_ins) = (&provider.config.issuer, app.store.sign_ins());
    let known = sign_ins.scope_step(issuer).await?;
    let is_known = known.is_some_and(|(known, _)| known == step) && scopes::first(known, chrono::Utc::now()) == step;
    if !is_known && provider.config.scopes.is_empty() {
        sign_ins.note_scope_step(issuer, step).await?;
        let missing = scopes::step(step).map(scopes::missing).unwrap_or_default();
        if !missing.is_empty() {
            let missing = missing.join(" ");
            tracing::warn!(
                provider = provider.config.id,
                missing,
                "a provider does not release scopes that are needed"
            );
        }
    }
    Ok(())
}

/// Tells a person, and the audit log, that nobody was signed in.
async fn refuse(app: &App, provider: Option<&str>, error: &ApiError, audience: &Audience, res: &mut Response) {
    if let ApiError::SignIn(error) = error
        && app.oidc.notes.has_room()
    {
        let detail = json!({ "code": error.code() });
        let noted = app.store.audit().record(None, "session.refuse", provider.map(str::to_owned), Some(detail)).await;
        if let Err(error) = noted {
            tracing::error!(error = &error as &dyn std::error::Error, "a refused sign-in is not in the audit log");
        }
    }
    error.render(audience, res);
}

/// `GET /auth/logout`: signs out here, and then at the provider, which leads back to here.
///
/// It changes something although it is asked for as a page: a provider leads browsers here, and a link in the page does.
/// So a page of somebody else's signs nobody out: it is led to ours, where one can.
#[handler]
pub(crate) async fn logout(req: &mut Request, depot: &mut Depot, res: &mut Response) {
    let app = extract::app(depot).clone();
    let audience = Audience::at_desktop(req, &app.config.public_url);
    if let Err(error) = leave(&app, req, res).await {
        error.render(&audience, res);
    }
}

async fn leave(app: &App, req: &Request, res: &mut Response) -> Result<(), ApiError> {
    let Principal { user, credential, .. } = match identify(app, req).await {
        Ok(caller) => caller.principal,
        Err(ApiError::Unauthenticated) => {
            lead(res, "/login?signed_out");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let (Credential::Session(session), true) = (&credential, origin::is_ours(req, &app.config.public_url)) else {
        lead(res, "/");
        return Ok(());
    };
    let vouched = app.store.sessions().vouched(*session).await?;
    app.store.noting(Deed::of(user, "session.end").on(session)).sessions().end(*session).await?;
    app.presence.end(&credential);
    SESSION.clear(res, app.config.is_secure());
    let there = match vouched {
        Some((provider, id_token)) => way_out(app, &provider, &id_token).await,
        None => None,
    };
    lead(res, there.as_ref().map_or("/login?signed_out", Url::as_str));
    Ok(())
}

/// Where somebody signs out at the provider, if it says where.
async fn way_out(app: &App, provider: &str, id_token: &SecretString) -> Option<Url> {
    let provider = app.oidc.get(Some(provider))?;
    // who wants to leave is not kept waiting by a provider that is away: here they are out
    let known = provider.known().await.ok()?;
    let place_there = known.metadata.additional_metadata().end_session_endpoint.clone()?;
    let mut way = LogoutRequest::from(EndSessionUrl::from_url(place_there))
        .set_client_id(ClientId::new(provider.config.client_id.clone()))
        .set_post_logout_redirect_uri(place(app, LOGOUT, PostLogoutRedirectUrl::from_url))
        .http_get_url();
    if id_token.expose_secret().len() <= LONGEST_HINT {
        way.query_pairs_mut().append_pair("id_token_hint", id_token.expose_secret());
    }
    Some(way)
}

/// `POST /auth/backchannel-logout`: a provider tells that it has signed somebody out.
#[handler]
pub(crate) async fn backchannel_logout(req: &mut Request, depot: &mut Depot, res: &mut Response) {
    let app = extract::app(depot).clone();
    let audience = Audience::of(req);
    match sign_out(&app, req).await {
        Ok(()) => {
            res.status_code(StatusCode::OK);
        }
        Err(ApiError::SignIn(error)) if !matches!(error, SignInError::Away(_)) => {
            refuse(&app, None, &ApiError::SignIn(error), &audience, res).await;
            // whatever is wrong with it, it is the token (OpenID Connect Back-Channel Logout section 2.8)
            res.status_code(StatusCode::BAD_REQUEST);
        }
        Err(error) => error.render(&audience, res),
    }
    res.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

async fn sign_out(app: &App, req: &mut Request) -> Result<(), ApiError> {
    let form = req.payload_with_max_size(LONGEST_FORM).await.map_err(|_| ApiError::TooLarge(LONGEST_FORM))?;
    let token = form_urlencoded::parse(form).find(|(name, _)| name == "logout_token");
    let token = token.map(|(_, token)| token.into_owned()).unwrap_or_default();
    let issuer = unverified_issuer(&token).ok_or_else(|| SignInError::Answer("this is no logout token".to_owned()))?;
    let is_from = |provider: &&Connected| provider.config.issuer == issuer;
    for provider in app.oidc.all().iter().filter(is_from) {
        if !provider.known().await?.metadata.additional_metadata().backchannel_logout_supported {
            continue;
        }
        let whom = match provider.read_logout_token(&token).await {
            // another client of the same provider may be meant
            Err(SignInError::Audience) => continue,
            read => read?,
        };
        let SignedOutThere { subject, sid } = &whom;
        let whom = match (sid, subject) {
            (Some(sid), _) => SignedOut::Session(sid),
            (None, Some(subject)) => SignedOut::Person { issuer: &issuer, subject },
            (None, None) => continue,
        };
        let ended = app.store.sessions().end_vouched(&provider.config.id, whom).await?;
        for session in &ended {
            app.presence.end(&Credential::Session(*session));
        }
        return Ok(());
    }
    Err(SignInError::Audience.into())
}

/// An address of ours, as providers have it in their lists.
fn place<T>(app: &App, path: &str, of: impl FnOnce(Url) -> T) -> T {
    let mut url = app.config.public_url.clone();
    url.set_path(path);
    of(url)
}

/// Where another try begins.
fn again(app: &App, sign_in: Option<&SignIn>) -> Url {
    let mut url = place(app, "auth/login", std::convert::identity);
    if let Some(sign_in) = sign_in {
        url.query_pairs_mut().append_pair("provider", &sign_in.provider).append_pair("next", &sign_in.return_to);
    }
    url
}

/// Leads a browser on. Nobody keeps where.
fn lead(res: &mut Response, place: &str) {
    res.render(Redirect::found(place));
    let headers = res.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // neither code nor state travels on in a Referer
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}
