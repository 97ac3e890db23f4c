//! Random input for everything that reads what others wrote: no panic, no hang, and laws that hold whatever comes.
//!
//! `PULT_FUZZ_SECONDS` is how long the processor is at it in all; six targets share it. What happens is told by a
//! number, `PULT_FUZZ_SEED`, and otherwise the same each time: a failure prints the one that leads straight to it.

mod answer;
mod location;
mod path;
mod request;
mod tap;

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::{
    prelude::*,
    sample::select,
    string::string_regex,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

/// How many share the time.
const TARGETS: u32 = 6;

/// Without being told.
const SECONDS: u64 = 6;

/// Cases under one seed.
const BATCH: u32 = 256;

/// No case takes this long, however busy the machine is.
const HANGS: Duration = Duration::from_secs(10);

/// Tries cases of `strategy` against a law until this target's share of the time is over.
#[expect(clippy::print_stdout, reason = "how many cases there were is told to whoever runs the tests")]
fn fuzz<S: Strategy>(target: &str, strategy: &S, law: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let end = Instant::now() + Duration::from_secs(number("PULT_FUZZ_SECONDS", SECONDS)) / TARGETS;
    let first = number("PULT_FUZZ_SEED", 0);
    let mut seed = first;
    while seed == first || Instant::now() < end {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let config = Config { cases: BATCH, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let outcome = runner.run(strategy, |case| {
            let start = Instant::now();
            law(case)?;
            prop_assert!(start.elapsed() < HANGS, "it hangs");
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{target}, PULT_FUZZ_SEED={seed}: {error}");
        }
        seed += 1;
    }
    println!("{target}: {} cases", (seed - first) * u64::from(BATCH));
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

/// Text of a pattern, which is read once: a pattern by itself would be read for every case.
fn text(pattern: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(pattern).expect("a pattern")
}

/// Heads of lines with these names, or with any other, and with values that somebody trips over or anything else.
fn headers(
    names: &'static [&'static str],
    values: &'static [&'static str],
    lines: Range<usize>,
) -> BoxedStrategy<HeaderMap> {
    let name = prop_oneof![8 => select(names).prop_map(str::to_owned), 1 => text("[a-z_][a-z0-9_-]{0,12}")];
    let value = prop_oneof![
        6 => select(values).prop_map(|value| value.as_bytes().to_vec()),
        2 => text("[ -~]{0,40}").prop_map(String::into_bytes),
        1 => prop::collection::vec(prop_oneof![0x20..0x7f_u8, 0x80..=0xff_u8], 0..30),
        1 => (900..1100_usize).prop_map(|length| vec![b'x'; length]),
    ];
    prop::collection::vec((name, value), lines)
        .prop_map(|lines| {
            lines
                .into_iter()
                .filter_map(|(name, value)| {
                    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(&value).ok()?))
                })
                .fold(HeaderMap::new(), |mut headers, (name, value)| {
                    headers.append(name, value);
                    headers
                })
        })
        .boxed()
}
