use domain::UserId;
use serde_json::Value;

/// What somebody does, as the audit log will tell it. Ids alone: names change, and go when their people go.
///
/// Handed to [`Store::noting`](crate::Store::noting), it becomes a line in the transaction that does it.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    pub(crate) actor: Option<UserId>,
    pub(crate) action: String,
    pub(crate) object: Option<String>,
    pub(crate) detail: Option<Value>,
}

impl Deed {
    /// What somebody does: a stable word such as `template.create`.
    pub fn of(actor: UserId, action: impl Into<String>) -> Self {
        Self { actor: Some(actor), ..Self::ours(action) }
    }

    /// What Pult does by itself, or what is done by whom it cannot name.
    pub fn ours(action: impl Into<String>) -> Self {
        Self { actor: None, action: action.into(), object: None, detail: None }
    }

    /// To what. Where something is made, the store knows what, and says it.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "ids are small and given as they are")]
    pub fn on(self, object: impl ToString) -> Self {
        Self { object: Some(object.to_string()), ..self }
    }

    /// What else is worth knowing.
    #[must_use]
    pub fn with(self, detail: Value) -> Self {
        Self { detail: Some(detail), ..self }
    }
}
