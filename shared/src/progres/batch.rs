//! Batches: one bad record must not fail its neighbours, so a refused batch is halved until the culprit stands alone.

use crate::transport::GateError;

/// Sends `items` in batches of at most `size`. Every part comes back with its answer, in order; a part that failed for one record's
/// fault holds just that record. Costs about ten calls for one bad record in twenty-five.
pub async fn bisected<'i, I, T>(
    items: &'i [I],
    size: usize,
    send: impl AsyncFn(&[I]) -> Result<T, GateError>,
) -> Result<Vec<(&'i [I], Result<T, GateError>)>, GateError> {
    let mut parts: Vec<&[I]> = items.chunks(size.max(1)).rev().collect();
    let mut answers = Vec::with_capacity(parts.len());
    while let Some(part) = parts.pop() {
        match send(part).await {
            Err(error) if error.may_be_one_record() && part.len() > 1 => {
                let (left, right) = part.split_at(part.len() / 2);
                parts.extend([right, left]);
            }
            Err(GateError::Run(stop)) => return Err(stop.into()),
            answer => answers.push((part, answer)),
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

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
            Err::<(), _>(GateError::Unavailable(crate::domain::system::System::Ping))
        })
        .await
        .expect("nothing stops the run");
        assert_eq!((answers.len(), calls.get()), (1, 1));
    }
}
