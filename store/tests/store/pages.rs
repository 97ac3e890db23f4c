//! Lists that are read page by page hold everything once, in their order.

use std::fmt::Debug;

use domain::{access::Scope, template::Template};
use store::{
    Assignment, Details, Entry, Filter, Group, Job, NewToken, Page, Paging, Recipient, Sought, StoreError, Token, User,
};

use crate::house::{House, Outcome, on_both, present};

on_both![
    people_and_groups_are_listed_by_name,
    templates_are_listed_by_slug,
    desktops_are_listed_oldest_first,
    tokens_jobs_and_assignments_are_listed_oldest_first,
    the_audit_log_is_listed_newest_first,
    a_page_after_something_that_is_gone_goes_on_behind_it,
];

/// Reads a list to its end.
async fn walk<T>(limit: u64, read: impl AsyncFn(Paging) -> Result<Page<T>, StoreError>) -> Result<Vec<T>, StoreError> {
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let page = read(Paging { limit, cursor }).await?;
        assert!(page.items.len() as u64 <= limit);
        items.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(items);
        }
    }
}

/// Reads a list in pages of several sizes; it is always what it should be.
async fn is_listed<T, K: PartialEq + Debug>(
    expected: &[K],
    key: impl Fn(&T) -> K,
    read: impl AsyncFn(Paging) -> Result<Page<T>, StoreError>,
) -> Result<(), StoreError> {
    for limit in [7, 50, 125, 200] {
        let found: Vec<_> = walk(limit, &read).await?.iter().map(&key).collect();
        assert_eq!(found, expected, "in pages of {limit}");
    }
    Ok(())
}

async fn people_and_groups_are_listed_by_name(house: House) -> Outcome {
    let (mut people, mut groups) = (Vec::new(), Vec::new());
    for index in (0..250).rev() {
        people.push(house.pupil(&format!("pupil{index:03}")).await?.username);
        groups.push(house.store.groups().ensure(&format!("group{index:03}")).await?.name);
    }
    people.reverse();
    groups.reverse();
    is_listed(
        &people,
        |user: &User| user.username.clone(),
        async |paging| house.store.users().page(None, &paging).await,
    )
    .await?;
    is_listed(
        &groups,
        |group: &Group| group.name.clone(),
        async |paging| house.store.groups().page(None, &paging).await,
    )
    .await?;
    Ok(())
}

async fn templates_are_listed_by_slug(house: House) -> Outcome {
    let mut slugs = Vec::new();
    let anna = house.pupil("anna").await?;
    for index in (0..250).rev() {
        let template = house.template(&format!("t{index:03}")).await?;
        house.give(&template, &Recipient::Everyone).await?;
        slugs.push(template.spec.slug);
    }
    slugs.reverse();
    let templates = house.store.templates();
    is_listed(&slugs, |template: &Template| template.spec.slug.clone(), async |paging| templates.page(&paging).await)
        .await?;
    let startable = async |paging: Paging| templates.page_for(anna.id, &[], &paging).await;
    is_listed(&slugs, |template: &Template| template.spec.slug.clone(), startable).await?;
    Ok(())
}

async fn desktops_are_listed_oldest_first(house: House) -> Outcome {
    let (pupils, mut ids) = (house.pupils(25).await?, Vec::new());
    for index in 0..10 {
        let template = house.template(&format!("t{index}")).await?;
        for pupil in &pupils {
            ids.push(house.wish(pupil, &template).await?.id);
        }
    }
    let all = async |paging: Paging| house.store.desktops().page(Filter::All, &paging).await;
    is_listed(&ids, |details: &Details| details.desktop.id, all).await?;
    let hers: Vec<_> = ids.iter().skip(3).step_by(25).copied().collect();
    let only = async |paging: Paging| house.store.desktops().page(Filter::OwnedBy(pupils[3].id), &paging).await;
    is_listed(&hers, |details: &Details| details.desktop.id, only).await?;
    Ok(())
}

async fn tokens_jobs_and_assignments_are_listed_oldest_first(house: House) -> Outcome {
    let (anna, template) = (house.pupil("anna").await?, house.template("tiny").await?);
    let (mut tokens, mut jobs, mut assignments) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..250 {
        let new = NewToken { user: anna.id, name: "CI", scopes: &[Scope::DesktopsRead], lifetime: None };
        tokens.push(house.store.tokens().create(&new).await?.0.id);
        jobs.push(house.store.jobs().order_pull(&format!("pult/{index}"), anna.id).await?.id);
        assignments.push(house.store.assignments().create(template.id, &Recipient::Everyone, &[], None).await?);
    }
    let store = &house.store;
    is_listed(&tokens, |token: &Token| token.id, async |paging| store.tokens().page(anna.id, &paging).await).await?;
    is_listed(&jobs, |job: &Job| job.id, async |paging| store.jobs().page(&paging).await).await?;
    is_listed(&assignments, |one: &Assignment| one.id, async |paging| store.assignments().page(None, &paging).await)
        .await?;
    Ok(())
}

async fn the_audit_log_is_listed_newest_first(house: House) -> Outcome {
    let mut actions = Vec::new();
    for index in 0..250 {
        actions.push(format!("action{index}"));
        house.store.audit().record(None, &actions[index], None, None).await?;
    }
    actions.reverse();
    is_listed(
        &actions,
        |entry: &Entry| entry.line.action.clone(),
        async |paging| house.store.audit().page(&Sought::default(), &paging).await,
    )
    .await?;
    Ok(())
}

async fn a_page_after_something_that_is_gone_goes_on_behind_it(house: House) -> Outcome {
    for slug in ["a", "b", "c", "d"] {
        house.template(slug).await?;
    }
    let templates = house.store.templates();
    let first = templates.page(&Paging { limit: 2, cursor: None }).await?;
    let last = present(first.items.last(), "the last of the page")?;
    templates.delete(last.id).await?;
    let second = templates.page(&Paging { limit: 2, cursor: first.next_cursor }).await?;
    assert_eq!(second.items.iter().map(|template| template.spec.slug.as_str()).collect::<Vec<_>>(), ["c", "d"]);
    assert_eq!(second.next_cursor, None);
    Ok(())
}
