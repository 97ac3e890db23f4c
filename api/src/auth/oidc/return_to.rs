use http::uri::PathAndQuery;

/// Longer ones are nobody's.
const LONGEST: usize = 2000;

/// Where somebody goes who has signed in: the page of ours that they wanted, else the first one.
///
/// Only a path is taken, and only one that every parser takes for a path: a second slash, a backslash or what cannot be
/// seen makes some of them see a host.
pub(super) fn return_to(wanted: Option<&str>) -> &str {
    wanted.filter(|wanted| is_page(wanted)).unwrap_or("/")
}

fn is_page(wanted: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let path = wanted.split(['?', '#']).next().unwrap_or_default();
    let is_the_servers = ["/api", "/auth"].iter().any(|place| path == *place || path.starts_with(&format!("{place}/")));
    wanted.starts_with('/')
        && wanted.len() <= LONGEST
        && wanted.bytes().all(is_plain)
        && !wanted.contains("//")
        && !is_the_servers
        && wanted.parse::<PathAndQuery>().is_ok_and(|parsed| parsed.as_str() == wanted)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::return_to;

    #[test]
    fn pages_of_ours_are_come_back_to() {
        for page in ["/", "/start/xfce", "/desktop/mia-tiny/", "/desktop/mia-tiny/?a=b&c=%2F", "/enter/abc?to=%2F%3Fx"]
        {
            assert_eq!(return_to(Some(page)), page);
        }
        assert_eq!(return_to(None), "/");
    }

    #[test]
    fn nobody_is_led_anywhere_else() {
        let hosts = ["evil.example", "evil.example/", "@evil.example", "pult.example@evil.example", "[::1]"];
        let starts = [
            "",
            "//",
            "///",
            "/\\",
            "\\\\",
            "\\/",
            "/\t/",
            "/\n/",
            "\t//",
            " //",
            "/ /",
            "https://",
            "https:/",
            "https:",
            "javascript:",
            "data:",
            "http:\\\\",
            "//\u{3000}",
            "/\u{ff0f}",
            "/%0a//",
            "/.//",
            "/..//",
            "/a//../..//",
            "\u{0}//",
            "////",
            "/;//",
            "/?//",
            "/#//",
            "//%2F",
            "?",
            "#",
            "..//",
            "./",
            "/api/",
            "/auth/",
            "/auth",
        ];
        let ours = Url::parse("https://pult.example/auth/callback").expect("a URL");
        for start in starts {
            for host in hosts {
                let wanted = format!("{start}{host}");
                let place = ours.join(return_to(Some(&wanted))).expect("a URL");
                assert_eq!(place.origin(), ours.origin(), "{wanted}");
                assert!(!place.path().starts_with("//") && !place.path().starts_with("/auth/"), "{wanted}");
            }
        }
        assert_eq!(return_to(Some(&format!("/{}", "a".repeat(3000)))), "/");
    }
}
