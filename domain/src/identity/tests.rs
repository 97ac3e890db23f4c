use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Because, Claims, GroupClaim, Identity, Nameless, Rules, is_incomplete, merged, scopes};
use crate::{Timestamp, access::Role};

fn claims(value: Value) -> Claims {
    match value {
        Value::Object(claims) => claims,
        other => panic!("{other} is no object"),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What a school in Germany configures.
fn rules() -> Rules {
    Rules {
        admin_groups: words(&["admins", "4712"]),
        admin_users: words(&["8d0c3ab6-uuid"]),
        admin_roles: words(&[]),
        teacher_groups: words(&["lehrer", "Kollegium", "jüngere lehrkräfte"]),
        teacher_roles: words(&["ROLE_TEACHER", "lehrer"]),
    }
}

fn of(value: Value) -> Identity {
    Identity::of(&claims(value), &rules()).expect("somebody")
}

/// A claim of somebody, with the role that it makes them.
fn role_by(name: &str, value: &Value) -> Role {
    of(json!({ "sub": "1", name: value })).role
}

#[test]
fn groups_come_in_every_shape() {
    let group = json!({ "id": 4711, "act": "klasse.8d", "name": "Klasse 8D" });
    let known = |keys: &[&str], name: &str, act: Option<&str>| {
        vec![GroupClaim { keys: words(keys), name: name.to_owned(), act: act.map(str::to_owned) }]
    };
    let whole = known(&["id:4711", "act:klasse.8d"], "Klasse 8D", Some("klasse.8d"));
    for (shape, expected) in [
        (json!({ "4711": group }), whole.clone()),
        (json!({ "4711": { "act": "klasse.8d", "name": "Klasse 8D" } }), whole.clone()),
        (json!([group]), whole.clone()),
        (group.clone(), whole.clone()),
        (json!([{ "id": "4711", "act": "klasse.8d", "name": "Klasse 8D", "more": [1] }, group]), whole),
        (json!({ "4711": "Klasse 8D" }), known(&["id:4711"], "Klasse 8D", None)),
        (json!(["klasse.8d"]), known(&["act:klasse.8d"], "klasse.8d", Some("klasse.8d"))),
        (json!("klasse.8d"), known(&["act:klasse.8d"], "klasse.8d", Some("klasse.8d"))),
        (json!([{ "name": " Klasse 8D " }]), known(&["name:klasse 8d"], "Klasse 8D", None)),
        (json!([{ "displayName": "Klasse 8D", "act": null }]), known(&["name:klasse 8d"], "Klasse 8D", None)),
        (json!([4711]), known(&["act:4711"], "4711", Some("4711"))),
        (json!([null, true, [], {}, "", " ", { "act": [] }]), Vec::new()),
        (json!({ "4711": null, "4712": false }), Vec::new()),
        (json!(null), Vec::new()),
        (json!(true), Vec::new()),
    ] {
        for name in ["groups", "iserv:groups"] {
            let found = of(json!({ "sub": "1", name: shape })).groups;
            assert_eq!(found, expected, "{name}: {shape}");
        }
    }
}

#[test]
fn roles_come_in_every_shape() {
    for shape in [
        json!(["ROLE_USER", "ROLE_TEACHER"]),
        json!("role_teacher"),
        json!([{ "id": "ROLE_TEACHER", "displayName": "Kraft" }]),
        json!([{ "id": "ROLE_X", "displayName": "Lehrer" }]),
        json!({ "ROLE_TEACHER": { "displayName": "Lehrkraft" } }),
        json!({ "ROLE_TEACHER": "Lehrkraft" }),
        json!({ "ROLE_TEACHER": true }),
        json!({ "1": { "id": "ROLE_TEACHER" } }),
        json!({ "id": "ROLE_TEACHER", "displayName": "Lehrer" }),
    ] {
        for name in ["roles", "iserv:roles"] {
            assert_eq!(role_by(name, &shape), Role::Teacher, "{name}: {shape}");
        }
    }
    for shape in [json!([]), json!(["ROLE_STUDENT"]), json!({ "ROLE_TEACHER": false }), json!(["ROLE_TEACHERS"])] {
        assert_eq!(role_by("roles", &shape), Role::Student, "{shape}");
    }
}

#[test]
fn a_teacher_is_one_by_any_configured_role_or_group() {
    for group in
        [json!("lehrer"), json!("KOLLEGIUM"), json!({ "act": "x", "name": "Lehrer" }), json!({ "id": "lehrer" })]
    {
        assert_eq!(role_by("groups", &json!([group])), Role::Teacher, "{group}");
    }
    // composed and decomposed, in capitals and not: one word
    for spelling in ["jüngere lehrkräfte", "JÜNGERE LEHRKRÄFTE", "ju\u{308}ngere lehrkra\u{308}fte"] {
        assert_eq!(role_by("groups", &json!([spelling])), Role::Teacher, "{spelling}");
    }
}

#[test]
fn nobody_becomes_administrator_by_what_a_group_is_called() {
    for named in
        [json!({ "act": "gruppe.admins", "name": "admins" }), json!({ "name": "Admins" }), json!({ "1": "admins" })]
    {
        assert_eq!(role_by("groups", &json!([named])), Role::Student, "{named}");
    }
    for known in [json!({ "act": "Admins" }), json!({ "id": 4712, "name": "x" }), json!("ADMINS")] {
        assert_eq!(role_by("groups", &json!([known])), Role::Admin, "{known}");
    }
}

#[test]
fn an_administrator_of_the_provider_is_none_of_ours_unless_that_is_configured() {
    let claims = claims(json!({ "sub": "1", "roles": ["ROLE_ADMIN", "ROLE_TEACHER"] }));
    assert_eq!(Identity::of(&claims, &rules()).map(|one| one.role), Ok(Role::Teacher));
    let trusting = Rules { admin_roles: words(&["ROLE_ADMIN"]), ..rules() };
    let admin = Identity::of(&claims, &trusting).expect("somebody");
    let because = Because { rule: "admin_roles", word: "ROLE_ADMIN".to_owned() };
    assert_eq!((admin.role, admin.because), (Role::Admin, Some(because)));
}

#[test]
fn administrators_are_known_by_id_and_not_by_name() {
    assert_eq!(of(json!({ "sub": "1", "uuid": "8D0C3AB6-UUID" })).role, Role::Admin);
    assert_eq!(of(json!({ "sub": "8d0c3ab6-uuid" })).role, Role::Admin);
    assert_eq!(of(json!({ "sub": "8d0c3ab6-uuid", "uuid": "other" })).role, Role::Admin);
    assert_eq!(
        of(json!({ "sub": "1", "preferred_username": "8d0c3ab6-uuid", "name": "8d0c3ab6-uuid" })).role,
        Role::Student
    );
}

#[test]
fn an_empty_word_in_a_rule_fits_nobody() {
    let careless = Rules { admin_users: words(&["", " "]), admin_groups: words(&[""]), ..Rules::default() };
    let somebody = claims(json!({ "sub": "1", "groups": ["", { "act": "", "name": "" }] }));
    assert_eq!(Identity::of(&somebody, &careless).map(|one| one.role), Ok(Role::Student));
}

#[test]
fn the_best_id_is_the_key_and_the_protocols_own_is_remembered() {
    let keys = |value| {
        let identity = of(value);
        (identity.subject, identity.alias)
    };
    let pair = |subject: &str, alias: Option<&str>| (subject.to_owned(), alias.map(str::to_owned));
    assert_eq!(keys(json!({ "sub": "s", "iserv:uuid": "new", "uuid": "old" })), pair("new", Some("s")));
    assert_eq!(keys(json!({ "sub": "s", "uuid": "old" })), pair("old", Some("s")));
    assert_eq!(keys(json!({ "sub": "s", "uuid": null })), pair("s", None));
    assert_eq!(keys(json!({ "sub": 17 })), pair("17", None));
    for nobody in [json!({}), json!({ "sub": "" }), json!({ "sub": null, "uuid": "u" }), json!({ "sub": ["s"] })] {
        assert_eq!(Identity::of(&claims(nobody), &rules()), Err(Nameless));
    }
}

#[test]
fn names_are_taken_where_they_are() {
    let names = |value| {
        let identity = of(value);
        (identity.username, identity.display_name)
    };
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    assert_eq!(
        names(json!({ "sub": "1", "preferred_username": "Mia.Maier", "name": "Mia Maier" })),
        pair("mia.maier", "Mia Maier")
    );
    assert_eq!(names(json!({ "sub": "1", "given_name": "Mia", "family_name": "Maier" })), pair("1", "Mia Maier"));
    assert_eq!(names(json!({ "sub": "1", "family_name": "Maier", "name": " \u{0} " })), pair("1", "Maier"));
    assert_eq!(names(json!({ "sub": "abc" })), pair("abc", "abc"));
    assert_eq!(of(json!({ "sub": "1", "name": "x".repeat(10_000) })).display_name.len(), 200);
}

#[test]
fn the_later_source_has_the_last_word_unless_it_says_nothing() {
    let token = claims(json!({ "sub": "1", "name": "Old", "roles": ["ROLE_TEACHER"] }));
    let userinfo = claims(json!({ "sub": "1", "name": "New", "roles": null, "groups": ["9b"] }));
    let both = merged(token.clone(), userinfo);
    assert_eq!(
        Value::Object(both.clone()),
        json!({ "sub": "1", "name": "New", "roles": ["ROLE_TEACHER"], "groups": ["9b"] })
    );
    assert!(is_incomplete(&token) && is_incomplete(&both), "there is no username");
    let rest = claims(json!({ "preferred_username": "new" }));
    assert!(!is_incomplete(&merged(both, rest)));
}

#[test]
fn a_sign_in_begins_where_the_last_one_worked_and_asks_for_everything_again_after_a_day() {
    let now: Timestamp = "2026-11-25T08:00:00Z".parse().expect("a time");
    let ago = |hours| now - chrono::TimeDelta::hours(hours);
    assert_eq!(scopes::first(None, now), 0);
    assert_eq!(scopes::first(Some((3, ago(23))), now), 3);
    assert_eq!(scopes::first(Some((3, ago(25))), now), 0);
    assert_eq!(scopes::first(Some((9, ago(1))), now), 0, "another version had more steps");
    assert!(scopes::step(4).is_some() && scopes::step(5).is_none());
}

#[test]
fn what_a_provider_does_not_release_is_named() {
    let at = |index| scopes::missing(scopes::step(index).expect("a step"));
    let nothing: [&str; 0] = [];
    for index in 0..3 {
        assert_eq!(at(index), nothing, "{index}: new or old, it says all");
    }
    assert_eq!(at(3), ["iserv:uuid", "iserv:groups", "iserv:roles"]);
    assert_eq!(scopes::missing(&["openid", "groups"]), ["iserv:uuid", "iserv:roles"]);
}

/// Any JSON at all, with names that mean something now and then.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}|admins|lehrer|ROLE_TEACHER|\u{0}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let key = "\\PC{0,6}|id|act|name|displayName|4711";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_claims() -> impl Strategy<Value = Claims> {
    let name = "sub|uuid|iserv:uuid|groups|iserv:groups|roles|iserv:roles|name|given_name|preferred_username|\\PC{0,4}";
    prop::collection::btree_map(name, anything(), 0..10).prop_map(|claims| claims.into_iter().collect())
}

proptest! {
    #[test]
    fn whatever_a_provider_says_is_somebody_or_nobody(claims in any_claims(), later in any_claims()) {
        let both = merged(claims, later);
        is_incomplete(&both);
        if let Ok(identity) = Identity::of(&both, &rules()) {
            prop_assert!(!identity.subject.is_empty() && !identity.username.is_empty() && !identity.display_name.is_empty());
            prop_assert!(identity.groups.iter().all(|group| !group.keys.is_empty() && !group.name.is_empty()));
            prop_assert_eq!(identity.because.is_none(), identity.role == Role::Student);
            // said again, it is the same person
            prop_assert_eq!(Identity::of(&both, &rules()), Ok(identity));
        }
    }

    #[test]
    fn without_rules_everybody_is_a_student(claims in any_claims()) {
        if let Ok(identity) = Identity::of(&claims, &Rules::default()) {
            prop_assert_eq!(identity.role, Role::Student);
        }
    }
}
