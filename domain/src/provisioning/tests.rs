use proptest::prelude::*;

use super::{Count, Extent, Group, Known, KnownPerson, Person, Roster, Unbelievable, believe, plan};
use crate::access::Role;

fn person(id: &str) -> Person {
    Person {
        external_id: id.to_owned(),
        username: format!("user.{id}"),
        display_name: format!("User {id}"),
        role: None,
        identity: None,
    }
}

fn group(id: &str) -> Group {
    Group { external_id: id.to_owned(), name: format!("Klasse {id}"), key: None }
}

fn member(group: &str, person: &str) -> (String, String) {
    (group.to_owned(), person.to_owned())
}

/// A school of so many people in one class.
fn school(people: usize) -> Roster {
    let ids: Vec<_> = (0..people).map(|number| number.to_string()).collect();
    Roster {
        people: ids.iter().map(|id| person(id)).collect(),
        groups: vec![group("8d")],
        members: ids.iter().map(|id| member("8d", id)).collect(),
    }
}

/// What is known once all of this was told.
fn known(told: &Roster) -> Known {
    let one = |person: &Person| KnownPerson {
        username: person.username.clone(),
        display_name: person.display_name.clone(),
        role: person.role.unwrap_or(Role::Student),
        is_active: true,
    };
    Known {
        people: told.people.iter().map(|person| (person.external_id.clone(), one(person))).collect(),
        groups: told.groups.iter().map(|group| (group.external_id.clone(), group.name.clone())).collect(),
        members: told.members.clone(),
    }
}

#[test]
fn what_is_new_is_made_and_what_is_known_stays() {
    let told = school(3);
    let first = plan(&Known::default(), &told, Extent::Whole);
    assert_eq!((first.people.len(), first.groups.len(), first.join.len()), (3, 1, 3));
    assert_eq!(first.report.people, Count { made: 3, ..Count::default() });
    let again = plan(&known(&told), &told, Extent::Whole);
    assert_eq!(again.report.people, Count { unchanged: 3, ..Count::default() });
    assert!(again.people.is_empty() && again.groups.is_empty() && again.join.is_empty() && again.leave.is_empty());
}

#[test]
fn a_number_behind_a_name_is_no_change_and_a_new_name_is_one() {
    let mut told = school(2);
    let mut before = known(&told);
    before.people.get_mut("0").expect("known").username = "user.0-2".to_owned();
    before.groups.insert("8d".to_owned(), "Klasse 8d (2)".to_owned());
    assert_eq!(plan(&before, &told, Extent::Whole).report.people.unchanged, 2);
    told.people[1].display_name = "Somebody Else".to_owned();
    told.people[0].role = Some(Role::Teacher);
    assert_eq!(plan(&before, &told, Extent::Whole).report.people.changed, 2);
    before.people.get_mut("0").expect("known").role = Role::Admin;
    assert_eq!(plan(&before, &told, Extent::Whole).report.people.changed, 1, "nobody says what an administrator is");
}

#[test]
fn who_is_missing_is_gone_only_where_everybody_is_told_of() {
    let before = known(&school(10));
    let told = school(9);
    let whole = plan(&before, &told, Extent::Whole);
    assert_eq!((whole.gone_people, whole.leave), (vec!["9".to_owned()], [member("8d", "9")].into()));
    let part = plan(&before, &told, Extent::Part);
    assert!(part.gone_people.is_empty() && part.leave.is_empty());
}

#[test]
fn whoever_is_told_of_in_another_class_leaves_the_old_one() {
    let before = known(&school(2));
    let told = Roster { people: vec![person("0")], groups: vec![group("9d")], members: [member("9d", "0")].into() };
    let moved = plan(&before, &told, Extent::Part);
    assert_eq!((moved.join, moved.leave), ([member("9d", "0")].into(), [member("8d", "0")].into()));
}

#[test]
fn administrators_are_never_gone() {
    let mut before = known(&school(10));
    before.people.get_mut("9").expect("known").role = Role::Admin;
    let plan = plan(&before, &school(9), Extent::Whole);
    assert_eq!((plan.gone_people.len(), plan.report.kept_admins), (0, 1));
}

#[test]
fn a_list_that_is_empty_or_lacks_more_than_a_fifth_is_not_believed() {
    let before = known(&school(10));
    let judge = |told: &Roster| believe(&before, told, &plan(&before, told, Extent::Whole));
    assert_eq!(judge(&school(10)), Ok(()));
    assert_eq!(judge(&school(8)), Ok(()), "a fifth may go");
    assert_eq!(judge(&school(7)), Err(Unbelievable::TooManyGone { what: "people", gone: 3, of: 10 }));
    assert_eq!(judge(&school(0)), Err(Unbelievable::Empty("people")));
    let without_groups = Roster { groups: Vec::new(), ..school(10) };
    assert_eq!(judge(&without_groups), Err(Unbelievable::TooManyGone { what: "groups", gone: 1, of: 1 }));
    let first = Known::default();
    assert_eq!(believe(&first, &school(1), &plan(&first, &school(1), Extent::Whole)), Ok(()));
}

proptest! {
    #[test]
    fn after_a_plan_everything_is_as_told(before in 0_usize..30, after in 0_usize..30) {
        let (old, new) = (known(&school(before)), school(after));
        let plan = plan(&old, &new, Extent::Whole);
        let mut members: std::collections::BTreeSet<_> = old.members.difference(&plan.leave).cloned().collect();
        members.extend(plan.join.iter().cloned());
        prop_assert_eq!(&members, &new.members);
        prop_assert_eq!(old.people.len() + plan.people.len() - plan.gone_people.len(), new.people.len());
    }
}
