//! Looks from a container's own place.
//!
//! What a rule means is shown by who is refused, not by its text. A thread of ours enters the container's network,
//! where it is as the container's own programs are, tries to connect to what must not be reached, and ends there.

use std::{
    fs::{self, File},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    os::fd::AsFd as _,
    time::Duration,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::sync::oneshot;

/// How long a door is knocked at. On one machine an open one answers in microseconds.
const KNOCK: Duration = Duration::from_millis(200);

/// Why nothing was seen.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The container's network cannot be entered from here: this process is in a container itself, or lacks the right.
    #[error("the network of a container cannot be entered: {0}")]
    NoEntry(#[source] io::Error),
    /// That process is none of this container's.
    #[error("process {0} has not the address {1}")]
    Stranger(u32, Ipv4Addr),
}

/// At which addresses a TCP port of this machine is open to a container, which has this address and in which this
/// process runs: at those that are named, and at the one to which the container sends what is for elsewhere.
pub async fn open_doors(
    process: u32,
    address: Ipv4Addr,
    port: u16,
    named: Vec<IpAddr>,
) -> Result<Vec<SocketAddr>, ProbeError> {
    let (tell, told) = oneshot::channel();
    // a thread of its own: it never comes back from where it goes, and so must not be one that works for others
    let spawned = std::thread::Builder::new().name("probe".to_owned()).spawn(move || {
        // who asked may have gone
        let _ = tell.send(knock(process, address, port, named));
    });
    spawned.map_err(ProbeError::NoEntry)?;
    told.await.unwrap_or_else(|_| Err(ProbeError::NoEntry(io::Error::other("the thread ended"))))
}

fn knock(process: u32, address: Ipv4Addr, port: u16, mut named: Vec<IpAddr>) -> Result<Vec<SocketAddr>, ProbeError> {
    let network = File::open(format!("/proc/{process}/ns/net")).map_err(ProbeError::NoEntry)?;
    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(|error| ProbeError::NoEntry(error.into()))?;
    // ids of processes change hands, and mean others in other places: only its own network has the container's address
    if UdpSocket::bind((address, 0)).is_err() {
        return Err(ProbeError::Stranger(process, address));
    }
    let routes = fs::read_to_string("/proc/thread-self/net/route").unwrap_or_default();
    named.extend(gateway(&routes).map(IpAddr::from));
    let doors = named.into_iter().map(|address| SocketAddr::new(address, port));
    Ok(doors.filter(|door| TcpStream::connect_timeout(door, KNOCK).is_ok()).collect())
}

/// The gateway of the default route in the kernel's own list, which has addresses as hexadecimal numbers in the order
/// of the machine's octets.
fn gateway(routes: &str) -> Option<Ipv4Addr> {
    let mut lines = routes.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let default = lines.find(|fields| fields.get(1) == Some(&"00000000"))?;
    u32::from_str_radix(default.get(2)?, 16).ok().map(|address| Ipv4Addr::from(address.to_ne_bytes()))
}

/// The address by which others know this machine; none without a network.
pub fn own_address() -> Option<IpAddr> {
    // nothing is sent: the kernel only says from where it would be (RFC 5737: an address of nobody)
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(203, 0, 113, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::gateway;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_gateway_is_that_of_the_default_route() {
        let routes = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n\
                      eth0\t0015C80A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n\
                      eth0\t00000000\t0115C80A\t0003\t0\t0\t0\t00000000\n";
        assert_eq!(gateway(routes), Some(Ipv4Addr::new(10, 200, 21, 1)));
        assert_eq!(gateway("Iface\tDestination\tGateway\n"), None, "a network that leads nowhere");
    }

    #[tokio::test]
    async fn who_is_no_process_of_a_container_is_not_entered() {
        let own = std::process::id();
        let nobody = Ipv4Addr::new(192, 0, 2, 77);
        assert!(super::open_doors(own, nobody, 9, Vec::new()).await.is_err(), "that is not our address");
        assert!(super::open_doors(1 << 23, nobody, 9, Vec::new()).await.is_err(), "that is no process");
    }
}
