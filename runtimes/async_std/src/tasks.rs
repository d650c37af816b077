//! Spawning, joining and yielding.

use std::time::Duration;

use async_std::task::{self, JoinHandle, yield_now};
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

/// The sum of what tasks answer, awaited one after the other while all of them run.
pub async fn sum_of(tasks: Vec<JoinHandle<u64>>) -> u64 {
    let mut total = 0u64;
    for task in tasks {
        total = total.wrapping_add(task.await);
    }
    total
}

/// The same for tasks that may fail.
pub async fn joined(tasks: Vec<JoinHandle<Outcome>>) -> Outcome {
    let mut total = 0;
    for task in tasks {
        total += task.await?;
    }
    Ok(total)
}

pub async fn chained_spawn(p: ChainedSpawn) -> Outcome {
    Ok(link(p.depth).await)
}

async fn link(tasks_left: u64) -> u64 {
    if tasks_left == 0 {
        return 0;
    }
    spawn_link(tasks_left - 1).await + 1
}

/// A function of its own, because a future cannot contain itself.
fn spawn_link(tasks_left: u64) -> JoinHandle<u64> {
    task::spawn(link(tasks_left))
}

pub async fn skynet(p: Skynet) -> Outcome {
    Ok(node(0, p.leaves, p.fan_out).await)
}

async fn node(first: u64, leaves: u64, fan_out: u64) -> u64 {
    if leaves == 1 {
        return first;
    }
    let share = leaves / fan_out;
    sum_of(
        (0..fan_out)
            .map(|i| spawn_node(first + i * share, share, fan_out))
            .collect(),
    )
    .await
}

fn spawn_node(first: u64, leaves: u64, fan_out: u64) -> JoinHandle<u64> {
    task::spawn(node(first, leaves, fan_out))
}

pub async fn yields(p: Yield) -> Outcome {
    let give_way = |yields| async move {
        for _ in 0..yields {
            yield_now().await;
        }
        yields
    };
    Ok(sum_of(
        (0..p.tasks)
            .map(|_| task::spawn(give_way(p.yields)))
            .collect(),
    )
    .await)
}

pub async fn ping_pong(p: PingPong) -> Outcome {
    joined((0..p.pairs).map(|i| task::spawn(ping(i))).collect()).await
}

/// async-std has no one-shot channel of its own; this is the one that is made for it.
async fn ping(number: u64) -> Outcome {
    let (there, question) = oneshot::channel();
    let (answer, back) = oneshot::channel();
    let partner = task::spawn(pong(question, answer));
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

pub async fn join(p: Join) -> Outcome {
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
        JoinStyle::Spawn => sum_of((0..p.width).map(|i| task::spawn(fetch(p, i))).collect()).await,
    };
    p.check_overlap(fetches.most())?;
    Ok(page)
}

async fn fetch(p: Join, i: u64) -> u64 {
    if p.delay_us > 0 {
        task::sleep(Duration::from_micros(p.delay_us_of(i))).await;
    }
    i
}

pub async fn join_cpu(p: JoinCpu) -> Outcome {
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
        JoinStyle::Spawn => sum_of((0..p.width).map(|i| task::spawn(child(i))).collect()).await,
    })
}

/// What children with `body=receive` receive from.
type Letters = async_std::channel::Receiver<u64>;

/// To be called where the children are to be spawned from, but for `from=external`, which sees to
/// that itself.
pub async fn spawn(p: Spawn) -> Outcome {
    let (sender, letters) = async_std::channel::bounded(Spawn::LETTERS_WAITING);
    let postman = (p.body == Body::Receive).then(|| task::spawn(deliver(sender, p.tasks)));
    let answer = match p.from {
        Origin::Worker | Origin::BlockOn => parent(p, letters).await?,
        Origin::External => children_from_outside(p, letters).await?,
    };
    if let Some(postman) = postman {
        postman.await;
    }
    Ok(answer)
}

async fn deliver(letters: async_std::channel::Sender<u64>, count: u64) {
    for i in 0..count {
        letters.send(i).await.expect("the children receive as many");
    }
}

async fn parent(p: Spawn, letters: Letters) -> Outcome {
    match p.style {
        SpawnStyle::Spawn => joined(spawn_all(p, &letters)).await,
        SpawnStyle::SpawnSet => joined_as_they_end(spawn_all(p, &letters)).await,
        SpawnStyle::UnorderedSet => driven(p, letters).await,
    }
}

/// A thread of nobody's spawns them, and the root joins them.
async fn children_from_outside(p: Spawn, letters: Letters) -> Outcome {
    match p.style {
        SpawnStyle::Spawn => joined(outside(move || spawn_all(p, &letters)).await?).await,
        SpawnStyle::SpawnSet => {
            joined_as_they_end(outside(move || spawn_all(p, &letters)).await?).await
        }
        SpawnStyle::UnorderedSet => {
            outside(move || task::spawn(driven(p, letters)))
                .await?
                .await
        }
    }
}

/// What `f` answers on a thread that belongs to no runtime.
async fn outside<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let (tell, told) = oneshot::channel();
    outside::call(move || drop(tell.send(f())));
    told.await.map_err(Failure::of("the outsider panicked"))
}

fn spawn_all(p: Spawn, letters: &Letters) -> Vec<JoinHandle<Outcome>> {
    (0..p.tasks)
        .map(|i| task::spawn(child(p, i, letters.clone())))
        .collect()
}

async fn joined_as_they_end(children: Vec<JoinHandle<Outcome>>) -> Outcome {
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
        Body::Sleep => task::sleep(Duration::from_millis(1)).await,
        Body::Receive => {
            return letters
                .recv()
                .await
                .map_err(Failure::of("a child got no letter"));
        }
    }
    Ok(index)
}
