use std::collections::BTreeMap;

use domain::Language;
use engine::Engine as _;
use store::{Paging, Store, StoreError};

use super::{engine::Answering, report::Line};

/// The images of templates that people may start.
pub(super) async fn check(store: Option<&Store>, engine: Option<&Answering>, language: Language) -> Vec<Line> {
    let (Some(store), Some(engine)) = (store, engine) else {
        let why = language.pick("ohne Datenbank und Docker-Dienst", "without database and engine");
        return vec![Line::skip("images", why)];
    };
    let wanted = match wanted(store).await {
        Ok(wanted) => wanted,
        Err(error) => {
            let remedy = language.pick("Die Datenbank prüfen.", "Look at the database.");
            return vec![Line::fail("images", error.to_string(), remedy)];
        }
    };
    let mut missing = Vec::new();
    for (image, slug) in &wanted {
        if !matches!(engine.engine.image(image).await, Ok(Some(_))) {
            missing.push((image.as_str(), slug.as_str()));
        }
    }
    judge(wanted.len(), &missing, language)
}

/// Each image of an enabled template, with one such template.
async fn wanted(store: &Store) -> Result<BTreeMap<String, String>, StoreError> {
    let mut wanted = BTreeMap::new();
    let mut paging = Paging { limit: 200, cursor: None };
    loop {
        let page = store.templates().page(&paging).await?;
        let enabled = page.items.into_iter().map(|template| template.spec).filter(|spec| spec.enabled);
        wanted.extend(enabled.map(|spec| (spec.image, spec.slug)));
        match page.next_cursor {
            Some(cursor) => paging.cursor = Some(cursor),
            None => return Ok(wanted),
        }
    }
}

/// One line for all that are there, or one for each that is not.
fn judge(wanted: usize, missing: &[(&str, &str)], language: Language) -> Vec<Line> {
    if wanted == 0 {
        return vec![Line::skip("images", language.pick("keine freigegebene Vorlage", "no enabled template"))];
    }
    if missing.is_empty() {
        return vec![Line::ok("images", language.pick(format!("{wanted} vorhanden"), format!("{wanted} there")))];
    }
    let missing = missing.iter().map(|(image, slug)| {
        Line::fail(
            "images",
            language.pick(format!("{image} (Vorlage {slug}) fehlt."), format!("{image} (template {slug}) is missing.")),
            format!("docker pull {image}"),
        )
    });
    missing.collect()
}

#[cfg(test)]
mod tests {
    use domain::Language;

    use super::judge;
    use crate::commands::doctor::report::State;

    #[test]
    fn each_image_that_is_missing_has_a_line() {
        assert_eq!(judge(0, &[], Language::English)[0].state, State::Skip);
        assert_eq!(judge(2, &[], Language::English)[0].state, State::Ok);
        let lines = judge(2, &[("pult/tiny:latest", "tiny")], Language::English);
        assert_eq!(lines[0].remedy.as_deref(), Some("docker pull pult/tiny:latest"));
    }
}
