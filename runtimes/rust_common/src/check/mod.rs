//! Runs every scenario at smoke size, in every combination of its choices, and compares the answers
//! with the oracle: what the tests of each contender do in each of its variants.

mod grid;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::latency::Recorder;
use crate::scenarios::Cell;
use crate::{Failure, Runtime, Setup};
use grid::grid;

fn combinations(base: Value, choices: &[(&'static str, Value)]) -> Vec<Value> {
    choices.iter().fold(vec![base], |cells, (name, values)| {
        let values = values.as_array().expect("a list of values");
        let finer = |cell: &Value| {
            values
                .iter()
                .map(|value| {
                    let mut cell = cell.clone();
                    cell[*name] = value.clone();
                    cell
                })
                .collect::<Vec<_>>()
        };
        cells.iter().flat_map(finer).collect()
    })
}

/// Panics with a sentence at the first cell that goes wrong.
pub fn every_scenario<R: Runtime>(variant: &'static str, threads: usize) {
    every_scenario_but::<R>(&[], variant, threads);
}

/// The same for a contender that cannot run all of them. It must say so of those.
pub fn every_scenario_but<R: Runtime>(unsupported: &[&str], variant: &'static str, threads: usize) {
    let mut runtime = R::set_up(&Setup { variant, threads }).expect("the runtime can be set up");
    let grid = grid();
    assert_eq!(
        grid.len(),
        Cell::all().len(),
        "a scenario has no smoke size"
    );
    for (scenario, base, choices) in grid {
        for params in combinations(base, &choices) {
            let cell = Cell::read(scenario, params.clone()).expect("the smoke size is valid");
            let is_supported = !unsupported.contains(&scenario);
            let latency = Arc::new(Recorder::new());
            // Twice: what one run leaves behind must not hurt the next.
            for _ in 0..2 {
                let answer = runtime.run(&cell, &latency);
                let is_right = match &answer {
                    Err(Failure::Unsupported(_)) => !is_supported,
                    answer => is_supported && *answer == Ok(cell.expected()),
                };
                assert!(is_right, "{scenario} {params} answered {answer:?}");
            }
            let is_timed = latency.clocked().is_some();
            assert!(
                is_timed == cell.times_a_part() || !is_supported,
                "{scenario} {params}: a part is timed: {is_timed}"
            );
        }
    }
}

/// Panics unless a channel that hands over without ever holding a message is said to be
/// unsupported.
pub fn a_rendezvous_is_unsupported<R: Runtime>(variant: &'static str) {
    let mut runtime = R::set_up(&Setup {
        variant,
        threads: 2,
    })
    .expect("the runtime can be set up");
    for scenario in ["channel", "channel_latency"] {
        let cell = Cell::read(scenario, json!({"capacity": 0})).expect("it is valid");
        let answer = runtime.run(&cell, &Arc::new(Recorder::new()));
        assert!(
            matches!(answer, Err(Failure::Unsupported(_))),
            "{scenario} answered {answer:?}"
        );
    }
}
