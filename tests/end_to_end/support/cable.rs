use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinHandle,
};

/// The cable between Pult and an engine: a socket of its own, behind which connections can be hurt. Cut when dropped.
pub(crate) struct Cable {
    folder: TempDir,
    inner: Arc<Inner>,
    listener: JoinHandle<()>,
}

struct Inner {
    engine: PathBuf,
    state: watch::Sender<State>,
    calls: Mutex<VecDeque<(&'static str, Side)>>,
    cuts: AtomicUsize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    way: Way,
    /// Connections made before the last cut are of an older generation, and end.
    generation: u64,
}

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// All goes through.
    Pass,
    /// New connections end at once.
    Refuse,
    /// Nothing moves, in either direction, and nobody is told.
    Stall,
    /// Each connection ends once so many octets of answers have come through it.
    CutAfter(usize),
}

/// On which side of its effect a call is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The engine never hears of it.
    Before,
    /// The engine has done it and its answer is lost.
    After,
}

impl Cable {
    /// A cable to the engine that listens here.
    pub(crate) fn to(engine: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("sock")).expect("a socket");
        let state = watch::Sender::new(State { way: Way::Pass, generation: 0 });
        let inner = Arc::new(Inner { engine, state, calls: Mutex::default(), cuts: AtomicUsize::new(0) });
        let listener = tokio::spawn(listen(listener, Arc::clone(&inner)));
        Self { folder, inner, listener }
    }

    /// Where it begins, as `engine.host` has it.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("sock").display())
    }

    /// Lets connections go another way, those that are open too.
    pub(crate) fn go(&self, way: Way) {
        self.inner.state.send_modify(|state| state.way = way);
    }

    /// Ends all connections that are open now.
    pub(crate) fn cut(&self) {
        self.inner.state.send_modify(|state| state.generation += 1);
    }

    /// The next call whose request has this in its first line ends its connection. Such calls queue up.
    pub(crate) fn cut_call(&self, request: &'static str, side: Side) {
        self.inner.calls().push_back((request, side));
    }

    /// How many calls were cut so, or after their octets.
    pub(crate) fn cuts(&self) -> usize {
        self.inner.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.listener.abort();
        self.cut();
    }
}

impl Inner {
    fn calls(&self) -> std::sync::MutexGuard<'_, VecDeque<(&'static str, Side)>> {
        self.calls.lock().expect("nobody panics with it")
    }

    /// On which side this request is to be cut, if it is.
    fn fate(&self, request: &[u8]) -> Option<Side> {
        let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let mut calls = self.calls();
        let place = calls.iter().position(|(needle, _)| line.contains(needle))?;
        calls.remove(place).map(|(_, side)| side)
    }
}

async fn listen(listener: UnixListener, inner: Arc<Inner>) {
    while let Ok((client, _)) = listener.accept().await {
        let inner = Arc::clone(&inner);
        // a connection that ends has done what it should, however it ends
        tokio::spawn(async move { drop(relay(client, &inner).await) });
    }
}

/// One connection, until either end or the cable ends it.
async fn relay(mut client: UnixStream, inner: &Inner) -> io::Result<()> {
    let mut state = inner.state.subscribe();
    let born = state.borrow_and_update().generation;
    if state.borrow().way == Way::Refuse {
        return Ok(());
    }
    let mut engine = UnixStream::connect(&inner.engine).await?;
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let (mut octets, mut doomed) = (0, false);
    loop {
        let State { way, generation } = *state.borrow_and_update();
        if generation != born {
            return Ok(());
        }
        let moves = way != Way::Stall;
        tokio::select! {
            changed = state.changed() => if changed.is_err() {
                return Ok(());
            },
            read = client.read(&mut asked), if moves => {
                let request = &asked[..read?];
                match inner.fate(request) {
                    Some(Side::Before) => {
                        inner.cuts.fetch_add(1, Ordering::Relaxed);
                        return Ok(());
                    }
                    Some(Side::After) => doomed = true,
                    None => {}
                }
                if request.is_empty() {
                    return Ok(());
                }
                engine.write_all(request).await?;
            }
            read = engine.read(&mut answered), if moves => {
                let mut answer = &answered[..read?];
                if let Way::CutAfter(most) = way {
                    answer = &answer[..answer.len().min(most.saturating_sub(octets))];
                }
                octets += answer.len();
                // an answer begins when the call has had its effect
                if answer.is_empty() || doomed {
                    inner.cuts.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                client.write_all(answer).await?;
                // what has had its octets ends, or its reader would wait for the rest
                if matches!(way, Way::CutAfter(most) if octets >= most) {
                    inner.cuts.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
            }
        }
    }
}
