//! Whom proGres is to turn to about a referral. Pure.

use crate::domain::pii::Pii;
use crate::primero::User;
use crate::profile::FallbackContact;

/// A contact without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub email: Pii<String>,
    pub phone: Pii<String>,
    pub position: Pii<String>,
    /// Whether something of it is the profile's and not the worker's.
    pub substituted: bool,
}

/// The case's owner, with what their profile lacks taken from the fallback. Then the position is the fallback's in any case: it is how
/// UNHCR is told. Without a fallback the names of what is lacking.
pub fn of(
    owner: Option<&User>,
    fallback: Option<&FallbackContact>,
) -> Result<Contact, Vec<&'static str>> {
    // Nobody can be reached by an account that was closed.
    let owner = owner.filter(|owner| !owner.disabled);
    let read = |field: fn(&User) -> &Option<Pii<String>>| {
        let text = field(owner?).as_ref()?.expose().trim();
        (!text.is_empty()).then(|| Pii::new(text.to_owned()))
    };
    let name = read(|owner| &owner.full_name);
    let email = read(|owner| &owner.email);
    let phone = read(|owner| &owner.phone);
    let position = read(|owner| &owner.position);
    if let (Some(_), Some(email), Some(phone), Some(position)) = (&name, &email, &phone, &position)
    {
        return Ok(Contact {
            email: email.clone(),
            phone: phone.clone(),
            position: position.clone(),
            substituted: false,
        });
    }
    let Some(fallback) = fallback else {
        let read = [
            ("owned_by.full_name", name),
            ("owned_by.email", email),
            ("owned_by.phone", phone),
            ("owned_by.position", position),
        ];
        let lacking = read.into_iter().filter(|(_, text)| text.is_none());
        return Err(lacking.map(|(field, _)| field).collect());
    };
    let or =
        |own: Option<Pii<String>>, other: &str| own.unwrap_or_else(|| Pii::new(other.to_owned()));
    Ok(Contact {
        email: or(email, &fallback.email),
        phone: or(phone, &fallback.phone),
        position: Pii::new(fallback.position.clone()),
        substituted: true,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{profile, user, user_with};
    use super::*;

    fn fallback() -> FallbackContact {
        profile().primero.fallback_contact.expect("it has one")
    }

    fn shown(contact: &Contact) -> [&str; 3] {
        [&contact.email, &contact.phone, &contact.position].map(|text| text.expose().as_str())
    }

    #[test]
    fn the_owner_of_the_case_is_the_contact() {
        let contact = of(Some(&user()), Some(&fallback())).expect("a contact");
        assert_eq!(
            shown(&contact),
            ["worker@example.org", "+251900000001", "Case worker"]
        );
        assert!(!contact.substituted);
    }

    #[test]
    fn what_the_owner_lacks_is_the_fallbacks_and_the_position_says_so() {
        let fallback = fallback();
        let position = fallback.position.as_str();
        for (field, value, expected) in [
            (
                "email",
                json!(null),
                [&*fallback.email, "+251900000001", position],
            ),
            (
                "phone",
                json!(" "),
                ["worker@example.org", &*fallback.phone, position],
            ),
            (
                "position",
                json!(""),
                ["worker@example.org", "+251900000001", position],
            ),
            (
                "full_name",
                Value::Null,
                ["worker@example.org", "+251900000001", position],
            ),
        ] {
            let contact = of(Some(&user_with(field, value)), Some(&fallback)).expect("a contact");
            assert_eq!(shown(&contact), expected, "{field}");
            assert!(contact.substituted);
        }
    }

    #[test]
    fn an_owner_whom_nobody_knows_is_the_fallback_altogether() {
        let fallback = fallback();
        let contact = of(None, Some(&fallback)).expect("a contact");
        let all = [&*fallback.email, &*fallback.phone, &*fallback.position];
        assert_eq!(shown(&contact), all);
    }

    #[test]
    fn a_disabled_account_is_no_contact() {
        let fallback = fallback();
        let left = user_with("disabled", true);
        let contact = of(Some(&left), Some(&fallback)).expect("a contact");
        let all = [&*fallback.email, &*fallback.phone, &*fallback.position];
        assert_eq!(shown(&contact), all);
        assert!(contact.substituted);
    }

    #[test]
    fn without_a_fallback_what_is_lacking_is_named() {
        let lacking = of(Some(&user_with("phone", json!(null))), None);
        assert_eq!(lacking, Err(vec!["owned_by.phone"]));
        assert_eq!(of(None, None).map_err(|fields| fields.len()), Err(4));
        assert!(of(Some(&user()), None).is_ok());
    }
}
