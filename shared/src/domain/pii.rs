//! Personal data, marked so that it cannot be printed by accident.

use std::fmt;

/// Personal data of a child or a worker. It has no `Display`, its `Debug` is redacted and it does not serialise, so it reaches
/// neither a log nor a table; whoever sends it on says so with [`Pii::expose`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Marks a value as personal.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for sending it to the system it is meant for.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        assert_eq!(
            format!("{:?}", Some(Pii::new("Lindiwe"))),
            "Some([personal])"
        );
    }
}
