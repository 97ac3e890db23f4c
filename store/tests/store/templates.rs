//! Templates, and who may start them.

use domain::{
    SessionId,
    access::Credential,
    desktop::Served,
    template::{Client, Protocol, Template, TemplateSpec},
};
use store::{Paging, Recipient, TemplateError, User};

use crate::house::{Failed, House, Outcome, at_once, on_both, present, spec};

on_both![
    a_template_is_shown_to_whom_it_was_given,
    a_template_given_twice_is_shown_once,
    a_template_that_is_switched_off_is_shown_to_nobody,
    a_slug_belongs_to_one_template,
    a_template_in_use_stays,
    a_template_is_not_deleted_from_under_a_new_desktop,
    a_template_that_is_gone_cannot_be_edited,
    a_template_that_is_edited_changes_nothing_of_what_runs,
];

const ALL: Paging = Paging { limit: 200, cursor: None };

async fn startable(house: &House, user: &User) -> Result<Vec<String>, Failed> {
    let groups: Vec<_> = house.store.users().groups(user.id).await?.iter().map(|group| group.id).collect();
    let page = house.store.templates().page_for(user.id, &groups, &ALL).await?;
    let by = user.clone().signed_in(groups, Credential::Session(SessionId::new()));
    // what the list holds is what the policy says
    for template in house.store.templates().page(&ALL).await?.items {
        let given = house.store.assignments().given(template.id).await?;
        let is_listed = page.items.iter().any(|listed| listed.id == template.id);
        assert_eq!(by.may_want(template.spec.enabled, &given).is_ok(), is_listed, "{}", template.spec.slug);
    }
    Ok(page.items.into_iter().map(|template| template.spec.slug).collect())
}

async fn a_template_is_shown_to_whom_it_was_given(house: House) -> Outcome {
    let (anna, ben) = (house.pupil("anna").await?, house.pupil("ben").await?);
    let group = house.store.groups().ensure("10a").await?;
    house.store.users().join(anna.id, group.id).await?;
    let [everybodys, the_groups, bens] =
        [house.template("a").await?, house.template("b").await?, house.template("c").await?];
    house.template("d").await?;
    house.give(&everybodys, &Recipient::Everyone).await?;
    house.give(&the_groups, &Recipient::Group(group.id, group.name.clone())).await?;
    house.give(&bens, &Recipient::User(ben.id, ben.username.clone())).await?;

    assert_eq!(startable(&house, &anna).await?, ["a", "b"]);
    assert_eq!(startable(&house, &ben).await?, ["a", "c"]);
    assert_eq!(house.store.templates().page(&ALL).await?.items.len(), 4);
    Ok(())
}

async fn a_template_given_twice_is_shown_once(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let template = house.template("tiny").await?;
    house.give(&template, &Recipient::Everyone).await?;
    house.give(&template, &Recipient::User(anna.id, anna.username.clone())).await?;
    assert_eq!(startable(&house, &anna).await?, ["tiny"]);
    Ok(())
}

async fn a_template_that_is_switched_off_is_shown_to_nobody(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let template = house.template("tiny").await?;
    house.give(&template, &Recipient::Everyone).await?;
    let off = Template { spec: TemplateSpec { enabled: false, ..template.spec.clone() }, ..template };
    house.store.templates().update(&off).await?;
    assert_eq!(startable(&house, &anna).await?, Vec::<String>::new());
    assert_eq!(house.store.templates().page(&ALL).await?.items.len(), 1, "whoever runs the house sees it");
    Ok(())
}

