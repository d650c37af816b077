//! Tells the program which Tokio it was built with, as Cargo.lock resolved it.

const LOCK_FILE: &str = "../../Cargo.lock";

fn main() {
    println!("cargo::rerun-if-changed={LOCK_FILE}");
    let lock = std::fs::read_to_string(LOCK_FILE).expect("the workspace has a Cargo.lock");
    let version = lock
        .split_once("name = \"tokio\"\nversion = \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("unknown", |(version, _)| version);
    println!("cargo::rustc-env=TOKIO_VERSION={version}");
}
