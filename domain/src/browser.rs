//! Which browser somebody uses, as they would say it themselves. No more is told of what a browser calls itself.

use crate::text::words;

words! {
    /// A kind of browser.
    Browser, "browser" {
        /// Microsoft's.
        Edge = "edge",
        /// Opera.
        Opera = "opera",
        /// Firefox and its kin.
        Firefox = "firefox",
        /// Chrome, Chromium and what says no more than that.
        Chrome = "chrome",
        /// Apple's.
        Safari = "safari",
        /// Another one, or a program.
        Other = "other",
    }
}

words! {
    /// What it runs on.
    System, "system" {
        /// Android.
        Android = "android",
        /// iPhone and iPad.
        Ios = "ios",
        /// A Chromebook.
        ChromeOs = "chromeos",
        /// Windows.
        Windows = "windows",
        /// A Mac; an iPad may say so too.
        MacOs = "macos",
        /// Linux.
        Linux = "linux",
        /// Something else.
        Other = "other",
    }
}

/// What names a browser, the first that fits: most of them also call themselves what they are not.
const BROWSERS: [(&str, Browser); 9] = [
    ("Edg", Browser::Edge),
    ("OPR/", Browser::Opera),
    ("Firefox/", Browser::Firefox),
    ("FxiOS/", Browser::Firefox),
    ("CriOS/", Browser::Chrome),
    ("Chrome/", Browser::Chrome),
    ("Chromium/", Browser::Chrome),
    ("Version/", Browser::Safari),
    ("Safari/", Browser::Safari),
];

const SYSTEMS: [(&str, System); 8] = [
    ("Android", System::Android),
    ("iPhone", System::Ios),
    ("iPad", System::Ios),
    ("CrOS", System::ChromeOs),
    ("Windows", System::Windows),
    ("Macintosh", System::MacOs),
    ("Linux", System::Linux),
    ("X11", System::Linux),
];

/// The browser, and what it runs on, from what it calls itself.
pub fn of(user_agent: &str) -> (Browser, System) {
    let browser = BROWSERS.iter().find(|(name, _)| user_agent.contains(name)).map_or(Browser::Other, |(_, it)| *it);
    let system = SYSTEMS.iter().find(|(name, _)| user_agent.contains(name)).map_or(System::Other, |(_, it)| *it);
    (browser, system)
}

#[cfg(test)]
mod tests {
    use super::{Browser, System, of};

    #[test]
    fn a_browser_is_told_by_what_it_calls_itself() {
        let mozilla = "Mozilla/5.0";
        let blink = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        let webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
        for (user_agent, browser, system) in [
            (
                format!("{mozilla} (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"),
                Browser::Firefox,
                System::Linux,
            ),
            (format!("{mozilla} (Windows NT 10.0; Win64; x64) {blink}"), Browser::Chrome, System::Windows),
            (format!("{mozilla} (Windows NT 10.0; Win64; x64) {blink} Edg/156.0.0.0"), Browser::Edge, System::Windows),
            (format!("{mozilla} (X11; Linux x86_64) {blink} OPR/110.0"), Browser::Opera, System::Linux),
            (format!("{mozilla} (X11; CrOS x86_64 14541.0.0) {blink}"), Browser::Chrome, System::ChromeOs),
            (format!("{mozilla} (Linux; Android 10; K) {blink}"), Browser::Chrome, System::Android),
            (
                format!("{mozilla} (Macintosh; Intel Mac OS X 10_15_7) {webkit} Version/19.0 Safari/605.1.15"),
                Browser::Safari,
                System::MacOs,
            ),
            (
                format!(
                    "{mozilla} (iPhone; CPU iPhone OS 19_0 like Mac OS X) {webkit} CriOS/156.0 Mobile Safari/604.1"
                ),
                Browser::Chrome,
                System::Ios,
            ),
            (
                format!("{mozilla} (iPad; CPU OS 19_0 like Mac OS X) {webkit} Version/19.0 Safari/604.1"),
                Browser::Safari,
                System::Ios,
            ),
            ("curl/8.5.0".to_owned(), Browser::Other, System::Other),
            (String::new(), Browser::Other, System::Other),
        ] {
            assert_eq!(of(&user_agent), (browser, system), "{user_agent}");
        }
    }
}
