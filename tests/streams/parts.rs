//! The programs that a run is made of. Each is this same program in a process of its own, so that what it costs can be
//! told apart: it is spoken to in lines of JSON, and ends when nobody speaks to it any more.

pub(crate) mod desktops;
pub(crate) mod floor;
pub(crate) mod pult;

use std::{process::Stdio, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

/// How long a part may take for an answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// A part that runs. Ends when dropped.
pub(crate) struct Part {
    name: &'static str,
    process: Child,
    tell: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

impl Part {
    /// Starts a part.
    pub(crate) fn start(name: &'static str) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut process = Command::new(program)
            .args(["part", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let tell = process.stdin.take().expect("it is piped");
        let told = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        Self { name, process, tell, told }
    }

    /// Says something and hears the answer.
    pub(crate) async fn ask<A: DeserializeOwned>(&mut self, word: &(impl Serialize + Sync)) -> A {
        let mut line = serde_json::to_string(word).expect("it can be said");
        line.push('\n');
        self.tell.write_all(line.as_bytes()).await.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let answer = tokio::time::timeout(PATIENCE, self.told.next_line()).await;
        let answer = answer.unwrap_or_else(|_| panic!("{} does not answer", self.name)).expect("a line");
        let answer = answer.unwrap_or_else(|| panic!("{} has ended", self.name));
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{}: {error}: {answer}", self.name))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id().expect("it runs")
    }
}

/// How a part hears what it is told, and answers.
pub(crate) struct Ear {
    told: UnboundedReceiver<String>,
}

impl Ear {
    pub(crate) fn new() -> Self {
        let (tell, told) = unbounded_channel();
        // waits where it may: in a thread of its own
        std::thread::spawn(move || {
            let lines = std::io::stdin().lines().map_while(Result::ok);
            lines.map_while(|line| tell.send(line).ok()).for_each(drop);
        });
        Self { told }
    }

    /// The next word; none when nobody speaks any more.
    pub(crate) async fn hear<W: DeserializeOwned>(&mut self) -> Option<W> {
        let line = self.told.recv().await?;
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }

    #[expect(clippy::unused_self, reason = "an answer follows a word")]
    pub(crate) fn answer(&self, word: &impl Serialize) {
        use std::io::Write as _;
        let line = serde_json::to_string(word).expect("it can be said");
        let mut out = std::io::stdout();
        // nobody is there to hear it if this fails
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
