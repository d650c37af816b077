//! A contender's side of the conversation with the driver: protocol 1 on stdin and stdout.

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::latency::{Recorder, shortened};
use crate::protocol::{
    self, Hello, HelloReply, Latency, MOST_LINE_BYTES, Prepare, Reply, Request, Run, Sample,
};
use crate::sampling::{self, Slowdown, Stage};
use crate::scenarios::Cell;
use crate::{Failure, Runtime, Setup, build, process};

/// A histogram entry is at most some 32 characters long; this many leave half of a line free.
const MOST_BUCKETS_IN_A_LINE: usize = 1_000;

const EXIT_USAGE: u8 = 2;

/// The main function of every contender in Rust.
pub fn main<R: Runtime>() -> ExitCode {
    if !std::env::args()
        .skip(1)
        .any(|argument| argument == "--serve")
    {
        eprintln!(
            "usage: contender_{} --serve\nIt speaks Regatta's protocol 1 on stdin and stdout; `regatta` starts it.",
            R::subject().name
        );
        return ExitCode::from(EXIT_USAGE);
    }
    // Before anything is opened: scenarios with many connections need more than the usual 1,024.
    process::raise_descriptor_limit();
    let conversation = Conversation::<R>::new(planted_slowdown());
    match serve(conversation, io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the conversation broke off: {error}");
            ExitCode::FAILURE
        }
    }
}

/// For tests of a gate that must find it.
fn planted_slowdown() -> Slowdown {
    let percent = std::env::var("REGATTA_SLOWDOWN_PERCENT").ok();
    Slowdown {
        percent: percent.and_then(|text| text.parse().ok()).unwrap_or(0),
    }
}

/// Answers requests until a quit or the end of `requests`.
fn serve<R: Runtime>(
    mut conversation: Conversation<R>,
    mut requests: impl BufRead,
    mut replies: impl Write,
) -> io::Result<()> {
    let mut reply = |message: Reply| -> io::Result<()> {
        let mut line = serde_json::to_vec(&message)?;
        line.push(b'\n');
        replies.write_all(&line)?;
        replies.flush()
    };
    loop {
        let mut line = Vec::new();
        if requests
            .by_ref()
            .take(MOST_LINE_BYTES)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(());
        }
        if line.len() as u64 == MOST_LINE_BYTES && !line.ends_with(b"\n") {
            reply(Reply::misunderstood(
                "a request is longer than 64 KiB".to_owned(),
            ))?;
            return Err(io::Error::other("a request is longer than 64 KiB"));
        }
        match Request::parse(String::from_utf8_lossy(&line).trim_end()) {
            Ok(Request::Quit) => return Ok(()),
            Ok(request) => conversation.answer(request, &mut reply)?,
            Err(reason) => reply(Reply::misunderstood(reason))?,
        }
    }
}

/// Answers one request after the other, all on one thread. A runtime lives through all samples of a
/// cell and no longer, so that a sample finds warm workers and nothing of another cell.
struct Conversation<R> {
    setup: Setup,
    slowdown: Slowdown,
    /// As hello set it up: kept for the first cell, so that what hello says of it can be looked at.
    greeted: Option<R>,
    prepared: Option<Prepared<R>>,
}

struct Prepared<R> {
    stage: Stage<R>,
    cell: Cell,
    latency: Arc<Recorder>,
}

impl<R: Runtime> Conversation<R> {
    fn new(slowdown: Slowdown) -> Self {
        let setup = Setup {
            variant: R::subject().variants[0],
            threads: 0,
        };
        Self {
            setup,
            slowdown,
            greeted: None,
            prepared: None,
        }
    }

    fn answer(
        &mut self,
        request: Request,
        reply: &mut impl FnMut(Reply) -> io::Result<()>,
    ) -> io::Result<()> {
        match request {
            Request::Hello(hello) => {
                reply(self.greet(&hello).map_or_else(Reply::from, Reply::Hello))
            }
            Request::List => {
                Cell::all()
                    .iter()
                    .try_for_each(|cell| reply(Reply::Listed(cell.to_json())))?;
                reply(Reply::ListEnd { end: true })
            }
            Request::Prepare(what) => {
                let prepared = self.prepare(what);
                reply(prepared.map_or_else(Reply::from, |()| Reply::Ready { ready: true }))
            }
            Request::Run(run) => self.run(&run, reply),
            Request::Quit => Ok(()),
        }
    }

