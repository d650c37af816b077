//! Reading a file at random places.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Instant;

use rust_common::latency::Recorder;
use rust_common::message::share_of;
use rust_common::scenarios::FileRead;
use rust_common::{Failure, Outcome, scratch_file};
use tokio::task::{JoinSet, spawn_blocking};

use crate::failed;

pub async fn file_read(p: FileRead, latency: Arc<Recorder>) -> Outcome {
    let file = spawn_blocking(move || scratch_file::of_mib(p.file_mib))
        .await
        .map_err(failed)??;
    let mut readers = JoinSet::new();
    latency.start_clock();
    for i in 0..p.depth {
        let mine = share_of(i, p.depth, p.reads);
        readers.spawn(read_blocks(
            Arc::clone(&file),
            p,
            mine,
            Arc::clone(&latency),
        ));
    }
    let mut sum = 0u64;
    while let Some(reader) = readers.join_next().await {
        sum = sum.wrapping_add(reader.map_err(failed)??);
    }
    latency.stop_clock();
    Ok(sum)
}

/// Each read is one call in the pool of blocking threads. `tokio::fs::File` would make two of it,
/// because it has to seek first, and copy once more.
async fn read_blocks(
    file: Arc<File>,
    p: FileRead,
    reads: Range<u64>,
    latency: Arc<Recorder>,
) -> Outcome {
    let mut block = vec![0; p.block_bytes as usize]; // Safe because usize has 64 bits here.
    let mut sum = 0u64;
    for read in reads {
        let begin = Instant::now();
        let file = Arc::clone(&file);
        let reading = spawn_blocking(move || {
            file.read_exact_at(&mut block, p.offset_of(read))
                .map(|()| block)
        });
        block = reading
            .await
            .map_err(failed)?
            .map_err(Failure::of("cannot read"))?;
        latency.record_since(begin);
        sum = sum.wrapping_add(FileRead::first_word(&block));
    }
    Ok(sum)
}
