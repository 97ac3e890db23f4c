use domain::{
    Timestamp, UserId,
    audit::{Broken, Hash, Line, Link, Walk},
};
use entity::{audit, audit_chain, look};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func},
};
use serde_json::Value;

use crate::{Deed, Page, Paging, Store, StoreError, connection::stored, text::is_storable};

mod append;

/// Who did what.
///
/// Lines are only ever appended, by the transactions that do what they tell of ([`Store::noting`]), and each is chained
/// to the one before it ([`domain::audit`]). What is too old is deleted from the front; the hash of the last line that
/// was is kept, so that the rest can still be verified.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a>(pub(crate) &'a Store);

/// One line of the audit log, and the hash that stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it says.
    pub line: Line,
    /// Over the one before it and everything it says.
    pub hash: Hash,
}

/// Which lines are looked for. What says nothing finds all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// What this one did.
    pub actor: Option<UserId>,
    /// What begins so: `template.` for all that is done with templates.
    pub action: Option<String>,
    /// What was done to this.
    pub object: Option<String>,
    /// From then on,
    pub from: Option<Timestamp>,
    /// and before then.
    pub until: Option<Timestamp>,
}

/// From where to where the log was walked, and that everything is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sound {
    /// The last line that was deleted because of its age.
    pub anchor: Link,
    /// The last line.
    pub head: Link,
}

/// Lines that are read at once where all are.
const SOME: u64 = 1000;

impl Audit<'_> {
    /// Writes a line of what changes nothing here: somebody was refused, or something is about to be done elsewhere.
    /// What is changed in the store is told of in the same transaction, by [`Store::noting`].
    pub async fn record(
        &self,
        actor: Option<UserId>,
        action: &str,
        object: Option<String>,
        detail: Option<Value>,
    ) -> Result<(), StoreError> {
        self.tell(Deed { actor, action: action.to_owned(), object, detail }).await
    }

    /// The same, of a deed.
    pub async fn tell(&self, deed: Deed) -> Result<(), StoreError> {
        let mut write = self.0.write().await?;
        write.note(deed);
        write.commit().await
    }

    /// A page of the lines that are looked for, newest first.
    pub async fn page(&self, sought: &Sought, paging: &Paging) -> Result<Page<Entry>, StoreError> {
        let items = self.before(sought, paging.after(), paging.limit + 1).await?;
        Ok(Page::of(items, paging.limit, |entry: &Entry| entry.line.seq))
    }

    /// Lines that are looked for from before a number, newest first.
    pub async fn before(&self, sought: &Sought, seq: Option<i64>, limit: u64) -> Result<Vec<Entry>, StoreError> {
        let Some(condition) = sought.condition() else {
            return Ok(Vec::new());
        };
        let mut select = audit::Entity::find().filter(condition).order_by_desc(audit::Column::Seq).limit(limit);
        if let Some(seq) = seq {
            select = select.filter(audit::Column::Seq.lt(seq));
        }
        select.all(self.0.db()).await?.into_iter().map(to_entry).collect()
    }

    /// Lines that are looked for from after a number, oldest first.
    pub async fn after(&self, sought: &Sought, seq: i64, limit: u64) -> Result<Vec<Entry>, StoreError> {
        let Some(condition) = sought.condition() else {
            return Ok(Vec::new());
        };
        let select = audit::Entity::find().filter(condition).filter(audit::Column::Seq.gt(seq));
        let select = select.order_by_asc(audit::Column::Seq).limit(limit);
        select.all(self.0.db()).await?.into_iter().map(to_entry).collect()
    }

    /// Walks along the whole log, as it is at this moment.
    pub async fn verify(&self) -> Result<Result<Sound, Broken>, StoreError> {
        let look = self.0.look().await?;
        let Sound { anchor, head } = ends(&look).await?;
        let (mut walk, mut last) = (Walk::new(anchor, head), i64::MIN);
        loop {
            let rows = audit::Entity::find()
                .filter(audit::Column::Seq.gt(last))
                .order_by_asc(audit::Column::Seq)
                .limit(SOME)
                .all(&look)
                .await?;
            let Some(end) = rows.last() else {
                look.rollback().await?;
                return Ok(walk.end().map(|()| Sound { anchor, head }));
            };
            last = end.seq;
            for row in rows {
                let seq = row.seq;
                // what cannot be read was not written by us
                let step = to_entry(row).map_err(|_| Broken { seq, fault: domain::audit::Fault::Changed });
                if let Err(broken) = step.and_then(|entry| walk.step(&entry.line, entry.hash)) {
                    look.rollback().await?;
                    return Ok(Err(broken));
                }
            }
        }
    }

    /// Forgets the lines at the front that are from before a moment, and with them what owners read of looks;
    /// how many there were. The log tells of it.
    pub async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut write = self.0.write().await?;
        let old = audit::Column::At.lt(stored(before));
        // up to the first one that stays: clocks differ, and what stays must be whole
        let stays = audit::Entity::find().filter(old.clone().not()).order_by_asc(audit::Column::Seq);
        let stays = stays.one(&write.transaction).await?.map_or(i64::MAX, |row| row.seq);
        let goes = || audit::Entity::find().filter(audit::Column::Seq.lt(stays));
        let Some(last) = goes().order_by_desc(audit::Column::Seq).one(&write.transaction).await? else {
            return Ok(0);
        };
        let gone = audit::Entity::delete_many().filter(audit::Column::Seq.lte(last.seq)).exec(&write.transaction);
        let gone = gone.await?.rows_affected;
        audit_chain::Entity::update_many()
            .col_expr(audit_chain::Column::AnchorSeq, Expr::value(last.seq))
            .col_expr(audit_chain::Column::AnchorHash, Expr::value(last.hash))
            .filter(audit_chain::Column::Single.eq(1))
            .exec(&write.transaction)
            .await?;
        look::Entity::delete_many().filter(look::Column::At.lt(stored(before))).exec(&write.transaction).await?;
        write.note(Deed::ours("audit.purge").with(serde_json::json!({ "lines": gone, "up_to": last.seq })));
        write.commit().await?;
        Ok(gone)
    }
}

