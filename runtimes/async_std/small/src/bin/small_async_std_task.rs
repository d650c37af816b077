//! One task that answers, and whoever waits for it.

use async_std::task;

fn main() {
    let answer = task::block_on(async { task::spawn(async { 42 }).await });
    println!("{answer}");
}
