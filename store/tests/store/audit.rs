//! The audit log: that a change and its line are one, and that whatever is done to the log past us is noticed.

use chrono::TimeDelta;
use domain::{
    UserId,
    audit::{Broken, Fault, Line},
    why::Why,
};
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::json;
use store::{Deed, Paging, Sought};

use crate::house::{House, Outcome, at_once, on_both, present, spec};

on_both![
    a_change_and_its_line_are_stored_together,
    where_nothing_changes_nothing_is_told,
    what_cannot_be_told_does_not_happen,
    what_fails_at_the_very_end_neither_happened_nor_was_told,
    lines_of_many_at_once_are_one_chain,
    a_line_that_was_changed_is_found,
    a_line_that_was_taken_out_is_found,
    a_tail_that_was_cut_off_is_found,
    lines_that_were_swapped_are_found,
    a_line_that_was_put_in_is_found,
    what_stays_after_a_purge_is_whole,
    a_purge_takes_from_the_front_alone,
    the_log_can_be_searched,
    a_walk_sees_one_moment,
];

fn deed(action: &str) -> Deed {
    Deed::ours(action)
}

impl House {
    /// Writes a number of lines: `thing.1` and so on.
    async fn things(&self, count: i64) -> Outcome {
        for index in 1..=count {
            self.store.audit().tell(deed(&format!("thing.{index}")).on("thing").with(json!({ "to": index }))).await?;
        }
        Ok(())
    }

    /// Does something to the database past the store.
    async fn tamper(&self, sql: &str) -> Outcome {
        self.db().execute_unprepared(sql).await?;
        Ok(())
    }

    /// What the walk says: how many lines there ever were, or what is wrong where.
    async fn walked(&self) -> Result<Result<i64, (i64, Fault)>, store::StoreError> {
        let walked = self.store.audit().verify().await?;
        Ok(walked.map(|sound| sound.head.seq).map_err(|Broken { seq, fault }| (seq, fault)))
    }

    async fn actions(&self) -> Result<Vec<String>, store::StoreError> {
        Ok(self.lines().await?.into_iter().map(|line| line.action).collect())
    }
}

async fn a_change_and_its_line_are_stored_together(house: House) -> Outcome {
    let admin = house.pupil("admin").await?.id;
    let store = house.store.noting(Deed::of(admin, "template.create"));
    let template = store.templates().create(&spec("tiny")).await?;
    let line = house.lines().await?.remove(0);
    let told = (line.seq, line.actor, line.action.as_str(), line.object.as_deref());
    assert_eq!(told, (1, Some(admin), "template.create", Some("tiny")));

    let desktop = house.wish(&house.pupil("anna").await?, &template).await?;
    let stop = |row: domain::desktop::Desktop| (row.want_stopped(Why::Nightly), Some(deed("desktop.stop")));
    house.store.desktops().change_and_tell(desktop.id, stop).await?;
    let line = house.lines().await?.remove(0);
    assert_eq!((line.action, line.object), ("desktop.stop".to_owned(), Some(desktop.id.to_string())));

    let (session, _) = house.store.noting(Deed::of(admin, "session.create")).sessions().create(admin, None).await?;
    assert_eq!(house.lines().await?.remove(0).object, Some(session.to_string()));
    assert_eq!(house.walked().await?, Ok(3));
    Ok(())
}

async fn where_nothing_changes_nothing_is_told(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let store = house.store.noting(deed("nothing"));
    store.desktops().change(row.id, |row| row).await?;
    store.assignments().delete(domain::AssignmentId::new()).await?;
    store.lessons().delete(domain::LessonId::new()).await?;
    store.sessions().end(domain::SessionId::new()).await?;
    store.tokens().revoke(row.owner, domain::TokenId::new()).await?;
    assert!(store.templates().create(&spec("x")).await.is_ok(), "this one changes something");
    assert!(store.templates().create(&spec("x")).await.is_err(), "and this one fails");
    assert_eq!(house.actions().await?, ["nothing"]);
    assert_eq!(house.walked().await?, Ok(1));
    Ok(())
}

