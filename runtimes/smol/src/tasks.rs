//! Spawning, joining and yielding.

use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rust_common::message::InFlight;
use rust_common::outside;
use rust_common::scenarios::{
    Body, ChainedSpawn, Join, JoinCpu, JoinStyle, Origin, PingPong, Skynet, Spawn, SpawnStyle,
    Yield,
};
use rust_common::work::compute;
use rust_common::{Failure, Outcome};
use smol::future::yield_now;
use smol::{Task, Timer};

use crate::Spawner;

/// The sum of what tasks answer, awaited one after the other while all of them run.
pub async fn sum_of(tasks: Vec<Task<u64>>) -> u64 {
    let mut total = 0u64;
    for task in tasks {
        total = total.wrapping_add(task.await);
    }
    total
}

/// The same for tasks that may fail.
pub async fn joined(tasks: Vec<Task<Outcome>>) -> Outcome {
    let mut total = 0;
    for task in tasks {
        total += task.await?;
    }
    Ok(total)
}

pub async fn chained_spawn(ex: Spawner, p: ChainedSpawn) -> Outcome {
    Ok(link(ex, p.depth).await)
}

async fn link(ex: Spawner, tasks_left: u64) -> u64 {
    if tasks_left == 0 {
        return 0;
    }
    spawn_link(ex, tasks_left - 1).await + 1
}

/// A function of its own, because a future cannot contain itself.
fn spawn_link(ex: Spawner, tasks_left: u64) -> Task<u64> {
    ex.spawn(link(ex, tasks_left))
}

pub async fn skynet(ex: Spawner, p: Skynet) -> Outcome {
    Ok(node(ex, 0, p.leaves, p.fan_out).await)
}

async fn node(ex: Spawner, first: u64, leaves: u64, fan_out: u64) -> u64 {
    if leaves == 1 {
        return first;
    }
    let share = leaves / fan_out;
    sum_of(
        (0..fan_out)
            .map(|i| spawn_node(ex, first + i * share, share, fan_out))
            .collect(),
    )
    .await
}

fn spawn_node(ex: Spawner, first: u64, leaves: u64, fan_out: u64) -> Task<u64> {
    ex.spawn(node(ex, first, leaves, fan_out))
}

pub async fn yields(ex: Spawner, p: Yield) -> Outcome {
    let give_way = |yields| async move {
        for _ in 0..yields {
            yield_now().await;
        }
        yields
    };
    Ok(sum_of((0..p.tasks).map(|_| ex.spawn(give_way(p.yields))).collect()).await)
}

pub async fn ping_pong(ex: Spawner, p: PingPong) -> Outcome {
    joined((0..p.pairs).map(|i| ex.spawn(ping(ex, i))).collect()).await
}

/// smol has no one-shot channel of its own; this is the one that is made for it.
async fn ping(ex: Spawner, number: u64) -> Outcome {
    let (there, question) = oneshot::channel();
    let (answer, back) = oneshot::channel();
    let partner = ex.spawn(pong(question, answer));
    there
        .send(number)
        .map_err(|_| Failure::Failed("nobody took the ping".to_owned()))?;
    let number = back.await.map_err(Failure::of("no pong came"))?;
    partner.await;
    Ok(number)
}

async fn pong(question: oneshot::Receiver<u64>, answer: oneshot::Sender<u64>) {
    if let Ok(number) = question.await {
        // Whoever asked waits for it.
        let _ = answer.send(number + 1);
    }
}

pub async fn join(ex: Spawner, p: Join) -> Outcome {
    let fetches = InFlight::default();
    let watched = |i| {
        let fetches = &fetches;
        async move {
            fetches.begin();
            let part = fetch(p, i).await;
            fetches.end();
            part
        }
    };
    let page = match p.style {
        JoinStyle::Sequential => {
            let mut page = 0;
            for i in 0..p.width {
                page += watched(i).await;
            }
            page
        }
        JoinStyle::Join => join_all((0..p.width).map(watched)).await.iter().sum(),
        JoinStyle::Spawn => sum_of((0..p.width).map(|i| ex.spawn(fetch(p, i))).collect()).await,
    };
    p.check_overlap(fetches.most())?;
    Ok(page)
}

