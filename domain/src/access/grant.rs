use chrono::TimeDelta;

use crate::{DesktopId, GrantId, Timestamp, UserId, template::FieldError};

/// How long a grant lasts where nothing is said.
const USUAL: TimeDelta = TimeDelta::minutes(30);
/// None lasts longer.
const LONGEST: TimeDelta = TimeDelta::hours(8);

/// The right of one administrator to look into one desktop of somebody else, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Into which desktop.
    pub desktop: DesktopId,
    /// Who may.
    pub holder: UserId,
    /// Before then.
    pub until: Timestamp,
}

impl Grant {
    /// Whether it is not over.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// On which terms somebody looks into a desktop: its owner reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    reason: String,
    until: Timestamp,
}

impl Terms {
    /// The terms that somebody wants, or what is wrong with them.
    pub fn wanted(reason: &str, minutes: Option<i64>, now: Timestamp) -> Result<Self, Vec<FieldError>> {
        let reason = reason.trim();
        let lasting = minutes.map_or(Some(USUAL), TimeDelta::try_minutes);
        let lasting = lasting.filter(|lasting| (TimeDelta::minutes(1)..=LONGEST).contains(lasting));
        let is_reason = (5..=500).contains(&reason.chars().count());
        let rules = [(is_reason, "reason", "5 to 500 characters"), (lasting.is_some(), "minutes", "1 to 480")];
        let wrong = rules.into_iter().filter(|(holds, ..)| !holds);
        let wrong: Vec<_> = wrong.map(|(_, field, expected)| FieldError { field, expected }).collect();
        match lasting {
            Some(lasting) if wrong.is_empty() => Ok(Self { reason: reason.to_owned(), until: now + lasting }),
            _ => Err(wrong),
        }
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Before then.
    pub fn until(&self) -> Timestamp {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::Terms;
    use crate::desktop::testing;

    fn wrong(reason: &str, minutes: Option<i64>) -> Vec<&'static str> {
        let terms = Terms::wanted(reason, minutes, testing::epoch());
        terms.err().unwrap_or_default().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_grant_lasts_half_an_hour_or_as_long_as_is_said_within_a_school_day() {
        for (minutes, lasting) in [(None, 30), (Some(1), 1), (Some(480), 480)] {
            let terms = Terms::wanted(" Drucker fehlt \n", minutes, testing::epoch()).expect("good terms");
            assert_eq!(terms.until(), testing::epoch() + TimeDelta::minutes(lasting));
            assert_eq!(terms.reason(), "Drucker fehlt");
        }
        for minutes in [i64::MIN, -1, 0, 481, i64::MAX] {
            assert_eq!(wrong("Drucker fehlt", Some(minutes)), ["minutes"], "{minutes}");
        }
    }

    #[test]
    fn a_grant_has_a_reason() {
        for reason in ["", "    ", "abcd", "  abcd  ", &"ä".repeat(501)] {
            assert_eq!(wrong(reason, None), ["reason"], "{reason}");
        }
        for reason in ["abcde", &"ä".repeat(500)] {
            assert_eq!(wrong(reason, None), Vec::<&str>::new());
        }
        assert_eq!(wrong("", Some(0)), ["reason", "minutes"]);
    }
}
