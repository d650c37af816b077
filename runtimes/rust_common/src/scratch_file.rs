//! The file that scenarios read from: it lies in the system's folder for such files, has no name
//! there, and is gone with the process.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Failure;
use crate::scenarios::FileRead;

/// The one that was asked for last, and how long it is. Kept, because writing it takes long.
static KEPT: Mutex<Option<(u64, Arc<File>)>> = Mutex::new(None);

/// A file of so many MiB in which each word of eight bytes, little-endian, is its own index. What
/// was just written is in the page cache. Blocks while it writes; from any thread.
pub fn of_mib(mib: u64) -> Result<Arc<File>, Failure> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    match &*kept {
        Some((length, file)) if *length == mib => Ok(Arc::clone(file)),
        _ => {
            // First: both together might not fit.
            *kept = None;
            let file = Arc::new(write(mib).map_err(Failure::of("cannot write the file to read"))?);
            *kept = Some((mib, Arc::clone(&file)));
            Ok(file)
        }
    }
}

fn write(mib: u64) -> io::Result<File> {
    const WORDS_IN_A_MIB: u64 = (1 << 20) / FileRead::WORD_BYTES;
    let mut file = tempfile::tempfile()?;
    for part in 0..mib {
        let first = part * WORDS_IN_A_MIB;
        let words = first..first + WORDS_IN_A_MIB;
        let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        file.write_all(&bytes)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn every_word_is_its_own_index() {
        let file = of_mib(2).expect("there is room for it");
        assert_eq!(file.metadata().expect("it is open").len(), 2 << 20);
        for index in [0u64, 1, 131_071, 131_072, 262_143] {
            let mut word = [0; 8];
            file.read_exact_at(&mut word, index * 8)
                .expect("it is as long");
            assert_eq!(u64::from_le_bytes(word), index);
        }
    }

    #[test]
    fn it_is_written_once_for_each_length() {
        let file = of_mib(1).expect("there is room for it");
        assert_eq!(file.metadata().expect("it is open").len(), 1 << 20);
        // Another test may have asked for another length in between.
        let again = of_mib(1).expect("there is room for it");
        assert_eq!(again.metadata().expect("it is open").len(), 1 << 20);
    }
}
