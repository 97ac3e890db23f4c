//! The policy as people read it: a table in `docs/access.md`, which is what the policy answers when it is asked.

use std::fmt::Write as _;

use super::{Action, Credential, Principal, Role, Scope, Whose};
use crate::{SessionId, TokenId, UserId};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/access.md");
const BEGIN: &str = "<!-- made by the policy: PULT_WRITE_DOCS=1 cargo test -p domain access -->\n";
const END: &str = "<!-- up to here -->";

const OWN: Whose = Whose { own: true, group: false, granted: false };
const GROUP: Whose = Whose { own: false, group: true, granted: false };
const GRANTED: Whose = Whose { own: false, group: false, granted: true };
const OTHERS: Whose = Whose { own: false, group: false, granted: false };

fn somebody(role: Role, credential: Credential) -> Principal {
    Principal {
        user: UserId::new(),
        username: String::new(),
        display_name: String::new(),
        role,
        groups: Vec::new(),
        credential,
    }
}

/// Who may do something with what is this to them.
fn who(action: Action, whose: Whose) -> String {
    let may = |role: &Role| somebody(*role, Credential::Session(SessionId::new())).may(action, whose).is_ok();
    let roles: Vec<_> = Role::ALL.iter().copied().filter(may).map(Role::as_str).collect();
    if roles.is_empty() { "–".to_owned() } else { roles.join(", ") }
}

/// The one scope that a token needs for something.
fn scope(action: Action) -> Scope {
    let everything = Whose { own: true, group: true, granted: true };
    let is_enough = |scope: &Scope| {
        somebody(Role::Admin, Credential::Token(TokenId::new(), vec![*scope])).may(action, everything).is_ok()
    };
    let enough: Vec<_> = Scope::ALL.iter().copied().filter(is_enough).collect();
    assert_eq!(enough.len(), 1, "one scope for `{action}`");
    enough[0]
}

fn table() -> String {
    let mut table =
        String::from("\n| to | own | of own groups | granted | others' | scope |\n|---|---|---|---|---|---|\n");
    for action in Action::ALL.iter().copied() {
        let cells = [OWN, GROUP, GRANTED, OTHERS].map(|whose| who(action, whose)).join(" | ");
        writeln!(table, "| {action} | {cells} | `{}` |", scope(action)).expect("a text grows");
    }
    table.push('\n');
    table
}

#[test]
fn the_documented_table_is_what_the_policy_says() {
    let document = std::fs::read_to_string(FILE).expect("docs/access.md can be read");
    let (before, rest) = document.split_once(BEGIN).expect("the table's beginning is marked");
    let (documented, after) = rest.split_once(END).expect("the table's end is marked");
    #[expect(clippy::disallowed_methods, reason = "whoever changes the policy asks for the table, and no program does")]
    if std::env::var("PULT_WRITE_DOCS").is_ok() {
        std::fs::write(FILE, [before, BEGIN, &table(), END, after].concat()).expect("docs/access.md can be written");
        return;
    }
    assert_eq!(documented, table(), "the policy has changed: PULT_WRITE_DOCS=1 cargo test -p domain access");
}