impl Sought {
    /// What its lines fulfil; nothing where no line can.
    fn condition(&self) -> Option<Condition> {
        let texts = [&self.action, &self.object];
        if !texts.into_iter().flatten().all(|text| is_storable(text)) {
            return None;
        }
        // neither LIKE, which knows no case on SQLite, nor a range, whose order PostgreSQL has from the system
        let begins = |text: &String| {
            let length = i32::try_from(text.chars().count()).unwrap_or(i32::MAX);
            let start = Func::cust("substr").arg(Expr::col(audit::Column::Action)).arg(1).arg(length);
            Expr::expr(start).eq(text.as_str())
        };
        Some(
            Condition::all()
                .add_option(self.actor.map(|actor| audit::Column::ActorId.eq(actor)))
                .add_option(self.action.as_ref().map(begins))
                .add_option(self.object.as_ref().map(|object| audit::Column::Object.eq(object)))
                .add_option(self.from.map(|from| audit::Column::At.gte(stored(from))))
                .add_option(self.until.map(|until| audit::Column::At.lt(stored(until)))),
        )
    }
}

/// Where the chain begins and ends.
async fn ends<C: ConnectionTrait>(connection: &C) -> Result<Sound, StoreError> {
    let row = audit_chain::Entity::find_by_id(1).one(connection).await?;
    let row = row.ok_or_else(without_ends)?;
    Ok(Sound {
        anchor: Link { seq: row.anchor_seq, hash: to_hash(&row.anchor_hash)? },
        head: Link { seq: row.head_seq, hash: to_hash(&row.head_hash)? },
    })
}

fn without_ends() -> StoreError {
    StoreError::Corrupt("the audit log's chain has no ends".to_owned())
}

fn to_hash(text: &str) -> Result<Hash, StoreError> {
    text.parse().map_err(|error| StoreError::Corrupt(format!("a hash of the audit log: {error}")))
}

fn to_entry(row: audit::Model) -> Result<Entry, StoreError> {
    let hash = to_hash(&row.hash)?;
    let audit::Model { seq, id, at, actor_id: actor, action, object, detail, .. } = row;
    Ok(Entry { line: Line { seq, id, at, actor, action, object, detail }, hash })
}
