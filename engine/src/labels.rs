//! The labels by which our containers and networks are known (`CONTRACT.md`, "Containers").

use std::collections::HashMap;

use domain::{DesktopId, InstallationId, UserId};

use crate::Launch;

/// `true` on everything that Pult made.
pub(crate) const MANAGED: &str = "pult.managed";
/// The installation that made it.
pub(crate) const INSTANCE: &str = "pult.instance";
/// Whose container it is.
pub(crate) const DESKTOP: &str = "pult.desktop";
/// Whose desktop it is.
pub(crate) const OWNER: &str = "pult.owner";
/// Slug of the template.
pub(crate) const TEMPLATE: &str = "pult.template";
/// Which container of the desktop it is.
pub(crate) const GENERATION: &str = "pult.generation";
/// TCP port in the container on which the desktop answers.
pub(crate) const PORT: &str = "pult.port";

/// The one name a desktop's container has: the engine itself refuses a second one.
pub(crate) fn container_name(desktop: DesktopId) -> String {
    format!("pult-{desktop}")
}

/// `true` on a container that is only there for its image's files to be read, and is no desktop's.
pub(crate) const READER: &str = "pult.reader";

/// What everything that Pult makes bears.
pub(crate) fn of_instance(instance: InstallationId) -> HashMap<String, String> {
    HashMap::from([(MANAGED.to_owned(), "true".to_owned()), (INSTANCE.to_owned(), instance.to_string())])
}

/// What a container bears: all of our labels, so that none can come from its image.
pub(crate) fn of_container(launch: &Launch, instance: InstallationId) -> HashMap<String, String> {
    let mut labels = of_instance(instance);
    labels.extend([
        (DESKTOP.to_owned(), launch.desktop.to_string()),
        (OWNER.to_owned(), launch.owner.to_string()),
        (TEMPLATE.to_owned(), launch.template.clone()),
        (GENERATION.to_owned(), launch.generation.to_string()),
        (PORT.to_owned(), launch.port.to_string()),
    ]);
    labels
}

/// What a container bears whose image is read. Those of a desktop are taken from it: its image may bring them.
pub(crate) fn of_reader(instance: InstallationId) -> HashMap<String, String> {
    let mut labels = of_instance(instance);
    labels.insert(READER.to_owned(), "true".to_owned());
    labels.extend([DESKTOP, OWNER, TEMPLATE, GENERATION, PORT].map(|label| (label.to_owned(), String::new())));
    labels
}

/// Whether labels say that this installation made what bears them.
pub(crate) fn are_ours(labels: Option<&HashMap<String, String>>, instance: InstallationId) -> bool {
    labels.is_some_and(|labels| {
        labels.get(MANAGED).is_some_and(|managed| managed == "true")
            && labels.get(INSTANCE).and_then(|id| id.parse().ok()) == Some(instance)
    })
}

/// What a container's labels say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) desktop: DesktopId,
    pub(crate) owner: UserId,
    pub(crate) template: String,
    pub(crate) generation: i32,
    pub(crate) port: u16,
}

/// Reads the labels of a container of ours; nothing if it is not ours, or somebody imitated us and did not get all.
pub(crate) fn read(labels: Option<&HashMap<String, String>>, instance: InstallationId) -> Option<Read> {
    if !are_ours(labels, instance) {
        return None;
    }
    let labels = labels?;
    Some(Read {
        desktop: labels.get(DESKTOP)?.parse().ok()?,
        owner: labels.get(OWNER)?.parse().ok()?,
        template: labels.get(TEMPLATE)?.clone(),
        generation: labels.get(GENERATION)?.parse().ok()?,
        port: labels.get(PORT)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use domain::InstallationId;

    use super::{INSTANCE, MANAGED, PORT, Read, of_container, of_reader, read};
    use crate::conformance::launch;

    #[test]
    fn what_a_container_is_made_with_can_be_read_back() {
        let (launch, instance) = (launch("pult/tiny"), InstallationId::new());
        let labels = of_container(&launch, instance);
        let expected = Read {
            desktop: launch.desktop,
            owner: launch.owner,
            template: launch.template.clone(),
            generation: launch.generation,
            port: launch.port,
        };
        assert_eq!(read(Some(&labels), instance), Some(expected));
    }

    #[test]
    fn a_container_that_is_only_read_from_is_no_desktops_whatever_its_image_says() {
        let (launch, instance) = (launch("pult/tiny"), InstallationId::new());
        let mut labels = of_container(&launch, instance);
        labels.extend(of_reader(instance));
        assert_eq!(read(Some(&labels), instance), None);
    }

    #[test]
    fn another_installations_or_unmanaged_containers_are_not_ours() {
        let (launch, instance) = (launch("pult/tiny"), InstallationId::new());
        assert_eq!(read(None, instance), None);
        assert_eq!(read(Some(&of_container(&launch, InstallationId::new())), instance), None);
        for missing in [MANAGED, INSTANCE, PORT] {
            let mut labels = of_container(&launch, instance);
            labels.remove(missing);
            assert_eq!(read(Some(&labels), instance), None, "without {missing}");
        }
    }
}
