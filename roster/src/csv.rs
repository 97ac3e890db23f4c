//! Files of people: `username;vorname;nachname;klasse`, as offices export them.
//!
//! Separated by `;` or `,`, in UTF-8, UTF-16 with its mark, Latin-1 or Windows-1252. A column `id` may be added, with the
//! id that the identity provider has of somebody; without it people are known by their username in files, and nowhere
//! else.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use domain::{
    folded, normal,
    provisioning::{Group, Person, Roster, Subject},
};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// What a file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct File {
    /// The people and classes of its right lines.
    pub roster: Roster,
    /// Its wrong ones.
    pub wrong: Vec<WrongLine>,
}

/// A line that does not hold what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongLine {
    /// Its number, from 1.
    pub line: u64,
    /// What was expected of it.
    pub expected: &'static str,
}

/// Characters that a name may have.
const LONGEST: usize = 200;

/// The places of the columns.
struct Columns {
    username: usize,
    first_name: usize,
    last_name: usize,
    class: usize,
    id: Option<usize>,
}

/// Reads a file. `issuer` is the identity provider whose ids a column `id` holds.
pub fn parse(bytes: &[u8], issuer: Option<&str>) -> File {
    let text = decoded(bytes);
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.contains(';') { b';' } else { b',' };
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(::csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut file = File::default();
    let Some(columns) = reader.headers().ok().and_then(Columns::of) else {
        file.wrong.push(WrongLine { line: 1, expected: "the columns username, vorname, nachname and klasse" });
        return file;
    };
    let mut lines = HashMap::new();
    for record in reader.records() {
        let line = match &record {
            Ok(record) => record.position().map_or(0, ::csv::Position::line),
            Err(error) => error.position().map_or(0, ::csv::Position::line),
        };
        let read = record.map_err(|_| "a line of text").and_then(|record| columns.read(&record, issuer));
        match read {
            Ok(None) => {}
            Ok(Some((person, class))) => {
                if lines.insert(person.external_id.clone(), line).is_some() {
                    file.wrong.push(WrongLine { line, expected: "each person once" });
                } else {
                    file.add(person, class);
                }
            }
            Err(expected) => file.wrong.push(WrongLine { line, expected }),
        }
    }
    file
}

impl File {
    fn add(&mut self, person: Person, class: Option<String>) {
        let roster = &mut self.roster;
        if let Some(class) = class {
            let id = folded(&class);
            roster.members.insert((id.clone(), person.external_id.clone()));
            if !roster.groups.iter().any(|group| group.external_id == id) {
                roster.groups.push(Group { external_id: id, name: class, key: None });
            }
        }
        roster.people.push(person);
    }
}

impl Columns {
    fn of(header: &::csv::StringRecord) -> Option<Self> {
        let place = |name: &str| header.iter().position(|column| folded(column) == name);
        Some(Self {
            username: place("username")?,
            first_name: place("vorname")?,
            last_name: place("nachname")?,
            class: place("klasse")?,
            id: place("id"),
        })
    }

    /// The person of a line, and their class; nobody where the line is empty.
    fn read(
        &self,
        record: &::csv::StringRecord,
        issuer: Option<&str>,
    ) -> Result<Option<(Person, Option<String>)>, &'static str> {
        if record.iter().all(str::is_empty) {
            return Ok(None);
        }
        let needed = [self.username, self.first_name, self.last_name, self.class].into_iter().max().unwrap_or_default();
        if record.len() <= needed {
            return Err("as many columns as the first line has");
        }
        let word = |place: usize| {
            let text = record.get(place).unwrap_or_default();
            let is_text = !text.chars().any(|character| character.is_control() || character == '\u{fffd}');
            if !is_text {
                return Err("readable text");
            }
            if text.chars().count() > LONGEST {
                return Err("200 characters at most in each column");
            }
            Ok(normal(text))
        };
        let username = word(self.username)?.to_lowercase();
        if username.is_empty() || username.contains(char::is_whitespace) {
            return Err("a username without spaces");
        }
        let display_name = format!("{} {}", word(self.first_name)?, word(self.last_name)?).trim().to_owned();
        if display_name.is_empty() {
            return Err("a first or a last name");
        }
        let id = self.id.map(&word).transpose()?.filter(|id| !id.is_empty());
        let identity = id.zip(issuer).map(|(subject, issuer)| Subject { issuer: issuer.to_owned(), subject });
        let class = Some(word(self.class)?).filter(|class| !class.is_empty());
        let person = Person { external_id: username.clone(), username, display_name, role: None, identity };
        Ok(Some((person, class)))
    }
}

/// The text of a file: by its mark where it has one, else UTF-8 where it is that, else Windows-1252, which has all
/// letters of Latin-1 in the same places.
fn decoded(bytes: &[u8]) -> String {
    let by_mark = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let otherwise = if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 };
    by_mark.unwrap_or(otherwise).decode(bytes).0.into_owned()
}
