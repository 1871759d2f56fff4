//! Where a deployment's two systems are.

use super::system::System;

/// The addresses of both systems, which are no secret, and in whose name the deployment works there. Two sites are the same place if
/// their texts are: whoever makes one writes addresses in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Base URL of the gate to proGres.
    pub ping: String,
    /// Base URL of Primero.
    pub primero: String,
    /// Primero's host and the agency, as `host#agency`: only one deployment may work there.
    pub owned: String,
}

impl Site {
    /// The first system that was elsewhere before.
    #[must_use]
    pub fn moved_from(&self, before: &Self) -> Option<System> {
        if self.primero != before.primero {
            Some(System::Primero)
        } else if self.ping != before.ping {
            Some(System::Ping)
        } else {
            None
        }
    }
}
