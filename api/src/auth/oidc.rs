//! Signing in by an identity provider: OpenID Connect's code flow with PKCE.
//!
//! ```text
//! browser          GET /auth/login?next=/…      notes a word in the browser, and that it is on its way
//! provider         GET <authorization>?state&nonce&code_challenge
//! browser          GET /auth/callback?code&state    once, and only from the browser that has the word
//! us, to provider  POST <token>                 the code and its proof for an ID token, which is checked
//! us, to provider  GET <userinfo>               what the ID token does not say
//! browser          a session, and where it wanted to go
//! ```
//!
//! The protocol is the crate's; what stands here is what schools' providers need around it. Where something about an
//! answer is wrong, nobody is signed in, a person is told in a sentence, and the audit log has a line.
//!
//! A provider that is away keeps people from signing in, and nothing else: sessions do not ask it.

mod again;
mod failure;
mod known;
mod logout_token;
mod notes;
mod pages;
mod proof;
mod protocol;
mod return_to;
mod transport;

use std::sync::atomic::AtomicBool;

use domain::identity::{Rules, scopes};
use secrecy::SecretString;
use url::Url;

pub(crate) use self::{
    again::ask_again,
    failure::SignInError,
    pages::{backchannel_logout, callback, login, logout},
};
use self::{known::Directory, notes::Notes, transport::Transport};

/// An identity provider, as it is configured.
#[derive(Debug, Clone)]
pub struct Provider {
    /// What it is called in addresses and in the database.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Who it is: its address, spelled as it spells it itself.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// How we prove that.
    pub client_secret: SecretString,
    /// What it is asked for; where nothing is said, as much as it releases.
    pub scopes: Vec<String>,
    /// Addresses that it does not tell, or tells wrongly, by their names in the discovery document.
    pub endpoints: Vec<(&'static str, Url)>,
    /// Whom its words make a teacher or an administrator.
    pub rules: Rules,
}

/// The providers, with what they told of themselves.
#[derive(Debug)]
pub(crate) struct Oidc {
    providers: Vec<Connected>,
    notes: Notes,
}

/// A provider, and the way to it.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) config: Provider,
    directory: Directory,
    transport: Transport,
    /// Whether it takes our secret only in the way that is not tried first.
    other_way: AtomicBool,
}

impl Connected {
    fn new(config: Provider) -> Self {
        Self {
            config,
            directory: Directory::default(),
            transport: Transport::default(),
            other_way: AtomicBool::default(),
        }
    }
}

impl Oidc {
    pub(crate) fn new(providers: Vec<Provider>) -> Self {
        Self { providers: providers.into_iter().map(Connected::new).collect(), notes: Notes::default() }
    }

    /// All of them, the first one first.
    pub(crate) fn all(&self) -> &[Connected] {
        &self.providers
    }

    /// One of them; the first where none is named.
    pub(crate) fn get(&self, id: Option<&str>) -> Option<&Connected> {
        match id {
            None => self.providers.first(),
            Some(id) => self.providers.iter().find(|provider| provider.config.id == id),
        }
    }
}

/// Whether a provider tells what it is; if not, why.
pub async fn provider_answers(provider: &Provider) -> Result<(), String> {
    Connected::new(provider.clone()).answers().await
}

impl Provider {
    /// What is asked for at a step of the ladder; what is configured, where that is something, is the only step.
    pub fn scopes_at(&self, step: usize) -> Option<Vec<&str>> {
        if !self.scopes.is_empty() {
            return (step == 0).then(|| self.scopes.iter().map(String::as_str).collect());
        }
        scopes::step(step).map(<[_]>::to_vec)
    }
}
