//! What `pult serve --demo` adds: three accounts in a class, and a template for each of our images that is there.

use anyhow::Context as _;
use domain::{access::Role, template::TemplateSpec};
use engine::Engine;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::{Recipient, Store};
use tracing::{info, warn};
use url::Url;

const CLASS: &str = "9b";
const ACCOUNTS: [(&str, &str, Role); 3] = [
    ("admin", "Alex Admin", Role::Admin),
    ("lehrerin", "Frau Lehmann", Role::Teacher),
    ("schueler", "Sam Schüler", Role::Student),
];
/// The descriptions that lie beside our images.
const TEMPLATES: [&str; 2] =
    [include_str!("../compose/desktops/xfce/template.toml"), include_str!("../compose/desktops/tiny/template.toml")];

/// A description of a template; what it does not say has the usual default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    slug: String,
    name: String,
    description: String,
    icon: Option<String>,
    image: String,
    port: Option<u16>,
    protocol: Option<domain::template::Protocol>,
    path: Option<String>,
    vnc_user: Option<String>,
    cpus: Option<f64>,
    memory_mb: Option<i64>,
    pids: Option<i64>,
    shm_mb: Option<i64>,
    home: Option<domain::template::HomePolicy>,
    network: Option<domain::template::NetworkPolicy>,
    client: Option<String>,
    health_path: Option<String>,
}

/// Adds what is missing, and says how to get in. Accounts that are there keep their passwords.
pub(crate) async fn set_up(store: &Store, engine: &dyn Engine, url: &Url) -> anyhow::Result<()> {
    let class = store.groups().ensure(CLASS).await?;
    let mut new = Vec::new();
    for (username, display_name, role) in ACCOUNTS {
        let known = store.users().by_username(username).await?.is_some();
        let user = store.users().ensure(username, display_name, role).await?;
        store.users().join(user.id, class.id).await?;
        if !known {
            let password = password();
            store.users().set_password(user.id, password.clone()).await?;
            new.push((username, password));
        }
    }
    for text in TEMPLATES {
        add_template(store, engine, text).await?;
    }
    Ok(welcome(&mut std::io::stdout().lock(), url, &new)?)
}

async fn add_template(store: &Store, engine: &dyn Engine, text: &str) -> anyhow::Result<()> {
    let spec = toml::from_str::<Recipe>(text).context("a template.toml of ours is wrong")?.into_spec()?;
    if store.templates().by_slug(&spec.slug).await?.is_some() {
        return Ok(());
    }
    match engine.image(&spec.image).await {
        Ok(Some(_)) => {}
        Ok(None) => {
            info!(image = %spec.image, "the image is not on the engine; no template for it");
            return Ok(());
        }
        Err(error) => {
            warn!(image = %spec.image, error = &error as &dyn std::error::Error, "no template: the engine is away");
            return Ok(());
        }
    }
    let template = store.templates().create(&spec).await?;
    store.assignments().create(template.id, &Recipient::Everyone, &[], None).await?;
    Ok(())
}

impl Recipe {
    fn into_spec(self) -> anyhow::Result<TemplateSpec> {
        let usual = TemplateSpec::new(self.slug, self.name, self.image);
        let client = self.client.map(|client| client.parse()).transpose()?;
        Ok(TemplateSpec {
            description: self.description,
            icon: self.icon,
            port: self.port.unwrap_or(usual.port),
            protocol: self.protocol.unwrap_or(usual.protocol),
            path: self.path.unwrap_or(usual.path),
            vnc_user: self.vnc_user.unwrap_or(usual.vnc_user),
            cpus: self.cpus.unwrap_or(usual.cpus),
            memory_mb: self.memory_mb.unwrap_or(usual.memory_mb),
            pids: self.pids.unwrap_or(usual.pids),
            shm_mb: self.shm_mb.unwrap_or(usual.shm_mb),
            home: self.home.unwrap_or(usual.home),
            network: self.network.unwrap_or(usual.network),
            client: client.unwrap_or(usual.client),
            health_path: self.health_path,
            slug: usual.slug,
            name: usual.name,
            image: usual.image,
            verify_tls: usual.verify_tls,
            env: usual.env,
            limits: usual.limits,
            enabled: usual.enabled,
        })
    }
}

/// A password that can be read aloud: 60 random bits in four groups.
pub(crate) fn password() -> SecretString {
    store::random_words().into()
}

fn welcome(out: &mut impl std::io::Write, url: &Url, new: &[(&str, SecretString)]) -> std::io::Result<()> {
    writeln!(out, "\nPult: {url}\n")?;
    for (username, password) in new {
        writeln!(out, "  {username:<10} {}", password.expose_secret())?;
    }
    if new.is_empty() {
        writeln!(
            out,
            "  The accounts have the passwords of their first start; `pult user passwd NAME` gives new ones."
        )?;
    }
    writeln!(out)?;
    out.flush()
}
