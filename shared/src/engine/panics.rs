//! A panic in one record is that record's fault, never the run's.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use super::fault::{CallError, Fault};
use super::workflow::BatchResult;
use crate::domain::reason::{Reason, Stop};

/// Runs a step of the run itself; a panic stops the run with `internal_error`.
pub async fn guarded_run<T>(step: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    AssertUnwindSafe(step)
        .catch_unwind()
        .await
        .unwrap_or(Err(Stop::InternalError))
}

/// Runs pure code for one record; a panic becomes held(`internal_error`).
pub fn guarded_now<T>(step: impl FnOnce() -> T) -> Result<T, Fault> {
    std::panic::catch_unwind(AssertUnwindSafe(step)).map_err(|_| internal())
}

/// Runs a batch step. If it panics, or answers for another number of records than asked, every record is tried alone, so that
/// only the one at fault is held.
pub async fn guarded_batch<I, T>(
    items: &[I],
    step: impl AsyncFn(&[I]) -> BatchResult<T>,
) -> BatchResult<T> {
    if let Some(answer) = whole_batch(items, &step).await {
        return answer;
    }
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        match whole_batch(std::slice::from_ref(item), &step).await {
            Some(Ok(mut one)) => answers.extend(one.pop()),
            Some(Err(CallError::Record(fault))) => answers.push(Err(fault)),
            Some(Err(run @ CallError::Run(_))) => return Err(run),
            None => answers.push(Err(internal())),
        }
    }
    Ok(answers)
}

async fn whole_batch<I, T>(
    items: &[I],
    step: &impl AsyncFn(&[I]) -> BatchResult<T>,
) -> Option<BatchResult<T>> {
    guarded_once(items, step(items)).await
}

/// Runs a step that must not be repeated; none if it panics, or answers for another number of records than asked.
pub async fn guarded_once<I, T>(
    items: &[I],
    step: impl Future<Output = BatchResult<T>>,
) -> Option<BatchResult<T>> {
    let answer = AssertUnwindSafe(step).catch_unwind().await.ok()?;
    match answer {
        Ok(answers) if answers.len() != items.len() => None,
        answer => Some(answer),
    }
}

fn internal() -> Fault {
    Fault::hold(Reason::InternalError, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_batch_hits_only_the_record_at_fault() {
        let answer = guarded_batch(&[1, 2, 3], async |items: &[i32]| {
            Ok(items
                .iter()
                .map(|item| {
                    if *item == 2 {
                        panic!("on purpose")
                    } else {
                        Ok(*item)
                    }
                })
                .collect())
        })
        .await;
        assert_eq!(answer, Ok(vec![Ok(1), Err(internal()), Ok(3)]));
    }

    #[tokio::test]
    async fn an_answer_for_too_few_records_loses_none() {
        let answer: BatchResult<i32> =
            guarded_batch(&[1, 2], async |_: &[i32]| Ok(vec![Ok(1)])).await;
        assert_eq!(answer.map(|answers| answers.len()), Ok(2));
    }
}
