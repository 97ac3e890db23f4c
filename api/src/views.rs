//! What is said of things: the shapes that cross HTTP. Their schemas are the API's.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use domain::{
    Language, Timestamp,
    idle::IdlePolicy,
    template::{Client, HomePolicy, NetworkPolicy, Protocol, Template, TemplateSpec},
    why::explain,
};
use salvo::oapi::ToSchema;
use serde::{Deserialize, Serialize};
use store::{Assignment, Details, EngineStatus, Entry, Group, Job, Page, Recipient, Token, User};

use crate::error::ApiError;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListView<T: ToSchema + 'static> {
    /// The items.
    items: Vec<T>,
    /// Where the next page begins; null after the last.
    next_cursor: Option<String>,
}

impl<T: ToSchema + 'static> From<Page<T>> for ListView<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

/// One user's instance of one template.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[salvo(schema(name = Desktop))]
pub(crate) struct DesktopView {
    id: String,
    /// DNS label under which it is addressed.
    name: String,
    /// Slug of its template.
    template: String,
    /// Username of its owner.
    owner: String,
    /// `requested`, `queued`, `starting`, `running`, `stopping`, `stopped` or `failed`.
    state: &'static str,
    /// While `starting`: `creating`, `starting` or `connecting`.
    step: Option<&'static str>,
    /// Why it ended or failed: a stable word.
    reason: Option<&'static str>,
    /// Place in the queue, from 1, while `queued`.
    queue_position: Option<i32>,
    /// Guess of the seconds until it starts, while `queued`.
    eta_seconds: Option<i32>,
    /// Where to open it.
    url: String,
    created_at: Timestamp,
    /// When it last became `running`.
    started_at: Option<Timestamp>,
    /// Last keyboard or pointer input seen in its stream.
    last_input_at: Option<Timestamp>,
    /// The latest of its start, an extension and any input.
    last_used_at: Option<Timestamp>,
    /// When it stops if nobody uses it before then.
    stops_at: Option<Timestamp>,
    /// Why it is as it is, in a sentence.
    why: String,
    /// Whether it is gone: then forget it.
    removed: bool,
}

impl DesktopView {
    pub(crate) fn new(details: Details, installation: &IdlePolicy, now: Timestamp, language: Language) -> Self {
        let Details { desktop, template, idle_after, owner } = details;
        let own = idle_after.and_then(|limit| TimeDelta::from_std(limit).ok());
        let policy = IdlePolicy { idle_after: own.or(installation.idle_after), ..*installation };
        Self {
            why: explain(&desktop, &policy, now, language),
            stops_at: policy.stops_at(&desktop),
            last_used_at: desktop.last_use(),
            id: desktop.id.to_string(),
            url: format!("/desktop/{}/", desktop.name),
            name: desktop.name,
            template,
            owner,
            state: desktop.state.as_str(),
            step: desktop.step.map(domain::desktop::Step::as_str),
            reason: desktop.why.as_ref().map(domain::why::Why::code),
            queue_position: desktop.queue_position,
            eta_seconds: desktop.queue_eta_seconds,
            created_at: desktop.created_at,
            started_at: desktop.started_at,
            last_input_at: desktop.last_input_at,
            removed: desktop.removed_at.is_some(),
        }
    }
}

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
    /// `shared`, `template` or `none`.
    home: &'static str,
    /// `internet` or `none`.
    network: &'static str,
    /// `novnc`, `container` or `image:<folder>`.
    client: String,
    enabled: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[salvo(schema(inline))]
    inside: Option<TemplateInside>,
}

/// A template's technical part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateInside {
    image: String,
    port: u16,
    /// `http` or `https`.
    protocol: &'static str,
    verify_tls: bool,
    path: String,
    env: BTreeMap<String, String>,
    vnc_user: String,
    cpus: f64,
    memory_mb: i64,
    pids: i64,
    shm_mb: i64,
    health_path: Option<String>,
    /// Its own idle limit, such as `45m`.
    idle_after: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TemplateView {
    pub(crate) fn new(template: Template, with_inside: bool) -> Self {
        let Template { id, spec, created_at, updated_at } = template;
        let inside = TemplateInside {
            image: spec.image,
            port: spec.port,
            protocol: spec.protocol.as_str(),
            verify_tls: spec.verify_tls,
            path: spec.path,
            env: spec.env,
            vnc_user: spec.vnc_user,
            cpus: spec.cpus,
            memory_mb: spec.memory_mb,
            pids: spec.pids,
            shm_mb: spec.shm_mb,
            health_path: spec.health_path,
            idle_after: spec.idle_after.and_then(|span| span.to_std().ok()).map(in_words),
            created_at,
            updated_at,
        };
        Self {
            id: id.to_string(),
            slug: spec.slug,
            name: spec.name,
            description: spec.description,
            icon: spec.icon,
            home: spec.home.as_str(),
            network: spec.network.as_str(),
            client: spec.client.to_string(),
            enabled: spec.enabled,
            inside: with_inside.then_some(inside),
        }
    }
}

