//! What a desktop is made from.

use domain::{
    TemplateId, Timestamp,
    template::{Client, HomePolicy, NetworkPolicy, Protocol},
};
use sea_orm::entity::prelude::*;

/// What a desktop is made from.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "templates")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TemplateId,
    /// Short name in addresses.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// A sentence or two.
    pub description: String,
    /// Name of an icon.
    pub icon: Option<String>,
    /// Image reference.
    pub image: String,
    /// TCP port in the container.
    pub port: i32,
    /// What is spoken there.
    pub protocol: Protocol,
    /// Whether its certificate is checked against the system's roots.
    pub verify_tls: bool,
    /// Its first page.
    pub path: String,
    /// Names to values.
    #[sea_orm(column_type = "Json")]
    pub env: Json,
    /// User for Basic authentication.
    pub vnc_user: String,
    /// Processors.
    pub cpus: f64,
    /// MiB.
    pub memory_mb: i64,
    /// Processes and threads.
    pub pids: i64,
    /// MiB.
    pub shm_mb: i64,
    /// Which files it brings.
    pub home: HomePolicy,
    /// What it reaches.
    pub network: NetworkPolicy,
    /// Whose pages show it.
    pub client: Client,
    /// What answers when it is ready.
    pub health_path: Option<String>,
    /// Its own idle limit.
    pub idle_after_seconds: Option<i64>,
    /// Its own limit to how long a desktop runs.
    pub max_lifetime_seconds: Option<i64>,
    /// Whether its desktops are stopped at night.
    pub nightly_stop: Option<bool>,
    /// Whether it can be started.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
