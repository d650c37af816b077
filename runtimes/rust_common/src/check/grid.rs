//! The sizes at which each scenario takes milliseconds, and the choices it has.

use serde_json::{Value, json};

/// The values of some parameters, of which each is tried with each.
pub type Choices = Vec<(&'static str, Value)>;

/// A scenario, its smoke size, and its choices.
pub type Entry = (&'static str, Value, Choices);

pub fn grid() -> Vec<Entry> {
    [
        joining(),
        channels(),
        scheduler(),
        time(),
        choice(),
        streams(),
        io(),
        blocking(),
        footprint(),
    ]
    .concat()
}

fn joining() -> Vec<Entry> {
    let styles = json!(["sequential", "join", "spawn"]);
    vec![
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
        (
            "spawn",
            json!({"tasks": 100}),
            vec![
                ("style", json!(["spawn", "unordered_set", "spawn_set"])),
                ("body", json!(["ready", "yield", "sleep", "receive"])),
                ("from", json!(["worker", "external", "block_on"])),
            ],
        ),
    ]
}

fn channels() -> Vec<Entry> {
    let shapes = json!([1, 3]);
    vec![
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
    ]
}

fn scheduler() -> Vec<Entry> {
    let loads = json!(["idle", "busy"]);
    let froms = json!(["worker", "outside_idle", "outside_busy"]);
    let works = json!(["skynet", "fib", "compute"]);
    vec![
        ("chained_spawn", json!({"depth": 20}), vec![]),
        (
            "fairness",
            json!({"ticks": 3, "steps": 1_000}),
            vec![("hogs", json!([0, 2]))],
        ),
        (
            "fan_out",
            json!({"rounds": 2}),
            vec![("children", json!([1, 3])), ("depth", json!([1, 2]))],
        ),
        ("fib", json!({}), vec![("n", json!([0, 1, 8]))]),
        ("nqueens", json!({}), vec![("n", json!([1, 3, 5]))]),
        ("ping_pong", json!({"pairs": 20}), vec![]),
        ("scaling", json!({"threads": 1}), vec![("work", works)]),
        ("skynet", json!({"leaves": 1_000}), vec![]),
        ("spawn_many", json!({"tasks": 100}), vec![("from", froms)]),
        (
            "wake",
            json!({"wakes": 10}),
            vec![("state", loads), ("pause_us", json!([0, 10]))],
        ),
        ("yield", json!({"tasks": 10, "yields": 10}), vec![]),
    ]
}

fn time() -> Vec<Entry> {
    let phases = json!(["create", "fire", "cancel"]);
    vec![
        ("sleep_many", json!({"tasks": 100}), vec![]),
        (
            "timeout",
            json!({"operations": 100}),
            vec![("body", json!(["ready", "yield"]))],
        ),
        (
            "timer_lateness",
            json!({"sleeps": 20, "longest_ms": 5}),
            vec![],
        ),
        (
            "timers",
            json!({}),
            vec![("phase", phases), ("timers", json!([1, 100]))],
        ),
    ]
}

fn choice() -> Vec<Entry> {
    vec![
        (
            "cancel_read",
            json!({"chunks": 5, "pause_us": 500}),
            vec![("chunk_bytes", json!([1, 100]))],
        ),
        (
            "cancel_storm",
            json!({"tasks": 50}),
            vec![("messages", json!([20, 100]))],
        ),
        (
            "select",
            json!({"items": 20}),
            vec![("streams", json!([2, 3]))],
        ),
        (
            "shutdown",
            json!({"tasks": 20}),
            vec![("state", json!(["computing", "waiting"]))],
        ),
    ]
}

fn streams() -> Vec<Entry> {
    vec![
        (
            "bytes",
            json!({"messages": 5, "receivers": 3}),
            vec![("by", json!(["copy", "share"])), ("size", json!([1, 100]))],
        ),
        (
            "stream",
            json!({"elements": 100}),
            vec![("stages", json!([0, 1, 8])), ("capacity", json!([1, 64]))],
        ),
    ]
}

fn io() -> Vec<Entry> {
    vec![
        ("accept", json!({"connects": 20, "at_once": 4}), vec![]),
        ("connect_churn", json!({"clients": 2, "churns": 3}), vec![]),
        (
            "echo",
            json!({"connections": 3, "round_trips": 5}),
            vec![("message_bytes", json!([100, 100_000]))],
        ),
        (
            "file_read",
            json!({"file_mib": 1, "reads": 20}),
            vec![("depth", json!([1, 3, 32]))],
        ),
        (
            "proxy",
            json!({"connections": 3, "round_trips": 5}),
            vec![
                ("through", json!(["direct", "proxy"])),
                ("message_bytes", json!([100, 100_000])),
            ],
        ),
    ]
}

fn blocking() -> Vec<Entry> {
    vec![
        (
            "blocking",
            json!({"ticks": 3, "blockers": 1, "blocks": 1}),
            vec![("how", json!(["inline", "run_blocking"]))],
        ),
        (
            "spawn_blocking",
            json!({"batches": 3, "batch": 4}),
            vec![("submitters", json!([1, 2]))],
        ),
    ]
}

fn footprint() -> Vec<Entry> {
    vec![
        (
            "frame_size",
            json!({"tasks": 20}),
            vec![
                ("held", json!([0, 100, 65_536])),
                ("where", json!(["frame", "heap"])),
                ("scope", json!(["open", "closed"])),
            ],
        ),
        (
            "memory",
            json!({}),
            vec![
                ("kind", json!(["sleep", "receive", "connection"])),
                ("tasks", json!([0, 100])),
            ],
        ),
        ("startup", json!({}), vec![]),
    ]
}
