use domain::{
    AuditId,
    audit::{Line, Link},
};
use entity::{audit, audit_chain};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::{to_hash, without_ends};
use crate::{
    Deed, StoreError,
    connection::{Write, now},
    text::{storable, storable_json},
};

impl Write<'_> {
    /// Appends what this transaction notes. Locks the end of the chain until the commit, which is what puts lines in
    /// order; so it comes after every other lock.
    pub(crate) async fn append(&self, deeds: Vec<Deed>) -> Result<(), StoreError> {
        let end = audit_chain::Entity::find_by_id(1).lock_exclusive().one(&self.transaction).await?;
        let end = end.ok_or_else(without_ends)?;
        let mut head = Link { seq: end.head_seq, hash: to_hash(&end.head_hash)? };
        let mut rows = Vec::with_capacity(deeds.len());
        for deed in deeds {
            let line = to_line(deed, head.seq + 1);
            head = head.then(&line);
            rows.push(audit::ActiveModel {
                seq: Set(line.seq),
                id: Set(line.id),
                at: Set(line.at),
                actor_id: Set(line.actor),
                action: Set(line.action),
                object: Set(line.object),
                detail: Set(line.detail),
                hash: Set(head.hash.to_string()),
            });
        }
        audit::Entity::insert_many(rows).exec_without_returning(&self.transaction).await?;
        audit_chain::Entity::update_many()
            .col_expr(audit_chain::Column::HeadSeq, Expr::value(head.seq))
            .col_expr(audit_chain::Column::HeadHash, Expr::value(head.hash.to_string()))
            .filter(audit_chain::Column::Single.eq(1))
            .exec(&self.transaction)
            .await?;
        Ok(())
    }
}

/// A deed as it is stored from now on, and so as it is hashed.
fn to_line(deed: Deed, seq: i64) -> Line {
    Line {
        seq,
        id: AuditId::new(),
        at: now(),
        actor: deed.actor,
        action: storable(&deed.action),
        object: deed.object.as_deref().map(storable),
        detail: deed.detail.map(storable_json),
    }
}
