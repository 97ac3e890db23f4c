//! What a fake engine holds, and how it changes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    net::{IpAddr, Ipv4Addr},
    path::Path,
    time::Duration,
};

use chrono::{SubsecRound, TimeDelta};
use domain::{
    DesktopId, Timestamp,
    desktop::{ContainerId, Endpoint, ImageId, Observed, Phase},
};
use secrecy::SecretString;
use tokio::time::Instant;

use super::{Call, When};
use crate::{
    Condition, EngineError, EngineInfo, Hint, HintKind, Image, Launch, Listed, PullProgress, hints::HintSink, labels,
};

/// The first address containers get; the lowest free one goes to the next.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

#[derive(Debug)]
pub(super) struct World {
    began: (Timestamp, Instant),
    held: BTreeMap<DesktopId, Held>,
    made: u64,
    counts: HashMap<Call, usize>,
    pub(super) images: BTreeMap<String, Image>,
    pub(super) folders: BTreeMap<(String, String), Vec<u8>>,
    pub(super) squatters: HashSet<DesktopId>,
    pub(super) strangers: BTreeSet<Ipv4Addr>,
    pub(super) sinks: Vec<HintSink>,
    pub(super) faults: VecDeque<(Call, When, EngineError)>,
    pub(super) delays: HashMap<Call, (Duration, Duration)>,
    pub(super) endpoints: HashMap<DesktopId, Endpoint>,
    pub(super) is_down: bool,
    pub(super) loses_hints: bool,
}

#[derive(Debug)]
struct Held {
    launch: Launch,
    image: ImageId,
    container: ContainerId,
    phase: Phase,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    /// Since when it uses one processor whole.
    spins_from: Option<Timestamp>,
    address: Option<Ipv4Addr>,
}