/// A span as the configuration spells it.
fn in_words(span: Duration) -> String {
    humantime_serde::re::humantime::format_duration(span).to_string()
}

/// A template to be made or edited. A field that is not there keeps its value, or its default where the template is
/// new.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    #[salvo(schema(value_type = Option<String>))]
    protocol: Option<Protocol>,
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
    #[salvo(schema(value_type = Option<String>))]
    home: Option<HomePolicy>,
    /// `internet` (default) or `none`.
    #[salvo(schema(value_type = Option<String>))]
    network: Option<NetworkPolicy>,
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
        let idle_after = match self.idle_after {
            Edit::Keep => old.idle_after,
            Edit::Clear => None,
            Edit::Set(text) => {
                Some(span(&text).ok_or_else(|| malformed("idle_after: expected a span such as 45m".to_owned()))?)
            }
        };
        let spec = TemplateSpec {
            slug: self.slug.unwrap_or(old.slug),
            name: self.name.unwrap_or(old.name),
            description: self.description.unwrap_or(old.description),
            icon: self.icon.over(old.icon),
            image: self.image.unwrap_or(old.image),
            port: self.port.unwrap_or(old.port),
            protocol: self.protocol.unwrap_or(old.protocol),
            verify_tls: self.verify_tls.unwrap_or(old.verify_tls),
            path: self.path.unwrap_or(old.path),
            env: self.env.unwrap_or(old.env),
            vnc_user: self.vnc_user.unwrap_or(old.vnc_user),
            cpus: self.cpus.unwrap_or(old.cpus),
            memory_mb: self.memory_mb.unwrap_or(old.memory_mb),
            pids: self.pids.unwrap_or(old.pids),
            shm_mb: self.shm_mb.unwrap_or(old.shm_mb),
            home: self.home.unwrap_or(old.home),
            network: self.network.unwrap_or(old.network),
            client: client.unwrap_or(old.client),
            health_path: self.health_path.over(old.health_path),
            idle_after,
            enabled: self.enabled.unwrap_or(old.enabled),
        };
        spec.check().map_err(ApiError::Fields)?;
        Ok(spec)
    }
}

fn span(text: &str) -> Option<TimeDelta> {
    humantime_serde::re::humantime::parse_duration(text).ok().and_then(|span| TimeDelta::from_std(span).ok())
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

/// Work that takes long enough to be watched.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[salvo(schema(name = Job))]
pub(crate) struct JobView {
    id: String,
    /// `pull`.
    kind: String,
    /// `waiting`, `running`, `done` or `failed`.
    state: String,
    /// An image, for a pull.
    subject: String,
    /// 0 to 1, where it can be told.
    progress: Option<f64>,
    /// What is happening, or went wrong.
    message: String,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            kind: job.kind,
            state: job.state,
            subject: job.subject,
            progress: job.progress,
            message: job.message,
            created_at: job.created_at,
            finished_at: job.finished_at,
        }
    }
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = User))]
pub(crate) struct UserView {
    id: String,
    username: String,
    display_name: String,
    /// `student`, `teacher` or `admin`.
    role: &'static str,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username,
            display_name: user.display_name,
            role: user.role.as_str(),
        }
    }
}

/// A class, course or staff group.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Group))]
pub(crate) struct GroupView {
    id: String,
    name: String,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        Self { id: group.id.to_string(), name: group.name }
    }
}

/// An API token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Token))]
pub(crate) struct TokenView {
    id: String,
    name: String,
    /// Its first characters, to recognise it by.
    prefix: String,
    /// What it is good for; empty for everything its owner may.
    scopes: Vec<&'static str>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// To the minute.
    last_used_at: Option<Timestamp>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            prefix: token.prefix,
            scopes: token.scopes.into_iter().map(domain::access::Scope::as_str).collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// One line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = AuditEntry))]
pub(crate) struct AuditView {
    id: String,
    at: Timestamp,
    /// Id of the one who did it; null where Pult acted by itself.
    actor: Option<String>,
    /// What was done: a stable word.
    action: String,
    /// To what.
    object: Option<String>,
    /// What else is worth knowing.
    detail: Option<serde_json::Value>,
}

impl From<Entry> for AuditView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            at: entry.at,
            actor: entry.actor.map(|id| id.to_string()),
            action: entry.action,
            object: entry.object,
            detail: entry.detail,
        }
    }
}

/// How the engine is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[salvo(schema(name = EngineStatus))]
pub(crate) struct EngineView {
    /// Whether it answered when last asked.
    pub(crate) reachable: bool,
    /// Since when that is so.
    since: Option<Timestamp>,
    /// When the database was last compared with all it shows.
    checked_at: Option<Timestamp>,
    /// What went wrong.
    message: Option<String>,
}

impl From<Option<EngineStatus>> for EngineView {
    fn from(status: Option<EngineStatus>) -> Self {
        match status {
            Some(EngineStatus { reachable, since, checked_at, message, .. }) => {
                Self { reachable, since, checked_at, message }
            }
            None => Self { reachable: false, since: None, checked_at: None, message: None },
        }
    }
}
