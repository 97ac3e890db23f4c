use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{
    Timestamp,
    idle::OwnLimits,
    template::{Client, HomePolicy, NetworkPolicy, Protocol, Template, TemplateSpec},
};
use salvo::oapi::ToSchema;
use serde::{Deserialize, Serialize};
use store::{Assignment, Recipient};

use crate::{error::ApiError, word::Word};

/// What a desktop is made from. All but the first fields are for administrators alone.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Template))]
pub(crate) struct TemplateView {
    id: String,
    slug: String,
    name: String,
    description: String,
    /// Name of an icon of the web app.
    icon: Option<String>,
    home: Word<HomePolicy>,
    network: Word<NetworkPolicy>,
    /// `novnc`, `container` or `image:<folder>`.
    client: String,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<Word<Protocol>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify_tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vnc_user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpus: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_mb: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pids: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shm_mb: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health_path: Option<String>,
    /// Its own idle limit, such as `45m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_after: Option<String>,
    /// How long its desktops run at most, used or not, such as `12h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_lifetime: Option<String>,
    /// Whether its desktops are stopped when the schedule stops everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    nightly_stop: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
}

impl TemplateView {
    /// What everybody sees of a template who may start it.
    pub(crate) fn outside(template: Template) -> Self {
        let Template { id, spec, .. } = template;
        Self {
            id: id.to_string(),
            slug: spec.slug,
            name: spec.name,
            description: spec.description,
            icon: spec.icon,
            home: Word(spec.home),
            network: Word(spec.network),
            client: spec.client.to_string(),
            enabled: spec.enabled,
            image: None,
            port: None,
            protocol: None,
            verify_tls: None,
            path: None,
            env: None,
            vnc_user: None,
            cpus: None,
            memory_mb: None,
            pids: None,
            shm_mb: None,
            health_path: None,
            idle_after: None,
            max_lifetime: None,
            nightly_stop: None,
            created_at: None,
            updated_at: None,
        }
    }

    /// All of a template.
    pub(crate) fn whole(template: Template) -> Self {
        let spec = template.spec.clone();
        Self {
            image: Some(spec.image),
            port: Some(spec.port),
            protocol: Some(Word(spec.protocol)),
            verify_tls: Some(spec.verify_tls),
            path: Some(spec.path),
            env: Some(spec.env),
            vnc_user: Some(spec.vnc_user),
            cpus: Some(spec.cpus),
            memory_mb: Some(spec.memory_mb),
            pids: Some(spec.pids),
            shm_mb: Some(spec.shm_mb),
            health_path: spec.health_path,
            idle_after: spec.limits.idle_after.map(in_words),
            max_lifetime: spec.limits.max_lifetime.map(in_words),
            nightly_stop: spec.limits.nightly_stop,
            created_at: Some(template.created_at),
            updated_at: Some(template.updated_at),
            ..Self::outside(template)
        }
    }
}

/// A span as the configuration spells it.
fn in_words(span: TimeDelta) -> String {
    humantime_serde::re::humantime::format_duration(span.to_std().unwrap_or_default()).to_string()
}

/// A template to be made or edited. A field that is not there keeps its value, or its default where the template is
/// new.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "slug": "xfce", "name": "Xfce", "image": "pult/xfce:latest", "memory_mb": 2048 })))]
pub(crate) struct TemplateInput {
    /// 1 to 32 of `a-z`, `0-9` and inner `-`. Needed for a new template.
    slug: Option<String>,
    /// 1 to 80 characters. Needed for a new template.
    name: Option<String>,
    /// At most 500 characters.
    description: Option<String>,
    /// Name of an icon of the web app.
    #[serde(default, skip_serializing)]
    #[salvo(schema(value_type = Option<String>))]
    icon: Edit<String>,
    /// Image reference. Needed for a new template.
    image: Option<String>,
    /// TCP port in the container; 6901.
    port: Option<u16>,
    /// `http` (default) or `https`.
    protocol: Option<Word<Protocol>>,
    /// Whether its certificate is checked against the system's roots; false.
    verify_tls: Option<bool>,
    /// Its first page; `/`.
    path: Option<String>,
    /// Environment beside what every desktop gets.
    env: Option<BTreeMap<String, String>>,
    /// User for Basic authentication; `kasm_user`.
    vnc_user: Option<String>,
    /// Processors, 0.1 to 64; 2.
    cpus: Option<f64>,
    /// MiB, 64 to 262144; 2048.
    memory_mb: Option<i64>,
    /// Processes and threads, 32 to 32768; 512.
    pids: Option<i64>,
    /// MiB, 1 to 65536; 512.
    shm_mb: Option<i64>,
    /// `shared` (default), `template` or `none`.
    home: Option<Word<HomePolicy>>,
    /// `internet` (default) or `none`.
    network: Option<Word<NetworkPolicy>>,
    /// `novnc` (default), `container` or `image:<folder>`.
    client: Option<String>,
    /// Path that answers when it is ready.
    #[serde(default, skip_serializing)]
    #[salvo(schema(value_type = Option<String>))]
    health_path: Edit<String>,
    /// Its own idle limit, such as `45m`.
    #[serde(default, skip_serializing)]
    #[salvo(schema(value_type = Option<String>))]
    idle_after: Edit<String>,
    /// How long its desktops run at most, used or not, such as `12h`.
    #[serde(default, skip_serializing)]
    #[salvo(schema(value_type = Option<String>))]
    max_lifetime: Edit<String>,
    /// Whether its desktops are stopped when the schedule stops everything.
    #[serde(default, skip_serializing)]
    #[salvo(schema(value_type = Option<bool>))]
    nightly_stop: Edit<bool>,
    /// Whether it can be started; true.
    enabled: Option<bool>,
}

