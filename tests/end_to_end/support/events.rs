use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{Desktop, PATIENCE};

/// One server-sent event, and when it came.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: Value,
    pub(crate) at: Instant,
}

impl Event {
    /// Whether it tells of this desktop.
    pub(crate) fn is_of(&self, desktop: &Desktop) -> bool {
        self.name == "desktop" && self.data["id"] == desktop.id()
    }
}

/// An open stream of events. Remembers all that came.
pub(crate) struct Events {
    came: Arc<Mutex<Vec<Event>>>,
    reader: JoinHandle<()>,
}

impl Events {
    pub(crate) async fn open(request: RequestBuilder) -> Self {
        let mut answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        // the first piece says that the stream listens
        let first = answer.chunk().await.expect("it is open").expect("a first word");
        let came = Arc::new(Mutex::new(Vec::new()));
        let events = Arc::clone(&came);
        let mut text = String::from_utf8_lossy(&first).into_owned();
        let reader = tokio::spawn(async move {
            loop {
                while let Some(end) = text.find("\n\n") {
                    let block: String = text.drain(..end + 2).collect();
                    if let Some(event) = parse(&block) {
                        events.lock().expect("nobody panics with it").push(event);
                    }
                }
                match answer.chunk().await {
                    Ok(Some(piece)) => text.push_str(&String::from_utf8_lossy(&piece)),
                    Ok(None) | Err(_) => return,
                }
            }
        });
        Self { came, reader }
    }

    /// All that came so far.
    pub(crate) fn came(&self) -> Vec<Event> {
        self.came.lock().expect("nobody panics with it").clone()
    }

    /// The states of a desktop, one after the other, each once.
    pub(crate) fn states_of(&self, desktop: &Desktop) -> Vec<String> {
        let mut states: Vec<_> = self
            .came()
            .into_iter()
            .filter(|event| event.is_of(desktop))
            .map(|event| event.data["state"].as_str().unwrap_or_default().to_owned())
            .collect();
        states.dedup();
        states
    }

    /// How long after a moment an event came that fits.
    pub(crate) async fn after(&self, moment: Instant, what: &str, fits: impl Fn(&Event) -> bool) -> Duration {
        loop {
            if let Some(event) = self.came().iter().find(|event| event.at >= moment && fits(event)) {
                return event.at - moment;
            }
            assert!(moment.elapsed() < PATIENCE, "no event: {what}; came: {:#?}", self.came());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(|value| value.trim().to_owned()))
    };
    let data = field("data")?;
    Some(Event {
        name: field("event").unwrap_or_default(),
        data: serde_json::from_str(&data).unwrap_or(Value::Null),
        at: Instant::now(),
    })
}