    fn greet(&mut self, hello: &Hello) -> Result<HelloReply, Failure> {
        let subject = R::subject();
        let asked = if hello.variant.is_empty() {
            subject.variants[0]
        } else {
            hello.variant.as_str()
        };
        let Some(variant) = subject.variants.iter().copied().find(|name| *name == asked) else {
            return Err(Failure::Unsupported(format!(
                "no variant '{asked}'; there are: {}",
                json!(subject.variants)
            )));
        };
        self.forget();
        self.setup = Setup {
            variant,
            threads: hello.threads,
        };
        if hello.slowdown_percent != 0 {
            self.slowdown.percent = hello.slowdown_percent;
        }
        let runtime = R::set_up(&self.setup)?;
        let threads = runtime.threads();
        self.greeted = Some(runtime);
        Ok(HelloReply {
            hello: protocol::VERSION,
            runtime: subject.name,
            variant,
            variants: subject.variants,
            version: subject.version,
            language: "rust",
            scheduling: (subject.scheduling)(variant),
            io: subject.io,
            capabilities: subject.capabilities,
            threads,
            compiler: build::COMPILER,
            flags: build::FLAGS,
            allocator: build::ALLOCATOR,
            track: "default",
            pid: std::process::id(),
        })
    }

    /// Ends the runtime of the cell before, if there is one.
    fn forget(&mut self) {
        self.prepared = None;
        self.greeted = None;
    }

    fn prepare(&mut self, what: Prepare) -> Result<(), Failure> {
        self.prepared = None;
        let cell = Cell::read(&what.scenario, what.params)?;
        let greeted = self.greeted.take();
        let stage = if cell.makes_its_runtime() {
            drop(greeted);
            Stage::Bare(self.setup.clone())
        } else if let Some(threads) = cell.threads() {
            drop(greeted);
            Stage::Runtime(with_threads(&self.setup, threads)?)
        } else {
            Stage::Runtime(match greeted {
                Some(fresh) => fresh,
                None => R::set_up(&self.setup)?,
            })
        };
        process::forget_memory_of_earlier_cells();
        self.prepared = Some(Prepared {
            stage,
            cell,
            latency: Arc::new(Recorder::new()),
        });
        Ok(())
    }

    fn run(
        &mut self,
        run: &Run,
        reply: &mut impl FnMut(Reply) -> io::Result<()>,
    ) -> io::Result<()> {
        for _ in 0..run.samples {
            let Some(prepared) = &mut self.prepared else {
                return reply(Reply::misunderstood(
                    "run came before a prepare that succeeded".to_owned(),
                ));
            };
            match prepared.sample(run.iterations, self.slowdown) {
                Ok(sample) => reply(Reply::Sample { sample })?,
                Err(failure) => {
                    // Whatever the run left behind dies with its runtime.
                    self.prepared = None;
                    return reply(failure.into());
                }
            }
        }
        reply(Reply::Done { done: true })
    }
}

/// A runtime with that many threads, or why this variant has none such.
fn with_threads<R: Runtime>(setup: &Setup, threads: usize) -> Result<R, Failure> {
    let runtime = R::set_up(&Setup {
        threads,
        ..setup.clone()
    })?;
    match runtime.threads() {
        own if own == threads => Ok(runtime),
        own => Err(Failure::Unsupported(format!(
            "{threads} threads were asked for, and this variant has {own}"
        ))),
    }
}

impl<R: Runtime> Prepared<R> {
    fn sample(&mut self, iterations: u64, slowdown: Slowdown) -> Result<Sample, Failure> {
        let taken = sampling::take_sample(
            &mut self.stage,
            &self.cell,
            &self.latency,
            iterations,
            slowdown,
        )?;
        let buckets = shortened(taken.latencies, MOST_BUCKETS_IN_A_LINE);
        Ok(Sample {
            iterations,
            ns: as_ns(taken.spent.time),
            operations: iterations.saturating_mul(self.cell.operations()),
            answer: taken.answer,
            answers_differ: taken.answers_differ,
            cpu_ns: taken.spent.cpu.map(as_ns),
            allocations: taken.spent.allocations,
            peak_rss_bytes: taken.peak_rss_bytes,
            context_switches: taken.spent.context_switches,
            threads_used: taken.threads_used,
            counters: taken.counters,
            latency: (!buckets.is_empty()).then_some(Latency {
                unit: "ns",
                buckets,
            }),
            recording_ns: taken.recording_ns,
        })
    }
}

