use api::Provider;
use domain::{Language, identity::scopes};
use store::Store;

use super::report::Line;
use crate::config::{Settings, providers};

/// Whether each identity provider answers, and what it does not release.
pub(super) async fn check(settings: &Settings, store: Option<&Store>, language: Language) -> Vec<Line> {
    let providers = providers(&settings.auth.oidc).unwrap_or_default();
    if providers.is_empty() {
        return vec![Line::skip("identity_provider", language.pick("nicht konfiguriert", "not configured"))];
    }
    let mut lines = Vec::new();
    for provider in providers {
        let worked = match store {
            Some(store) => store.sign_ins().scope_step(&provider.issuer).await.ok().flatten().map(|(step, _)| step),
            None => None,
        };
        let answers = api::provider_answers(&provider).await;
        lines.push(judge(&provider, answers, worked, language));
    }
    lines
}

fn judge(provider: &Provider, answers: Result<(), String>, worked: Option<usize>, language: Language) -> Line {
    let name = format!("{} ({})", provider.name, provider.issuer);
    if let Err(why) = answers {
        let remedy = language.pick(
            "Stimmt auth.oidc.issuer, erreicht dieser Rechner ihn, und traut er dem Zertifikat? Eine eigene CA gehört \
             in die des Systems: update-ca-certificates",
            "Is auth.oidc.issuer right, can this machine reach it, and does it trust the certificate? A CA of your own \
             belongs among the system's: update-ca-certificates",
        );
        return Line::fail("identity_provider", format!("{name}: {why}"), remedy);
    }
    let step = if provider.scopes.is_empty() { worked } else { Some(0) };
    let asked = step.and_then(|step| provider.scopes_at(step));
    let missing = asked.as_deref().map(scopes::missing).unwrap_or_default();
    if missing.is_empty() {
        return Line::ok("identity_provider", name);
    }
    let missing = missing.join(", ");
    let detail = language.pick(
        format!("{name} gibt nicht alles heraus, was Rollen und Klassen bekannt macht"),
        format!("{name} does not release all that tells roles and classes"),
    );
    let remedy = language.pick(
        format!("Beim Anmeldedienst für Pult freigeben: {missing}"),
        format!("Release for Pult at the provider: {missing}"),
    );
    Line::warn("identity_provider", detail, remedy)
}

#[cfg(test)]
mod tests {
    use api::Provider;
    use domain::{Language, identity::Rules};

    use super::judge;
    use crate::commands::doctor::report::State;

    fn provider(scopes: &[&str]) -> Provider {
        Provider {
            id: "oidc".to_owned(),
            name: "IServ".to_owned(),
            issuer: "https://iserv.example".to_owned(),
            client_id: "1".to_owned(),
            client_secret: "s".into(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            endpoints: Vec::new(),
            rules: Rules::default(),
        }
    }

    #[test]
    fn a_provider_that_is_away_or_says_too_little_is_named() {
        let all = judge(&provider(&[]), Ok(()), None, Language::English);
        assert_eq!((all.state, all.detail.as_str()), (State::Ok, "IServ (https://iserv.example)"));
        assert_eq!(judge(&provider(&[]), Ok(()), Some(2), Language::English).state, State::Ok);
        let little = judge(&provider(&[]), Ok(()), Some(3), Language::German);
        assert_eq!(little.state, State::Warn);
        assert!(little.remedy.is_some_and(|remedy| remedy.ends_with("iserv:uuid, iserv:groups, iserv:roles")));
        let configured = judge(&provider(&["openid", "uuid", "groups"]), Ok(()), None, Language::English);
        assert!(configured.remedy.is_some_and(|remedy| remedy.ends_with(": iserv:roles")));
        let away = judge(&provider(&[]), Err("connection refused".to_owned()), None, Language::English);
        assert!(away.state == State::Fail && away.detail.ends_with("connection refused"));
    }
}
