//! The same program on PostgreSQL.

use reqwest::StatusCode;

use crate::support::{Pult, Rfb, variable};

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_starts_with_the_state_in_postgresql() {
    let server = variable("PULT_TEST_POSTGRES_URL");
    let name = format!("pult_e2e_{}", std::process::id());
    let psql = |statement: &str| {
        let done = std::process::Command::new("psql")
            .args([server.as_str(), "--quiet", "--command", statement])
            .status()
            .expect("psql runs");
        assert!(done.success(), "{statement}");
    };
    psql(&format!("CREATE DATABASE {name}"));
    let (head, _) = server.rsplit_once('/').expect("an address with a database");
    let mut pult = Pult::with(&[("database.url", &format!("{head}/{name}"))]).await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("tiny").await;
    assert_eq!(pupil.page(&desktop, "vnc.html").await, StatusCode::OK);
    Rfb::open(&pupil, &desktop).await.expect("a stream");
    pult.kill();
    pult.resume().await;
    assert_eq!(pupil.look(&desktop).await.expect("it is there").state(), "running");
    pupil.tell(&desktop, "stop").await;
    pupil.until(&desktop, "stopped").await;
    drop(pult);
    psql(&format!("DROP DATABASE {name}"));
}
