//! Every scenario's half that needs no runtime: its parameters with their defaults, when they make
//! no sense, the answer that a run must give, and its unit of work. The texts in `scenarios/*.hpp`
//! say what each is for; names, defaults, answers and operations are theirs, and the driver checks
//! that they stay so.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Failure;
use crate::work::{compute, sum_of_indices};

/// The one list of scenarios.
macro_rules! cells {
    ($($scenario:ident),* $(,)?) => {
        /// A scenario with its parameters.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    ChainedSpawn,
    Channel,
    ChannelBackpressure,
    ChannelLatency,
    ChannelRing,
    Join,
    JoinCpu,
    PingPong,
    Proxy,
    Skynet,
    Spawn,
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
        match cell.scenario().invalid() {
            Some(reason) => Err(complain(reason.to_owned())),
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
}

/// How a parent has its children run: as one future that polls them, or as a task each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinStyle {
    #[default]
    Sequential,
    Join,
    Spawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChainedSpawn {
    pub depth: u64,
}

impl Default for ChainedSpawn {
    fn default() -> Self {
        Self { depth: 1_000 }
    }
}

impl Scenario for ChainedSpawn {
    fn expected(&self) -> u64 {
        self.depth
    }
    fn operations(&self) -> u64 {
        self.depth
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.depth == 0).then_some("depth must be at least 1")
    }
}

/// How many messages a channel may hold: a number, or the word "unbounded".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Capacity {
    Bounded(u64),
    Unbounded,
}

impl TryFrom<Value> for Capacity {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match (value.as_u64(), value.as_str()) {
            (Some(number), _) => Ok(Self::Bounded(number)),
            (_, Some("unbounded")) => Ok(Self::Unbounded),
            _ => Err(format!(
                "capacity must be a whole number or the word unbounded, but it is {value}"
            )),
        }
    }
}

