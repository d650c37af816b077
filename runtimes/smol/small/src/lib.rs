//! How a program of smol's users begins, in the two ways that are variants of the contender. It
//! links neither the protocol nor anything else that is Regatta's.

use std::thread;

use smol::{Executor, block_on, channel};

/// `--variant=current_thread`: the calling thread runs all tasks. Without it, or with
/// `--variant=multi_thread`, a thread for each processor does.
const CURRENT_THREAD: &str = "--variant=current_thread";

/// What `main` answers, while the executor is driven as the command line says.
pub fn run<T>(executor: &Executor, main: impl Future<Output = T>) -> T {
    if std::env::args().any(|argument| argument == CURRENT_THREAD) {
        block_on(executor.run(main))
    } else {
        run_on_every_processor(executor, main)
    }
}

fn run_on_every_processor<T>(executor: &Executor, main: impl Future<Output = T>) -> T {
    let (end, ended) = channel::bounded::<()>(1);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            // A receive that fails is how a thread learns that it is over.
            scope.spawn(|| block_on(executor.run(ended.recv())));
        }
        let answer = block_on(main);
        end.close();
        answer
    })
}
