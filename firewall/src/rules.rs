use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    net::Ipv4Addr,
    str::FromStr,
};

use domain::{InstallationId, name::networks, template::NetworkPolicy};
use ipnet::Ipv4Net;

/// What is nobody's business on the Internet: this machine, private and shared networks, link-local addresses with the
/// clouds' metadata among them, benchmarks, multicast, and what is reserved (RFC 6890).
const NOT_THE_INTERNET: &str = "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, \
                                192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3";

/// A place in a network that desktops may reach: `10.0.0.5`, `10.0.0.0/24` or, one TCP port of it, `10.0.0.5:443`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    net: Ipv4Net,
    port: Option<u16>,
}

/// A text that names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place in a network: an IPv4 address or a range such as 10.0.0.0/24, with or without `:port`")]
pub struct NoPlace(String);

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NoPlace(text.to_owned());
        let (place, port) = match text.split_once(':') {
            Some((place, port)) => (place, Some(port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?)),
            None => (text, None),
        };
        let net = place.parse().or_else(|_| place.parse::<Ipv4Addr>().map(Ipv4Net::from)).map_err(|_| wrong())?;
        Ok(Self { net: net.trunc(), port })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.net),
            None => write!(f, "{}", self.net),
        }
    }
}

/// Everything that decides what the desktops of an installation reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whose desktops.
    pub instance: InstallationId,
    /// What each desktop may, by the address that its container has. Who is not named reaches nothing.
    pub desktops: BTreeMap<Ipv4Addr, NetworkPolicy>,
    /// Who answers desktops' questions for names.
    pub resolvers: Vec<Ipv4Addr>,
    /// What [`NetworkPolicy::Internet`] reaches beside the Internet.
    pub beside_the_internet: Vec<Place>,
    /// All that [`NetworkPolicy::School`] reaches.
    pub school: Vec<Place>,
}

impl Rules {
    /// The rules of an installation in which nobody may anything.
    pub const fn closed(instance: InstallationId) -> Self {
        Self {
            instance,
            desktops: BTreeMap::new(),
            resolvers: Vec::new(),
            beside_the_internet: Vec::new(),
            school: Vec::new(),
        }
    }

    /// The table's name.
    pub fn table(&self) -> String {
        networks(self.instance).trim_end_matches('-').to_owned()
    }

    /// What `nft -f -` takes: the whole table in place of the one that was.
    ///
    /// Both chains look at a packet before the engine's own do, and an `accept` here is not the last word: the engine
    /// and the host's own firewall still have theirs.
    pub fn script(&self) -> String {
        self.table_in_which("ip saddr vmap @desktops")
    }

    /// The same for somebody who installs it by hand: what a desktop may is told from the network that it is on, since
    /// nobody is there to tell its address.
    pub fn script_by_hand(&self) -> String {
        self.table_in_which(&format!("iifname \"{}i\" jump internet", networks(self.instance)))
    }

    fn table_in_which(&self, desktops_are_told_apart: &str) -> String {
        let (table, bridges) = (self.table(), networks(self.instance));
        let classes = self.desktops.iter().map(|(address, policy)| format!("{address} : jump {policy}"));
        let [names, internet, school] = [
            reach(self.resolvers.iter().map(|address| Place { net: (*address).into(), port: Some(53) }), true),
            reach(self.beside_the_internet.iter().copied(), false),
            reach(self.school.iter().copied(), false),
        ];
        format!(
            "table inet {table}
delete table inet {table}
table inet {table} {{
	map desktops {{
		type ipv4_addr : verdict
{elements}	}}
	chain none {{
		drop
	}}
	chain school {{
{names}{school}		drop
	}}
	chain internet {{
{names}{internet}		tcp dport 25 drop
		ip daddr {{ {NOT_THE_INTERNET} }} drop
		accept
	}}
	chain input {{
		type filter hook input priority filter - 5; policy accept;
		iifname != \"{bridges}*\" accept
		ct state established,related accept
		drop
	}}
	chain forward {{
		type filter hook forward priority filter - 5; policy accept;
		iifname != \"{bridges}*\" accept
		oifname \"{bridges}*\" drop
		meta nfproto != ipv4 drop
		{desktops_are_told_apart}
		drop
	}}
}}
",
            elements = elements(&classes.collect::<Vec<_>>()),
        )
    }
}

/// A map without elements must not say so.
fn elements(classes: &[String]) -> String {
    if classes.is_empty() { String::new() } else { format!("\t\telements = {{ {} }}\n", classes.join(", ")) }
}

/// Lines that let packets to some places pass; over both transports where names are asked for.
fn reach(places: impl Iterator<Item = Place>, asks_for_names: bool) -> String {
    let mut lines = String::new();
    for Place { net, port } in places {
        let transport = match port {
            Some(port) if asks_for_names => format!(" meta l4proto {{ tcp, udp }} th dport {port}"),
            Some(port) => format!(" tcp dport {port}"),
            None => String::new(),
        };
        // text grows without failing
        let _ = writeln!(lines, "\t\tip daddr {net}{transport} accept");
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use domain::{InstallationId, template::NetworkPolicy};
    use proptest::prelude::*;

    use super::{Place, Rules};

    #[test]
    fn places_are_addresses_ranges_and_ports_of_them() {
        for (text, spelled) in [
            ("10.0.0.5", "10.0.0.5/32"),
            ("10.0.0.5/24", "10.0.0.0/24"),
            ("10.0.0.5:443", "10.0.0.5/32:443"),
            ("10.0.0.0/8:8080", "10.0.0.0/8:8080"),
        ] {
            assert_eq!(text.parse::<Place>().expect("a place").to_string(), spelled);
        }
        for text in
            ["", "iserv.example", "10.0.0.0/33", "10.0.0.1:0", "10.0.0.1:70000", "10.0.0.1:", "::1", "10.0.0.1; drop"]
        {
            assert!(text.parse::<Place>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_desktop_that_is_not_named_reaches_nothing() {
        let script = Rules::closed(InstallationId::new()).script();
        let (_, forward) = script.split_once("chain forward").expect("a chain");
        let rules: Vec<_> =
            forward.lines().map(str::trim).filter(|line| line.contains("accept") || *line == "drop").collect();
        assert_eq!(rules.last(), Some(&"drop"), "what no rule speaks of ends: {forward}");
        assert!(!script.contains("elements"), "a map without elements is one without that word");
    }

    #[test]
    fn each_policy_has_its_chain() {
        let mut rules = Rules::closed(InstallationId::new());
        for (last, policy) in NetworkPolicy::ALL.iter().enumerate() {
            let last = u8::try_from(last).expect("there are few");
            rules.desktops.insert(Ipv4Addr::new(10, 0, 0, last), *policy);
        }
        let script = rules.script();
        for policy in NetworkPolicy::ALL {
            assert!(script.contains(&format!("jump {policy}")) && script.contains(&format!("chain {policy} {{")));
        }
    }

    proptest! {
        /// Nothing that is configured can say more than it means.
        #[test]
        fn whatever_is_taken_for_a_place_is_digits_dots_and_at_most_a_port(text in "[0-9a-f.:/ ;{}\n]{0,24}") {
            if let Ok(place) = text.parse::<Place>() {
                let place = place.to_string();
                prop_assert!(place.chars().all(|one| one.is_ascii_digit() || ['.', '/', ':'].contains(&one)), "{}", place);
            }
        }
    }
}
