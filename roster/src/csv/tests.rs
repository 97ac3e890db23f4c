use std::fmt::Write as _;

use encoding_rs::{UTF_16LE, WINDOWS_1252};

use super::{WrongLine, decoded, parse};

const FILE: &str = "username;vorname;nachname;klasse\njörg.müller;Jörg;Müller;8d\nanna.groß;Änna;Groß;8d\n";

fn names(bytes: &[u8]) -> Vec<String> {
    let file = parse(bytes, None);
    assert_eq!(file.wrong, []);
    file.roster.people.into_iter().map(|person| person.display_name).collect()
}

#[test]
fn umlauts_arrive_whatever_the_encoding() {
    let (windows, _, _) = WINDOWS_1252.encode(FILE);
    let marked = [b"\xef\xbb\xbf", FILE.as_bytes()].concat();
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(FILE.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert!(UTF_16LE.decode(&wide).0.contains("Groß"));
    let latin_1: Vec<u8> =
        FILE.chars().map(|letter| u8::try_from(u32::from(letter)).expect("a letter of Latin-1")).collect();
    for bytes in [FILE.as_bytes(), &marked, &windows, &latin_1, &wide] {
        assert_eq!(names(bytes), ["Jörg Müller", "Änna Groß"]);
    }
    // what only Windows-1252 has
    let (quotes, _, _) = WINDOWS_1252.encode("username;vorname;nachname;klasse\na;Zoë ‚Z‘;Šimon;€");
    assert_eq!(names(&quotes), ["Zoë ‚Z‘ Šimon"]);
}

#[test]
fn letters_that_are_composed_of_two_are_one() {
    let file = parse("username,vorname,nachname,klasse\na,Jo\u{308}rg,M,8d".as_bytes(), None);
    assert_eq!(file.roster.people[0].display_name, "Jörg M");
}

#[test]
fn columns_are_found_by_name_with_commas_quotes_and_other_line_ends() {
    let text = "Klasse,\"Nachname\",VORNAME,Username,Tutor\r\n\"8d, AG\",\"von \"\"Stein\"\"\",Ada,Ada.Stein,x\r\n";
    let file = parse(text.as_bytes(), None);
    let person = &file.roster.people[0];
    assert_eq!((person.username.as_str(), person.display_name.as_str()), ("ada.stein", "Ada von \"Stein\""));
    assert_eq!(file.roster.groups[0].name, "8d, AG");
    let over_lines = "username;vorname;nachname;klasse\na;\"A\nB\";C;8d\nb;B;C;8d\n";
    let file = parse(over_lines.as_bytes(), None);
    assert_eq!(file.wrong, [WrongLine { line: 2, expected: "readable text" }]);
    assert_eq!(file.roster.people.len(), 1, "and the next one is read");
}

#[test]
fn empty_lines_are_nothing_and_a_class_may_be_missing() {
    let text = "username;vorname;nachname;klasse\n\n;;;\na;A;B;\n   \nb;B;C;8d\n\n";
    let file = parse(text.as_bytes(), None);
    assert_eq!((file.roster.people.len(), file.roster.groups.len(), file.roster.members.len()), (2, 1, 1));
    assert_eq!(file.wrong, []);
}

#[test]
fn a_wrong_header_says_what_was_expected() {
    for text in ["", "\n", "a;A;B;8d\n", "username;vorname;klasse\n", "username\tvorname\tnachname\tklasse\n"] {
        let file = parse(text.as_bytes(), None);
        assert_eq!(file.wrong.len(), 1, "{text:?}");
        assert_eq!(file.wrong[0].line, 1);
        assert!(file.roster.people.is_empty());
    }
}

#[test]
fn each_wrong_line_is_told_with_its_number() {
    let long = "x".repeat(201);
    let text = format!(
        "username;vorname;nachname;klasse\na;A;B;8d\nA;A;B;8d\n;A;B;8d\nb b;A;B;8d\nc;;;8d\nd;D\ne;{long};B;8d\nf;F\u{1};B;8d\ng;G;B;8D\n"
    );
    let file = parse(text.as_bytes(), None);
    let told: Vec<_> = file.wrong.iter().map(|wrong| (wrong.line, wrong.expected)).collect();
    assert_eq!(
        told,
        [
            (3, "each person once"),
            (4, "a username without spaces"),
            (5, "a username without spaces"),
            (6, "a first or a last name"),
            (7, "as many columns as the first line has"),
            (8, "200 characters at most in each column"),
            (9, "readable text"),
        ]
    );
    assert_eq!(file.roster.people.len(), 2);
    assert_eq!(file.roster.groups.len(), 1, "classes are alike whatever their case");
}

#[test]
fn ids_of_the_identity_provider_may_be_in_it() {
    let text = "username;vorname;nachname;klasse;id\na;A;B;8d;uuid-1\nb;B;C;8d;\n";
    let file = parse(text.as_bytes(), Some("https://iserv.example"));
    let subjects: Vec<_> =
        file.roster.people.iter().map(|one| one.identity.as_ref().map(|identity| identity.subject.as_str())).collect();
    assert_eq!(subjects, [Some("uuid-1"), None]);
    assert!(parse(text.as_bytes(), None).roster.people[0].identity.is_none());
}

#[test]
fn five_thousand_lines_are_read() {
    let mut text = "username;vorname;nachname;klasse\n".to_owned();
    for number in 0..5000 {
        writeln!(text, "user.{number};Vorname {number};Müller;{}", number % 60).expect("a text takes it");
    }
    let file = parse(text.as_bytes(), None);
    assert_eq!((file.roster.people.len(), file.roster.groups.len(), file.wrong.len()), (5000, 60, 0));
}

#[test]
fn whatever_comes_is_some_text() {
    assert_eq!(decoded(b"\xff\xfe"), "");
    assert!(parse(b"\xef\xbb\xbf\xff\xfe\xfd", None).wrong.len() == 1);
    assert!(parse(&[0; 64], None).wrong.len() == 1);
}
