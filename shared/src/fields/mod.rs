//! Tables of fields: what of one system becomes which field of the other.
//!
//! A workflow's table is the only place that names a field. From it follow the keys that are asked for, validation, fingerprint, the
//! mapping itself, what a profile may not add, the lists of the checks, and the sheet that both agencies read. The tables say what is
//! read and in which way; how, is the workflow's.

pub mod referrals_to_primero;
pub mod referrals_to_progres;

use std::ops::Deref;

use serde::Serialize;

/// A field of a case that 1.1 may or may not do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// The family name.
    NameLast,
    /// The date of birth, and with it the age.
    DateOfBirth,
}

/// One row: a field there, and what it is made of here. `K` names a key of the source, `R` how it is read.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a, K, R> {
    /// The field of the system that is written.
    pub name: &'a str,
    /// The keys of the system that is read; none for what the bridge itself knows.
    pub from: Keys<'a, K>,
    /// Whether a record can go without it.
    pub need: Need<'a>,
    /// How it is read.
    pub read: R,
    /// Whether a form of Primero must have it; false for what Primero has by itself.
    pub on_form: bool,
}

/// The keys that a field is made of.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a, K> {
    /// Those of a row of the table.
    OfTable(&'a [K]),
    /// The one of a country's own field.
    OfProfile([K; 1]),
}

impl<K> Deref for Keys<'_, K> {
    type Target = [K];

    fn deref(&self) -> &[K] {
        match self {
            Self::OfTable(keys) => keys,
            Self::OfProfile(key) => key,
        }
    }
}

/// Whether a record can go without a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need<'a> {
    /// It is left out where the source has nothing.
    Optional,
    /// A record without it is held.
    Required,
    /// A record without it is held if the profile says so.
    AsTheProfileSays(Required),
    /// A record without any of these keys is held.
    AnyOf(&'a [&'a str]),
}

impl<'a, K: Copy, R: Copy> Field<'a, K, R> {
    /// An optional field, which a form must have.
    #[must_use]
    pub const fn new(name: &'a str, from: &'a [K], read: R) -> Self {
        Self {
            name,
            from: Keys::OfTable(from),
            need: Need::Optional,
            read,
            on_form: true,
        }
    }

    /// The same, but needed.
    #[must_use]
    pub const fn needed(mut self, need: Need<'a>) -> Self {
        self.need = need;
        self
    }

    /// The same, but without a form.
    #[must_use]
    pub const fn by_itself(mut self) -> Self {
        self.on_form = false;
        self
    }
}

impl Need<'_> {
    /// The need in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Optional => "no".to_owned(),
            Self::Required => "yes".to_owned(),
            Self::AsTheProfileSays(Required::NameLast) => {
                "yes, unless `primero.required` leaves out `name_last`".to_owned()
            }
            Self::AsTheProfileSays(Required::DateOfBirth) => {
                "yes, unless `primero.required` leaves out `date_of_birth`".to_owned()
            }
            Self::AnyOf(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                format!("{}, one of them", keys.join(" or "))
            }
        }
    }
}

/// Adds what is not in a list yet.
pub fn each_once<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut list = Vec::new();
    for one in all {
        if !list.contains(&one) {
            list.push(one);
        }
    }
    list
}
