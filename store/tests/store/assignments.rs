//! Who is given which template.

use domain::{AssignmentId, access::Given};
use store::{Paging, Recipient};

use crate::house::{House, Outcome, on_both, present};

on_both![
    an_assignment_is_read_as_it_was_made,
    the_folders_of_an_assignment_can_be_changed,
    an_assignment_can_be_taken_back,
    assignments_are_listed_by_who_made_them,
];

const ALL: Paging = Paging { limit: 200, cursor: None };

async fn an_assignment_is_read_as_it_was_made(house: House) -> Outcome {
    let (template, teacher) = (house.template("tiny").await?, house.pupil("lehrer").await?);
    let group = house.store.groups().ensure("10a").await?;
    let folders = ["Mathe".to_owned(), "Übung 1".to_owned()];
    let recipients = [
        Recipient::Everyone,
        Recipient::Group(group.id, group.name.clone()),
        Recipient::User(teacher.id, teacher.username.clone()),
    ];
    for recipient in recipients {
        let id = house.store.assignments().create(template.id, &recipient, &folders, Some(teacher.id)).await?;
        let found = present(house.store.assignments().get(id).await?, "the assignment")?;
        assert_eq!((found.id, found.template.as_str(), found.recipient), (id, "tiny", recipient));
        assert_eq!((found.folders.as_slice(), found.created_by), (folders.as_slice(), Some(teacher.id)));
    }
    Ok(())
}

async fn the_folders_of_an_assignment_can_be_changed(house: House) -> Outcome {
    let template = house.template("tiny").await?;
    let assignments = house.store.assignments();
    let id = assignments.create(template.id, &Recipient::Everyone, &["a".to_owned()], None).await?;
    let before = present(assignments.get(id).await?, "the assignment")?;
    assignments.set_folders(id, &["b".to_owned(), "c".to_owned()]).await?;
    let after = present(assignments.get(id).await?, "the assignment")?;
    assert_eq!(after.folders, ["b", "c"]);
    assert_eq!(store::Assignment { folders: before.folders.clone(), ..after }, before);
    assert!(assignments.set_folders(AssignmentId::new(), &[]).await.is_err());
    Ok(())
}

async fn an_assignment_can_be_taken_back(house: House) -> Outcome {
    let template = house.template("tiny").await?;
    let anna = house.pupil("anna").await?;
    let assignments = house.store.assignments();
    let id = assignments.create(template.id, &Recipient::Everyone, &[], None).await?;
    assert_eq!(assignments.given(template.id).await?, [Given::Everyone]);
    let row = house.wish(&anna, &template).await?;
    assignments.delete(id).await?;
    assert_eq!(assignments.get(id).await?, None);
    assert_eq!(assignments.given(template.id).await?, []);
    assert_eq!(house.again(&row).await?, row, "a desktop that exists stays");
    assignments.delete(id).await?;
    Ok(())
}

async fn assignments_are_listed_by_who_made_them(house: House) -> Outcome {
    let template = house.template("tiny").await?;
    let (anna, ben) = (house.pupil("anna").await?, house.pupil("ben").await?);
    let assignments = house.store.assignments();
    let hers = assignments.create(template.id, &Recipient::Everyone, &[], Some(anna.id)).await?;
    let his = assignments.create(template.id, &Recipient::Everyone, &[], Some(ben.id)).await?;
    let ids = async |by| {
        let page = assignments.page(by, &ALL).await?;
        Ok::<_, store::StoreError>(page.items.into_iter().map(|assignment| assignment.id).collect::<Vec<_>>())
    };
    assert_eq!(ids(None).await?, [hers, his]);
    assert_eq!(ids(Some(ben.id)).await?, [his]);
    Ok(())
}
