//! What parked tasks weigh.

use std::io;
use std::sync::Arc;

use rust_common::latency::Recorder;
use rust_common::pages;
use rust_common::scenarios::{FrameSize, Held, Memory, Parked, Scope};
use rust_common::sockets::check_descriptors;
use rust_common::{Failure, Outcome};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::failed;
use crate::gathering::Gathering;
use crate::server::{connect, listen};
use crate::tasks::sum_of;

/// Many tasks receive from it, so it is the crate async-channel's.
type Letters = async_channel::Receiver<u64>;

/// What parked tasks wait for. They end when it is dropped, and those that wait for time when they are
/// aborted.
enum Awaited {
    Time,
    Message(async_channel::Sender<u64>),
    Peers(Vec<TcpStream>),
}

pub async fn memory(p: Memory, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let parked = Gathering::of(p.tasks);
    let (tasks, awaited) = park(p, &parked)
        .await
        .map_err(Failure::of("cannot connect"))?;
    let answer = parked.complete().await;
    latency.count("bytes", latency.resident_bytes()?);

    match awaited {
        Awaited::Time => tasks.iter().for_each(JoinHandle::abort),
        Awaited::Message(sender) => drop(sender),
        Awaited::Peers(clients) => drop(clients),
    }
    for task in tasks {
        match task.await {
            Err(error) if !error.is_cancelled() => return Err(failed(error)),
            _ => {}
        }
    }
    latency.count("held_bytes", latency.resident_bytes()?);
    Ok(answer)
}

async fn park(p: Memory, parked: &Arc<Gathering>) -> io::Result<(Vec<JoinHandle<()>>, Awaited)> {
    let parked = || Arc::clone(parked);
    match p.kind {
        Parked::Sleep => {
            let sleepers = (0..p.tasks).map(|_| tokio::spawn(oversleep(parked())));
            Ok((sleepers.collect(), Awaited::Time))
        }
        Parked::Receive => {
            let (sender, letters) = async_channel::unbounded();
            let receivers = (0..p.tasks).map(|_| tokio::spawn(receive(letters.clone(), parked())));
            Ok((receivers.collect(), Awaited::Message(sender)))
        }
        Parked::Connection => {
            let door = listen()?;
            let address = door.local_addr()?;
            let (mut readers, mut clients) = (Vec::new(), Vec::new());
            for _ in 0..p.tasks {
                let client = connect(address).await?;
                client.set_zero_linger()?;
                clients.push(client);
                let (peer, _) = door.accept().await?;
                readers.push(tokio::spawn(listen_to(peer, parked())));
            }
            Ok((readers, Awaited::Peers(clients)))
        }
    }
}

async fn oversleep(parked: Arc<Gathering>) {
    parked.one_has_run(1);
    sleep(Memory::SLEEP).await;
}

async fn receive(letters: Letters, parked: Arc<Gathering>) {
    parked.one_has_run(1);
    // It fails when the channel is closed: that is how it ends.
    let _ = letters.recv().await;
}

async fn listen_to(mut peer: TcpStream, parked: Arc<Gathering>) {
    parked.one_has_run(1);
    // It fails when the client resets: that is how it ends.
    let _ = peer.read(&mut [0; 64]).await;
}

pub async fn frame_size(p: FrameSize, latency: Arc<Recorder>) -> Outcome {
    match (p.r#where, p.held) {
        (Held::Heap, _) => on_heap(p, latency).await,
        (Held::Frame, 0) => in_frames::<0>(p, latency).await,
        (Held::Frame, 100) => in_frames::<100>(p, latency).await,
        (Held::Frame, 1_024) => in_frames::<1_024>(p, latency).await,
        (Held::Frame, _) => in_frames::<65_536>(p, latency).await,
    }
}

async fn on_heap(p: FrameSize, latency: Arc<Recorder>) -> Outcome {
    let bytes = p.held as usize; // Safe because usize has 64 bits here.
    match p.scope {
        Scope::Open => weigh(p, latency, |i, place| open_on_heap(bytes, i, place)).await,
        Scope::Closed => weigh(p, latency, |i, place| closed_on_heap(bytes, i, place)).await,
    }
}

async fn in_frames<const BYTES: usize>(p: FrameSize, latency: Arc<Recorder>) -> Outcome {
    match p.scope {
        Scope::Open => weigh(p, latency, open_in_frame::<BYTES>).await,
        Scope::Closed => weigh(p, latency, closed_in_frame::<BYTES>).await,
    }
}

/// Where a task parks until the root lets it go.
struct Place {
    letters: Letters,
    parked: Arc<Gathering>,
}

impl Place {
    async fn park(self) {
        receive(self.letters, self.parked).await;
    }
}

async fn weigh<F>(p: FrameSize, latency: Arc<Recorder>, child: impl Fn(u64, Place) -> F) -> Outcome
where
    F: Future<Output = u64> + Send + 'static,
{
    let parked = Gathering::of(p.tasks);
    let (sender, letters) = async_channel::unbounded();
    let mut children = Vec::with_capacity(p.tasks as usize); // Safe because usize has 64 bits here.
    let before = latency.resident_bytes()?;
    for i in 0..p.tasks {
        let place = Place {
            letters: letters.clone(),
            parked: Arc::clone(&parked),
        };
        children.push(tokio::spawn(child(i, place)));
    }
    parked.complete().await;
    let bytes = latency.resident_bytes()?.saturating_sub(before);
    latency.count("bytes", bytes);
    drop(sender);
    sum_of(children).await
}

async fn open_in_frame<const BYTES: usize>(index: u64, place: Place) -> u64 {
    let mut buffer = [0; BYTES];
    pages::write(&mut buffer, index);
    place.park().await;
    pages::read(&buffer, index)
}

async fn closed_in_frame<const BYTES: usize>(index: u64, place: Place) -> u64 {
    let answer = {
        let mut buffer = [0; BYTES];
        pages::write(&mut buffer, index);
        pages::read(&buffer, index)
    };
    place.park().await;
    answer
}

async fn open_on_heap(bytes: usize, index: u64, place: Place) -> u64 {
    let mut buffer = vec![0; bytes];
    pages::write(&mut buffer, index);
    place.park().await;
    pages::read(&buffer, index)
}

async fn closed_on_heap(bytes: usize, index: u64, place: Place) -> u64 {
    let answer = {
        let mut buffer = vec![0; bytes];
        pages::write(&mut buffer, index);
        pages::read(&buffer, index)
    };
    place.park().await;
    answer
}
