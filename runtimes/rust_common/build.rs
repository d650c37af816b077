//! Tells the contenders what they were built with: the compiler, its flags, and the versions that
//! Cargo.lock resolved.

use std::process::Command;
use std::{env, fs};

const LOCK_FILE: &str = "../Cargo.lock";

fn main() {
    println!("cargo::rerun-if-changed={LOCK_FILE}");
    println!("cargo::rustc-env=REGATTA_COMPILER={}", compiler());
    println!("cargo::rustc-env=REGATTA_FLAGS={}", flags());
    println!("cargo::rustc-env=REGATTA_LOCKED={}", locked_versions());
}

fn compiler() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let said = Command::new(rustc).arg("--version").output();
    said.map_or_else(
        |_| "rustc".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn flags() -> String {
    let of_cargo = |name| env::var(name).unwrap_or_default();
    let mut flags = format!("-C opt-level={}", of_cargo("OPT_LEVEL"));
    if of_cargo("DEBUG") == "true" {
        flags.push_str(" -g");
    }
    // Cargo puts the unit separator between them.
    for flag in of_cargo("CARGO_ENCODED_RUSTFLAGS")
        .split('\x1f')
        .filter(|flag| !flag.is_empty())
    {
        flags.push(' ');
        flags.push_str(flag);
    }
    flags
}

/// `tokio=1.2.3 smol=2.0.0 …`: all packages of the lock file. Cargo writes a package's version in
/// the line after its name.
fn locked_versions() -> String {
    let lock = fs::read_to_string(LOCK_FILE).expect("the workspace has a Cargo.lock");
    let value = |line: &str, key: &str| Some(line.strip_prefix(key)?.trim_matches('"').to_owned());
    let lines: Vec<&str> = lock.lines().collect();
    let packages = lines.windows(2).filter_map(|pair| {
        let name = value(pair[0], "name = ")?;
        let version = value(pair[1], "version = ")?;
        Some(format!("{name}={version}"))
    });
    packages.collect::<Vec<_>>().join(" ")
}
