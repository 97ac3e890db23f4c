//! A failure as a page for a person who followed a link into a desktop: complete in itself, without a script.

use std::{sync::LazyLock, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::Language;
use salvo::{
    Response,
    http::{HeaderValue, StatusCode, header},
    writing::Text,
};
use sha2::{Digest as _, Sha256};

use super::{ApiError, Audience, Side, audience::Place};

const TEMPLATE: &str = include_str!("page.html");

/// The web app's colours and sizes, and what the page makes of them.
static STYLE: LazyLock<String> =
    LazyLock::new(|| [include_str!("../../../frontend/src/theme/tokens.css"), include_str!("page.css")].concat());

/// Nothing but this one style sheet is taken, and nobody but our own pages may frame it.
static CONTENT_SECURITY_POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    );
    HeaderValue::from_str(&policy).ok()
});

/// After how long a page that waits asks again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Tells a person.
pub(super) fn render(error: &ApiError, audience: &Audience, res: &mut Response) {
    let Some(place) = &audience.place else {
        return;
    };
    res.render(Text::Html(page(error, audience, place)));
    let headers = res.headers_mut();
    headers.extend(CONTENT_SECURITY_POLICY.clone().map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::VARY, "accept, accept-language"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn page(error: &ApiError, audience: &Audience, place: &Place) -> String {
    let language = audience.language;
    let said = error.said(language);
    let seconds = AGAIN_AFTER.as_secs();
    let waits = error.is_passing();
    let refresh = if waits { format!("\n<meta http-equiv=\"refresh\" content=\"{seconds}\">") } else { String::new() };
    let remedy = error.remedy(audience.backend).map(|line| format!("\n<pre>{}</pre>", escaped(&line)));
    let waiting = language.pick(
        format!("\n<p class=\"waiting\">Diese Seite versucht es alle {seconds} Sekunden von selbst wieder.</p>"),
        format!("\n<p class=\"waiting\">This page tries again by itself every {seconds} seconds.</p>"),
    );
    let id = audience.request_id.as_deref().unwrap_or("–");
    let report = format!(
        "{} <code>{}</code>",
        language.pick("Kennung zum Melden:", "Id to report:"),
        escaped(&format!("{} {id}", error.code()))
    );
    let fields = [
        ("lang", language.as_str().to_owned()),
        ("refresh", refresh),
        ("title", escaped(&said.why)),
        ("style", STYLE.clone()),
        ("side", side(error.side(), language).to_owned()),
        ("why", escaped(&said.why)),
        ("act", escaped(&said.act)),
        ("remedy", remedy.unwrap_or_default()),
        ("actions", actions(error, place, language)),
        ("waiting", if waits { waiting } else { String::new() }),
        ("report", report),
    ];
    filled(&fields)
}

/// What one can do, the likeliest first: what is not there, or not theirs, does not come by asking again.
fn actions(error: &ApiError, place: &Place, language: Language) -> String {
    let retry = (escaped(&place.here), language.pick("Noch einmal versuchen", "Try again"));
    let overview = (escaped(&place.home), language.pick("Zur Übersicht", "To the overview"));
    let is_vain = [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&error.status());
    let [first, second] = if is_vain { [overview, retry] } else { [retry, overview] };
    format!("<a class=\"primary\" href=\"{}\">{}</a> <a href=\"{}\">{}</a>", first.0, first.1, second.0, second.1)
}

/// On whose side it went wrong, in words.
fn side(side: Side, language: Language) -> &'static str {
    match side {
        Side::Browser => language.pick("Es liegt an der Anfrage", "It is the request"),
        Side::Proxy => language.pick("Es liegt am Proxy vor Pult", "It is the proxy before Pult"),
        Side::Pult => language.pick("Es liegt an Pult", "It is Pult"),
        Side::Desktop => language.pick("Es liegt am Desktop", "It is the desktop"),
        Side::Provider => language.pick("Es liegt am Anmeldedienst", "It is the identity provider"),
    }
}

/// The template with its fields filled in; what is filled in is not looked at again.
fn filled(fields: &[(&str, String)]) -> String {
    let mut page = String::with_capacity(TEMPLATE.len() + STYLE.len() + 1024);
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once('{') {
        page.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        page.extend(fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str()));
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Text as HTML: fit for content and for quoted attributes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use std::io;

    use domain::Language;
    use gateway::{Failure, Front, Loss, Proxy, Wait};

    use super::{ApiError, Audience, Place, page};

    fn audience(language: Language) -> Audience {
        Audience {
            language,
            request_id: Some("01KTEST".to_owned()),
            backend: Some(([127, 0, 0, 1], 8181).into()),
            place: None,
        }
    }

    fn shown(error: &ApiError, language: Language) -> String {
        let place = Place {
            here: "/desktop/sam-tiny/?a=\"><script>alert(1)</script>".to_owned(),
            home: "https://pult.school.example/".to_owned(),
        };
        page(error, &audience(language), &place)
    }

    /// The page without its style, which is the same on all.
    fn words(page: &str) -> String {
        let (head, rest) = page.split_once("<style>").expect("a style");
        format!("{head}{}", rest.split_once("</style>").expect("its end").1)
    }

    #[test]
    fn a_page_says_whose_side_why_and_what_to_do() {
        let error = ApiError::Gateway(Failure::Unreachable(io::Error::other("192.0.2.7:6901")));
        assert_eq!(
            words(&shown(&error, Language::German)),
            "<!doctype html>
<html lang=\"de\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta http-equiv=\"refresh\" content=\"5\">
<title>Der Desktop nimmt keine Verbindung an. – Pult</title>

</head>
<body>
<main>
<p class=\"side\">Es liegt am Desktop</p>
<h1>Der Desktop nimmt keine Verbindung an.</h1>
<p>Hält das an, den Desktop in der Übersicht neu starten.</p>
<p class=\"actions\"><a class=\"primary\" href=\"/desktop/sam-tiny/?a=&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\">\
Noch einmal versuchen</a> <a href=\"https://pult.school.example/\">Zur Übersicht</a></p>
<p class=\"waiting\">Diese Seite versucht es alle 5 Sekunden von selbst wieder.</p>
<p class=\"report\">Kennung zum Melden: <code>desktop_unreachable 01KTEST</code></p>
</main>
</body>
</html>
"
        );
    }

    #[test]
    fn only_what_waiting_helps_asks_again_by_itself() {
        let refreshes = |error: ApiError| shown(&error, Language::English).contains("http-equiv=\"refresh\"");
        assert!(refreshes(ApiError::Gateway(Failure::Timeout(Wait::Answer))));
        assert!(refreshes(ApiError::Gateway(Failure::GoingAway)));
        assert!(!refreshes(ApiError::NotFound("desktop")));
        assert!(!refreshes(ApiError::Gateway(Failure::RedirectsAway)));
    }

    #[test]
    fn what_does_not_come_by_asking_again_leads_to_the_overview_first() {
        let first = |error: ApiError| {
            let page = shown(&error, Language::English);
            let (_, first) = page.split_once("<a class=\"primary\" href=\"").expect("a first action");
            first.split('"').next().map(str::to_owned).expect("an address")
        };
        assert_eq!(first(ApiError::NotFound("desktop")), "https://pult.school.example/");
        assert!(first(ApiError::Gateway(Failure::GoingAway)).starts_with("/desktop/sam-tiny/"));
    }

    #[test]
    fn the_line_for_the_proxy_stands_by_itself() {
        let front = Front { proxy: Some(Proxy::Apache), announces: true };
        let page = shown(&ApiError::Gateway(Failure::UpgradeLost(Loss::Upgrade, front)), Language::English);
        let line =
            "<pre>ProxyPass &quot;/&quot; &quot;http://127.0.0.1:8181/&quot; upgrade=websocket timeout=3600</pre>";
        assert!(page.contains(line), "{}", words(&page));
    }
}