async fn what_cannot_be_told_does_not_happen(house: House) -> Outcome {
    house.tamper("ALTER TABLE audit RENAME TO away").await?;
    let refused = house.store.noting(deed("template.create")).templates().create(&spec("tiny")).await;
    assert!(refused.is_err());
    house.tamper("ALTER TABLE away RENAME TO audit").await?;
    assert_eq!(house.store.templates().by_slug("tiny").await?, None);
    assert_eq!(house.walked().await?, Ok(0));
    Ok(())
}

async fn what_fails_at_the_very_end_neither_happened_nor_was_told(house: House) -> Outcome {
    // a debt that is only looked at when everything else is done: at the commit
    house.tamper("CREATE TABLE creditors (id int PRIMARY KEY)").await?;
    house.tamper("CREATE TABLE debts (id int REFERENCES creditors (id) DEFERRABLE INITIALLY DEFERRED)").await?;
    let trigger = match house.db().get_database_backend() {
        DbBackend::Postgres => {
            "CREATE FUNCTION owe() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN INSERT INTO debts VALUES (1); RETURN NEW; END $$;
             CREATE TRIGGER owe AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION owe()"
        }
        _ => "CREATE TRIGGER owe AFTER INSERT ON audit BEGIN INSERT INTO debts VALUES (1); END",
    };
    house.tamper(trigger).await?;
    let before = house.store.revision().await?;
    let row = house.some_desktop().await?;
    assert!(house.store.noting(deed("x")).templates().create(&spec("tiny")).await.is_err());
    assert!(
        house.store.noting(deed("x")).desktops().change(row.id, domain::desktop::Desktop::want_removed).await.is_err()
    );
    assert!(house.store.audit().tell(deed("x")).await.is_err());
    assert_eq!(house.store.templates().by_slug("tiny").await?, None);
    assert_eq!(house.again(&row).await?, row);
    assert_eq!(house.store.revision().await?, before + 1, "the desktop's own");
    assert_eq!((house.actions().await?, house.walked().await?), (vec![], Ok(0)));

    // what was owed is paid, and all goes on
    house.tamper("INSERT INTO creditors VALUES (1)").await?;
    house.store.noting(deed("x")).templates().create(&spec("tiny")).await?;
    assert_eq!((house.actions().await?.len(), house.walked().await?), (1, Ok(1)));
    Ok(())
}

async fn lines_of_many_at_once_are_one_chain(house: House) -> Outcome {
    let rows = house.some_desktops(8).await?;
    let stores = [house.store.clone(), house.another_process().await?];
    let told = at_once(8, |index| {
        let (store, row) = (stores[index % 2].clone(), rows[index].id);
        async move {
            for _ in 0..5 {
                let stop = |row: domain::desktop::Desktop| row.want_stopped(Why::StoppedByStaff);
                store.noting(deed("desktop.stop")).desktops().change(row, stop).await?;
                store.audit().tell(deed("session.refuse")).await?;
                let start = |row: domain::desktop::Desktop| row.want_running(chrono::Utc::now());
                store.noting(deed("desktop.start")).desktops().change(row, start).await?;
            }
            Ok::<_, store::StoreError>(())
        }
    });
    told.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(house.walked().await?, Ok(8 * 5 * 3));
    Ok(())
}

