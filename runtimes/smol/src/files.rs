//! Reading a file: on the threads of the crate blocking, as every file of smol's is read.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Instant;

use rust_common::latency::Recorder;
use rust_common::message::share_of;
use rust_common::scenarios::FileRead;
use rust_common::{Failure, Outcome, scratch_file};
use smol::unblock;

use crate::Spawner;
use crate::tasks::joined;

pub async fn file_read(ex: Spawner, p: FileRead, latency: Arc<Recorder>) -> Outcome {
    let file = unblock(move || scratch_file::of_mib(p.file_mib)).await?;
    latency.start_clock();
    let readers = (0..p.depth)
        .map(|i| {
            let mine = share_of(i, p.depth, p.reads);
            ex.spawn(read(Arc::clone(&file), mine, p, Arc::clone(&latency)))
        })
        .collect();
    let first_words = joined(readers).await;
    latency.stop_clock();
    first_words
}

async fn read(file: Arc<File>, mine: Range<u64>, p: FileRead, latency: Arc<Recorder>) -> Outcome {
    let mut block = vec![0; p.block_bytes as usize]; // Safe because usize has 64 bits here.
    let mut first_words = 0;
    for read in mine {
        let begin = Instant::now();
        block = read_block(&file, block, p.offset_of(read))
            .await
            .map_err(Failure::of("cannot read the file"))?;
        latency.record_since(begin);
        first_words += FileRead::first_word(&block);
    }
    Ok(first_words)
}

/// A call that blocks can borrow nothing from its task: the buffer goes there and comes back.
async fn read_block(file: &Arc<File>, mut block: Vec<u8>, offset: u64) -> io::Result<Vec<u8>> {
    let file = Arc::clone(file);
    unblock(move || {
        file.read_exact_at(&mut block, offset)?;
        Ok(block)
    })
    .await
}
