//! What this program was built with, for `hello`.

pub const COMPILER: &str = env!("REGATTA_COMPILER");
pub const FLAGS: &str = env!("REGATTA_FLAGS");

pub const ALLOCATOR: &str = if cfg!(target_env = "gnu") {
    "system (glibc malloc)"
} else {
    "system"
};

/// The version of a crate that Cargo.lock resolved; the first in the file if there are several.
pub fn version_of(package: &str) -> &'static str {
    let mut locked = env!("REGATTA_LOCKED")
        .split(' ')
        .filter_map(|entry| entry.split_once('='));
    locked
        .find(|(name, _)| *name == package)
        .map_or("unknown", |(_, version)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_are_those_of_the_lock_file() {
        assert!(
            version_of("serde_json").starts_with("1."),
            "{}",
            version_of("serde_json")
        );
        assert_eq!(version_of("no such crate"), "unknown");
    }
}