async fn a_line_that_was_changed_is_found(house: House) -> Outcome {
    house.things(9).await?;
    assert_eq!(house.walked().await?, Ok(9));
    let somebody = UserId::new().0.simple();
    let somebody = match house.db().get_database_backend() {
        DbBackend::Postgres => format!("'{somebody}'"),
        _ => format!("x'{somebody}'"),
    };
    for (seq, change) in [
        (5, "action = 'thing.0'".to_owned()),
        (4, "object = NULL".to_owned()),
        (3, "detail = '{\"to\":4}'".to_owned()),
        (2, format!("actor_id = {somebody}")),
        (1, "at = '2020-01-01T00:00:00Z'".to_owned()),
    ] {
        house.tamper(&format!("UPDATE audit SET {change} WHERE seq = {seq}")).await?;
        assert_eq!(house.walked().await?, Err((seq, Fault::Changed)), "{change}");
    }
    Ok(())
}

async fn a_line_that_was_taken_out_is_found(house: House) -> Outcome {
    house.things(9).await?;
    house.tamper("DELETE FROM audit WHERE seq = 5").await?;
    assert_eq!(house.walked().await?, Err((5, Fault::Missing)));
    // closing ranks does not help
    for seq in 6..=9 {
        house.tamper(&format!("UPDATE audit SET seq = {} WHERE seq = {seq}", seq - 1)).await?;
    }
    house.tamper("UPDATE audit_chain SET head_seq = 8").await?;
    assert_eq!(house.walked().await?, Err((5, Fault::Changed)));
    house.tamper("DELETE FROM audit WHERE seq = 1").await?;
    assert_eq!(house.walked().await?, Err((1, Fault::Missing)));
    Ok(())
}

async fn a_tail_that_was_cut_off_is_found(house: House) -> Outcome {
    house.things(9).await?;
    house.tamper("DELETE FROM audit WHERE seq > 7").await?;
    assert_eq!(house.walked().await?, Err((8, Fault::Cut)));
    // and it stays so, whatever is written after it
    house.things(1).await?;
    assert_eq!(house.walked().await?, Err((8, Fault::Missing)));
    house.tamper("DELETE FROM audit").await?;
    assert_eq!(house.walked().await?, Err((1, Fault::Cut)));
    Ok(())
}

async fn lines_that_were_swapped_are_found(house: House) -> Outcome {
    house.things(9).await?;
    for (from, to) in [(3, 100), (6, 3), (100, 6)] {
        house.tamper(&format!("UPDATE audit SET seq = {to} WHERE seq = {from}")).await?;
    }
    assert_eq!(house.walked().await?, Err((3, Fault::Changed)));
    Ok(())
}

async fn a_line_that_was_put_in_is_found(house: House) -> Outcome {
    house.things(3).await?;
    let copy = "INSERT INTO audit (seq, id, at, actor_id, action, object, detail, hash)
                SELECT 4, (SELECT id FROM users), at, actor_id, action, object, detail, hash FROM audit WHERE seq = 3";
    house.pupil("anna").await?;
    house.tamper(copy).await?;
    assert_eq!(house.walked().await?, Err((4, Fault::Surplus)));
    let head = "UPDATE audit_chain SET head_seq = 4";
    house.tamper(head).await?;
    assert_eq!(house.walked().await?, Err((4, Fault::Changed)));
    Ok(())
}

async fn what_stays_after_a_purge_is_whole(house: House) -> Outcome {
    house.things(9).await?;
    let sixth = present(house.lines().await?.into_iter().find(|line| line.seq == 6), "the sixth")?.at;
    let gone = house.store.audit().purge(sixth).await?;
    assert!(gone <= 5, "{gone}: lines of one moment stay together");
    assert_eq!(house.walked().await?, Ok(10));
    assert_eq!(house.actions().await?[0], "audit.purge");
    house.store.audit().purge(sixth + TimeDelta::days(1)).await?;
    assert_eq!((house.actions().await?, house.walked().await?), (vec!["audit.purge".to_owned()], Ok(11)));
    let detail = house.lines().await?.remove(0).detail;
    assert_eq!(detail, Some(json!({ "lines": 10 - gone, "up_to": 10 })));
    // more than was purged is missing
    house.things(3).await?;
    house.tamper("DELETE FROM audit WHERE seq = 11").await?;
    assert_eq!(house.walked().await?, Err((11, Fault::Missing)));
    Ok(())
}

