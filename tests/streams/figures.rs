//! Figures, and what is asked of them.

use std::{collections::BTreeMap, fmt::Write as _};

/// Who is measured, in the order of the table.
pub(crate) const NAMES: [&str; 5] = ["nginx", "haproxy", "splice", "copy", "pult"];
const OURS: &str = "pult";

/// What a figure is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    /// The same figure of a peer, in the same round.
    Peer(&'static str),
    /// Nothing: it counts as it is.
    Itself,
}

/// A line of the table. Less is better, always.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    against: Against,
    /// What must be reached, and what is hoped for; none where a line is only shown.
    asked: Option<(f64, f64)>,
}

const fn ratio(name: &'static str, unit: &'static str, gate: f64, moonshot: f64) -> Measure {
    Measure { name, unit, against: Against::Peer("nginx"), asked: Some((gate, moonshot)) }
}

const fn kib(name: &'static str, asked: Option<(f64, f64)>) -> Measure {
    Measure { name, unit: "KiB", against: Against::Itself, asked }
}

/// All that is measured.
pub(crate) const MEASURES: [Measure; 20] = [
    ratio("http, frames of 1 KiB", "s/GB", 0.75, 0.45),
    ratio("http, frames of 16 KiB", "s/GB", 0.60, 0.30),
    ratio("http, frames of 64 KiB", "s/GB", 0.60, 0.30),
    ratio("http, frames of 1 MiB", "s/GB", 0.60, 0.30),
    ratio("https, frames of 1 KiB", "s/GB", 0.70, 0.50),
    ratio("https, frames of 16 KiB", "s/GB", 0.70, 0.50),
    ratio("https, frames of 64 KiB", "s/GB", 0.70, 0.50),
    ratio("https, frames of 1 MiB", "s/GB", 0.70, 0.50),
    ratio("http, classroom", "ms/s", 1.05, 0.85),
    ratio("https, classroom", "ms/s", 1.00, 0.80),
    ratio("http, an upgrade", "us", 2.5, 1.5),
    ratio("https, an upgrade", "us", 1.6, 1.0),
    ratio("http, GET 4 KiB", "us", 2.0, 1.2),
    ratio("http, GET 1 MiB", "us", 0.60, 0.30),
    ratio("added delay, median", "us", 1.5, 1.0),
    Measure { name: "added delay, p99", unit: "us", against: Against::Peer("haproxy"), asked: Some((1.7, 1.0)) },
    kib("http, idle stream, cold", Some((6.0, 3.5))),
    kib("http, idle stream, warm", Some((6.0, 3.5))),
    kib("https, idle stream, cold", None),
    kib("https, idle stream, warm", Some((30.0, 14.0))),
];

/// Values by measure and subject, in the order of the rounds.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<(&'static str, &'static str), Vec<f64>>);

impl Figures {
    pub(crate) fn add(&mut self, measure: &str, subject: &'static str, value: f64) {
        let measure = MEASURES.iter().find(|known| known.name == measure);
        let measure = measure.unwrap_or_else(|| unreachable!("all measures are listed"));
        self.0.entry((measure.name, subject)).or_default().push(value);
    }

    fn of(&self, measure: &Measure, subject: &'static str) -> &[f64] {
        self.0.get(&(measure.name, subject)).map_or(&[], Vec::as_slice)
    }

    /// What is compared: in each round, the value beside the peer's.
    fn compared(&self, measure: &Measure, subject: &'static str) -> Vec<f64> {
        let values = self.of(measure, subject).iter();
        match measure.against {
            Against::Itself => values.copied().collect(),
            Against::Peer(peer) => values.zip(self.of(measure, peer)).map(|(value, peer)| value / peer).collect(),
        }
    }

    /// How many of the gates were missed, and the table.
    pub(crate) fn table(&self) -> (usize, String) {
        let mut missed = 0;
        let mut table = format!("{:<26} {:>14}", "", "nginx");
        for name in &NAMES[1..] {
            let _ = write!(table, " {name:>18}");
        }
        table.push_str("   gate  moon\n");
        for measure in &MEASURES {
            if self.of(measure, OURS).is_empty() {
                continue;
            }
            let nginx = median(self.of(measure, "nginx"));
            let _ = write!(table, "{:<26} {:>14}", measure.name, format!("{} {}", short(nginx), measure.unit));
            for name in &NAMES[1..] {
                let _ = write!(table, " {:>18}", spread(&self.compared(measure, name)));
            }
            if let Some((gate, moonshot)) = measure.asked {
                let ours = median(&self.compared(measure, OURS));
                let verdict = match ours {
                    ours if ours <= moonshot => "moonshot",
                    ours if ours <= gate => "met",
                    _ => "MISSED",
                };
                missed += usize::from(verdict == "MISSED");
                let _ = write!(table, " {gate:>6.2} {moonshot:>5.2}  {verdict}");
            }
            table.push('\n');
        }
        (missed, table)
    }
}

/// The median with the least and the most.
fn spread(values: &[f64]) -> String {
    if values.is_empty() {
        return "-".to_owned();
    }
    let (least, most) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (value.min(least), value.max(most)));
    format!("{} ({}-{})", short(median(values)), short(least), short(most))
}

fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// A value that this share of all does not exceed.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

fn short(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
