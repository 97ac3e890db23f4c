//! What desktops reach, held by the kernel.
//!
//! A container engine keeps desktops from each other and leaves everything else open to them: the services of its
//! host at every address that it has, the school's network, the cloud's metadata. One small table of nftables closes
//! all of it. It is named after the installation and speaks only of the installation's own bridges, so that two
//! installations, and whatever else filters on a machine, do not meet.
//!
//! What this room guarantees: a desktop whose address is not in the table reaches nothing; one that is reaches what
//! its [`NetworkPolicy`](domain::template::NetworkPolicy) allows; a table is exchanged in one transaction of the
//! kernel, and so never open in between. [`probe`] shows from a container's own place whether it is so.

mod nft;
pub mod probe;
mod resolvers;
mod rules;

pub use nft::{Firewall, FirewallError, Nft};
pub use resolvers::resolvers;
pub use rules::{NoPlace, Place, Rules};