async fn a_purge_takes_from_the_front_alone(house: House) -> Outcome {
    house.things(5).await?;
    let lines = house.lines().await?;
    let young = lines[2].at + TimeDelta::hours(1);
    // somebody's clock was ahead when the third was written: it stays, and what came after it
    let micros = young.format("%Y-%m-%dT%H:%M:%S%.6f+00:00");
    house.tamper(&format!("UPDATE audit SET at = '{micros}' WHERE seq = 3")).await?;
    house.store.audit().purge(young - TimeDelta::minutes(1)).await?;
    let left: Vec<_> = house.lines().await?.into_iter().map(|line| line.seq).collect();
    assert_eq!(left, [6, 5, 4, 3]);
    Ok(())
}

async fn the_log_can_be_searched(house: House) -> Outcome {
    let (anna, ben) = (house.pupil("anna").await?.id, house.pupil("ben").await?.id);
    for (actor, action, object) in [
        (anna, "template.create", "tiny"),
        (ben, "template.update", "tiny"),
        (anna, "templ_te.x", "tiny"),
        (ben, "desktop.stop", "d1"),
        (anna, "desktop.stop", "d2"),
    ] {
        house.store.audit().tell(Deed::of(actor, action).on(object)).await?;
    }
    let lines: Vec<Line> = house.lines().await?.into_iter().rev().collect();
    let found = async |sought: Sought| -> Result<Vec<i64>, store::StoreError> {
        let entries = house.store.audit().before(&sought, None, 100).await?;
        Ok(entries.into_iter().map(|entry| entry.line.seq).collect())
    };
    let all = Sought::default;
    let action = |action: &str| Sought { action: Some(action.to_owned()), ..all() };
    assert_eq!(found(all()).await?, [5, 4, 3, 2, 1]);
    assert_eq!(found(Sought { actor: Some(anna), ..all() }).await?, [5, 3, 1]);
    assert_eq!(found(action("template.")).await?, [2, 1]);
    assert_eq!(found(action("templ_te")).await?, [3], "signs that databases take for others are taken as they are");
    for nothing in ["%", "Template.", "\\", "a\0b"] {
        assert_eq!(found(action(nothing)).await?, Vec::<i64>::new(), "{nothing:?}");
    }
    assert_eq!(found(Sought { object: Some("tiny".to_owned()), ..action("t") }).await?, [3, 2, 1]);
    assert_eq!(found(Sought { object: Some("a\0".to_owned()), ..all() }).await?, Vec::<i64>::new());
    let (third, fifth) = (lines[2].at, lines[4].at);
    let expected: Vec<_> =
        lines.iter().rev().filter(|line| line.at >= third && line.at < fifth).map(|line| line.seq).collect();
    assert_eq!(found(Sought { from: Some(third), until: Some(fifth), ..all() }).await?, expected);
    let first = house.store.audit().page(&action("template."), &Paging { limit: 1, cursor: None }).await?;
    let second =
        house.store.audit().page(&action("template."), &Paging { limit: 1, cursor: first.next_cursor }).await?;
    assert_eq!((second.items[0].line.seq, second.next_cursor), (1, None));
    Ok(())
}

async fn a_walk_sees_one_moment(house: House) -> Outcome {
    house.things(50).await?;
    let writer = tokio::spawn({
        let house = house.clone();
        async move {
            for _ in 0..30 {
                house.things(1).await?;
                let oldest = present(house.lines().await?.pop(), "a line")?;
                house.store.audit().purge(oldest.at + TimeDelta::microseconds(1)).await?;
            }
            Outcome::Ok(())
        }
    });
    let mut walks = 0;
    while !writer.is_finished() || walks == 0 {
        assert!(house.walked().await?.is_ok(), "walk {walks}");
        walks += 1;
    }
    writer.await?
}
