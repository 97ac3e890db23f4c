use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::{
    GroupId, UserId,
    access::{Credential, Principal, Role, UserKind},
};
use entity::{departure, group, membership, user};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, OnConflict},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Page, Paging, Store, StoreError,
    connection::now,
    grants,
    text::{is_storable, storable},
};

/// People.
#[derive(Debug, Clone, Copy)]
pub struct Users<'a>(pub(crate) &'a Store);

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Name to sign in with, in lower case.
    pub username: String,
    /// Full name.
    pub display_name: String,
    /// What they are.
    pub role: Role,
}

impl User {
    /// The same, signed in.
    pub fn signed_in(self, groups: Vec<GroupId>, credential: Credential) -> Principal {
        let Self { id, username, display_name, role } = self;
        Principal { user: id, username, display_name, role, groups, credential }
    }
}

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such account, or not its password. Which of the two is not told.
    #[error("the user name or the password is wrong")]
    Wrong,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Users<'_> {
    /// One person.
    pub async fn get(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(user::Entity::find_by_id(id).one(self.0.db()).await?.map(to_domain))
    }

    /// One person by the name they sign in with.
    pub async fn by_username(&self, username: &str) -> Result<Option<User>, StoreError> {
        Ok(self.row(username).await?.map(to_domain))
    }

    /// A page of people, by username: all, or those who are in some groups. Who is deleted is not among them.
    pub async fn page(&self, groups: Option<&[GroupId]>, paging: &Paging) -> Result<Page<User>, StoreError> {
        let departed = departure::Entity::find().select_only().column(departure::Column::UserId).into_query();
        let mut select = user::Entity::find()
            .filter(user::Column::Id.not_in_subquery(departed))
            .order_by_asc(user::Column::Username)
            .limit(paging.limit + 1);
        if let Some(groups) = groups {
            let members = membership::Entity::find()
                .select_only()
                .column(membership::Column::UserId)
                .filter(membership::Column::GroupId.is_in(groups.iter().copied()));
            select = select.filter(user::Column::Id.in_subquery(members.into_query()));
        }
        if let Some(after) = paging.after::<String>() {
            select = select.filter(user::Column::Username.gt(after));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect();
        Ok(Page::of(items, paging.limit, |user: &User| user.username.clone()))
    }

    /// The person of this username with this role: made if there is none, changed if the role differs.
    pub async fn ensure(&self, username: &str, display_name: &str, role: Role) -> Result<User, StoreError> {
        let row = user::ActiveModel {
            id: Set(UserId::new()),
            username: Set(canonical(username)),
            display_name: Set(storable(display_name)),
            role: Set(role),
            password_hash: Set(None),
            issuer: Set(None),
            subject: Set(None),
            alias: Set(None),
            created_at: Set(now()),
            last_login_at: Set(None),
            kind: Set(UserKind::Person),
            deactivated_at: Set(None),
        };
        let mut write = self.0.write().await?;
        let row = user::Entity::insert(row)
            .on_conflict(OnConflict::column(user::Column::Username).update_column(user::Column::Role).to_owned())
            .exec_with_returning(&write.transaction)
            .await?;
        grants::end_unless_admin(row.id, row.role, &mut write).await?;
        write.about(row.id);
        write.commit().await?;
        Ok(to_domain(row))
    }

    /// Sets a local account's password and ends the account's sessions.
    pub async fn set_password(&self, id: UserId, password: SecretString) -> Result<(), StoreError> {
        let hash = stretch(password).await?;
        let write = self.0.write().await?;
        let row = user::ActiveModel { id: Set(id), password_hash: Set(Some(hash)), ..Default::default() };
        row.update(&write.transaction).await?;
        entity::session::Entity::delete_many()
            .filter(entity::session::Column::UserId.eq(id))
            .exec(&write.transaction)
            .await?;
        write.commit().await
    }

    /// Lets a local account in. Takes as long for an account that does not exist.
    pub async fn check_password(&self, username: &str, password: SecretString) -> Result<User, LoginError> {
        let row = self.row(username).await?.filter(|row| row.deactivated_at.is_none());
        let hash = row.as_ref().and_then(|row| row.password_hash.clone());
        let right = matches(password, hash).await;
        let Some(row) = row.filter(|_| right) else {
            return Err(LoginError::Wrong);
        };
        let write = self.0.write().await?;
        // Only with the password that was just checked: it may have been changed meanwhile.
        let seen = user::Entity::update_many()
            .col_expr(user::Column::LastLoginAt, Expr::value(now()))
            .filter(user::Column::Id.eq(row.id))
            .filter(user::Column::PasswordHash.eq(row.password_hash.as_deref()))
            .exec(&write.transaction)
            .await
            .map_err(StoreError::from)?;
        write.commit().await?;
        if seen.rows_affected == 1 { Ok(to_domain(row)) } else { Err(LoginError::Wrong) }
    }

    /// The groups somebody belongs to, by name.
    pub async fn groups(&self, id: UserId) -> Result<Vec<crate::Group>, StoreError> {
        let rows = membership::Entity::find()
            .find_also_related(group::Entity)
            .filter(membership::Column::UserId.eq(id))
            .order_by_asc(group::Column::Name)
            .all(self.0.db())
            .await?;
        Ok(rows.into_iter().filter_map(|(_, group)| group.map(crate::groups::to_domain)).collect())
    }

    /// Puts somebody into a group, whatever their identity provider says. Harmless when they are in it.
    pub async fn join(&self, id: UserId, group: GroupId) -> Result<(), StoreError> {
        let write = self.0.write().await?;
        let row = membership::ActiveModel {
            user_id: Set(id),
            group_id: Set(group),
            from_provider: Set(false),
            source: Set(None),
        };
        membership::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([membership::Column::UserId, membership::Column::GroupId])
                    .update_columns([membership::Column::FromProvider, membership::Column::Source])
                    .to_owned(),
            )
            .exec_without_returning(&write.transaction)
            .await?;
        write.commit().await
    }

    async fn row(&self, username: &str) -> Result<Option<user::Model>, StoreError> {
        if !is_storable(username) {
            return Ok(None);
        }
        Ok(user::Entity::find().filter(user::Column::Username.eq(canonical(username))).one(self.0.db()).await?)
    }
}

