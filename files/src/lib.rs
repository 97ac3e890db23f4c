//! Where people's files lie, and the folders that are mounted into desktops.
//!
//! Every source of a mount is a folder that Pult made, below folders that only Pult writes: a pupil who plants a
//! symbolic link in the own home changes what is *in* a mount, never what is mounted. The layout beneath the root:
//!
//! ```text
//! homes/<user id>/home              the one home of all desktops
//! homes/<user id>/template-<slug>   the home of one template's desktops
//! shared                            the school's shared folder
//! clients/<image>/<folder>          what shows a desktop, taken from its image; never mounted
//! ```

mod clients;
mod spaces;
mod survey;

pub use clients::{Client, ClientFile, ClientKey, Clients, Limits, UnpackError, key_of, name_of};
pub use spaces::{DESKTOP_UID, FilesError, Spaces};
pub use survey::{Survey, survey};
