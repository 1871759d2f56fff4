//! proGres option sets, one enum per field: the same number means different things in different fields.
//!
//! A number that is not listed has no variant, so it can never be mapped to a neighbour. Source: spec of PING, "Codes".

use serde_json::Value;

use super::words::says;

/// A value that is not a code of the field it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown code")]
pub struct UnknownCode;

macro_rules! code_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $words:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every code of the field.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The option-set number.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The code in proGres' own words, as its `…name` twin has them.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)+ }
            }

            /// Reads the words of a code, whatever their case and blanks.
            #[must_use]
            pub fn named(words: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| says(words, code.words()))
            }

            /// Reads a number, or a text of digits, as PING sends either.
            pub fn from_value(value: &Value) -> Result<Self, UnknownCode> {
                match value {
                    Value::Number(number) => number.as_u64().ok_or(UnknownCode)?.try_into(),
                    Value::String(text) => Self::from_text(text),
                    _ => Err(UnknownCode),
                }
            }

            /// Reads a text of digits.
            pub fn from_text(text: &str) -> Result<Self, UnknownCode> {
                text.trim().parse::<u64>().map_err(|_| UnknownCode)?.try_into()
            }
        }

        impl TryFrom<u64> for $name {
            type Error = UnknownCode;

            fn try_from(number: u64) -> Result<Self, UnknownCode> {
                match number { $($number => Ok(Self::$variant),)+ _ => Err(UnknownCode) }
            }
        }
    };
}

code_enum!(
    /// `progres_primerotransferstatus`: how far a referral to Primero has come.
    TransferStatus {
        /// The referral could not be delivered.
        DeliveryFail = 125_080_001 "Delivery Fail",
        /// Received by Primero, nobody has decided.
        Pending = 125_080_002 "Pending",
        /// Accepted in Primero.
        Acknowledged = 125_080_003 "Acknowledged",
        /// Rejected in Primero.
        Rejected = 125_080_004 "Rejected",
    }
);
code_enum!(
    /// `progres_interoperabilityreferralstatus`: what became of a referral to proGres.
    InteropReferralStatus {
        /// UNHCR took it.
        Accepted = 125_080_001 "Accepted",
        /// UNHCR refused it.
        Rejected = 125_080_002 "Rejected",
        /// Decided, and Primero knows: finished.
        Synced = 125_080_003 "Synced with PRIMERO",
    }
);
code_enum!(
    /// `progres_reviewdecision`: a decision where the status above is absent.
    ReviewDecision {
        /// UNHCR took it.
        Accepted = 125_080_000 "Accepted",
        /// UNHCR refused it.
        Rejected = 125_080_001 "Rejected",
    }
);
code_enum!(
    /// `progres_interoperabiltyreferralrejectionreason` (sic): why UNHCR refused a referral.
    RejectionReason {
        /// Nobody in proGres is this individual.
        IndividualNotFound = 125_080_000 "Individual Not Found",
        /// The UNHCR id belongs to somebody else.
        IndividualNotMatched = 125_080_001 "Individual Not Match UNHCR ID",
        /// The referral is not for UNHCR.
        NotApplicable = 125_080_002 "Not applicable",
    }
);
code_enum!(
    /// `progres_sex`.
    SexCode {
        /// Female.
        Female = 125_080_000 "Female",
        /// Male.
        Male = 125_080_001 "Male",
        /// Other.
        Other = 125_080_002 "Other",
        /// Not known to the person who registered the child.
        Unknown = 125_080_003 "Unknown",
    }
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_and_its_digits_are_the_same_code() {
        assert_eq!(
            SexCode::from_value(&json!(125_080_000)),
            Ok(SexCode::Female)
        );
        assert_eq!(
            SexCode::from_value(&json!(" 125080000 ")),
            Ok(SexCode::Female)
        );
    }

    #[test]
    fn a_code_is_known_by_its_words_too() {
        for status in InteropReferralStatus::ALL {
            assert_eq!(InteropReferralStatus::named(status.words()), Some(*status));
        }
        let named = InteropReferralStatus::named(" synced  with primero ");
        assert_eq!(named, Some(InteropReferralStatus::Synced));
        assert_eq!(SexCode::named("girl"), None);
    }

    #[test]
    fn what_is_not_listed_is_unknown() {
        for value in [
            json!(125_080_009),
            json!("female"),
            json!(null),
            json!(""),
            json!(-1),
            json!(1.5),
        ] {
            assert_eq!(SexCode::from_value(&value), Err(UnknownCode), "{value}");
        }
    }

    #[test]
    fn the_same_number_means_different_things_per_field() {
        assert_eq!(TransferStatus::Pending.number(), SexCode::Other.number());
        assert_eq!(
            InteropReferralStatus::Accepted.number(),
            ReviewDecision::Rejected.number()
        );
    }

    #[test]
    fn every_option_set_has_the_numbers_of_the_contract() {
        let from =
            |numbers: &[u32]| -> Vec<u32> { numbers.iter().map(|n| 125_080_000 + n).collect() };
        let all = |codes: Vec<u32>, last: &[u32]| assert_eq!(codes, from(last));
        all(
            TransferStatus::ALL.iter().map(|c| c.number()).collect(),
            &[1, 2, 3, 4],
        );
        all(
            InteropReferralStatus::ALL
                .iter()
                .map(|c| c.number())
                .collect(),
            &[1, 2, 3],
        );
        all(
            ReviewDecision::ALL.iter().map(|c| c.number()).collect(),
            &[0, 1],
        );
        all(
            RejectionReason::ALL.iter().map(|c| c.number()).collect(),
            &[0, 1, 2],
        );
        all(
            SexCode::ALL.iter().map(|c| c.number()).collect(),
            &[0, 1, 2, 3],
        );
    }
}
