//! Every scenario's half that needs no runtime: its parameters with their defaults, when they make
//! no sense, the answer that a run must give, and its unit of work. The texts in `scenarios/*.hpp`
//! say what each is for; names, defaults, answers and operations are theirs, and the driver checks
//! that they stay so.

mod blocking;
mod channels;
mod choice;
mod footprint;
mod io;
mod joining;
mod parameters;
mod scheduler;
mod streams;
mod time;

pub use blocking::{Blocking, How, SpawnBlocking};
pub use channels::{
    Capacity, Channel, ChannelBackpressure, ChannelLatency, ChannelRing, Policy, Receive,
};
pub use choice::{CancelRead, CancelStorm, Select, Shutdown, TaskState};
pub use footprint::{FrameSize, Held, Memory, Parked, Scope, Started, Startup};
pub use io::{Accept, ConnectChurn, Echo, FileRead, Proxy, Through};
pub use joining::{Body, Delays, Join, JoinCpu, JoinStyle, Origin, Spawn, SpawnStyle};
pub use scheduler::{
    ChainedSpawn, Fairness, FanOut, Fib, Load, Nqueens, PingPong, Placement, Scaling, Skynet,
    SpawnMany, SpawnedFrom, Wake, Work, Yield,
};
pub use streams::{By, Bytes, Stream};
pub use time::{Phase, SleepMany, TimedBody, Timeout, TimerLateness, Timers};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Failure;
use parameters::{choice, parameters};

/// The one list of scenarios.
macro_rules! cells {
    ($($scenario:ident),* $(,)?) => {
        /// A scenario with its parameters.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "scenario", content = "params", rename_all = "snake_case")]
        pub enum Cell {
            $($scenario($scenario)),*
        }

        impl Cell {
            /// All scenarios with their defaults.
            pub fn all() -> Vec<Cell> {
                vec![$(Cell::$scenario($scenario::default())),*]
            }

            fn scenario(&self) -> &dyn Scenario {
                match self {
                    $(Cell::$scenario(p) => p),*
                }
            }
        }
    };
}

cells!(
    Accept,
    Blocking,
    Bytes,
    CancelRead,
    CancelStorm,
    ChainedSpawn,
    Channel,
    ChannelBackpressure,
    ChannelLatency,
    ChannelRing,
    ConnectChurn,
    Echo,
    Fairness,
    FanOut,
    Fib,
    FileRead,
    FrameSize,
    Join,
    JoinCpu,
    Memory,
    Nqueens,
    PingPong,
    Proxy,
    Scaling,
    Select,
    Shutdown,
    Skynet,
    SleepMany,
    Spawn,
    SpawnBlocking,
    SpawnMany,
    Startup,
    Stream,
    Timeout,
    TimerLateness,
    Timers,
    Wake,
    Yield,
);

/// What each parameter type answers about itself.
trait Scenario {
    /// The answer of one run.
    fn expected(&self) -> u64;
    /// What the time is divided by.
    fn operations(&self) -> u64;
    /// Why these parameters make no sense.
    fn invalid(&self) -> Option<&'static str> {
        None
    }
    /// Why no contender in Rust can run these.
    fn unsupported(&self) -> Option<&'static str> {
        None
    }
    /// Does a run start and stop the clock itself?
    fn times_a_part(&self) -> bool {
        false
    }
    /// How many threads the runtime is to have, whatever the driver has set up otherwise.
    fn threads(&self) -> Option<usize> {
        None
    }
    /// Is making the runtime part of a run?
    fn makes_its_runtime(&self) -> bool {
        false
    }
}

