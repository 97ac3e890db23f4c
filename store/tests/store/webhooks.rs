//! Webhooks: what programs are told, who sends it, and when it is given up.

use chrono::{TimeDelta, Utc};
use domain::{Timestamp, WebhookDeliveryId, WebhookId, desktop::Desktop, webhook::Topic};
use entity::{webhook, webhook_delivery};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};
use secrecy::ExposeSecret as _;
use store::{Delivery, DeliveryState, Due, Paging, Sent, WebhookChange};

use crate::house::{Failed, House, Outcome, at_once, on_both, present};

on_both![
    a_secret_is_shown_once_and_stored_sealed,
    every_change_of_a_desktop_is_told_to_whoever_wants_it,
    what_is_not_stored_is_not_told,
    of_many_senders_each_message_is_ones,
    a_message_that_failed_is_due_again_later,
    a_sender_that_came_too_late_changes_nothing,
    a_webhook_where_nothing_arrives_is_switched_off,
    a_webhook_where_other_messages_arrive_stays_on,
    a_message_is_sent_again_as_the_same_message,
    a_former_secret_is_good_for_a_day,
    old_messages_are_forgotten_and_all_go_with_their_webhook,
];

const ALL: Paging = Paging { limit: 200, cursor: None };
const URL: &str = "https://hooks.school.example/pult";

fn failed() -> Sent {
    Sent { status: Some(500), problem: Some("the answer is 500".to_owned()) }
}

fn arrived() -> Sent {
    Sent { status: Some(204), problem: None }
}

async fn listening(house: &House, topics: &[Topic]) -> Result<WebhookId, Failed> {
    Ok(house.store.webhooks().create(URL, topics).await?.0.id)
}

async fn deliveries(house: &House, id: WebhookId) -> Result<Vec<Delivery>, Failed> {
    let mut items = house.store.webhooks().deliveries(id, &ALL).await?.items;
    items.reverse();
    Ok(items)
}

async fn kinds(house: &House, id: WebhookId) -> Result<Vec<String>, Failed> {
    Ok(deliveries(house, id).await?.into_iter().map(|delivery| delivery.kind).collect())
}

async fn only(house: &House, id: WebhookId) -> Result<Delivery, Failed> {
    present(deliveries(house, id).await?.pop(), "the delivery")
}

async fn claimed(house: &House, id: WebhookId) -> Result<Due, Failed> {
    present(house.store.webhooks().claim(id, 1).await?.pop(), "a message that is due")
}

/// Lets time pass for a message.
async fn queued_at(house: &House, id: WebhookDeliveryId, at: Timestamp) -> Outcome {
    let row = webhook_delivery::ActiveModel { id: Set(id), queued_at: Set(at), ..Default::default() };
    row.update(house.db()).await?;
    Ok(())
}

async fn due_at(house: &House, id: WebhookDeliveryId, at: Timestamp) -> Outcome {
    let row = webhook_delivery::ActiveModel { id: Set(id), due_at: Set(at), ..Default::default() };
    row.update(house.db()).await?;
    Ok(())
}

/// A webhook with a message that is on its way.
async fn with_a_message(house: &House) -> Result<(WebhookId, Desktop), Failed> {
    let id = listening(house, &[Topic::Requested]).await?;
    let desktop = house.some_desktop().await?;
    Ok((id, desktop))
}

async fn a_secret_is_shown_once_and_stored_sealed(house: House) -> Outcome {
    let (made, secret) = house.store.webhooks().create(URL, &[Topic::Running, Topic::Failed]).await?;
    let secret = secret.expose_secret();
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "{secret}");
    let row = present(webhook::Entity::find().one(house.db()).await?, "the row")?;
    assert!(!format!("{row:?}").contains(&secret[6..]), "a copy of the database does not have it");
    assert_eq!(house.store.webhooks().get(made.id).await?, Some(made.clone()));
    assert_eq!(made.topics, [Topic::Running, Topic::Failed]);
    house.some_desktop().await?;
    let test = present(house.store.webhooks().test(made.id).await?, "a test")?;
    let due = claimed(&house, made.id).await?;
    assert_eq!((due.id, due.secrets[0].expose_secret()), (test.id, secret), "the one who sends has it");
    let other = house.another_process_with_key([8; 32]).await?;
    house.store.webhooks().test(made.id).await?;
    assert!(other.webhooks().claim(made.id, 1).await.is_err(), "another installation's key opens nothing");
    Ok(other.close().await?)
}

