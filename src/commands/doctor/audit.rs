use domain::{
    Language,
    audit::{Broken, Fault},
};
use store::{Sound, Store};

use super::report::Line;

/// The audit log, walked from end to end.
pub(super) async fn check(store: Option<&Store>, language: Language) -> Option<Line> {
    Some(match store?.audit().verify().await {
        Ok(walked) => judge(walked, language),
        Err(error) => Line::warn("audit", error.to_string(), read(language)),
    })
}

fn judge(walked: Result<Sound, Broken>, language: Language) -> Line {
    match walked {
        Ok(Sound { anchor, head }) => {
            let lines = head.seq - anchor.seq;
            Line::ok(
                "audit",
                language.pick(
                    format!("vollständig, {lines} Zeilen, die letzte ist {} {}", head.seq, head.hash),
                    format!("whole, {lines} lines, the last one is {} {}", head.seq, head.hash),
                ),
            )
        }
        Err(Broken { seq, fault }) => {
            let what = match fault {
                Fault::Changed => language.pick("wurde geändert", "was changed"),
                Fault::Missing => language.pick("fehlt", "is missing"),
                Fault::Cut => language.pick("und alle danach fehlen", "and all after it are missing"),
                Fault::Surplus => language.pick("wurde nicht von Pult geschrieben", "was not written by Pult"),
            };
            Line::fail(
                "audit",
                language.pick(format!("Zeile {seq} {what}"), format!("line {seq} {what}")),
                read(language),
            )
        }
    }
}

fn read(language: Language) -> &'static str {
    language.pick(
        "Wer konnte in die Datenbank schreiben? Nichts löschen; mit einer Sicherung vergleichen.",
        "Who could write to the database? Delete nothing; compare with a backup.",
    )
}

#[cfg(test)]
mod tests {
    use domain::{
        Language,
        audit::{Broken, Fault, Link},
    };
    use store::Sound;

    use super::judge;
    use crate::commands::doctor::report::State;

    #[test]
    fn a_log_with_a_fault_is_one_and_is_told_where() {
        let head = Link { seq: 12, ..Link::START };
        let line = judge(Ok(Sound { anchor: Link { seq: 2, ..Link::START }, head }), Language::English);
        assert_eq!(line.state, State::Ok);
        assert!(line.detail.starts_with("whole, 10 lines, the last one is 12 0000"), "{}", line.detail);
        for (fault, detail) in [
            (Fault::Changed, "line 7 was changed"),
            (Fault::Missing, "line 7 is missing"),
            (Fault::Cut, "line 7 and all after it are missing"),
            (Fault::Surplus, "line 7 was not written by Pult"),
        ] {
            let line = judge(Err(Broken { seq: 7, fault }), Language::English);
            assert_eq!((line.state, line.detail.as_str(), line.remedy.is_some()), (State::Fail, detail, true));
        }
    }
}
