//! Fetching an image: the engine's chatter, added up.

use std::{collections::HashMap, time::Duration};

use bollard::{
    Docker,
    models::CreateImageInfo,
    query_parameters::{CreateImageOptions, CreateImageOptionsBuilder},
};
use futures::{Stream, StreamExt, stream};
use tokio::time::timeout;

use super::fault::Fault;
use crate::{EngineError, PullProgress};

/// A pull that says nothing for so long has died. Large layers are unpacked for minutes, but not in silence.
const LONGEST_SILENCE: Duration = Duration::from_mins(5);

/// Pulls, telling the sum of all layers at every change.
pub(super) fn pull(docker: &Docker, image: String) -> impl Stream<Item = Result<PullProgress, EngineError>> + use<> {
    let options: CreateImageOptions = CreateImageOptionsBuilder::new().from_image(&with_tag(&image)).build();
    let chatter = Box::pin(docker.create_image(Some(options), None, None));
    stream::unfold(Some((chatter, Layers::default(), image)), |state| async move {
        let (mut chatter, mut layers, image) = state?;
        loop {
            let line = match timeout(LONGEST_SILENCE, chatter.next()).await {
                Ok(Some(Ok(line))) => line,
                Ok(None) => return None,
                Ok(Some(Err(error))) => return Some((Err(Fault::from(error).about_image(&image)), None)),
                Err(_) => return Some((Err(Fault::late().into_error()), None)),
            };
            if layers.hear(line) {
                return Some((Ok(layers.sum()), Some((chatter, layers, image))));
            }
        }
    })
}

/// The reference with its tag said: without one the engine fetches every tag there is.
fn with_tag(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if image.contains('@') || last.contains(':') { image.to_owned() } else { format!("{image}:latest") }
}

#[derive(Debug, Default)]
struct Layers {
    known: HashMap<String, Layer>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Layer {
    bytes: u64,
    total: u64,
    done: bool,
}

impl Layers {
    /// Takes one line in; whether it changed the sum.
    fn hear(&mut self, line: CreateImageInfo) -> bool {
        let (Some(id), Some(status)) = (line.id, line.status) else { return false };
        let detail = line.progress_detail.unwrap_or_default();
        let [bytes, total] =
            [detail.current, detail.total].map(|number| number.and_then(|number| u64::try_from(number).ok()));
        let before = self.known.get(&id).copied();
        let mut layer = before.unwrap_or_default();
        match status.as_str() {
            "Pulling fs layer" | "Waiting" => {}
            "Downloading" => {
                layer.bytes = bytes.unwrap_or(layer.bytes);
                layer.total = total.unwrap_or(layer.total).max(layer.bytes);
            }
            "Verifying Checksum" | "Download complete" | "Extracting" => layer.bytes = layer.total,
            "Pull complete" | "Already exists" => layer = Layer { bytes: layer.total, done: true, ..layer },
            // Of the whole image, such as "Pulling from library/debian" with the tag as its id.
            _ => return false,
        }
        self.known.insert(id, layer);
        before != Some(layer)
    }

    fn sum(&self) -> PullProgress {
        let mut sum = PullProgress::default();
        for layer in self.known.values() {
            sum.layers += 1;
            sum.layers_done += u32::from(layer.done);
            sum.bytes += layer.bytes;
            sum.bytes_total += layer.total;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::{CreateImageInfo, ProgressDetail};

    use super::{Layers, with_tag};
    use crate::PullProgress;

    fn line(id: &str, status: &str, detail: Option<(i64, i64)>) -> CreateImageInfo {
        CreateImageInfo {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: detail
                .map(|(current, total)| ProgressDetail { current: Some(current), total: Some(total) }),
            ..CreateImageInfo::default()
        }
    }

    #[test]
    fn a_pull_never_asks_for_every_tag() {
        let digest = format!("debian@sha256:{}", "0a".repeat(32));
        for (asked, sent) in [
            ("debian", "debian:latest"),
            ("registry.example:5000/a/b", "registry.example:5000/a/b:latest"),
            ("debian:bookworm", "debian:bookworm"),
            (&digest, &digest),
        ] {
            assert_eq!(with_tag(asked), sent);
        }
    }

    #[test]
    fn layers_add_up_and_repeated_lines_say_nothing() {
        let mut layers = Layers::default();
        assert!(!layers.hear(line("bookworm", "Pulling from library/debian", None)));
        assert!(layers.hear(line("a", "Pulling fs layer", None)));
        assert!(layers.hear(line("b", "Already exists", None)));
        assert!(layers.hear(line("a", "Downloading", Some((10, 100)))));
        assert!(!layers.hear(line("a", "Downloading", Some((10, 100)))));
        assert_eq!(layers.sum(), PullProgress { layers_done: 1, layers: 2, bytes: 10, bytes_total: 100 });
        assert!(layers.hear(line("a", "Download complete", None)));
        assert!(layers.hear(line("a", "Pull complete", None)));
        assert_eq!(layers.sum(), PullProgress { layers_done: 2, layers: 2, bytes: 100, bytes_total: 100 });
    }
}
