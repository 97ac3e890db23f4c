//! Lessons, and the desktops that go on because of them.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use domain::{GatewayId, GroupId, Timestamp, access::Role, desktop::Desktop, lesson::Window};
use sea_orm::EntityTrait;
use store::{Paging, Seen, StoreError};

use crate::house::{Failed, House, Outcome, at_once, on_both, present};

on_both![
    a_lesson_is_read_as_it_was_made,
    lessons_are_listed_by_group,
    a_lesson_needs_the_desktops_of_its_group_while_it_runs,
    a_lesson_with_one_template_needs_no_other,
    of_several_lessons_the_one_that_ends_last_counts,
    a_lesson_does_not_need_the_desktops_of_who_runs_the_school,
    who_follows_desktops_learns_of_a_lesson_and_of_its_end,
    lessons_and_changes_at_once_wait_in_no_circle,
    lessons_of_long_ago_are_forgotten,
    a_lesson_goes_with_its_group_and_with_its_template,
];

const ALL: Paging = Paging { limit: 200, cursor: None };

/// So many minutes from now, as exactly as it is stored.
fn minutes(minutes: i64) -> Result<Timestamp, Failed> {
    let at = (Utc::now() + TimeDelta::minutes(minutes)).timestamp_micros();
    present(chrono::DateTime::from_timestamp_micros(at), "a time")
}

fn window(from: i64, until: i64) -> Result<Window, Failed> {
    Ok(Window { from: minutes(from)?, until: minutes(until)? })
}

/// A desktop that runs, and a group that its owner is in.
async fn pupil_of(house: &House, group: &str) -> Result<(Desktop, GroupId), Failed> {
    let desktop = house.running(house.some_desktop().await?).await?;
    let group = house.store.groups().ensure(group).await?.id;
    house.store.users().join(desktop.owner, group).await?;
    Ok((desktop, group))
}

async fn kept_until(house: &House, desktop: &Desktop) -> Result<Option<Timestamp>, StoreError> {
    Ok(house.store.desktops().details(desktop.id).await?.and_then(|details| details.facts.kept_until))
}

async fn a_lesson_is_read_as_it_was_made(house: House) -> Outcome {
    let (template, teacher) = (house.template("tiny").await?, house.pupil("lehrer").await?);
    let group = house.store.groups().ensure("10a").await?;
    let lessons = house.store.lessons();
    for only in [None, Some(template.id)] {
        let window = window(-1, 45)?;
        let id = lessons.create(group.id, only, window, Some(teacher.id)).await?;
        let found = present(lessons.get(id).await?, "the lesson")?;
        assert_eq!((found.id, &found.group, found.window), (id, &group, window));
        assert_eq!((found.template, found.created_by), (only.map(|_| "tiny".to_owned()), Some(teacher.id)));
        for _ in 0..2 {
            lessons.delete(id).await?;
            assert_eq!(lessons.get(id).await?, None);
        }
    }
    Ok(())
}

async fn lessons_are_listed_by_group(house: House) -> Outcome {
    let (groups, lessons) = (house.store.groups(), house.store.lessons());
    let (ours, theirs) = (groups.ensure("10a").await?.id, groups.ensure("10b").await?.id);
    let mut made = Vec::new();
    for group in [ours, theirs, ours] {
        made.push(lessons.create(group, None, window(0, 45)?, None).await?);
    }
    let listed = async |groups: Option<&[GroupId]>| {
        let page = lessons.page(groups, &ALL).await?;
        Ok::<_, StoreError>(page.items.into_iter().map(|lesson| lesson.id).collect::<Vec<_>>())
    };
    assert_eq!(listed(None).await?, made);
    assert_eq!(listed(Some(&[ours])).await?, [made[0], made[2]]);
    assert_eq!(listed(Some(&[])).await?, []);
    let first = lessons.page(None, &Paging { limit: 2, cursor: None }).await?;
    let rest = lessons.page(None, &Paging { limit: 2, cursor: first.next_cursor }).await?;
    assert_eq!((first.items.len(), rest.items.len(), rest.next_cursor), (2, 1, None));
    Ok(())
}

async fn a_lesson_needs_the_desktops_of_its_group_while_it_runs(house: House) -> Outcome {
    let (desktop, group) = pupil_of(&house, "10a").await?;
    let other = house.store.groups().ensure("10b").await?.id;
    let lessons = house.store.lessons();
    for (group, window) in [(group, window(-45, -1)?), (group, window(5, 45)?), (other, window(-1, 45)?)] {
        lessons.create(group, None, window, None).await?;
        assert_eq!(kept_until(&house, &desktop).await?, None, "over, to come, or another group's");
    }
    let now = window(-1, 45)?;
    let id = lessons.create(group, None, now, None).await?;
    assert_eq!(kept_until(&house, &desktop).await?, Some(now.until));
    let listed = house.store.desktops().in_states(&[desktop.state]).await?;
    let kept: Vec<_> = listed.into_iter().map(|details| details.facts.kept_until).collect();
    assert_eq!(kept, [Some(now.until)], "the reaper knows the same");
    lessons.delete(id).await?;
    assert_eq!(kept_until(&house, &desktop).await?, None);
    Ok(())
}

async fn a_lesson_with_one_template_needs_no_other(house: House) -> Outcome {
    let (desktop, group) = pupil_of(&house, "10a").await?;
    let other = house.template("other").await?.id;
    let now = window(-1, 45)?;
    house.store.lessons().create(group, Some(other), now, None).await?;
    assert_eq!(kept_until(&house, &desktop).await?, None);
    house.store.lessons().create(group, Some(desktop.template), now, None).await?;
    assert_eq!(kept_until(&house, &desktop).await?, Some(now.until));
    Ok(())
}

