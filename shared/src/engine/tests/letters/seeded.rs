//! Random stories from a seed, told on one table, each in a deployment of its own.

use std::fmt::Debug;
use std::sync::Arc;

use embedded_dynamodb::EmbeddedDynamoDb;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Builder;

use super::super::scenario::{Scenario, TABLE};
use super::super::systems::Systems;
use crate::store::table;

/// Tells `cases` stories. The seed is `ENGINE_SEED`, else 1, and `ENGINE_CASES` asks for more or fewer; a failure names the seed, and the
/// shortest story that fails.
pub fn tell<S: Strategy>(
    cases: u32,
    stories: &S,
    told: impl AsyncFn(Scenario, S::Value) -> Result<(), TestCaseError>,
) where
    S::Value: Debug,
{
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed: u64 = number("ENGINE_SEED").unwrap_or(1);
    let cases = number("ENGINE_CASES").map_or(cases, |cases| {
        u32::try_from(cases).expect("fewer than four thousand million")
    });
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let state = runtime.block_on(async {
        let state = EmbeddedDynamoDb::in_memory().await.expect("it starts");
        table::ensure(&state.client(), TABLE)
            .await
            .expect("a table");
        Arc::new(state)
    });
    let story = std::cell::Cell::new(0_u32);
    let outcome = runner.run(stories, |value| {
        story.set(story.get() + 1);
        let deployment = format!("story-{}", story.get());
        let scene = Scenario::on(Arc::clone(&state), &deployment, Systems::default());
        runtime.block_on(told(scene, value))
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, story)) => panic!("seed {seed}: {why}\n{story:#?}"),
        Err(TestError::Abort(why)) => panic!("seed {seed}: {why}"),
    }
}
