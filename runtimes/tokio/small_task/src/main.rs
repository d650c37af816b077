//! The least program with a task on Tokio: spawns one that answers, prints the answer, and ends.

use std::error::Error;

use tokio::runtime::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = match std::env::args().nth(1).as_deref() {
        Some("--variant=current_thread") => Builder::new_current_thread().enable_all().build(),
        None | Some("--variant=multi_thread") => Builder::new_multi_thread().enable_all().build(),
        _ => Err(std::io::Error::other(
            "usage: small_tokio_task [--variant=multi_thread|current_thread]",
        )),
    }?;
    let answer = runtime.block_on(async { tokio::spawn(async { 42 }).await })?;
    println!("{answer}");
    Ok(())
}
