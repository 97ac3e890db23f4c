//! One user's instance of one template.

use domain::{
    DesktopId, TemplateId, Timestamp, UserId,
    desktop::{ContainerId, DesktopState, Endpoint, Fingerprint, Served, Step, Wanted},
    why::Why,
};
use sea_orm::entity::prelude::*;

/// One user's instance of one template.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "desktops")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DesktopId,
    /// DNS label; unique among those that are not removed.
    pub name: String,
    /// Whose it is.
    pub owner_id: UserId,
    /// What it is made from.
    pub template_id: TemplateId,
    /// What somebody wants of it.
    pub wanted: Wanted,
    /// Which container of it is meant.
    pub generation: i32,
    /// What people see.
    pub state: DesktopState,
    /// Which part of a start is under way.
    pub step: Option<Step>,
    /// Why it ended or waits.
    pub why: Option<Why>,
    /// The container last observed.
    pub container: Option<ContainerId>,
    /// When the engine started it, in nanoseconds since 1970. It tells one start from another by being equal or not,
    /// so it is kept as exactly as the engine said it, which no type for times does on every database.
    pub container_started_ns: Option<i64>,
    /// Where it answers.
    pub endpoint: Option<Endpoint>,
    /// The certificate it showed.
    pub fingerprint: Option<Fingerprint>,
    /// How it was reached and shown when it became ready.
    pub served: Option<Served>,
    /// Its own password, sealed.
    pub credential: Option<String>,
    /// First part of its own host name; made and given up with the password.
    pub host_label: Option<String>,
    /// Bytes from clients to it, over all its life.
    pub bytes_up: i64,
    /// Bytes from it to clients, over all its life.
    pub bytes_down: i64,
    /// Tries of this start.
    pub attempts: i32,
    /// No further try before.
    pub retry_at: Option<Timestamp>,
    /// Place in the queue.
    pub queue_position: Option<i32>,
    /// Guess of the seconds until it starts.
    pub queue_eta_seconds: Option<i32>,
    /// When the present wish was made.
    pub requested_at: Timestamp,
    /// When it last became running.
    pub started_at: Option<Timestamp>,
    /// Last input seen.
    pub last_input_at: Option<Timestamp>,
    /// Last extension.
    pub extended_at: Option<Timestamp>,
    /// Last warning.
    pub warned_at: Option<Timestamp>,
    /// When it last ended.
    pub ended_at: Option<Timestamp>,
    /// When it was first wanted.
    pub created_at: Timestamp,
    /// When it was given up for good.
    pub removed_at: Option<Timestamp>,
    /// The installation's counter at the last change.
    pub revision: i64,
}

/// What a row refers to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Whose it is.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::OwnerId", to = "super::user::Column::Id")]
    Owner,
    /// What it is made from.
    #[sea_orm(belongs_to = "super::template::Entity", from = "Column::TemplateId", to = "super::template::Column::Id")]
    Template,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Owner.def()
    }
}

impl Related<super::template::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Template.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