/// Usernames are told apart without regard to case.
pub(crate) fn canonical(username: &str) -> String {
    username.trim().to_lowercase()
}

pub(crate) fn to_domain(row: user::Model) -> User {
    User { id: row.id, username: row.username, display_name: row.display_name, role: row.role }
}

/// Argon2id with the crate's defaults (19 MiB, 2 passes: OWASP's first choice), away from the async threads.
async fn stretch(password: SecretString) -> Result<String, StoreError> {
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.expose_secret().as_bytes()).map(|hash| hash.to_string())
    });
    match hashed.await {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(error)) => Err(StoreError::Corrupt(format!("the password cannot be hashed: {error}"))),
        Err(error) => Err(StoreError::Corrupt(format!("hashing the password panicked: {error}"))),
    }
}

/// Of a password that nobody knows: where there is no account, this is checked in vain, and takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Gq4vQ5J0wZ7xk0m8m3mGq7tq3fLrT4oTtqfQp6c1Q2E";

async fn matches(password: SecretString, hash: Option<String>) -> bool {
    let known = hash.is_some();
    let verified = tokio::task::spawn_blocking(move || {
        PasswordHash::new(hash.as_deref().unwrap_or(NOBODY))
            .is_ok_and(|hash| Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok())
    });
    verified.await.unwrap_or(false) && known
}

#[cfg(test)]
mod tests {
    use argon2::{
        Argon2,
        password_hash::{Error, PasswordVerifier, phc::PasswordHash},
    };

    use super::{NOBODY, canonical, stretch};

    #[tokio::test]
    async fn checking_an_unknown_account_costs_what_a_known_one_costs() {
        let real = stretch("geheim".into()).await.expect("it hashes");
        let (real, nobody) = (
            PasswordHash::new(&real).expect("ours can be read"),
            PasswordHash::new(NOBODY).expect("nobody's can be read"),
        );
        assert_eq!((nobody.algorithm, nobody.version), (real.algorithm, real.version));
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.hash.expect("a hash").len(), real.hash.expect("a hash").len());
        // wrong after all the work, not refused before it
        let refused = Argon2::default().verify_password(b"geheim", &nobody);
        assert!(matches!(refused, Err(Error::PasswordInvalid)), "{refused:?}");
    }

    #[test]
    fn usernames_are_alike_whatever_their_case() {
        assert_eq!(canonical(" Jörg.MÜLLER "), "jörg.müller");
    }
}
