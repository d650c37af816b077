//! What parked tasks weigh.

use std::sync::Arc;

use async_std::channel::{self, Receiver};
use async_std::io::ReadExt;
use async_std::net::TcpStream;
use async_std::task;
use futures_util::future::try_join;
use rust_common::latency::Recorder;
use rust_common::pages;
use rust_common::scenarios::{FrameSize, Held, Memory, Parked, Scope};
use rust_common::sockets::{check_descriptors, reset_when_closed};
use rust_common::{Failure, Outcome};

use crate::server::{connect, listen};
use crate::signals::Arrivals;
use crate::tasks::sum_of;

pub async fn memory(p: Memory, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let arrivals = Arrivals::of(p.tasks);
    match p.kind {
        Parked::Sleep => sleep_all(&arrivals, p, &latency).await,
        Parked::Receive => receive_all(&arrivals, p, &latency).await,
        Parked::Connection => read_all(&arrivals, p, &latency).await,
    }?;
    latency.count("held_bytes", latency.resident_bytes()?);
    Ok(arrivals.all().await)
}

/// Weighs the process when all tasks have been started and have parked.
async fn weigh(arrivals: &Arrivals, latency: &Recorder) -> Result<(), Failure> {
    arrivals.all().await;
    latency.count("bytes", latency.resident_bytes()?);
    Ok(())
}

async fn sleep_all(arrivals: &Arc<Arrivals>, p: Memory, latency: &Recorder) -> Result<(), Failure> {
    let sleep = |parked: Arc<Arrivals>| async move {
        parked.arrive(1);
        task::sleep(Memory::SLEEP).await;
    };
    let tasks: Vec<_> = (0..p.tasks)
        .map(|_| task::spawn(sleep(Arc::clone(arrivals))))
        .collect();
    weigh(arrivals, latency).await?;
    for task in tasks {
        task.cancel().await;
    }
    Ok(())
}

async fn receive_all(
    arrivals: &Arc<Arrivals>,
    p: Memory,
    latency: &Recorder,
) -> Result<(), Failure> {
    let (sender, receiver) = channel::bounded::<()>(1);
    let receive = |parked: Arc<Arrivals>, letters: Receiver<()>| async move {
        parked.arrive(1);
        // Nobody sends; it ends because the channel is closed.
        let _ = letters.recv().await;
    };
    let tasks: Vec<_> = (0..p.tasks)
        .map(|_| task::spawn(receive(Arc::clone(arrivals), receiver.clone())))
        .collect();
    weigh(arrivals, latency).await?;
    sender.close();
    for task in tasks {
        task.await;
    }
    Ok(())
}

async fn read_all(arrivals: &Arc<Arrivals>, p: Memory, latency: &Recorder) -> Result<(), Failure> {
    let door = listen().map_err(Failure::of("cannot listen on loopback"))?;
    let address = door
        .local_addr()
        .map_err(Failure::of("cannot listen on loopback"))?;
    let read = |parked: Arc<Arrivals>, mut peer: TcpStream| async move {
        parked.arrive(1);
        // Nothing comes; it ends because the client resets the connection.
        let _ = peer.read(&mut [0; 64]).await;
    };
    let (mut clients, mut tasks) = (Vec::new(), Vec::new());
    for _ in 0..p.tasks {
        let both = try_join(connect(address), door.accept()).await;
        let (client, (peer, _)) = both.map_err(Failure::of("cannot connect"))?;
        clients.push(client);
        tasks.push(task::spawn(read(Arc::clone(arrivals), peer)));
    }
    weigh(arrivals, latency).await?;
    for client in clients {
        reset_when_closed(&client).map_err(Failure::of("cannot reset"))?;
    }
    for task in tasks {
        task.await;
    }
    Ok(())
}

pub async fn frame_size(p: FrameSize, latency: Arc<Recorder>) -> Outcome {
    match (p.r#where, p.held) {
        // Safe because usize has 64 bits here.
        (Held::Heap, bytes) => park(p, latency, move || vec![0; bytes as usize]).await,
        (Held::Frame, 0) => park(p, latency, || [0; 0]).await,
        (Held::Frame, 100) => park(p, latency, || [0; 100]).await,
        (Held::Frame, 1_024) => park(p, latency, || [0; 1_024]).await,
        (Held::Frame, _) => park(p, latency, || [0; 65_536]).await,
    }
}

/// Parks tasks that hold what `make` makes, and counts the bytes that they take.
async fn park<B>(
    p: FrameSize,
    latency: Arc<Recorder>,
    make: impl Fn() -> B + Copy + Send + 'static,
) -> Outcome
where
    B: AsMut<[u8]> + Send + 'static,
{
    let before = latency.resident_bytes()?;
    let (sender, letters) = channel::bounded(1);
    let parked = Arrivals::of(p.tasks);
    let tasks: Vec<_> = (0..p.tasks)
        .map(|i| {
            let wait = Wait {
                parked: Arc::clone(&parked),
                letters: letters.clone(),
            };
            match p.scope {
                Scope::Open => task::spawn(hold(make, i, wait)),
                Scope::Closed => task::spawn(hold_and_let_go(make, i, wait)),
            }
        })
        .collect();
    parked.all().await;
    let bytes = latency.resident_bytes()?.saturating_sub(before);
    latency.count("bytes", bytes);
    sender.close();
    Ok(sum_of(tasks).await)
}

/// What a task waits for while it is parked.
struct Wait {
    parked: Arc<Arrivals>,
    letters: Receiver<()>,
}

impl Wait {
    async fn for_a_letter(self) {
        self.parked.arrive(1);
        // Nobody sends; it ends because the channel is closed.
        let _ = self.letters.recv().await;
    }
}

async fn hold<B: AsMut<[u8]>>(make: impl Fn() -> B, index: u64, wait: Wait) -> u64 {
    let mut buffer = make();
    pages::write(buffer.as_mut(), index);
    wait.for_a_letter().await;
    pages::read(buffer.as_mut(), index)
}

/// The scope of the buffer ends before the wait, and its place in the frame with it.
async fn hold_and_let_go<B: AsMut<[u8]>>(make: impl Fn() -> B, index: u64, wait: Wait) -> u64 {
    let answer = {
        let mut buffer = make();
        pages::write(buffer.as_mut(), index);
        pages::read(buffer.as_mut(), index)
    };
    wait.for_a_letter().await;
    answer
}
