//! One task that answers, and whoever waits for it.

use smol::Executor;

fn main() {
    let executor = Executor::new();
    let answer = small_smol::run(&executor, async { executor.spawn(async { 42 }).await });
    println!("{answer}");
}
