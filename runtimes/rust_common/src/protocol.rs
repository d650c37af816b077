//! The messages of protocol 1, as types: one JSON object a line. Unknown keys are ignored,
//! durations are whole nanoseconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::Failure;
use crate::latency::Bucket;
use crate::process::ContextSwitches;

pub const VERSION: u64 = 1;

/// With its newline.
pub const MOST_LINE_BYTES: u64 = 64 * 1024;

#[derive(Debug, PartialEq)]
pub enum Request {
    Hello(Hello),
    List,
    Prepare(Prepare),
    Run(Run),
    Quit,
}

#[derive(Debug, PartialEq, Deserialize)]
pub struct Hello {
    pub hello: u64,
    #[serde(default)]
    pub variant: String,
    #[serde(default)]
    pub threads: usize,
    /// Of interest to tests of a gate only; 0 leaves it as it is.
    #[serde(default)]
    pub slowdown_percent: u32,
}

#[derive(Debug, PartialEq, Deserialize)]
pub struct Prepare {
    pub scenario: String,
    #[serde(default = "no_params")]
    pub params: Value,
}

fn no_params() -> Value {
    json!({})
}

#[derive(Debug, PartialEq, Deserialize)]
pub struct Run {
    pub iterations: u64,
    #[serde(default = "one")]
    pub samples: u64,
}

fn one() -> u64 {
    1
}

impl Request {
    /// The request, or a sentence about what is wrong with the line.
    pub fn parse(line: &str) -> Result<Request, String> {
        let excerpt: String = line.chars().take(80).collect();
        let message: Value = serde_json::from_str(line).map_err(|error| {
            format!("expected one JSON object on the line ({error}); got: {excerpt}")
        })?;
        let Value::Object(keys) = &message else {
            return Err(format!(
                "expected a JSON object; got another JSON value: {excerpt}"
            ));
        };
        if keys.contains_key("hello") {
            let hello: Hello = read("hello", message)?;
            return match hello.hello {
                VERSION => Ok(Request::Hello(hello)),
                spoken => Err(format!(
                    "the driver speaks protocol {spoken}; this contender speaks protocol {VERSION}"
                )),
            };
        }
        if let Some(inner) = keys.get("prepare") {
            return Ok(Request::Prepare(read("prepare", inner.clone())?));
        }
        if let Some(inner) = keys.get("run") {
            let run: Run = read("run", inner.clone())?;
            if run.iterations == 0 || run.samples == 0 {
                return Err("run.iterations and run.samples must be 1 or more".to_owned());
            }
            return Ok(Request::Run(run));
        }
        if keys.contains_key("list") {
            return Ok(Request::List);
        }
        if keys.contains_key("quit") {
            return Ok(Request::Quit);
        }
        Err(format!(
            "a request is one of hello, list, prepare, run, quit; got: {excerpt}"
        ))
    }
}

fn read<T: DeserializeOwned>(what: &str, message: Value) -> Result<T, String> {
    serde_json::from_value(message).map_err(|error| format!("{what}: {error}"))
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    Hello(HelloReply),
    /// A scenario with its default parameters.
    Listed(Value),
    ListEnd {
        end: bool,
    },
    Ready {
        ready: bool,
    },
    Sample {
        sample: Sample,
    },
    Done {
        done: bool,
    },
    Error {
        error: &'static str,
        reason: String,
    },
}

impl Reply {
    pub fn misunderstood(reason: String) -> Reply {
        Reply::Error {
            error: "protocol",
            reason,
        }
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Reply {
        match failure {
            Failure::Unsupported(reason) => Reply::Error {
                error: "unsupported",
                reason,
            },
            Failure::Failed(reason) => Reply::Error {
                error: "failed",
                reason,
            },
        }
    }
}

#[derive(Debug, Serialize)]
pub struct HelloReply {
    pub hello: u64,
    pub runtime: &'static str,
    pub variant: &'static str,
    pub variants: &'static [&'static str],
    pub version: String,
    pub language: &'static str,
    pub scheduling: &'static str,
    pub io: &'static str,
    pub capabilities: &'static [&'static str],
    pub threads: usize,
    pub compiler: &'static str,
    pub flags: &'static str,
    pub allocator: &'static str,
    pub track: &'static str,
    pub pid: u32,
}

