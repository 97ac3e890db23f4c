//! What is said of a sign-in by an identity provider that did not work, in German and English: why, and what to do.

use domain::Language;

use super::said::Said;
use crate::auth::SignInError;

const ONCE_MORE: (&str, &str) = ("Bitte noch einmal anmelden.", "Please sign in once more.");
const TELL_ADMIN: (&str, &str) = (
    "Noch einmal anmelden; bleibt es dabei, bitte der Administration melden.",
    "Sign in once more; if this stays so, please report it to the administrator.",
);

/// Why nobody was signed in, and what to do.
pub(super) fn said(error: &SignInError, language: Language) -> Said {
    let (german, english, act) = told(error);
    Said::new(language.pick(german, english), language.pick(act.0, act.1))
}

fn told(error: &SignInError) -> (&'static str, &'static str, (&'static str, &'static str)) {
    match error {
        SignInError::Away(_) => (
            "Der Anmeldedienst der Schule antwortet gerade nicht.",
            "The school's identity provider does not answer at the moment.",
            (
                "Wer schon angemeldet ist, kann weiterarbeiten. Sonst bitte gleich noch einmal versuchen.",
                "Whoever is signed in already can work on. Otherwise please try again shortly.",
            ),
        ),
        SignInError::Stale => (
            "Diese Anmeldung ist abgelaufen, schon benutzt oder aus einem anderen Browser.",
            "This sign-in has expired, was used already, or is another browser's.",
            ONCE_MORE,
        ),
        SignInError::Denied(_) => (
            "Der Anmeldedienst hat die Anmeldung nicht erlaubt.",
            "The identity provider did not allow to sign in.",
            (
                "Darf dieses Konto Pult benutzen? In IServ heißt das Recht „OAuth verwenden“.",
                "May this account use Pult? In IServ the right is called “OAuth verwenden”.",
            ),
        ),
        SignInError::Deactivated => (
            "Dieses Konto ist in Pult abgeschaltet.",
            "This account is deactivated in Pult.",
            (
                "Ist das ein Irrtum, bitte der Administration melden.",
                "If this is a mistake, please report it to the administrator.",
            ),
        ),
        SignInError::Scopes => (
            "Der Anmeldedienst gibt nichts über Personen an Pult weiter.",
            "The identity provider passes nothing about people on to Pult.",
            (
                "Bitte der Administration melden: Beim Anmeldedienst müssen für Pult Scopes freigegeben werden.",
                "Please report it to the administrator: the provider has to release scopes for Pult.",
            ),
        ),
        SignInError::Client => (
            "Der Anmeldedienst kennt Pult nicht.",
            "The identity provider does not know Pult.",
            (
                "Bitte der Administration melden: auth.oidc.client_id und client_secret stimmen nicht.",
                "Please report it to the administrator: auth.oidc.client_id and client_secret are wrong.",
            ),
        ),
        SignInError::Answer(_) => (
            "Mit der Antwort des Anmeldedienstes lässt sich niemand anmelden.",
            "Nobody can be signed in with the identity provider's answer.",
            TELL_ADMIN,
        ),
        SignInError::Issuer => (
            "Die Anmeldung kam von einem anderen Anmeldedienst als erwartet.",
            "The sign-in came from another identity provider than was asked.",
            TELL_ADMIN,
        ),
        SignInError::Audience => (
            "Die Anmeldung ist für ein anderes Programm als Pult.",
            "The sign-in is for another program than Pult.",
            TELL_ADMIN,
        ),
        SignInError::Nonce => {
            ("Die Anmeldung gehört zu einem anderen Versuch.", "The sign-in belongs to another try.", TELL_ADMIN)
        }
        SignInError::Signature => (
            "Die Anmeldung ist nicht vom Anmeldedienst unterschrieben.",
            "The sign-in is not signed by the identity provider.",
            TELL_ADMIN,
        ),
        SignInError::Expired => (
            "Die Anmeldung gilt jetzt nicht.",
            "The sign-in is not valid now.",
            (
                "Noch einmal anmelden; bleibt es dabei, gehen die Uhren von Pult und Anmeldedienst auseinander.",
                "Sign in once more; if this stays so, the clocks of Pult and of the identity provider differ.",
            ),
        ),
        SignInError::Subject => (
            "Der Anmeldedienst hat Angaben zu einer anderen Person geschickt.",
            "The identity provider sent data of another person.",
            TELL_ADMIN,
        ),
    }
}
