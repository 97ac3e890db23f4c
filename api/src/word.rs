//! Words of the domain in schemas: each is an enumeration that programs can rely on.

use domain::{
    access::{Role, Scope},
    audit::Fault,
    browser::{Browser, System},
    desktop::{DesktopState, Step},
    schedule::RunResult,
    template::{HomePolicy, NetworkPolicy, Protocol},
    webhook::Topic,
};
use salvo::oapi::{BasicType, Components, Object, Ref, RefOr, Schema, ToSchema};
use serde::{Deserialize, Serialize};

/// A word of the domain, as it crosses HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Word<T>(pub(crate) T);

/// An enumeration of words.
pub(crate) trait Words {
    /// Name of its schema.
    const NAME: &'static str;
    /// All of them.
    fn all() -> Vec<&'static str>;
}

macro_rules! words {
    ($($word:ty = $name:literal),+ $(,)?) => {$(
        impl Words for $word {
            const NAME: &'static str = $name;

            fn all() -> Vec<&'static str> {
                Self::ALL.iter().map(|word| word.as_str()).collect()
            }
        }
    )+};
}

words! {
    DesktopState = "DesktopState",
    Step = "DesktopStep",
    Fault = "AuditFault",
    Role = "Role",
    Browser = "Browser",
    System = "System",
    Scope = "Scope",
    Protocol = "Protocol",
    HomePolicy = "HomePolicy",
    NetworkPolicy = "NetworkPolicy",
    RunResult = "RunResult",
    Topic = "WebhookEvent",
}

impl<T: Words + 'static> ToSchema for Word<T> {
    fn to_schema(components: &mut Components) -> RefOr<Schema> {
        let words = Object::with_type(BasicType::String).enum_values(T::all());
        components.schemas.insert(T::NAME.to_owned(), words);
        RefOr::Ref(Ref::new(format!("#/components/schemas/{}", T::NAME)))
    }
}