/// What is done to a field that can be empty.
#[derive(Debug, Default)]
pub(crate) enum Edit<T> {
    /// It is not there: the field keeps its value.
    #[default]
    Keep,
    /// It is null: the field is emptied.
    Clear,
    /// The field gets this value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Edit<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Edit<T> {
    fn over(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Keep => old,
            Self::Clear => None,
            Self::Set(new) => Some(new),
        }
    }
}

impl TemplateInput {
    /// A new template from what was given; names what is missing or cannot be read.
    pub(crate) fn into_new(mut self) -> Result<TemplateSpec, ApiError> {
        let missing = |field| ApiError::Malformed(format!("missing field `{field}`"));
        let slug = self.slug.take().ok_or_else(|| missing("slug"))?;
        let name = self.name.take().unwrap_or_else(|| slug.clone());
        let image = self.image.take().ok_or_else(|| missing("image"))?;
        self.over(TemplateSpec::new(slug, name, image))
    }

    /// What was given, over what is there.
    pub(crate) fn over(self, old: TemplateSpec) -> Result<TemplateSpec, ApiError> {
        let malformed = ApiError::Malformed;
        let client: Option<Client> = self
            .client
            .map(|text| text.parse())
            .transpose()
            .map_err(|error: domain::UnknownWord| malformed(error.to_string()))?;
        let limits = OwnLimits {
            idle_after: span("idle_after", self.idle_after)?.over(old.limits.idle_after),
            max_lifetime: span("max_lifetime", self.max_lifetime)?.over(old.limits.max_lifetime),
            nightly_stop: self.nightly_stop.over(old.limits.nightly_stop),
        };
        let spec = TemplateSpec {
            slug: self.slug.unwrap_or(old.slug),
            name: self.name.unwrap_or(old.name),
            description: self.description.unwrap_or(old.description),
            icon: self.icon.over(old.icon),
            image: self.image.unwrap_or(old.image),
            port: self.port.unwrap_or(old.port),
            protocol: self.protocol.map_or(old.protocol, |word| word.0),
            verify_tls: self.verify_tls.unwrap_or(old.verify_tls),
            path: self.path.unwrap_or(old.path),
            env: self.env.unwrap_or(old.env),
            vnc_user: self.vnc_user.unwrap_or(old.vnc_user),
            cpus: self.cpus.unwrap_or(old.cpus),
            memory_mb: self.memory_mb.unwrap_or(old.memory_mb),
            pids: self.pids.unwrap_or(old.pids),
            shm_mb: self.shm_mb.unwrap_or(old.shm_mb),
            home: self.home.map_or(old.home, |word| word.0),
            network: self.network.map_or(old.network, |word| word.0),
            client: client.unwrap_or(old.client),
            health_path: self.health_path.over(old.health_path),
            limits,
            enabled: self.enabled.unwrap_or(old.enabled),
        };
        spec.check().map_err(ApiError::Fields)?;
        Ok(spec)
    }
}

/// A span as the configuration spells it, in a field.
fn span(field: &str, edit: Edit<String>) -> Result<Edit<TimeDelta>, ApiError> {
    let read = |text: &str| TimeDelta::from_std(humantime_serde::re::humantime::parse_duration(text).ok()?).ok();
    Ok(match edit {
        Edit::Keep => Edit::Keep,
        Edit::Clear => Edit::Clear,
        Edit::Set(text) => {
            Edit::Set(read(&text).ok_or_else(|| ApiError::Malformed(format!("{field}: expected a span such as 45m")))?)
        }
    })
}

/// A template given to somebody.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Assignment))]
pub(crate) struct AssignmentView {
    id: String,
    /// Slug of the template.
    template: String,
    /// Name of the group, if it is for one.
    group: Option<String>,
    /// Username, if it is for one person.
    user: Option<String>,
    /// Whether it is for everybody.
    everyone: bool,
    /// Names of the hand-out folders it brings.
    folders: Vec<String>,
    /// Id of the one who gave it.
    created_by: Option<String>,
    created_at: Timestamp,
}

impl From<Assignment> for AssignmentView {
    fn from(assignment: Assignment) -> Self {
        let everyone = assignment.recipient == Recipient::Everyone;
        let (group, user) = match assignment.recipient {
            Recipient::Group(_, name) => (Some(name), None),
            Recipient::User(_, name) => (None, Some(name)),
            Recipient::Everyone => (None, None),
        };
        Self {
            id: assignment.id.to_string(),
            template: assignment.template,
            group,
            user,
            everyone,
            folders: assignment.folders,
            created_by: assignment.created_by.map(|id| id.to_string()),
            created_at: assignment.created_at,
        }
    }
}
