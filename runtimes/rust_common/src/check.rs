//! Runs every scenario at smoke size, in every combination of its choices, and compares the answers
//! with the oracle: what the tests of each contender do in each of its variants.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::latency::Recorder;
use crate::scenarios::Cell;
use crate::{Failure, Runtime, Setup};

/// The values of some parameters, of which each is tried with each.
type Choices = Vec<(&'static str, Value)>;

/// A scenario, the sizes that take milliseconds, and its choices.
fn grid() -> Vec<(&'static str, Value, Choices)> {
    let styles = json!(["sequential", "join", "spawn"]);
    let shapes = json!([1, 3]);
    vec![
        ("chained_spawn", json!({"depth": 20}), vec![]),
        (
            "channel",
            json!({"messages": 200}),
            vec![
                ("capacity", json!([1, 100, "unbounded"])),
                ("producers", shapes.clone()),
                ("consumers", shapes.clone()),
                ("payload_bytes", json!([8, 512, 32_768])),
                ("receive", json!(["one", "many"])),
            ],
        ),
        (
            "channel_backpressure",
            json!({"capacity": 4, "messages": 100, "steps": 100}),
            vec![("policy", json!(["wait", "drop", "spill", "unbounded"]))],
        ),
        (
            "channel_latency",
            json!({"messages": 100}),
            vec![
                ("producers", shapes.clone()),
                ("consumers", shapes),
                ("capacity", json!([1, 16])),
            ],
        ),
        (
            "channel_ring",
            json!({"tasks": 5, "rounds": 5}),
            vec![("tokens", json!([1, 2, 5]))],
        ),
        (
            "join",
            json!({"width": 3, "delay_us": 200}),
            vec![
                ("style", styles.clone()),
                ("delays", json!(["equal", "unequal"])),
                ("delay_us", json!([0, 200])),
            ],
        ),
        (
            "join_cpu",
            json!({"width": 3, "steps": 100}),
            vec![("style", styles)],
        ),
        ("ping_pong", json!({"pairs": 20}), vec![]),
        (
            "proxy",
            json!({"connections": 3, "round_trips": 5}),
            vec![
                ("through", json!(["direct", "proxy"])),
                ("message_bytes", json!([100, 100_000])),
            ],
        ),
        ("skynet", json!({"leaves": 1_000}), vec![]),
        (
            "spawn",
            json!({"tasks": 100}),
            vec![
                ("style", json!(["spawn", "unordered_set", "spawn_set"])),
                ("body", json!(["ready", "yield", "sleep", "receive"])),
                ("from", json!(["worker", "external", "block_on"])),
            ],
        ),
        ("yield", json!({"tasks": 10, "yields": 10}), vec![]),
    ]
}

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
            let latency = Arc::new(Recorder::new());
            // Twice: what one run leaves behind must not hurt the next.
            for _ in 0..2 {
                let answer = runtime.run(&cell, &latency);
                assert_eq!(answer, Ok(cell.expected()), "{scenario} {params}");
            }
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
