use std::{fs, net::Ipv4Addr};

/// Where a machine says who answers its questions for names. The second is what `systemd-resolved` asks itself, when
/// the first names only its own address on the loopback, which no container reaches.
const LISTS: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/// Who answers this machine's questions for names, as far as containers reach them.
pub fn resolvers() -> Vec<Ipv4Addr> {
    let lists = LISTS.iter().filter_map(|path| fs::read_to_string(path).ok());
    lists.map(|list| named(&list)).find(|found| !found.is_empty()).unwrap_or_default()
}

fn named(list: &str) -> Vec<Ipv4Addr> {
    let servers = list.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    servers.filter_map(|server| server.trim().parse().ok()).filter(|server: &Ipv4Addr| !server.is_loopback()).collect()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::named;

    #[test]
    fn the_loopback_and_other_protocols_are_no_resolvers_for_containers() {
        let list = "# made by hand\nsearch school.example\nnameserver 127.0.0.53\nnameserver 10.0.0.1\n\
                    nameserver fd00::1\n nameserver\t192.168.1.1 \noptions edns0\n";
        assert_eq!(named(list), ["10.0.0.1", "192.168.1.1"].map(|one| one.parse::<Ipv4Addr>().expect("an address")));
    }
}
