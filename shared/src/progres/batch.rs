//! Batches: one bad record must not fail its neighbours, so a refused batch is halved until the culprit stands alone.

use crate::transport::GateError;

/// Sends `items` in batches of at most `size`. Every part comes back with its answer, in order; a part that failed for one record's
/// fault holds just that record. Costs about ten calls for one bad record in twenty-five.
///
/// What stops the run is the answer to all, unless a part was taken before: that must not be forgotten, so then it is the answer to the
/// parts that are left.
pub async fn bisected<'i, I, T>(
    items: &'i [I],
    size: usize,
    send: impl AsyncFn(&[I]) -> Result<T, GateError>,
) -> Result<Vec<(&'i [I], Result<T, GateError>)>, GateError> {
    let mut parts: Vec<&[I]> = items.chunks(size.max(1)).rev().collect();
    let mut answers: Vec<(&[I], Result<T, GateError>)> = Vec::with_capacity(parts.len());
    while let Some(part) = parts.pop() {
        match send(part).await {
            Err(error) if error.may_be_one_record() && part.len() > 1 => {
                let (left, right) = part.split_at(part.len() / 2);
                parts.extend([right, left]);
            }
            Err(GateError::Run(stop)) => {
                if answers.iter().all(|(_, answer)| answer.is_err()) {
                    return Err(stop.into());
                }
                let left = std::iter::once(part).chain(parts.drain(..).rev());
                answers.extend(left.map(|part| (part, Err(stop.clone().into()))));
            }
            answer => answers.push((part, answer)),
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

    #[tokio::test]
    async fn one_bad_record_of_twenty_five_stands_alone_after_about_ten_calls() {
        let calls = Cell::new(0);
        let items: Vec<i32> = (0..25).collect();
        let answers = bisected(&items, 25, async |part: &[i32]| {
            calls.set(calls.get() + 1);
            if part.contains(&17) {
                Err(GateError::Reported(None))
            } else {
                Ok(())
            }
        })
        .await
        .expect("nothing stops the run");
        let failed: Vec<&[i32]> = answers
            .iter()
            .filter(|(_, a)| a.is_err())
            .map(|(part, _)| *part)
            .collect();
        assert_eq!(failed, [&[17]]);
        let reached: Vec<i32> = answers
            .iter()
            .flat_map(|(part, _)| part.iter().copied())
            .collect();
        assert_eq!(reached, items);
        assert!(calls.get() <= 11, "{} calls", calls.get());
    }

    #[tokio::test]
    async fn a_system_that_is_down_is_not_asked_in_halves() {
        let calls = Cell::new(0);
        let answers = bisected(&[1, 2, 3, 4], 4, async |_: &[i32]| {
            calls.set(calls.get() + 1);
            Err::<(), _>(GateError::Unavailable(System::Ping))
        })
        .await
        .expect("nothing stops the run");
        assert_eq!((answers.len(), calls.get()), (1, 1));
    }

    #[tokio::test]
    async fn what_was_taken_before_the_run_is_stopped_is_not_forgotten() {
        let stop = || GateError::Run(Stop::AuthenticationFailed(System::Ping));
        let answers = bisected(&[1, 2, 3], 1, async |part: &[i32]| {
            if part == [1] { Ok(()) } else { Err(stop()) }
        })
        .await
        .expect("a part was taken");
        let answers: Vec<_> = answers.into_iter().map(|(_, answer)| answer).collect();
        assert_eq!(answers, [Ok(()), Err(stop()), Err(stop())]);
        let nothing = bisected(&[1, 2], 1, async |_: &[i32]| Err::<(), _>(stop())).await;
        assert_eq!(nothing, Err(stop()));
    }
}
