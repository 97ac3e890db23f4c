//! The way from outside: what a browser does, one step after the other, through whatever stands before Pult.

mod judge;
mod reach;
mod tls;

use std::{io::Write, time::Duration};

use domain::{InstallationId, Language};
use url::Url;

use super::report::{Line, Report};
use crate::config::Settings;

/// What is known of ourselves, to compare with what answers.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) installation: Option<InstallationId>,
    pub(super) public_url: Url,
    pub(super) listen: std::net::SocketAddr,
}

/// Whether Pult answers at an address, and if so, whether it is this installation.
pub(super) async fn who_answers(url: &Url, installation: Option<InstallationId>) -> Option<bool> {
    let nonce = store::random_words();
    let trip = reach::walk(url, &nonce).await;
    let arrived = trip.answer()?.arrived.as_ref()?;
    let proof = installation.map(|installation| api::proof(installation, &nonce));
    // where one of the two cannot say who it is, nothing speaks against it
    Some(proof.is_none() || arrived.proof.is_none() || proof == arrived.proof)
}

/// Whether the health of a Pult is told at an address.
pub(super) async fn is_alive(url: &Url) -> bool {
    reach::get(url, "/livez").await.is_ok_and(|answer| answer.status == 200 && answer.body.as_ref() == b"ok\n")
}

/// Walks the way and reports each step; ends where it ends.
pub(super) async fn check<W: Write>(
    url: &Url,
    idle: Option<Duration>,
    installation: Option<InstallationId>,
    settings: &Settings,
    language: Language,
    report: &mut Report<W>,
) -> std::io::Result<()> {
    let home = Home { installation, public_url: settings.server.public_url(), listen: settings.server.listen };
    let nonce = store::random_words();
    let trip = reach::walk(url, &nonce).await;
    report.add(judge::trip(url, &trip, &nonce, &home, language))?;
    let Some(answer) = trip.answer() else {
        return Ok(());
    };
    if answer.arrived.is_none() {
        return Ok(());
    }
    let front = judge::front(answer);
    let upgrade = reach::upgrade(&trip.url, &nonce, None).await;
    let opened = matches!(upgrade, reach::Upgrade::Opened { .. });
    report.add([judge::stream(&upgrade, front, &home, language)])?;
    if let Some(idle) = idle {
        let silence = if opened { Some(reach::upgrade(&trip.url, &nonce, Some(idle)).await) } else { None };
        report.add([silence.map_or_else(
            || Line::skip("silence", language.pick("kein WebSocket kam zustande", "there is no WebSocket")),
            |silence| judge::silence(&silence, idle, front, language),
        )])?;
    }
    Ok(())
}
