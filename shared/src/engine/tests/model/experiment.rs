//! Many cases of one property, in one world, with a seed that repeats them.

use std::time::Instant;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::world::World;

/// The same cases every time, unless `PROPTEST_RNG_SEED` asks for others.
const SEED: u64 = 20_261_125;

/// Lets `property` be tried on so many cases of `cases`; it panics where it does not hold. The smallest case that is found to fail is
/// shown, with the seed.
pub fn experiment<S: Strategy>(count: u32, cases: &S, property: &impl AsyncFn(&World, &S::Value)) {
    let asked_for = Config::default();
    let seed = match asked_for.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => SEED,
    };
    let count = count * times();
    let config = Config {
        cases: count,
        failure_persistence: None,
        max_shrink_iters: 400,
        rng_seed: RngSeed::Fixed(seed),
        ..asked_for
    };
    let world = World::open();
    let begun = Instant::now();
    let result = TestRunner::new(config).run(cases, |case| {
        world.runtime.block_on(property(&world, &case));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}\nrepeat with PROPTEST_RNG_SEED={seed}");
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{count} cases in {seconds:.1} s, seed {seed}");
}

/// How many times as many cases are tried: `MODEL_TIMES`, else once.
fn times() -> u32 {
    let asked_for = std::env::var("MODEL_TIMES").ok();
    asked_for.map_or(1, |times| times.parse().expect("MODEL_TIMES is a number"))
}