/// Totals over all iterations.
#[derive(Debug, Serialize)]
pub struct Sample {
    pub iterations: u64,
    pub ns: u64,
    pub operations: u64,
    pub answer: u64,
    pub answers_differ: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_ns: Option<u64>,
    pub allocations: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_rss_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_switches: Option<ContextSwitches>,
    pub threads_used: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// What recording one latency cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording_ns: Option<u64>,
}

#[derive(Debug, Serialize)]
pub struct Latency {
    pub unit: &'static str,
    pub buckets: Vec<Bucket>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(line: &str) -> String {
        Request::parse(line).expect_err("it should not be understood")
    }

    #[test]
    fn every_request_is_understood_and_unknown_keys_are_ignored() {
        let hello = Hello {
            hello: 1,
            variant: "current_thread".to_owned(),
            threads: 2,
            slowdown_percent: 0,
        };
        assert_eq!(
            Request::parse(
                r#"{"hello":1,"variant":"current_thread","threads":2,"seed":42,"new":[1]}"#
            ),
            Ok(Request::Hello(hello))
        );
        assert_eq!(Request::parse(r#"{"list":{}}"#), Ok(Request::List));
        assert_eq!(
            Request::parse(r#"{"prepare":{"scenario":"skynet"}}"#),
            Ok(Request::Prepare(Prepare {
                scenario: "skynet".to_owned(),
                params: json!({})
            }))
        );
        assert_eq!(
            Request::parse(r#"{"run":{"iterations":5}}"#),
            Ok(Request::Run(Run {
                iterations: 5,
                samples: 1
            }))
        );
        assert_eq!(Request::parse(r#"{"quit":true}"#), Ok(Request::Quit));
    }

    #[test]
    fn what_is_no_request_is_answered_with_a_sentence() {
        assert!(complaint("this is no JSON").contains("expected one JSON object"));
        assert!(complaint("[1]").contains("expected a JSON object"));
        assert!(complaint("{}").contains("one of hello, list, prepare, run, quit"));
        assert!(complaint(r#"{"hello":2}"#).contains("speaks protocol 2"));
        assert!(complaint(r#"{"hello":1,"threads":-1}"#).contains("hello"));
        assert!(complaint(r#"{"run":{"iterations":0}}"#).contains("1 or more"));
        assert!(complaint(r#"{"run":{}}"#).contains("iterations"));
        assert!(complaint(r#"{"prepare":{}}"#).contains("scenario"));
        assert!(complaint(&"[".repeat(10_000)).contains("recursion"));
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let sample = Sample {
            iterations: 2,
            ns: 10,
            operations: 4,
            answer: 7,
            answers_differ: false,
            cpu_ns: None,
            allocations: 3,
            peak_rss_bytes: None,
            context_switches: None,
            threads_used: 1,
            counters: BTreeMap::new(),
            latency: Some(Latency {
                unit: "ns",
                buckets: vec![(5, 1), (9, 2)],
            }),
            recording_ns: Some(60),
        };
        let written = serde_json::to_value(Reply::Sample { sample }).expect("it is plain");
        let expected = json!({"sample": {
            "iterations": 2, "ns": 10, "operations": 4, "answer": 7, "answers_differ": false, "allocations": 3,
            "threads_used": 1, "latency": {"unit": "ns", "buckets": [[5, 1], [9, 2]]}, "recording_ns": 60,
        }});
        assert_eq!(written, expected);
    }

    #[test]
    fn a_failure_keeps_its_kind_and_its_sentence() {
        let written =
            |failure: Failure| serde_json::to_value(Reply::from(failure)).expect("it is plain");
        assert_eq!(
            written(Failure::Unsupported("no such door".to_owned())),
            json!({"error": "unsupported", "reason": "no such door"})
        );
        assert_eq!(
            written(Failure::Failed("it broke".to_owned())),
            json!({"error": "failed", "reason": "it broke"})
        );
    }
}
