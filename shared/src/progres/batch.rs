//! Batches: one bad record must not fail its neighbours, so a refused batch is halved until the culprit stands alone.

use std::iter;

use crate::transport::GateError;

/// Sends `items` in batches of at most `size`. Every part comes back with its answer, in order; a part that failed for one record's
/// fault holds just that record. Costs about ten calls for one bad record in twenty-five.
///
/// A failure that may be the whole system's is taken for it once more parts fail in a row than one bad record explains: no other part is
/// sent then. What stops the run is the answer to all, unless a part was taken before: that must not be forgotten, so then it is the
/// answer to the parts that are left.
pub async fn bisected<'i, I, T>(
    items: &'i [I],
    size: usize,
    send: impl AsyncFn(&[I]) -> Result<T, GateError>,
) -> Result<Vec<(&'i [I], Result<T, GateError>)>, GateError> {
    let mut answers: Vec<(&[I], Result<T, GateError>)> = Vec::new();
    let mut batches = items.chunks(size.max(1));
    while let Some(batch) = batches.next() {
        let explained = batch.len().ilog2() + 1;
        let (mut parts, mut in_a_row) = (vec![batch], 0);
        while let Some(part) = parts.pop() {
            let mut answer = send(part).await;
            in_a_row = match &answer {
                Err(error) if error.may_be_the_system() => in_a_row + 1,
                _ => 0,
            };
            let is_the_system = in_a_row > explained;
            if is_the_system {
                answer = answer.map_err(GateError::of_the_system);
            }
            match answer {
                Err(GateError::Run(stop)) if answers.iter().all(|(_, answer)| answer.is_err()) => {
                    return Err(stop.into());
                }
                Err(error) if is_the_system || matches!(error, GateError::Run(_)) => {
                    let left = parts.drain(..).rev().chain(batches.by_ref());
                    let left = iter::once(part).chain(left);
                    answers.extend(left.map(|part| (part, Err(error.clone()))));
                }
                Err(error) if error.may_be_one_record() && part.len() > 1 => {
                    let (left, right) = part.split_at(part.len() / 2);
                    parts.extend([right, left]);
                }
                answer => answers.push((part, answer)),
            }
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::domain::reason::Stop;
    use crate::domain::system::System;

    const ROUTE: &str = "details";

    fn unreadable() -> GateError {
        GateError::UnreadableRecord {
            system: System::Ping,
            route: ROUTE,
            place: "`Data[0]`".to_owned(),
        }
    }

    /// Sends forty items, twenty-five at a time, to a system that fails on these; counts the calls.
    async fn forty(
        bad: impl Fn(&i32) -> bool,
        error: &GateError,
    ) -> (
        Result<Vec<(Vec<i32>, Result<(), GateError>)>, GateError>,
        u32,
    ) {
        let calls = Cell::new(0);
        let items: Vec<i32> = (0..40).collect();
        let answers = bisected(&items, 25, async |part: &[i32]| {
            calls.set(calls.get() + 1);
            if part.iter().any(&bad) {
                Err(error.clone())
            } else {
                Ok(())
            }
        })
        .await;
        let answers = answers.map(|answers| {
            let reached = answers.iter().flat_map(|(part, _)| part.iter());
            assert!(reached.eq(&items), "each once, in order");
            let own = answers
                .into_iter()
                .map(|(part, answer)| (part.to_vec(), answer));
            own.collect()
        });
        (answers, calls.get())
    }

    #[tokio::test]
    async fn one_bad_record_stands_alone_after_about_ten_calls() {
        for error in [
            GateError::Reported(None),
            GateError::Failed(System::Ping),
            unreadable(),
        ] {
            for bad in [0, 17, 24, 39] {
                let (answers, calls) = forty(|item| *item == bad, &error).await;

                let mut failed = answers.expect("nothing stops the run");
                failed.retain(|(_, answer)| answer.is_err());
                assert_eq!(failed, [(vec![bad], Err(error.clone()))]);
                assert!(calls <= 12, "{bad}: {calls} calls");
            }
        }
    }

    #[tokio::test]
    async fn two_bad_records_stand_alone_each() {
        let error = GateError::Failed(System::Ping);

        let (answers, _) = forty(|item| [3, 20].contains(item), &error).await;

        let mut failed = answers.expect("nothing stops the run");
        failed.retain(|(_, answer)| answer.is_err());
        let alone = |item| (vec![item], Err(error.clone()));
        assert_eq!(failed, [alone(3), alone(20)]);
    }

    #[tokio::test]
    async fn a_system_that_fails_on_everything_is_soon_left_alone() {
        let (answers, calls) = forty(|_| true, &GateError::Failed(System::Ping)).await;

        let (answers, calls) = (answers.expect("nothing stops the run"), calls);
        assert!(answers.iter().all(|(_, answer)| answer.is_err()));
        let down = Err(GateError::Unavailable(System::Ping));
        assert_eq!(answers.last().map(|(_, answer)| answer), Some(&down));
        assert_eq!(calls, 6);

        let (answers, calls) = forty(|_| true, &unreadable()).await;

        let stop = Stop::UnreadableAnswer {
            system: System::Ping,
            route: ROUTE,
            place: "`Data[0]`".to_owned(),
        };
        assert_eq!((answers, calls), (Err(stop.into()), 6));
    }

    #[tokio::test]
    async fn a_system_that_is_down_is_not_asked_in_halves() {
        let (answers, calls) = forty(|_| true, &GateError::Unavailable(System::Ping)).await;

        assert_eq!(
            (answers.expect("nothing stops the run").len(), calls),
            (2, 2)
        );
    }

    #[tokio::test]
    async fn what_was_taken_before_the_run_is_stopped_is_not_forgotten() {
        let stop = GateError::Run(Stop::AuthenticationFailed(System::Ping));

        let (answers, calls) = forty(|item| *item > 24, &stop).await;

        let answers = answers.expect("a part was taken");
        let answers: Vec<_> = answers.into_iter().map(|(_, answer)| answer).collect();
        assert_eq!((answers, calls), (vec![Ok(()), Err(stop.clone())], 2));
        let (nothing, calls) = forty(|_| true, &stop).await;
        assert_eq!((nothing, calls), (Err(stop), 1));
    }
}