async fn fetch(p: Join, i: u64) -> u64 {
    if p.delay_us > 0 {
        Timer::after(Duration::from_micros(p.delay_us_of(i))).await;
    }
    i
}

pub async fn join_cpu(ex: Spawner, p: JoinCpu) -> Outcome {
    let child = |i| async move { compute(p.steps, i) };
    Ok(match p.style {
        JoinStyle::Sequential => {
            let mut total = 0u64;
            for i in 0..p.width {
                total = total.wrapping_add(child(i).await);
            }
            total
        }
        JoinStyle::Join => join_all((0..p.width).map(child))
            .await
            .into_iter()
            .fold(0, u64::wrapping_add),
        JoinStyle::Spawn => sum_of((0..p.width).map(|i| ex.spawn(child(i))).collect()).await,
    })
}

/// What children with `body=receive` receive from.
type Letters = async_channel::Receiver<u64>;

/// To be called where the children are to be spawned from, but for `from=external`, which sees to
/// that itself.
pub async fn spawn(ex: Spawner, p: Spawn) -> Outcome {
    let (sender, letters) = async_channel::bounded(Spawn::LETTERS_WAITING);
    let postman = (p.body == Body::Receive).then(|| ex.spawn(deliver(sender, p.tasks)));
    let answer = match p.from {
        Origin::Worker | Origin::BlockOn => parent(ex, p, letters).await?,
        Origin::External => children_from_outside(ex, p, letters).await?,
    };
    if let Some(postman) = postman {
        postman.await;
    }
    Ok(answer)
}

async fn deliver(letters: async_channel::Sender<u64>, count: u64) {
    for i in 0..count {
        letters.send(i).await.expect("the children receive as many");
    }
}

async fn parent(ex: Spawner, p: Spawn, letters: Letters) -> Outcome {
    match p.style {
        SpawnStyle::Spawn => joined(spawn_all(ex, p, &letters)).await,
        SpawnStyle::SpawnSet => joined_as_they_end(spawn_all(ex, p, &letters)).await,
        SpawnStyle::UnorderedSet => driven(p, letters).await,
    }
}

/// A thread of nobody's spawns them, and the root joins them.
async fn children_from_outside(ex: Spawner, p: Spawn, letters: Letters) -> Outcome {
    match p.style {
        SpawnStyle::Spawn => joined(outside(move || spawn_all(ex, p, &letters)).await?).await,
        SpawnStyle::SpawnSet => {
            joined_as_they_end(outside(move || spawn_all(ex, p, &letters)).await?).await
        }
        SpawnStyle::UnorderedSet => outside(move || ex.spawn(driven(p, letters))).await?.await,
    }
}

/// What `f` answers on a thread that belongs to no runtime.
async fn outside<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let (tell, told) = oneshot::channel();
    outside::call(move || drop(tell.send(f())));
    told.await.map_err(Failure::of("the outsider panicked"))
}

fn spawn_all(ex: Spawner, p: Spawn, letters: &Letters) -> Vec<Task<Outcome>> {
    (0..p.tasks)
        .map(|i| ex.spawn(child(p, i, letters.clone())))
        .collect()
}

async fn joined_as_they_end(children: Vec<Task<Outcome>>) -> Outcome {
    sum_as_they_end(children.into_iter().collect()).await
}

/// One task drives all children.
async fn driven(p: Spawn, letters: Letters) -> Outcome {
    sum_as_they_end((0..p.tasks).map(|i| child(p, i, letters.clone())).collect()).await
}

async fn sum_as_they_end(mut children: FuturesUnordered<impl Future<Output = Outcome>>) -> Outcome {
    let mut total = 0;
    while let Some(answer) = children.next().await {
        total += answer?;
    }
    Ok(total)
}

async fn child(p: Spawn, index: u64, letters: Letters) -> Outcome {
    match p.body {
        Body::Ready => {}
        Body::Yield => yield_now().await,
        Body::Sleep => {
            Timer::after(Duration::from_millis(1)).await;
        }
        Body::Receive => {
            return letters
                .recv()
                .await
                .map_err(Failure::of("a child got no letter"));
        }
    }
    Ok(index)
}