impl World {
    pub(super) fn new(images: &[&str], now: Timestamp) -> Self {
        let images = images.iter().map(|reference| ((*reference).to_owned(), image(reference)));
        Self {
            began: (now, Instant::now()),
            held: BTreeMap::new(),
            made: 0,
            counts: HashMap::new(),
            images: images.collect(),
            folders: BTreeMap::new(),
            squatters: HashSet::new(),
            strangers: BTreeSet::new(),
            sinks: Vec::new(),
            faults: VecDeque::new(),
            delays: HashMap::new(),
            endpoints: HashMap::new(),
            is_down: false,
            loses_hints: false,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        let (at, instant) = self.began;
        at + TimeDelta::from_std(instant.elapsed()).unwrap_or(TimeDelta::MAX)
    }

    pub(super) fn count(&self, call: Call) -> usize {
        self.counts.get(&call).copied().unwrap_or_default()
    }

    /// Counts a call and says how long it takes before and after its effect.
    pub(super) fn begin(&mut self, call: Call) -> (Duration, Duration) {
        *self.counts.entry(call).or_default() += 1;
        self.delays.get(&call).copied().unwrap_or_default()
    }

    /// The effect of a call, or its failure.
    pub(super) fn carry_out<T>(
        &mut self,
        call: Call,
        effect: impl FnOnce(&mut Self) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        if self.is_down {
            return Err(EngineError::Unreachable { detail: "it is down".to_owned() });
        }
        match self.faults.iter().position(|(failing, ..)| *failing == call).and_then(|place| self.faults.remove(place))
        {
            None => effect(self),
            Some((_, When::Before, error)) => Err(error),
            Some((_, When::After, error)) => effect(self).and(Err(error)),
        }
    }

    pub(super) fn info(&self) -> EngineInfo {
        EngineInfo {
            name: "fake".to_owned(),
            version: "0".to_owned(),
            api_version: "1.41".to_owned(),
            cpus: 2,
            memory_bytes: 8 << 30,
            live_restore: true,
            clock: Some(self.now()),
            storage_driver: "fake".to_owned(),
            cgroup_version: "2".to_owned(),
            lacks: Vec::new(),
        }
    }

    pub(super) fn list(&self) -> Vec<Listed> {
        self.held.values().map(Held::listed).collect()
    }

    pub(super) fn password(&self, desktop: DesktopId) -> Result<Option<SecretString>, EngineError> {
        self.foreign(desktop)?;
        Ok(self.held.get(&desktop).map(|held| held.launch.vnc_password.clone()))
    }

    pub(super) fn cpu_time(&self, desktop: DesktopId) -> Result<Option<Duration>, EngineError> {
        self.foreign(desktop)?;
        let held = self.held.get(&desktop).filter(|held| held.phase == Phase::Running);
        let used = |held: &Held| held.spins_from.map_or(TimeDelta::zero(), |from| self.now() - from);
        Ok(held.map(|held| used(held).to_std().unwrap_or_default()))
    }

    /// Numbers that no process of this machine has: its kernel goes no further than 2^22.
    pub(super) fn process(&self, desktop: DesktopId) -> Result<Option<u32>, EngineError> {
        self.foreign(desktop)?;
        let runs = self.held.get(&desktop).is_some_and(|held| held.phase == Phase::Running);
        Ok(runs.then_some(1 << 23))
    }

    pub(super) fn inspect(&self, desktop: DesktopId) -> Result<Option<Observed>, EngineError> {
        self.foreign(desktop)?;
        Ok(self.held.get(&desktop).map(|held| held.observed(self.endpoints.get(&desktop).copied())))
    }

    pub(super) fn picture(&self) -> Vec<(DesktopId, Observed)> {
        let observed = |(desktop, held): (&DesktopId, &Held)| (*desktop, held.observed(None));
        self.held.iter().map(observed).collect()
    }

    pub(super) fn answers_at(&self, address: IpAddr) -> Option<(DesktopId, SecretString)> {
        let is_there = |held: &&Held| held.phase == Phase::Running && held.address.map(IpAddr::V4) == Some(address);
        let held = self.held.values().find(is_there)?;
        Some((held.launch.desktop, held.launch.vnc_password.clone()))
    }

    pub(super) fn start_stranger(&mut self) {
        let address = self.free_address();
        self.strangers.insert(address);
    }

    pub(super) fn create(&mut self, launch: Launch) -> Result<ContainerId, EngineError> {
        launch.check(Path::new("/"))?;
        let Some(image) = self.image(&launch.image).map(|image| image.id.clone()) else {
            return Err(EngineError::ImageMissing { image: launch.image });
        };
        self.foreign(launch.desktop)?;
        if let Some(held) = self.held.get(&launch.desktop) {
            if held.launch.generation == launch.generation {
                return Ok(held.container.clone());
            }
            let detail = format!("it is of generation {}, not {}", held.launch.generation, launch.generation);
            return Err(EngineError::Conflict { detail });
        }
        self.made += 1;
        let (desktop, container) = (launch.desktop, ContainerId(format!("{:064x}", self.made)));
        let held = Held {
            launch,
            image,
            container: container.clone(),
            phase: Phase::Created,
            created_at: self.now(),
            started_at: None,
            spins_from: None,
            address: None,
        };
        self.held.insert(desktop, held);
        self.hint(desktop, HintKind::Created);
        Ok(container)
    }

    pub(super) fn start(&mut self, desktop: DesktopId) -> Result<(), EngineError> {
        self.foreign(desktop)?;
        let (now, address) = (self.now(), self.free_address());
        let Some(held) = self.held.get_mut(&desktop) else {
            return Err(EngineError::NoSuchContainer { name: labels::container_name(desktop) });
        };
        match held.phase {
            Phase::Running => {
                held.address = held.address.or(Some(address));
                return Ok(());
            }
            Phase::Paused => {
                return Err(EngineError::Refused { detail: "cannot start a paused container".to_owned() });
            }
            Phase::Created | Phase::Exited { .. } | Phase::Removing => {}
        }
        // Two starts are never at one moment, however fast they follow.
        let at = held.started_at.map_or(now, |before| now.max(before + TimeDelta::nanoseconds(1)));
        (held.phase, held.started_at, held.address) = (Phase::Running, Some(at), Some(address));
        self.hint(desktop, HintKind::Started);
        Ok(())
    }

    pub(super) fn stop(&mut self, desktop: DesktopId) -> Result<(), EngineError> {
        self.foreign(desktop)?;
        self.end(desktop, 143, false);
        Ok(())
    }

    pub(super) fn remove(&mut self, desktop: DesktopId) -> Result<(), EngineError> {
        self.foreign(desktop)?;
        self.end(desktop, 137, false);
        if self.held.remove(&desktop).is_some() {
            self.hint(desktop, HintKind::Removed);
        }
        Ok(())
    }

    /// Its first process ends, if it runs.
    pub(super) fn end(&mut self, desktop: DesktopId, code: i64, out_of_memory: bool) {
        let Some(held) = self.held.get_mut(&desktop) else { return };
        if matches!(held.phase, Phase::Running | Phase::Paused) {
            (held.phase, held.address) = (Phase::Exited { code, out_of_memory }, None);
            held.spins_from = None;
            if out_of_memory {
                self.hint(desktop, HintKind::OutOfMemory);
            }
            self.hint(desktop, HintKind::Ended);
        }
    }

    pub(super) fn pause(&mut self, desktop: DesktopId) {
        let Some(held) = self.held.get_mut(&desktop) else { return };
        if held.phase == Phase::Running {
            held.phase = Phase::Paused;
            self.hint(desktop, HintKind::Paused);
        }
    }

    /// A process in it computes.
    pub(super) fn spin(&mut self, desktop: DesktopId) {
        let now = self.now();
        if let Some(held) = self.held.get_mut(&desktop).filter(|held| held.phase == Phase::Running) {
            held.spins_from = Some(now);
        }
    }

    /// It runs on, and nothing reaches it.
    pub(super) fn unplug(&mut self, desktop: DesktopId) {
        if let Some(held) = self.held.get_mut(&desktop) {
            held.address = None;
            self.hint(desktop, HintKind::Unplugged);
        }
    }

    pub(super) fn images_labelled(&self, label: &str) -> Vec<Image> {
        self.images.values().filter(|image| image.labels.contains_key(label)).cloned().collect()
    }

    /// An image by its reference or its id.
    pub(super) fn image(&self, image: &str) -> Option<&Image> {
        self.images.get(image).or_else(|| self.images.values().find(|known| known.id.to_string() == image))
    }

    pub(super) fn folder(&self, image: String, folder: String) -> Result<Vec<u8>, EngineError> {
        let Some(known) = self.image(&image) else {
            return Err(EngineError::ImageMissing { image });
        };
        let mut names = known.references.iter().map(|reference| (reference.clone(), folder.clone()));
        let found = names.find_map(|name| self.folders.get(&name));
        found.cloned().ok_or(EngineError::FolderMissing { image, folder })
    }

    pub(super) fn pull(&mut self, reference: &str) -> PullProgress {
        self.images.entry(reference.to_owned()).or_insert_with(|| image(reference));
        PullProgress { layers_done: 1, layers: 1, bytes: 1 << 20, bytes_total: 1 << 20 }
    }

    pub(super) fn cut_hints(&mut self) {
        for sink in self.sinks.drain(..) {
            sink.end(EngineError::Unreachable { detail: "its events ended".to_owned() });
        }
    }

    fn hint(&mut self, desktop: DesktopId, kind: HintKind) {
        self.sinks.retain(|sink| !sink.is_abandoned());
        if !self.loses_hints {
            let hint = Hint { desktop, kind, at: self.now() };
            self.sinks.iter().for_each(|sink| sink.put(hint));
        }
    }

    fn foreign(&self, desktop: DesktopId) -> Result<(), EngineError> {
        if self.squatters.contains(&desktop) {
            return Err(EngineError::Foreign { name: labels::container_name(desktop) });
        }
        Ok(())
    }

    fn free_address(&self) -> Ipv4Addr {
        let ours = self.held.values().filter_map(|held| held.address);
        let taken: BTreeSet<_> = ours.chain(self.strangers.iter().copied()).collect();
        let mut address = FIRST_ADDRESS;
        while taken.contains(&address) {
            address = Ipv4Addr::from_bits(address.to_bits() + 1);
        }
        address
    }
}

impl Held {
    fn observed(&self, answers_at: Option<Endpoint>) -> Observed {
        let own = self.address.map(|address| Endpoint { address: IpAddr::V4(address), port: self.launch.port });
        Observed {
            container: self.container.clone(),
            generation: self.launch.generation,
            image: self.image.clone(),
            phase: self.phase,
            started_at: self.started_at,
            endpoint: own.filter(|_| self.phase == Phase::Running).map(|own| answers_at.unwrap_or(own)),
        }
    }

    fn listed(&self) -> Listed {
        Listed {
            desktop: self.launch.desktop,
            container: self.container.clone(),
            generation: self.launch.generation,
            template: self.launch.template.clone(),
            owner: self.launch.owner,
            created_at: self.created_at.trunc_subsecs(0),
            condition: match self.phase {
                Phase::Created => Condition::Created,
                Phase::Running => Condition::Running,
                Phase::Paused => Condition::Paused,
                Phase::Exited { .. } => Condition::Exited,
                Phase::Removing => Condition::Removing,
            },
        }
    }
}

fn image(reference: &str) -> Image {
    let name = reference.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Image {
        id: format!("sha256:{name:064x}").parse().expect("an image's id"),
        references: vec![reference.to_owned()],
        digests: Vec::new(),
        labels: BTreeMap::new(),
        size_bytes: 1 << 20,
    }
}