impl Cell {
    /// The cell of that scenario; parameters that `params` does not name have their defaults.
    pub fn read(scenario: &str, params: Value) -> Result<Cell, Failure> {
        if !Cell::all().iter().any(|known| known.name() == scenario) {
            return Err(Failure::Unsupported(format!(
                "this contender knows no scenario '{scenario}'"
            )));
        }
        let complain = |what: String| Failure::Failed(format!("{scenario}: {what}"));
        // A list would be taken for the parameters in their order.
        if !params.is_object() {
            return Err(complain(format!(
                "params must be an object such as {{\"tasks\":1000}}, but it is {params}"
            )));
        }
        let cell: Cell = serde_json::from_value(json!({"scenario": scenario, "params": params}))
            .map_err(|error| complain(error.to_string()))?;
        if let Some(reason) = cell.scenario().invalid() {
            return Err(complain(reason.to_owned()));
        }
        match cell.scenario().unsupported() {
            Some(reason) => Err(Failure::Unsupported(reason.to_owned())),
            None => Ok(cell),
        }
    }

    pub fn name(&self) -> String {
        let written = self.to_json();
        written["scenario"].as_str().unwrap_or_default().to_owned()
    }

    /// `{"scenario":"skynet","params":{"leaves":1000,…}}`
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("parameters are numbers and words")
    }

    pub fn expected(&self) -> u64 {
        self.scenario().expected()
    }

    pub fn operations(&self) -> u64 {
        self.scenario().operations()
    }

    /// Is a sample's time that between the recorder's `start_clock` and `stop_clock` only?
    pub fn times_a_part(&self) -> bool {
        self.scenario().times_a_part()
    }

    /// How many threads the cell's runtime is to have, whatever the driver has set up otherwise.
    pub fn threads(&self) -> Option<usize> {
        self.scenario().threads()
    }

    /// Is making the runtime part of a run?
    pub fn makes_its_runtime(&self) -> bool {
        self.scenario().makes_its_runtime()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(scenario: &str, params: Value) -> String {
        match Cell::read(scenario, params) {
            Err(Failure::Failed(reason)) => reason,
            other => panic!("expected a complaint; got {other:?}"),
        }
    }

    #[test]
    fn what_is_not_named_has_its_default() {
        let cell = Cell::read("skynet", json!({"leaves": 1_000})).expect("it is valid");
        assert_eq!(
            cell,
            Cell::Skynet(Skynet {
                leaves: 1_000,
                fan_out: 10
            })
        );
        assert_eq!(cell.name(), "skynet");
        assert_eq!((cell.expected(), cell.operations()), (499_500, 1_111));
    }

    #[test]
    fn every_scenario_reads_what_it_writes_and_its_defaults_are_valid() {
        for cell in Cell::all() {
            let written = cell.to_json();
            assert_eq!(
                Cell::read(&cell.name(), written["params"].clone()),
                Ok(cell)
            );
            assert_eq!(Cell::read(&cell.name(), json!({})), Ok(cell));
        }
    }

    #[test]
    fn an_unknown_scenario_is_unsupported() {
        assert!(matches!(
            Cell::read("sky", json!({})),
            Err(Failure::Unsupported(_))
        ));
    }

    #[test]
    fn an_unknown_parameter_is_an_error_that_names_the_known_ones() {
        let said = complaint("skynet", json!({"no such": 1}));
        assert!(
            said.contains("skynet") && said.contains("no such") && said.contains("fan_out"),
            "{said}"
        );
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_an_error() {
        assert!(complaint("skynet", json!({"leaves": "many"})).contains("expected u64"));
        assert!(complaint("skynet", json!({"leaves": -1})).contains("expected u64"));
        assert!(
            complaint("join", json!({"style": "jion"})).contains("`sequential`, `join`, `spawn`")
        );
        assert!(
            complaint("channel", json!({"capacity": "endless"})).contains("the word unbounded")
        );
        assert!(complaint("channel", json!([1])).contains("must be an object"));
    }

    #[test]
    fn parameters_that_make_no_sense_are_an_error() {
        for (scenario, params) in [
            ("accept", json!({"at_once": 0})),
            ("blocking", json!({"ticks": 0})),
            ("bytes", json!({"size": 0})),
            ("cancel_read", json!({"chunk_bytes": 0})),
            ("cancel_storm", json!({"messages": 0})),
            ("chained_spawn", json!({"depth": 0})),
            ("channel", json!({"producers": 0})),
            ("channel", json!({"messages": 0})),
            ("channel", json!({"payload_bytes": 9})),
            (
                "channel",
                json!({"payload_bytes": 32_768, "messages": 1_000_000, "capacity": "unbounded"}),
            ),
            ("channel_backpressure", json!({"capacity": 0})),
            ("channel_latency", json!({"consumers": 0})),
            ("channel_ring", json!({"tasks": 3, "tokens": 4})),
            ("connect_churn", json!({"churns": 0})),
            ("echo", json!({"round_trips": 0})),
            ("fairness", json!({"ticks": 0})),
            ("fan_out", json!({"rounds": 0})),
            ("fan_out", json!({"children": 64, "depth": 4})),
            ("fan_out", json!({"children": 64, "depth": 400})),
            ("fib", json!({"n": 41})),
            ("file_read", json!({"block_bytes": 4_097})),
            ("file_read", json!({"depth": 0})),
            (
                "file_read",
                json!({"file_mib": 1, "block_bytes": 2_097_152}),
            ),
            ("frame_size", json!({"held": 7})),
            ("frame_size", json!({"tasks": 0})),
            ("join", json!({"width": 0})),
            ("join_cpu", json!({"width": 0})),
            ("nqueens", json!({"n": 0})),
            ("nqueens", json!({"n": 15})),
            ("ping_pong", json!({"pairs": 0})),
            ("proxy", json!({"round_trips": 0})),
            ("scaling", json!({"threads": 0})),
            ("select", json!({"streams": 1})),
            ("shutdown", json!({"tasks": 0})),
            ("skynet", json!({"fan_out": 1})),
            ("skynet", json!({"leaves": 1_001})),
            ("skynet", json!({"leaves": 0})),
            ("sleep_many", json!({"tasks": 0})),
            ("spawn", json!({"tasks": 0})),
            ("spawn_blocking", json!({"batch": 0})),
            ("spawn_many", json!({"tasks": 0})),
            ("stream", json!({"elements": 0})),
            ("timeout", json!({"operations": 0})),
            ("timer_lateness", json!({"longest_ms": 0})),
            ("timers", json!({"timers": 0})),
            ("wake", json!({"wakes": 0})),
        ] {
            assert!(!complaint(scenario, params).is_empty());
        }
    }

    #[test]
    fn what_is_known_by_heart_is_what_is_expected() {
        let counted = |scenario, params| {
            let cell = Cell::read(scenario, params).expect("it is valid");
            (cell.expected(), cell.operations())
        };
        assert_eq!(counted("fib", json!({"n": 2})), (1, 3));
        assert_eq!(counted("fib", json!({"n": 20})), (6_765, 21_891));
        assert_eq!(counted("nqueens", json!({"n": 8})), (92, 2_057));
        assert_eq!(counted("nqueens", json!({"n": 12})).0, 14_200);
        let small = json!({"children": 3, "depth": 2, "rounds": 2});
        assert_eq!(counted("fan_out", small), (18, 24));
        assert_eq!(counted("skynet", json!({})).0, 499_999_500_000);
    }

    #[test]
    fn what_others_measure_is_unsupported() {
        let read = Cell::read("startup", json!({"of": "process"}));
        assert!(matches!(read, Err(Failure::Unsupported(_))), "{read:?}");
    }

    #[test]
    fn an_oracle_that_overlaps_where_it_must_not_is_found() {
        let join = |style| Join {
            style,
            ..Join::default()
        };
        assert!(join(JoinStyle::Sequential).check_overlap(2).is_err());
        assert!(join(JoinStyle::Sequential).check_overlap(1).is_ok());
        assert!(join(JoinStyle::Join).check_overlap(1).is_err());
        assert!(join(JoinStyle::Join).check_overlap(3).is_ok());
        assert!(
            Join {
                delay_us: 0,
                ..join(JoinStyle::Join)
            }
            .check_overlap(1)
            .is_ok()
        );
    }
}