async fn of_several_lessons_the_one_that_ends_last_counts(house: House) -> Outcome {
    let (desktop, group) = pupil_of(&house, "10a").await?;
    let club = house.store.groups().ensure("Club").await?.id;
    house.store.users().join(desktop.owner, club).await?;
    let last = window(-1, 90)?;
    for (group, window) in [(group, window(-1, 45)?), (club, last), (group, window(-1, 60)?)] {
        house.store.lessons().create(group, None, window, None).await?;
    }
    assert_eq!(kept_until(&house, &desktop).await?, Some(last.until));
    Ok(())
}

async fn a_lesson_does_not_need_the_desktops_of_who_runs_the_school(house: House) -> Outcome {
    let (desktop, group) = pupil_of(&house, "10a").await?;
    let now = window(-1, 45)?;
    house.store.lessons().create(group, None, now, None).await?;
    let owner = present(house.store.users().get(desktop.owner).await?, "the owner")?;
    for (role, kept) in [(Role::Teacher, Some(now.until)), (Role::Admin, None), (Role::Student, Some(now.until))] {
        house.store.users().ensure(&owner.username, &owner.display_name, role).await?;
        assert_eq!(kept_until(&house, &desktop).await?, kept, "{role}");
    }
    Ok(())
}

async fn who_follows_desktops_learns_of_a_lesson_and_of_its_end(house: House) -> Outcome {
    let (desktop, group) = pupil_of(&house, "10a").await?;
    let (ben, template) = (house.pupil("ben").await?, house.template("tiny").await?);
    let others = house.running(house.wish(&ben, &template).await?).await?;
    let (lessons, now) = (house.store.lessons(), window(-1, 45)?);
    let changed = async |revision| {
        let (changed, until) = house.store.desktops().since(revision).await?;
        let kept: Vec<_> = changed.into_iter().map(|one| (one.desktop.id, one.facts.kept_until)).collect();
        Ok::<_, StoreError>((kept, until))
    };
    let before = house.store.revision().await?;
    let id = lessons.create(group, None, now, None).await?;
    let (told, revision) = changed(before).await?;
    assert_eq!(told, [(desktop.id, Some(now.until))]);
    lessons.delete(id).await?;
    let (told, revision) = changed(revision).await?;
    assert_eq!(told, [(desktop.id, None)]);
    lessons.create(group, Some(house.template("other").await?.id), now, None).await?;
    assert_eq!(changed(revision).await?, (Vec::new(), revision), "which nobody has a desktop of");
    assert_eq!(house.again(&others).await?, others);
    Ok(())
}

async fn lessons_and_changes_at_once_wait_in_no_circle(house: House) -> Outcome {
    let group = house.store.groups().ensure("10a").await?.id;
    let mut rows = Vec::new();
    for row in house.some_desktops(8).await? {
        house.store.users().join(row.owner, group).await?;
        rows.push(house.running(row).await?);
    }
    let (rows, gateway, now) = (Arc::new(rows), GatewayId::new(), window(-1, 45)?);
    let answers = at_once(200, |index| {
        let (store, rows) = (house.store.clone(), rows.clone());
        async move {
            let row = &rows[(index * 3) % 8];
            match index % 4 {
                0 => {
                    let id = store.lessons().create(group, Some(row.template), now, None).await?;
                    store.lessons().delete(id).await
                }
                1 => store.desktops().change(row.id, |desktop| desktop.warned(Utc::now())).await.map(drop),
                2 => store.desktops().save(row).await.map(drop),
                _ => {
                    let mut seen: Vec<_> = rows.iter().map(|row| Seen::nothing(row.id)).collect();
                    seen.rotate_left(index % 7);
                    store.desktops().record_use(gateway, &seen).await.map(drop)
                }
            }
        }
    });
    answers.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(house.count::<entity::lesson::Entity>().await?, 0);
    Ok(())
}

async fn lessons_of_long_ago_are_forgotten(house: House) -> Outcome {
    let group = house.store.groups().ensure("10a").await?.id;
    let lessons = house.store.lessons();
    let mut made = Vec::new();
    for window in [window(-90, -45)?, window(-90, -30)?, window(0, 45)?] {
        made.push(lessons.create(group, None, window, None).await?);
    }
    assert_eq!(lessons.purge(minutes(-31)?).await?, 1);
    assert_eq!(lessons.purge(minutes(-31)?).await?, 0);
    let left = lessons.page(None, &ALL).await?.items;
    assert_eq!(left.into_iter().map(|lesson| lesson.id).collect::<Vec<_>>(), made[1..]);
    Ok(())
}

async fn a_lesson_goes_with_its_group_and_with_its_template(house: House) -> Outcome {
    let template = house.template("tiny").await?.id;
    let groups = [house.store.groups().ensure("10a").await?.id, house.store.groups().ensure("10b").await?.id];
    house.store.lessons().create(groups[0], Some(template), window(0, 45)?, None).await?;
    house.store.lessons().create(groups[1], None, window(0, 45)?, None).await?;
    house.store.templates().delete(template).await?;
    assert_eq!(house.count::<entity::lesson::Entity>().await?, 1);
    entity::group::Entity::delete_by_id(groups[1]).exec(house.db()).await?;
    assert_eq!(house.count::<entity::lesson::Entity>().await?, 0);
    Ok(())
}
