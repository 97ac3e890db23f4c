use domain::InstallationId;
use firewall::{Place, Rules, resolvers};
use worker::{Guarded, Guarding};

use super::settings::{self, Network};

/// What desktops may reach, or which key is wrong and what was expected of it.
pub(crate) fn reach(network: &Network, instance: InstallationId) -> Result<Guarded, (&'static str, String)> {
    let places = |key, texts: &[String]| {
        let places = texts.iter().map(|text| text.parse::<Place>());
        places.collect::<Result<Vec<_>, _>>().map_err(|error| (key, error.to_string()))
    };
    let rules = Rules {
        resolvers: if network.resolvers.is_empty() { resolvers() } else { network.resolvers.clone() },
        beside_the_internet: places("network.beside_the_internet", &network.beside_the_internet)?,
        school: places("network.school", &network.school)?,
        ..Rules::closed(instance)
    };
    let by = match network.firewall {
        settings::Guarding::Auto => Guarding::Auto,
        settings::Guarding::Required => Guarding::Required,
        settings::Guarding::Off => Guarding::Off,
    };
    Ok(Guarded { by, rules })
}

#[cfg(test)]
mod tests {
    use domain::InstallationId;

    use super::{Network, reach};

    #[test]
    fn what_is_no_place_is_named_with_its_key() {
        let network = |school: &str| Network { school: vec![school.to_owned()], ..Network::default() };
        assert!(reach(&network("10.0.0.0/24:443"), InstallationId::new()).is_ok());
        let (key, detail) = reach(&network("iserv.example"), InstallationId::new()).expect_err("a name is no place");
        assert_eq!(key, "network.school");
        assert!(detail.contains("iserv.example") && detail.contains("10.0.0.0/24"), "{detail}");
    }
}
