//! What the admission reads and writes: everybody's claim to the engine, and who starts or waits where.

use std::collections::HashMap;

use domain::{
    DesktopId, GroupId,
    admission::{Claim, Needs, Plan, Stage},
    desktop::{Desktop, DesktopState, Wanted},
};
use entity::{assignment, desktop, membership, template};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, ExprTrait, IntoActiveModel, JoinType, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};

use super::{
    Desktops,
    rows::{Own, live, to_domain, to_row},
};
use crate::{
    StoreError,
    webhooks::{Change, tell},
};

impl Desktops<'_> {
    /// What every desktop that does not rest claims of the engine, by the limits that its template has now.
    pub async fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        let rows = desktop::Entity::find()
            .find_also_related(template::Entity)
            .filter(live())
            .filter(Condition::any().add(desktop::Column::Wanted.eq(Wanted::Running)).add(
                desktop::Column::State.is_in([DesktopState::Starting, DesktopState::Running, DesktopState::Stopping]),
            ))
            .all(self.0.db())
            .await?;
        let mut claims: Vec<_> = rows.into_iter().filter_map(|(row, template)| claim(row, &template?)).collect();
        if claims.iter().any(|claim| claim.stage == Stage::Waits) {
            let mut groups = self.groups_of_those_who_wait().await?;
            for claim in &mut claims {
                claim.groups = groups.remove(&claim.desktop).unwrap_or_default();
            }
        }
        Ok(claims)
    }

    /// The groups through which the templates of desktops that wait are given to their owners.
    async fn groups_of_those_who_wait(&self) -> Result<HashMap<DesktopId, Vec<GroupId>>, StoreError> {
        let pairs: Vec<(DesktopId, GroupId)> = desktop::Entity::find()
            .select_only()
            .column(desktop::Column::Id)
            .column(membership::Column::GroupId)
            .join(
                JoinType::InnerJoin,
                desktop::Entity::belongs_to(assignment::Entity)
                    .from(desktop::Column::TemplateId)
                    .to(assignment::Column::TemplateId)
                    .into(),
            )
            .join(
                JoinType::InnerJoin,
                assignment::Entity::belongs_to(membership::Entity)
                    .from(assignment::Column::GroupId)
                    .to(membership::Column::GroupId)
                    .into(),
            )
            .filter(
                Expr::col((membership::Entity, membership::Column::UserId))
                    .equals((desktop::Entity, desktop::Column::OwnerId)),
            )
            .filter(live())
            .filter(desktop::Column::Wanted.eq(Wanted::Running))
            .filter(desktop::Column::State.is_not_in([DesktopState::Starting, DesktopState::Running]))
            .distinct()
            .into_tuple()
            .all(self.0.db())
            .await?;
        let mut groups = HashMap::<_, Vec<_>>::new();
        for (desktop, group) in pairs {
            groups.entry(desktop).or_default().push(group);
        }
        Ok(groups)
    }

    /// Makes a plan true, all at the one revision that is answered: lets desktops start, tells others their places,
    /// refuses some. One that does not wait any more is not touched.
    pub async fn arrange(&self, plan: &Plan) -> Result<i64, StoreError> {
        let mut write = self.0.write().await?;
        let waiting = desktop::Entity::find()
            .filter(live())
            .filter(desktop::Column::Id.is_in(plan.desktops()))
            .order_by_asc(desktop::Column::Id)
            .lock_exclusive()
            .all(&write.transaction)
            .await?;
        let planned: Vec<_> = waiting
            .into_iter()
            .filter_map(|row| {
                let before = to_domain(row.clone());
                let after = plan.carry_out(before.clone());
                (after != before).then_some((row, after))
            })
            .collect();
        let changes: Vec<_> = planned.iter().map(|(row, after)| Change::of(row, after)).collect();
        tell(&changes, &write.transaction).await?;
        let revision = write.revision().await?;
        for (row, after) in planned {
            let own = Own::of(&row, after.generation);
            let row = to_row(Desktop { revision, ..after }, own);
            row.into_active_model().reset_all().update(&write.transaction).await?;
        }
        write.commit().await?;
        Ok(revision)
    }
}

fn claim(row: desktop::Model, template: &template::Model) -> Option<Claim> {
    Claim::of(&to_domain(row), Needs::new(template.memory_mb, template.cpus), Vec::new())
}
