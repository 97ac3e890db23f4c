//! Typed ids: a wrong id does not compile.

/// Declares ids that are UUIDv7 (RFC 9562 section 5.7): unique without a round trip, and sortable by creation.
macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident ),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType))]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// A new id, later than every id this process made before.
            #[expect(clippy::new_without_default, reason = "an id is made on purpose, never by default")]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        #[cfg(feature = "sea-orm")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

ids! {
    /// One user's instance of one template.
    DesktopId,
    /// A person who can sign in.
    UserId,
    /// A class, course or staff group.
    GroupId,
    /// What a desktop is made from.
    TemplateId,
    /// A template given to a group, a user or everybody.
    AssignmentId,
    /// A group that needs its desktops for a while.
    LessonId,
    /// Less to reach for a while.
    RestrictionId,
    /// A browser that is signed in.
    SessionId,
    /// A browser's way onto one desktop's own host.
    PassId,
    /// A process through which desktops are watched.
    GatewayId,
    /// The right to look into somebody else's desktop.
    GrantId,
    /// An API token.
    TokenId,
    /// Work that takes long enough to be watched.
    JobId,
    /// One line of the audit log.
    AuditId,
    /// A look into somebody else's desktop.
    LookId,
    /// A program that is told what happens to desktops.
    WebhookId,
    /// One message to it.
    WebhookDeliveryId,
    /// This installation of Pult, as its containers are labelled.
    InstallationId,
}
