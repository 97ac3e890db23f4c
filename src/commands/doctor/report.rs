use std::io::{self, Write};

use domain::Language;
use serde::Serialize;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// It works, and something about it should be changed.
    Warn,
    /// It does not work.
    Fail,
    /// There was nothing to check, or no way to.
    Skip,
}

/// One check, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// What was checked: a stable word.
    pub(super) check: &'static str,
    pub(super) state: State,
    /// What was found.
    pub(super) detail: String,
    /// What to do, or to write where.
    pub(super) remedy: Option<String>,
}

impl Line {
    pub(super) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, state: State::Ok, detail: detail.into(), remedy: None }
    }

    pub(super) fn skip(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, state: State::Skip, detail: detail.into(), remedy: None }
    }

    pub(super) fn warn(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Warn, detail: detail.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn fail(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Fail, detail: detail.into(), remedy: Some(remedy.into()) }
    }
}

/// What was found so far; told to people as it comes, to programs at the end.
pub(super) struct Report<W> {
    out: W,
    language: Language,
    as_json: bool,
    lines: Vec<Line>,
}

impl<W: Write> Report<W> {
    pub(super) fn new(out: W, language: Language, as_json: bool) -> Self {
        Self { out, language, as_json, lines: Vec::new() }
    }

    pub(super) fn add(&mut self, lines: impl IntoIterator<Item = Line>) -> io::Result<()> {
        for line in lines {
            if !self.as_json {
                writeln!(self.out, "{}", written(&line, self.language))?;
            }
            self.lines.push(line);
        }
        Ok(())
    }

    /// Ends it; whether all is well.
    pub(super) fn finish(mut self) -> io::Result<bool> {
        let count = |state| self.lines.iter().filter(|line| line.state == state).count();
        let (failed, warned) = (count(State::Fail), count(State::Warn));
        let well = failed == 0 && warned == 0;
        if self.as_json {
            let document = serde_json::json!({ "ok": well, "checks": self.lines });
            writeln!(self.out, "{document:#}")?;
        } else if well {
            writeln!(self.out, "\n{}", self.language.pick("Alles in Ordnung.", "All is well."))?;
        } else {
            let told = self.language.pick(
                format!("\n{failed} Fehler, {warned} Warnungen."),
                format!("\n{failed} wrong, {warned} to look at."),
            );
            writeln!(self.out, "{told}")?;
        }
        self.out.flush()?;
        Ok(well)
    }
}

/// A line for people.
fn written(line: &Line, language: Language) -> String {
    let state = match line.state {
        State::Ok => language.pick("✓ gut    ", "✓ ok     "),
        State::Warn => language.pick("! Achtung", "! look at"),
        State::Fail => language.pick("✗ Fehler ", "✗ wrong  "),
        State::Skip => language.pick("– entfällt", "– skipped"),
    };
    let remedy = line.remedy.as_deref().map(|remedy| format!("  → {remedy}")).unwrap_or_default();
    format!("{state:<11}{:<24}{}{remedy}", name(line.check, language), line.detail)
}

/// What a check is called.
fn name(check: &'static str, language: Language) -> &'static str {
    let (german, english) = match check {
        "configuration" => ("Konfiguration", "Configuration"),
        "keys" => ("Schlüssel", "Keys"),
        "database" => ("Datenbank", "Database"),
        "schema" => ("Datenbankschema", "Schema"),
        "storage" => ("Speicherort", "Storage"),
        "free_space" => ("Freier Platz", "Free space"),
        "host_root" => ("Speicherort für Docker", "Storage for the engine"),
        "beneath" => ("openat2", "openat2"),
        "engine" => ("Docker-Dienst", "Engine"),
        "engine_limits" => ("Grenzen für Desktops", "Limits on desktops"),
        "images" => ("Images", "Images"),
        "clock" => ("Uhren", "Clocks"),
        "listen" => ("Adresse", "Listening"),
        "admin_listen" => ("Adresse für Metriken", "Listening, metrics"),
        "identity_provider" => ("Anmeldung über OIDC", "Identity provider"),
        "mail" => ("E-Mail", "Mail"),
        "public_url" => ("Öffentliche Adresse", "Public address"),
        "dns" => ("Namensauflösung", "Name"),
        "tcp" => ("Verbindung", "Connection"),
        "tls" => ("Zertifikat", "Certificate"),
        "answer" => ("Antwort", "Answer"),
        "origin" => ("Name im Browser", "Name in browsers"),
        "identity" => ("Installation", "Installation"),
        "forwarding" => ("Vorgeschalteter Proxy", "Front proxy"),
        "stream" => ("WebSocket", "WebSocket"),
        "silence" => ("Stiller WebSocket", "Silent WebSocket"),
        other => (other, other),
    };
    language.pick(german, english)
}

#[cfg(test)]
mod tests {
    use domain::Language;

    use super::{Line, Report};

    fn told(lines: Vec<Line>, language: Language, as_json: bool) -> (bool, String) {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, language, as_json);
        report.add(lines).expect("memory is written");
        let well = report.finish().expect("memory is written");
        (well, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn every_check_is_a_line_with_what_to_do() {
        let lines = vec![Line::ok("mail", "works"), Line::fail("stream", "It came without `Upgrade`.", "Apache: x")];
        let (well, text) = told(lines, Language::English, false);
        assert!(!well);
        assert_eq!(
            text,
            "✓ ok       Mail                    works
✗ wrong    WebSocket               It came without `Upgrade`.  → Apache: x

1 wrong, 0 to look at.
"
        );
    }

    #[test]
    fn what_was_skipped_is_no_fault_and_a_warning_is_not_well() {
        assert!(told(vec![Line::ok("mail", ""), Line::skip("images", "")], Language::German, false).0);
        assert!(!told(vec![Line::warn("tls", "", "")], Language::German, false).0);
    }

    #[test]
    fn programs_get_stable_fields() {
        let (_, text) = told(vec![Line::skip("mail", "not configured")], Language::German, true);
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let expected = serde_json::json!({
            "ok": true,
            "checks": [{ "check": "mail", "state": "skip", "detail": "not configured", "remedy": null }],
        });
        assert_eq!(document, expected);
    }
}