impl From<Capacity> for Value {
    fn from(capacity: Capacity) -> Value {
        match capacity {
            Capacity::Bounded(number) => json!(number),
            Capacity::Unbounded => json!("unbounded"),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receive {
    #[default]
    One,
    Many,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Channel {
    pub capacity: Capacity,
    pub producers: u64,
    pub consumers: u64,
    pub payload_bytes: u64,
    pub receive: Receive,
    pub messages: u64,
}

impl Channel {
    /// How many messages a consumer takes at a time where it receives many.
    pub const BATCH: usize = 100;
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            capacity: Capacity::Bounded(100),
            producers: 1,
            consumers: 1,
            payload_bytes: 8,
            receive: Receive::One,
            messages: 5_000,
        }
    }
}

impl Scenario for Channel {
    fn expected(&self) -> u64 {
        sum_of_indices(self.messages)
    }
    fn operations(&self) -> u64 {
        self.messages
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.producers == 0 || self.consumers == 0 {
            return Some("there must be a producer and a consumer");
        }
        if self.messages == 0 {
            return Some("messages must be at least 1");
        }
        if ![8, 512, 32_768].contains(&self.payload_bytes) {
            return Some("payload_bytes must be 8, 512 or 32768");
        }
        // All messages together, because nobody can tell how far a producer gets ahead.
        let most_in_channel = match self.capacity {
            Capacity::Bounded(capacity) => capacity.min(self.messages),
            Capacity::Unbounded => self.messages,
        };
        (most_in_channel > (512 << 20) / self.payload_bytes)
            .then_some("the channel could hold more than 512 MiB")
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    #[default]
    Wait,
    Drop,
    Spill,
    Unbounded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelBackpressure {
    pub policy: Policy,
    pub capacity: u64,
    pub producers: u64,
    pub messages: u64,
    pub steps: u64,
}

impl Default for ChannelBackpressure {
    fn default() -> Self {
        Self {
            policy: Policy::Wait,
            capacity: 100,
            producers: 4,
            messages: 1_000,
            steps: 5_000,
        }
    }
}

impl Scenario for ChannelBackpressure {
    fn expected(&self) -> u64 {
        sum_of_indices(self.messages)
    }
    fn operations(&self) -> u64 {
        self.messages
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.capacity == 0 {
            return Some("capacity must be at least 1");
        }
        (self.producers == 0 || self.messages == 0)
            .then_some("there must be a producer and a message")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelLatency {
    pub capacity: u64,
    pub producers: u64,
    pub consumers: u64,
    pub messages: u64,
}

impl Default for ChannelLatency {
    fn default() -> Self {
        Self {
            capacity: 16,
            producers: 1,
            consumers: 1,
            messages: 5_000,
        }
    }
}

impl Scenario for ChannelLatency {
    fn expected(&self) -> u64 {
        sum_of_indices(self.messages)
    }
    fn operations(&self) -> u64 {
        self.messages
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.producers == 0 || self.consumers == 0 {
            return Some("there must be a producer and a consumer");
        }
        (self.messages == 0).then_some("messages must be at least 1")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelRing {
    pub tasks: u64,
    pub capacity: u64,
    pub rounds: u64,
    pub tokens: u64,
}

impl Default for ChannelRing {
    fn default() -> Self {
        Self {
            tasks: 300,
            capacity: 1,
            rounds: 300,
            tokens: 1,
        }
    }
}

impl Scenario for ChannelRing {
    fn expected(&self) -> u64 {
        self.tokens * self.rounds * self.tasks
    }
    fn operations(&self) -> u64 {
        self.tokens * self.rounds * self.tasks
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.tasks == 0 || self.capacity == 0 || self.rounds == 0 || self.tokens == 0 {
            return Some("tasks, capacity, rounds and tokens must all be at least 1");
        }
        // With more, every channel could be full and every task hold one: then nobody could move.
        (self.tokens > self.tasks).then_some("there must not be more tokens than tasks")
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delays {
    #[default]
    Equal,
    Unequal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Join {
    pub style: JoinStyle,
    pub width: u64,
    pub delay_us: u64,
    pub delays: Delays,
}

impl Join {
    /// What fetch number `i` waits for. Unequal: once, twice, three times the delay, in turn.
    pub fn delay_us_of(&self, i: u64) -> u64 {
        match self.delays {
            Delays::Equal => self.delay_us,
            Delays::Unequal => (i % 3 + 1) * self.delay_us,
        }
    }

    /// Fails if sequential fetches overlapped, or joined ones did not although they could.
    pub fn check_overlap(&self, most_in_flight: u64) -> Result<(), Failure> {
        let could_overlap = self.delay_us > 0 && self.width > 1;
        let wrong = match self.style {
            JoinStyle::Sequential if most_in_flight > 1 => {
                "sequential fetches ran at the same time"
            }
            JoinStyle::Join if could_overlap && most_in_flight == 1 => {
                "join ran one fetch after the other"
            }
            _ => return Ok(()),
        };
        Err(Failure::Failed(wrong.to_owned()))
    }
}

impl Default for Join {
    fn default() -> Self {
        Self {
            style: JoinStyle::Sequential,
            width: 3,
            delay_us: 1_000,
            delays: Delays::Equal,
        }
    }
}

impl Scenario for Join {
    fn expected(&self) -> u64 {
        sum_of_indices(self.width)
    }
    fn operations(&self) -> u64 {
        self.width
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.width == 0).then_some("width must be at least 1")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JoinCpu {
    pub style: JoinStyle,
    pub width: u64,
    pub steps: u64,
}

impl Default for JoinCpu {
    fn default() -> Self {
        Self {
            style: JoinStyle::Sequential,
            width: 10,
            steps: 10_000,
        }
    }
}

impl Scenario for JoinCpu {
    fn expected(&self) -> u64 {
        (0..self.width).fold(0, |total, i| total.wrapping_add(compute(self.steps, i)))
    }
    fn operations(&self) -> u64 {
        self.width
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.width == 0).then_some("width must be at least 1")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PingPong {
    pub pairs: u64,
}

impl Default for PingPong {
    fn default() -> Self {
        Self { pairs: 1_000 }
    }
}

impl Scenario for PingPong {
    fn expected(&self) -> u64 {
        sum_of_indices(self.pairs) + self.pairs
    }
    fn operations(&self) -> u64 {
        self.pairs
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.pairs == 0).then_some("pairs must be at least 1")
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    #[default]
    Direct,
    Proxy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    pub through: Through,
    pub connections: u64,
    pub message_bytes: u64,
    pub round_trips: u64,
}

impl Proxy {
    /// Client and echo server have one for each connection; in the proxy there are two more.
    pub fn descriptors(&self) -> u64 {
        self.connections.saturating_mul(match self.through {
            Through::Direct => 2,
            Through::Proxy => 4,
        })
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            through: Through::Direct,
            connections: 64,
            message_bytes: 128,
            round_trips: 30,
        }
    }
}

impl Scenario for Proxy {
    fn expected(&self) -> u64 {
        self.connections * self.message_bytes * self.round_trips
    }
    fn operations(&self) -> u64 {
        self.connections * self.round_trips
    }
    fn invalid(&self) -> Option<&'static str> {
        let is_nothing = self.connections == 0 || self.message_bytes == 0 || self.round_trips == 0;
        is_nothing.then_some("connections, message_bytes and round_trips must be at least 1")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Skynet {
    pub leaves: u64,
    pub fan_out: u64,
}

impl Default for Skynet {
    fn default() -> Self {
        Self {
            leaves: 1_000_000,
            fan_out: 10,
        }
    }
}

impl Scenario for Skynet {
    fn expected(&self) -> u64 {
        sum_of_indices(self.leaves)
    }
    /// A task for each leaf and each node.
    fn operations(&self) -> u64 {
        (self.leaves * self.fan_out - 1) / (self.fan_out - 1)
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.fan_out < 2 {
            return Some("fan_out must be at least 2");
        }
        let mut leaves = self.leaves;
        while leaves > 1 && leaves % self.fan_out == 0 {
            leaves /= self.fan_out;
        }
        (leaves != 1).then_some("leaves must be a power of fan_out, such as leaves=1000 fan_out=10")
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpawnStyle {
    /// A task each, joined in order.
    #[default]
    Spawn,
    /// One task polls all of them.
    UnorderedSet,
    /// A task each, joined as they end.
    SpawnSet,
}

/// What each child does, once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    #[default]
    Ready,
    Yield,
    Sleep,
    Receive,
}

/// Where work is spawned from: a task, a thread that belongs to no runtime, or inside `block_on`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    #[default]
    Worker,
    External,
    BlockOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spawn {
    pub style: SpawnStyle,
    pub tasks: u64,
    pub body: Body,
    pub from: Origin,
}

impl Spawn {
    /// The capacity of the channel that children with `body=receive` receive from.
    pub const LETTERS_WAITING: usize = 100;
}

impl Default for Spawn {
    fn default() -> Self {
        Self {
            style: SpawnStyle::Spawn,
            tasks: 10_000,
            body: Body::Ready,
            from: Origin::Worker,
        }
    }
}

impl Scenario for Spawn {
    fn expected(&self) -> u64 {
        sum_of_indices(self.tasks)
    }
    fn operations(&self) -> u64 {
        self.tasks
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.tasks == 0).then_some("tasks must be at least 1")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Yield {
    pub tasks: u64,
    pub yields: u64,
}

impl Default for Yield {
    fn default() -> Self {
        Self {
            tasks: 200,
            yields: 1_000,
        }
    }
}

impl Scenario for Yield {
    fn expected(&self) -> u64 {
        self.tasks * self.yields
    }
    fn operations(&self) -> u64 {
        self.tasks * self.yields
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
                Ok(cell.clone())
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
            ("join", json!({"width": 0})),
            ("join_cpu", json!({"width": 0})),
            ("ping_pong", json!({"pairs": 0})),
            ("proxy", json!({"round_trips": 0})),
            ("skynet", json!({"fan_out": 1})),
            ("skynet", json!({"leaves": 1_001})),
            ("skynet", json!({"leaves": 0})),
            ("spawn", json!({"tasks": 0})),
        ] {
            assert!(!complaint(scenario, params).is_empty());
        }
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