async fn every_change_of_a_desktop_is_told_to_whoever_wants_it(house: House) -> Outcome {
    let all = listening(&house, &[Topic::Everything]).await?;
    let some = listening(&house, &[Topic::Running, Topic::Removed]).await?;
    let off = listening(&house, &[Topic::Everything]).await?;
    let change = WebhookChange { is_enabled: Some(false), ..WebhookChange::default() };
    house.store.webhooks().change(off, change).await?;
    let desktop = house.some_desktop().await?;
    let running = house.running(desktop.clone()).await?;
    // what is no change of its state
    let extended = Desktop { extended_at: Some(Utc::now()), ..running };
    let running = house.saved(extended).await?;
    house.store.desktops().change(running.id, Desktop::want_removed).await?;
    let removed = house.again(&running).await?.removed(Utc::now());
    house.saved(removed).await?;
    let expected = ["desktop.requested", "desktop.running", "desktop.removed"];
    let told = kinds(&house, all).await?;
    assert_eq!(told.iter().filter(|kind| *kind != "desktop.stopping").collect::<Vec<_>>(), expected);
    assert_eq!(kinds(&house, some).await?, expected[1..]);
    assert_eq!(kinds(&house, off).await?, [""; 0]);
    let due = house.store.webhooks().claim(some, 1).await?.remove(0);
    let body: serde_json::Value = serde_json::from_str(&due.body)?;
    assert_eq!((due.url.as_str(), &body["type"]), (URL, &"desktop.running".into()));
    assert_eq!(body["data"]["id"], desktop.id.to_string());
    assert_eq!(body["data"]["owner_id"], desktop.owner.to_string());
    Ok(())
}

async fn what_is_not_stored_is_not_told(house: House) -> Outcome {
    let id = listening(&house, &[Topic::Running]).await?;
    let desktop = house.some_desktop().await?;
    let running = house.running(desktop.clone()).await?;
    // made from a row that has changed since
    assert_eq!(house.store.desktops().save(&desktop).await?, None);
    assert_eq!(house.again(&desktop).await?, running);
    assert_eq!(kinds(&house, id).await?, ["desktop.running"]);
    Ok(())
}

async fn of_many_senders_each_message_is_ones(house: House) -> Outcome {
    let id = listening(&house, &[Topic::Everything]).await?;
    house.some_desktops(20).await?;
    let claims = at_once(8, |_| {
        let store = house.store.clone();
        async move {
            let mut mine = Vec::new();
            loop {
                let due = store.webhooks().claim(id, 3).await?;
                if due.is_empty() {
                    return Ok::<_, store::StoreError>(mine);
                }
                mine.extend(due.into_iter().map(|due| due.id));
            }
        }
    });
    let mut taken: Vec<_> = claims.await.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    taken.sort_unstable();
    let all: Vec<_> = deliveries(&house, id).await?.into_iter().map(|delivery| delivery.id).collect();
    assert_eq!(taken, all, "each once");
    assert_eq!(house.store.webhooks().due().await?, [], "until they may be lost");
    Ok(())
}

async fn a_message_that_failed_is_due_again_later(house: House) -> Outcome {
    let (id, _) = with_a_message(&house).await?;
    for (attempts, seconds) in [(1, 5), (2, 20), (3, 80)] {
        assert_eq!(house.store.webhooks().due().await?, [id]);
        let due = claimed(&house, id).await?;
        let before = Utc::now();
        assert_eq!(house.store.webhooks().sent(&due, &failed()).await?, None);
        let delivery = only(&house, id).await?;
        assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Pending, attempts));
        assert_eq!((delivery.status, delivery.problem.as_deref()), (Some(500), Some("the answer is 500")));
        let pause = present(delivery.due_at, "the next try")? - before;
        assert!(pause >= TimeDelta::seconds(seconds - 1) && pause < TimeDelta::seconds(seconds + 60), "{pause}");
        assert_eq!(house.store.webhooks().due().await?, []);
        due_at(&house, delivery.id, Utc::now()).await?;
    }
    let due = claimed(&house, id).await?;
    house.store.webhooks().sent(&due, &arrived()).await?;
    let delivery = only(&house, id).await?;
    assert_eq!((delivery.state, delivery.status, delivery.problem), (DeliveryState::Delivered, Some(204), None));
    assert!(delivery.finished_at.is_some() && delivery.due_at.is_none());
    Ok(())
}

async fn a_sender_that_came_too_late_changes_nothing(house: House) -> Outcome {
    let (id, _) = with_a_message(&house).await?;
    let first = claimed(&house, id).await?;
    // its time is over, and another took the message
    due_at(&house, first.id, Utc::now()).await?;
    let second = claimed(&house, id).await?;
    assert_eq!(first.id, second.id);
    house.store.webhooks().sent(&first, &failed()).await?;
    let delivery = only(&house, id).await?;
    assert_eq!((delivery.problem, delivery.attempts), (None, 2), "the second has it");
    house.store.webhooks().sent(&second, &arrived()).await?;
    house.store.webhooks().sent(&first, &failed()).await?;
    assert_eq!(only(&house, id).await?.state, DeliveryState::Delivered, "what arrived, arrived");
    Ok(())
}

