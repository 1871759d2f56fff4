//! What is proven of an installation before anything is moved: every check by name, in one place.
//!
//! `docs/CHECKS.md` is the same table for people; a test keeps the two equal.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $severity:ident, $expected:literal;)+) => {
        /// A check. Its key stands in reports and in `docs/CHECKS.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CheckKey {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl CheckKey {
            /// Every check.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The key, in snake case.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What a fault that it finds means for the run.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// How it should be.
            #[must_use]
            pub const fn expected(self) -> &'static str {
                match self { $(Self::$variant => $expected,)+ }
            }

            /// What the fault most likely means and what to do, one paragraph.
            #[must_use]
            pub fn hint(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim(),)+ }
            }
        }
    };
}

checks! {
    /// The role of the bridge's user in Primero sees some cases only: decisions and referrals of the others would be passed over for ever, and their children would get second cases. Let the role see the cases of everybody.
    PrimeroScope = "primero_scope", Stop, "the role's `role_group_permission` is `all`";
    /// The user may not list users, so its scope is judged by what it sees: cases of somebody else, and hardly fewer than before. Let the role see the cases of everybody, and list users.
    PrimeroVisibleCases = "primero_visible_cases", Stop, "a case of somebody else, and at most 5 % fewer cases than before (always 5)";
    /// Primero has no case form for the module of the profile. Correct `primero.module_id`, or give the module its forms.
    PrimeroModule = "primero_module", Stop, "the module exists and has case forms";
    /// Primero drops what no form has without a word, and these fields the way back rests on. Add them to the case form or the services form.
    PrimeroFields = "primero_fields", Stop, "the forms have every field that the round trip needs";
    /// Primero drops what no form has without a word: these values get lost, and nothing else does. Add the fields to the case form or the services form, or accept it.
    PrimeroOtherFields = "primero_other_fields", Warning, "the forms have every other field that is mapped";
    /// The role may read these forms but not write them, or lacks them: Primero would make cases without what they hold. Give the role read and write access to them.
    PrimeroWritableForms = "primero_writable_forms", Stop, "the role reads and writes the forms that hold the mapped fields";
    /// Primero takes a case of an owner whom it does not know, and then nobody sees it. Correct `primero.intake_user`, or enable the user.
    PrimeroIntakeUser = "primero_intake_user", Stop, "`primero.intake_user` is an enabled user";
    /// The user may not read what these checks rest on, so they prove nothing; the first write of each run is read back in any case. Let the role list users and read forms.
    Unchecked = "unchecked", Warning, "the role may list users and read forms";
}

/// What a fault means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The run ends before its first write and before its cursor moves.
    Stop,
    /// Somebody should know; the run goes on.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Stop => "stop",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is otherwise than it should be. Holds names of fields and forms, ids, codes and counts, never a person's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Which check found it: [`CheckKey::code`].
    pub key: Cow<'static, str>,
    /// How it is.
    pub found: String,
    /// How it should be.
    pub expected: Cow<'static, str>,
    /// What it most likely means and what to do.
    pub hint: Cow<'static, str>,
    /// What it means for the run.
    pub severity: Severity,
}

impl Check {
    /// What a check found.
    #[must_use]
    pub fn of(key: CheckKey, found: impl Into<String>) -> Self {
        Self {
            key: key.code().into(),
            found: found.into(),
            expected: key.expected().into(),
            hint: key.hint().into(),
            severity: key.severity(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_for_people_lists_every_check_with_what_it_means() {
        let table = include_str!("../../../docs/CHECKS.md");
        for check in CheckKey::ALL {
            let row = format!(
                "| `{}` | {} | {} | {} |",
                check.code(),
                check.severity(),
                check.expected(),
                check.hint()
            );
            assert!(
                table.contains(&row),
                "docs/CHECKS.md lacks this row:\n{row}"
            );
        }
        let rows = table.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(
            rows,
            CheckKey::ALL.len(),
            "docs/CHECKS.md has rows that are no check"
        );
    }
}
