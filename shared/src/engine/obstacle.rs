//! Why a life goes no further in this run.

use super::fault::Fault;
use super::flow::Stage;

/// What a life hears of a call.
pub type Answer<T> = Result<T, Obstacle>;

/// Why a life goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The record has a fault, which showed at this stage.
    Fault(Fault, Stage),
    /// No more of these calls go out in this run.
    Closed(Closed),
}

/// Why no more calls go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// There is no time left.
    Time,
    /// The run has written as much as it may, or looked at as much as it was asked for.
    Limit,
    /// The run cannot go on.
    Stopped,
}

impl Obstacle {
    /// A fault that showed at this stage.
    pub fn fault(at: Stage) -> impl FnOnce(Fault) -> Self {
        move |fault| Self::Fault(fault, at)
    }
}
