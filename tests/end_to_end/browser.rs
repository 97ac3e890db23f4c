//! What a person sees: the web app in a real Chromium, driven by `tests/browser/`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::support::{Pult, eventually, free_ports};

/// Runs a journey of `tests/browser/` against a Pult. Its screenshots are kept.
pub(crate) fn journey(pult: &Pult, name: &str) {
    journey_with(pult, name, &[]);
}

/// The same through a front with TLS, which the journey itself puts before Pult, and with more said to it.
pub(crate) fn journey_through(pult: &Pult, front: &Front, name: &str, more: &[(&str, &str)]) {
    let [certificate, key] = ["certificate", "key"].map(|file| front.folder.path().join(file).display().to_string());
    let port = pult.url().rsplit(':').next().expect("a port").to_owned();
    let said = [
        ("PULT_URL", front.url("pult.school.example")),
        ("PULT_PORT", port),
        ("PULT_CERTIFICATE", certificate),
        ("PULT_KEY", key),
    ];
    let said: Vec<_> = said.iter().map(|(key, value)| (*key, value.as_str())).chain(more.iter().copied()).collect();
    journey_with(pult, name, &said);
}

/// A school's front: a port, and a certificate for the app and for every desktop.
pub(crate) struct Front {
    port: u16,
    folder: TempDir,
}

impl Front {
    pub(crate) fn new() -> Self {
        let [port] = free_ports();
        let folder = tempfile::tempdir().expect("a folder");
        let names = ["pult.school.example", "*.desktops.school.example"].map(str::to_owned).to_vec();
        let pair = rcgen::generate_simple_self_signed(names).expect("a certificate");
        std::fs::write(folder.path().join("certificate"), pair.cert.pem()).expect("it is written");
        std::fs::write(folder.path().join("key"), pair.signing_key.serialize_pem()).expect("it is written");
        Self { port, folder }
    }

    /// Where a name is reached through it.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("https://{name}:{}", self.port)
    }
}

/// The same, with more told to it.
pub(crate) fn journey_with(pult: &Pult, name: &str, told: &[(&str, &str)]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let artefacts = root.join("artefacts");
    std::fs::create_dir_all(&artefacts).expect("a folder");
    let done = Command::new("node")
        .arg(root.join("tests/browser").join(format!("{name}.mjs")))
        .env("PULT_URL", pult.url())
        .env("PULT_USER", "schueler")
        .env("PULT_PASSWORD", pult.try_password_of("schueler").unwrap_or_default())
        .env("PULT_ARTEFACTS", &artefacts)
        .envs(told.iter().copied())
        .status()
        .expect("node runs");
    assert!(done.success(), "the journey {name} failed");
}

/// The home of the one user whose home there is.
fn only_home(pult: &Pult) -> PathBuf {
    let homes = pult.storage().join("data/homes");
    let mut users = std::fs::read_dir(homes).expect("homes").map(|entry| entry.expect("a home").path());
    let user = users.next().expect("one user");
    assert!(users.next().is_none(), "one user");
    user.join("home")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pupil_signs_in_starts_a_desktop_and_types_into_it() {
    let pult = Pult::start().await;
    journey(&pult, "first-desktop");
    let file = only_home(&pult).join("hello.txt");
    assert_eq!(std::fs::read_to_string(file).expect("what was typed lies in the home"), "hello\n");
}

/// The lines in a file of that home. The desktop may still be busy with what was typed last.
async fn written(home: &Path, file: &str) -> String {
    eventually(file, || async { std::fs::read_to_string(home.join(file)).ok().filter(|text| text.ends_with('\n')) })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_of_a_german_keyboard_arrives_from_every_system_and_none_stays_down() {
    let pult = Pult::start().await;
    journey(&pult, "typing");
    let home = only_home(&pult);
    let typed = [
        ("linux", "üöäßzy<#+-ÜÖÄ?!\"§$%&/()=>'*_°@€{[]}\\|~µ²³ẞ\n"),
        ("accents", "êêáù^\n"),
        ("windows", "@€{[]}\\|~µ²³\n"),
        ("mac", "@€[]|{}~µ\n"),
    ];
    for (system, line) in typed {
        assert_eq!(written(&home, &format!("{system}.txt")).await, line);
        assert_eq!(written(&home, &format!("{system}.mask")).await, "0\n", "modifiers are still down after {system}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_around_the_picture_works() {
    let pult = Pult::start().await;
    journey(&pult, "viewer");
    let home = only_home(&pult);
    assert_eq!(written(&home, "from-here.txt").await, "von hier: ä € 漢 😀\n");
    assert_eq!(
        written(&home, "sticky.txt").await,
        "130 c\n",
        "Ctrl of the screen and a key of the keyboard end the program"
    );
    assert_eq!(written(&home, "arrow.txt").await.trim(), "1b 5b 41");
    assert_eq!(written(&home, "keyboard.txt").await, "done\n");
    assert!(!home.join("forbidden").exists(), "who only looks on types nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_line_heals_by_itself() {
    let pult = Pult::start().await;
    journey(&pult, "broken-line");
    let home = only_home(&pult);
    assert_eq!(written(&home, "line.txt").await, "before\nafter\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_types_words_and_the_keys_it_lacks() {
    let pult = Pult::start().await;
    journey(&pult, "phone");
    let home = only_home(&pult);
    assert_eq!(written(&home, "twice.txt").await, "42\n", "the arrow brought the last line back");
    assert_eq!(written(&home, "phone.txt").await, "über Schule €\n@q\n");
    assert_eq!(written(&home, "sum.txt").await, "42\n");
}

/// The provider is another one's program: `tests/provider` runs it, within the journey.
#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_and_out_at_a_provider_that_speaks_as_iserv_does() {
    let [port] = free_ports();
    let issuer = format!("http://127.0.0.1:{port}");
    let pult = Pult::with(&[
        ("auth.oidc.issuer", issuer.as_str()),
        ("auth.oidc.client_id", "pult-client"),
        ("auth.oidc.client_secret", "a-secret-of-some-length"),
    ])
    .await;
    journey_with(&pult, "sign-in", &[("PROVIDER_PORT", &port.to_string())]);
    let told = pult.person("admin", "admin").json("/api/v1/identity/providers").await;
    let released = ["openid", "profile", "email", "iserv:uuid", "iserv:groups", "iserv:roles"];
    assert_eq!(told["items"][0]["scopes"], serde_json::json!(released), "one scope too many is refused");
}

/// As a school has it: no local accounts, and one provider.
#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_one_way_to_sign_in_people_are_led_straight_on() {
    let [port] = free_ports();
    let issuer = format!("http://127.0.0.1:{port}");
    let pult = Pult::bare(&[
        ("auth.oidc.issuer", issuer.as_str()),
        ("auth.oidc.client_id", "pult-client"),
        ("auth.oidc.client_secret", "a-secret-of-some-length"),
    ])
    .await;
    journey_with(&pult, "straight-on", &[("PROVIDER_PORT", &port.to_string())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pupil_starts_the_whole_desktop_and_stops_it() {
    let pult = Pult::start().await;
    journey(&pult, "whole-desktop");
}
