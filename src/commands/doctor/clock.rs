use chrono::{TimeDelta, Utc};
use domain::{Language, Timestamp};
use store::Store;

use super::{engine::Answering, report::Line};

/// Clocks that differ more make desktops idle too early or too late.
const AGREE: TimeDelta = TimeDelta::seconds(10);
/// Before this program was written no clock is right.
const BEGINNING: i64 = 1_760_000_000;

/// This machine's clock beside those of the others.
pub(super) async fn check(store: Option<&Store>, engine: Option<&Answering>, language: Language) -> [Line; 1] {
    let database = match store {
        Some(store) => store.clock().await.ok(),
        None => None,
    };
    let others = [
        (language.pick("Datenbank", "database"), database),
        (language.pick("Docker-Dienst", "engine"), engine.and_then(|engine| engine.info.clock)),
    ];
    let known: Vec<_> = others.into_iter().filter_map(|(name, clock)| Some((name, clock?))).collect();
    [judge(Utc::now(), &known, language)]
}

fn judge(here: Timestamp, others: &[(&str, Timestamp)], language: Language) -> Line {
    let set = language.pick("Die Uhr stellen lassen: timedatectl set-ntp true", "timedatectl set-ntp true");
    let time = here.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    if here.timestamp() < BEGINNING {
        return Line::fail("clock", time, set);
    }
    let apart = |clock: Timestamp| (clock - here).abs();
    match others.iter().filter(|(_, clock)| apart(*clock) > AGREE).max_by_key(|(_, clock)| apart(*clock)) {
        None => Line::ok("clock", time),
        Some((name, clock)) => {
            let seconds = apart(*clock).num_seconds();
            Line::warn(
                "clock",
                language.pick(
                    format!("{name}: {seconds} s anders als dieser Rechner"),
                    format!("{name}: {seconds} s apart from this machine"),
                ),
                set,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::{Language, Timestamp};

    use super::{BEGINNING, judge};
    use crate::commands::doctor::report::State;

    #[test]
    fn clocks_agree_or_one_is_named() {
        let now = Timestamp::from_timestamp(BEGINNING, 0).expect("a time");
        let later = |seconds| now + TimeDelta::seconds(seconds);
        assert_eq!(judge(now, &[("database", later(9)), ("engine", later(-9))], Language::English).state, State::Ok);
        let line = judge(now, &[("database", later(11)), ("engine", later(-3600))], Language::English);
        assert_eq!((line.state, line.detail.as_str()), (State::Warn, "engine: 3600 s apart from this machine"));
        assert_eq!(judge(Timestamp::UNIX_EPOCH, &[], Language::English).state, State::Fail);
    }
}