async fn a_slug_belongs_to_one_template(house: House) -> Outcome {
    let tiny = house.template("tiny").await?;
    let xfce = house.template("xfce").await?;
    assert!(matches!(house.store.templates().create(&spec("tiny")).await, Err(TemplateError::SlugTaken)));
    let renamed = Template { spec: spec("tiny"), ..xfce.clone() };
    assert!(matches!(house.store.templates().update(&renamed).await, Err(TemplateError::SlugTaken)));
    assert_eq!(house.store.templates().get(xfce.id).await?, Some(xfce.clone()));
    // the slug changes hands, the template does not
    house.store.templates().update(&Template { spec: spec("small"), ..tiny.clone() }).await?;
    house.store.templates().update(&renamed).await?;
    assert_eq!(present(house.store.templates().by_slug("tiny").await?, "tiny")?.id, xfce.id);
    Ok(())
}

async fn a_template_in_use_stays(house: House) -> Outcome {
    let template = house.template("tiny").await?;
    house.give(&template, &Recipient::Everyone).await?;
    let row = house.wish(&house.pupil("anna").await?, &template).await?;
    house.wish(&house.pupil("ben").await?, &template).await?;
    assert!(matches!(house.store.templates().delete(template.id).await, Err(TemplateError::InUse(2))));
    house.saved(row.removed(chrono::Utc::now())).await?;
    assert!(matches!(house.store.templates().delete(template.id).await, Err(TemplateError::InUse(1))));
    for row in house.store.desktops().live().await? {
        house.saved(row.removed(chrono::Utc::now())).await?;
    }
    house.store.templates().delete(template.id).await?;
    assert_eq!(house.store.templates().by_slug("tiny").await?, None);
    assert_eq!(house.count::<entity::assignment::Entity>().await?, 0, "what was given is taken along");
    house.store.templates().delete(template.id).await?;
    Ok(())
}

async fn a_template_is_not_deleted_from_under_a_new_desktop(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    for round in 0..20 {
        let template = house.template(&format!("t{round}")).await?;
        let answers = at_once(2, |index| {
            let (house, anna, template) = (house.clone(), anna.clone(), template.clone());
            async move {
                if (index + round) % 2 == 0 {
                    house.wish(&anna, &template).await.is_ok()
                } else {
                    house.store.templates().delete(template.id).await.is_ok()
                }
            }
        });
        let answers = answers.await;
        assert!(answers[0] != answers[1], "either there is a desktop or the template is gone");
        let is_gone = house.store.templates().get(template.id).await?.is_none();
        let has_desktop = house.store.desktops().live().await?.iter().any(|row| row.template == template.id);
        assert!(is_gone != has_desktop);
    }
    Ok(())
}

async fn a_template_that_is_gone_cannot_be_edited(house: House) -> Outcome {
    let template = house.template("tiny").await?;
    house.store.templates().delete(template.id).await?;
    assert!(matches!(house.store.templates().update(&template).await, Err(TemplateError::Store(_))));
    Ok(())
}

async fn a_template_that_is_edited_changes_nothing_of_what_runs(house: House) -> Outcome {
    let template = house.template("tiny").await?;
    let desktop = house.wish(&house.pupil("anna").await?, &template).await?;
    let served = Served {
        image: format!("sha256:{:064x}", 7).parse()?,
        protocol: Protocol::Https,
        verify_tls: false,
        path: "/vnc.html".to_owned(),
        user: "kasm_user".to_owned(),
        client: Client::Image("/usr/share/client".to_owned()),
    };
    let running = house.running(desktop).await?;
    let running = house.saved(running.serving(served.clone())).await?;
    let edited = TemplateSpec { client: Client::Container, path: "/".to_owned(), ..template.spec.clone() };
    house.store.templates().update(&Template { spec: edited, ..template }).await?;
    let client = async || {
        let details = present(house.store.desktops().details(running.id).await?, "the desktop")?;
        Ok::<_, Failed>(details.client)
    };
    let route = present(house.store.routes().by_name(&running.name).await?, "the route")?;
    assert_eq!((route.desktop.served, client().await?), (Some(served.clone()), served.client));

    let ended = house.saved(running.clone().ended(None, chrono::Utc::now())).await?;
    assert_eq!((ended.served, client().await?), (None, Client::Container), "the next start goes by the template");
    Ok(())
}