async fn a_webhook_where_nothing_arrives_is_switched_off(house: House) -> Outcome {
    let (id, _) = with_a_message(&house).await?;
    house.store.webhooks().test(id).await?;
    let first = present(deliveries(&house, id).await?.into_iter().next(), "it")?;
    queued_at(&house, first.id, Utc::now() - TimeDelta::days(3)).await?;
    let due = house.store.webhooks().claim(id, 5).await?;
    let (old, test) = (due.iter().find(|due| due.id == first.id), due.iter().find(|due| due.id != first.id));
    let (old, test) = (present(old, "the old one")?, present(test, "the test")?);
    assert_eq!(house.store.webhooks().sent(test, &failed()).await?, None, "a test that fails switches nothing off");
    house.some_desktops(1).await?;
    let why = house.store.webhooks().sent(old, &failed()).await?;
    assert_eq!(why.as_deref(), Some("the answer is 500"));
    let webhook = present(house.store.webhooks().get(id).await?, "it")?;
    assert_eq!((webhook.is_enabled, webhook.disabled_because), (false, why));
    let states: Vec<_> = deliveries(&house, id).await?.into_iter().map(|one| (one.state, one.problem)).collect();
    assert_eq!(states.len(), 3);
    assert!(states.iter().all(|(state, problem)| *state == DeliveryState::GivenUp && problem.is_some()), "{states:?}");
    let on = WebhookChange { is_enabled: Some(true), ..WebhookChange::default() };
    let webhook = present(house.store.webhooks().change(id, on).await?, "it")?;
    assert_eq!((webhook.is_enabled, webhook.disabled_because), (true, None));
    Ok(())
}

async fn a_webhook_where_other_messages_arrive_stays_on(house: House) -> Outcome {
    let (id, _) = with_a_message(&house).await?;
    house.store.webhooks().test(id).await?;
    let first = present(deliveries(&house, id).await?.into_iter().next(), "it")?;
    queued_at(&house, first.id, Utc::now() - TimeDelta::days(3)).await?;
    for due in house.store.webhooks().claim(id, 5).await?.iter().rev() {
        let sent = if due.id == first.id { failed() } else { arrived() };
        assert_eq!(house.store.webhooks().sent(due, &sent).await?, None);
    }
    let first = present(deliveries(&house, id).await?.into_iter().next(), "it")?;
    assert_eq!(first.state, DeliveryState::GivenUp);
    assert!(present(house.store.webhooks().get(id).await?, "it")?.is_enabled);
    Ok(())
}

async fn a_message_is_sent_again_as_the_same_message(house: House) -> Outcome {
    let (id, _) = with_a_message(&house).await?;
    let due = claimed(&house, id).await?;
    house.store.webhooks().sent(&due, &arrived()).await?;
    assert_eq!(house.store.webhooks().replay(WebhookId::new(), due.id).await?, None, "another's");
    let replayed = present(house.store.webhooks().replay(id, due.id).await?, "it")?;
    assert_eq!((replayed.id, replayed.state), (due.id, DeliveryState::Pending));
    let again = claimed(&house, id).await?;
    assert_eq!((again.id, again.body), (due.id, due.body));
    assert_eq!(only(&house, id).await?.attempts, 2);
    Ok(())
}

async fn a_former_secret_is_good_for_a_day(house: House) -> Outcome {
    let (made, former) = house.store.webhooks().create(URL, &[Topic::Everything]).await?;
    let (_, secret) = present(house.store.webhooks().rotate(made.id).await?, "another secret")?;
    let secrets = async || {
        house.store.webhooks().test(made.id).await?;
        let due = claimed(&house, made.id).await?;
        Ok::<_, Failed>(due.secrets.iter().map(|one| one.expose_secret().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(secrets().await?, [secret.expose_secret(), former.expose_secret()]);
    let over = Some(Utc::now() - TimeDelta::seconds(1));
    webhook::ActiveModel { id: Set(made.id), former_until: Set(over), ..Default::default() }.update(house.db()).await?;
    assert_eq!(secrets().await?, [secret.expose_secret()]);
    Ok(())
}

async fn old_messages_are_forgotten_and_all_go_with_their_webhook(house: House) -> Outcome {
    let (id, _) = with_a_message(&house).await?;
    let old = only(&house, id).await?.id;
    house.store.webhooks().test(id).await?;
    queued_at(&house, old, Utc::now() - TimeDelta::days(31)).await?;
    assert_eq!(house.store.webhooks().purge(Utc::now() - TimeDelta::days(30)).await?, 1);
    assert_eq!(kinds(&house, id).await?, ["webhook.test"]);
    let page = house.store.webhooks().page(&ALL).await?.items;
    assert_eq!(page.iter().map(|webhook| webhook.id).collect::<Vec<_>>(), [id]);
    house.store.webhooks().remove(id).await?;
    assert_eq!(house.store.webhooks().get(id).await?, None);
    assert_eq!(house.count::<webhook_delivery::Entity>().await?, 0);
    Ok(())
}