fn as_ns(time: Duration) -> u64 {
    time.as_nanos() as u64 // 584 years fit.
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outcome, Subject};
    use serde_json::Value;

    /// A runtime that runs nothing: it knows the answers.
    struct Oracle {
        threads: usize,
    }

    impl Runtime for Oracle {
        fn subject() -> Subject {
            Subject {
                name: "oracle",
                version: "1".to_owned(),
                variants: &["wise", "alone"],
                scheduling: |_| "none",
                io: "none",
                capabilities: &[],
            }
        }

        fn set_up(how: &Setup) -> Result<Self, Failure> {
            let threads = if how.variant == "alone" {
                1
            } else {
                how.threads
            };
            Ok(Self {
                threads: threads.max(1),
            })
        }

        fn threads(&self) -> usize {
            self.threads
        }

        fn run(&mut self, cell: &Cell, latency: &Arc<Recorder>) -> Outcome {
            match cell {
                Cell::Shutdown(_) => {
                    latency.start_clock();
                    std::thread::sleep(Duration::from_millis(2));
                    latency.stop_clock();
                    std::thread::sleep(Duration::from_millis(10));
                    Ok(cell.expected())
                }
                Cell::Scaling(_) => Ok(cell.expected() + self.threads as u64),
                Cell::Yield(_) => panic!("it never yields"),
                Cell::Join(_) => Err(Failure::Unsupported("it stands alone".to_owned())),
                Cell::ChannelLatency(p) => {
                    (0..p.messages).for_each(|i| latency.record(i * i * i));
                    latency.count("most_waiting", 3);
                    Ok(cell.expected())
                }
                _ => Ok(cell.expected()),
            }
        }

        fn caller_is_worker(&self) -> bool {
            true
        }
    }

    /// What is answered to these lines, line by line.
    fn answers(requests: &str) -> Vec<Value> {
        let mut replies = Vec::new();
        let conversation = Conversation::<Oracle>::new(Slowdown::default());
        // An error would show as a missing answer.
        let _ = serve(conversation, requests.as_bytes(), &mut replies);
        let text = String::from_utf8(replies).expect("JSON is UTF-8");
        text.lines()
            .map(|line| {
                assert!((line.len() as u64) < MOST_LINE_BYTES);
                serde_json::from_str(line).expect("every line is JSON")
            })
            .collect()
    }

    #[test]
    fn hello_says_what_is_and_the_default_variant_has_a_name() {
        let said = &answers("{\"hello\":1,\"variant\":\"\",\"threads\":2}\n")[0];
        assert_eq!(
            (&said["variant"], &said["threads"]),
            (&json!("wise"), &json!(2))
        );
        assert_eq!(said["variants"], json!(["wise", "alone"]));
        assert!(said["compiler"].as_str().expect("a text").contains("rustc"));
    }

    #[test]
    fn an_unknown_variant_is_unsupported() {
        assert_eq!(
            answers("{\"hello\":1,\"variant\":\"loud\"}\n")[0]["error"],
            "unsupported"
        );
    }

    #[test]
    fn a_sample_holds_the_totals_of_its_iterations() {
        let said = answers(
            "{\"prepare\":{\"scenario\":\"skynet\",\"params\":{\"leaves\":10}}}\n{\"run\":{\"iterations\":3,\"samples\":2}}\n",
        );
        assert_eq!(said.len(), 4, "{said:?}");
        assert_eq!(said[0], json!({"ready": true}));
        for sample in [&said[1]["sample"], &said[2]["sample"]] {
            assert_eq!(
                (&sample["answer"], &sample["operations"]),
                (&json!(45), &json!(33))
            );
            assert!(sample["ns"].as_u64() > Some(0));
        }
        assert_eq!(said[3], json!({"done": true}));
    }

    #[test]
    fn latencies_fit_into_a_line_and_counts_are_among_the_counters() {
        let said = answers(
            "{\"prepare\":{\"scenario\":\"channel_latency\",\"params\":{\"messages\":100000}}}\n{\"run\":{\"iterations\":1}}\n",
        );
        let sample = &said[1]["sample"];
        assert_eq!(sample["counters"]["most_waiting"], 3);
        let buckets = sample["latency"]["buckets"].as_array().expect("a list");
        assert!(buckets.len() > 100 && buckets.len() <= MOST_BUCKETS_IN_A_LINE);
        assert_eq!(
            buckets
                .iter()
                .map(|bucket| bucket[1].as_u64().expect("a count"))
                .sum::<u64>(),
            100_000
        );
    }

    #[test]
    fn recording_is_priced_where_there_are_latencies_and_nowhere_else() {
        let said = answers(
            "{\"prepare\":{\"scenario\":\"channel_latency\"}}\n{\"run\":{\"iterations\":1}}\n\
             {\"prepare\":{\"scenario\":\"skynet\"}}\n{\"run\":{\"iterations\":1}}\n",
        );
        assert!(said[1]["sample"]["recording_ns"].as_u64() > Some(0));
        assert_eq!(said[4]["sample"]["recording_ns"], Value::Null);
    }

    #[test]
    fn a_scenario_that_times_a_part_reports_that_part_and_a_slowdown_of_it() {
        let cell = "{\"prepare\":{\"scenario\":\"shutdown\"}}\n{\"run\":{\"iterations\":2}}\n";
        let ns = |said: &Value| said["sample"]["ns"].as_u64().expect("a time");
        let begin = std::time::Instant::now();
        let plain = ns(&answers(cell)[1]);
        // Twice ten milliseconds lie outside the part.
        let most = as_ns(begin.elapsed()) - 20_000_000;
        assert!((4_000_000..=most).contains(&plain), "{plain} of {most}");
        let slow = format!("{{\"hello\":1,\"slowdown_percent\":200}}\n{cell}");
        assert!(ns(&answers(&slow)[2]) >= 12_000_000);
    }

    #[test]
    fn a_part_that_was_never_timed_is_a_failure() {
        let said = answers("{\"prepare\":{\"scenario\":\"echo\"}}\n{\"run\":{\"iterations\":1}}\n");
        assert_eq!(
            said[1],
            json!({"error": "failed", "reason": "the run never started its clock"})
        );
    }

    #[test]
    fn a_cell_has_the_threads_that_it_asks_for_or_is_unsupported() {
        let cell = "{\"prepare\":{\"scenario\":\"scaling\",\"params\":{\"threads\":3}}}\n{\"run\":{\"iterations\":1}}\n";
        let expected = Cell::read("scaling", json!({}))
            .expect("it is valid")
            .expected();
        assert_eq!(answers(cell)[1]["sample"]["answer"], expected + 3);
        let alone = format!("{{\"hello\":1,\"variant\":\"alone\"}}\n{cell}");
        assert_eq!(
            answers(&alone)[1],
            json!({"error": "unsupported", "reason": "3 threads were asked for, and this variant has 1"})
        );
    }

    #[test]
    fn a_startup_makes_its_runtime_in_each_run_and_a_process_is_started_by_others() {
        let said = answers(
            "{\"prepare\":{\"scenario\":\"startup\"}}\n{\"run\":{\"iterations\":2}}\n\
             {\"prepare\":{\"scenario\":\"startup\",\"params\":{\"of\":\"process\"}}}\n",
        );
        assert_eq!(said[1]["sample"]["answer"], 42);
        assert_eq!(said[3]["error"], "unsupported");
    }

    #[test]
    fn what_fails_ends_its_cell_and_not_the_conversation() {
        let said = answers(
            "{\"prepare\":{\"scenario\":\"yield\"}}\n{\"run\":{\"iterations\":1}}\n{\"run\":{\"iterations\":1}}\n\
             {\"prepare\":{\"scenario\":\"join\"}}\n{\"run\":{\"iterations\":1}}\nno JSON\n{\"list\":{}}\n",
        );
        assert_eq!(
            said[1],
            json!({"error": "failed", "reason": "a run panicked: it never yields"})
        );
        assert_eq!(said[2]["error"], "protocol");
        assert_eq!(
            said[4],
            json!({"error": "unsupported", "reason": "it stands alone"})
        );
        assert_eq!(said[5]["error"], "protocol");
        assert_eq!(said.last(), Some(&json!({"end": true})));
    }

    #[test]
    fn nothing_is_answered_after_a_quit_nor_to_a_line_without_an_end() {
        assert!(answers("{\"quit\":true}\n{\"list\":{}}\n").is_empty());
        assert_eq!(answers(&"x".repeat(70_000))[0]["error"], "protocol");
        assert_eq!(answers(&"x".repeat(70_000)).len(), 1);
    }
}
