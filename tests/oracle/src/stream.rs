//! etcd's history, in order.
//!
//! etcd gives a watcher that begins in the past 1,000 revisions at a time, ten times a second at
//! most, and for each of these helpings it reads everything from the first revision that any
//! watcher still lacks to the newest. One watcher over a long history therefore makes it read the
//! square of it. So the history is cut into pieces of one helping, several watchers begin at the
//! same time, each at its own piece, and what they bring is put in order again here.

use std::time::{Duration, Instant};

use futures::channel::mpsc;

use crate::decode::{Key, Kind, ROOT};
use crate::etcd::{self, Etcd, WatchRequest};
use crate::report::Report;
use crate::source::{Error, Source};
use crate::world::{Change, Event, World};

/// Revisions that etcd gives a watcher at once: `watchBatchMaxRevs` in its source.
const PIECE: i64 = 1_000;
/// Pieces that are asked for together and then wait in memory: 32,000 revisions, of which only the
/// objects that count are kept; with a ledger of 100 kB in every tenth of them 320 MB.
const PIECES: usize = 32;
/// Objects of one page when a state is read: a thousand ledgers don't fit one message.
const PAGE: i64 = 100;
/// How long etcd may say nothing.
const PATIENCE: Duration = Duration::from_secs(120);

/// Which revisions, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub from: i64,
    /// Without it: up to the newest at the start.
    pub until: Option<i64>,
}

impl Default for Range {
    fn default() -> Self {
        Self { from: 1, until: None }
    }
}

/// What the caller knows of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// At the last revision nothing was under way: what is kept for nobody is a leak then.
    pub quiet: bool,
}

/// Reads the history and says what it found.
pub async fn replay(source: &Source, range: Range, expect: Expect) -> Result<Report, Error> {
    let began = Instant::now();
    let mut etcd = Etcd::connect(source).await?;
    let newest = etcd.newest().await?;
    let until = range.until.unwrap_or(newest);
    if until > newest || range.from > until {
        return Err(Error::Future { asked: until.max(range.from), newest });
    }
    let mut world = World::new(range.from <= 1);
    let mut next = range.from.max(1);
    if next > 1 {
        base(&mut etcd, next, &mut world).await?;
        next += 1;
    }
    while next <= until {
        let pieces = pieces(next, until);
        next = pieces.last().map_or(until, |(_, last)| *last) + 1;
        for (revision, event) in wave(&mut etcd, &pieces).await?.into_iter().flatten() {
            world.apply(revision, event)?;
        }
    }
    let mut report = world.finish(expect.quiet);
    (report.from, report.to) = (range.from, until);
    report.revisions = u64::try_from(until - range.from + 1).unwrap_or_default();
    report.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

/// Everything that is there at one revision.
async fn base(etcd: &mut Etcd, revision: i64, world: &mut World) -> Result<(), Error> {
    for (_, folder) in Kind::FOLDERS {
        let folder = format!("{ROOT}{folder}");
        // The first key that is no longer in the folder: "/" is followed by "0".
        let end = format!("{}0", folder.trim_end_matches('/'));
        let mut from = folder.into_bytes();
        loop {
            let Some(page) = etcd.page(from, &end, revision, PAGE).await? else {
                return Err(compacted(etcd).await?);
            };
            let last = page.pairs.last().map(|pair| [pair.key.as_slice(), &[0]].concat());
            for pair in page.pairs {
                let key = String::from_utf8_lossy(&pair.key).into_owned();
                world.apply(revision, Event { key, change: Change::Found(pair.value) })?;
            }
            match last {
                Some(last) if page.more => from = last,
                _ => break,
            }
        }
    }
    Ok(())
}

/// A watch from the first revision is told how far the history goes back.
async fn compacted(etcd: &mut Etcd) -> Result<Error, Error> {
    match wave(etcd, &[(1, 1)]).await {
        Err(error) => Ok(error),
        Ok(_) => Ok(Error::Ended { reason: "this revision is compacted".to_owned() }),
    }
}

/// The next pieces from `next` on, each with its first and last revision.
fn pieces(next: i64, until: i64) -> Vec<(i64, i64)> {
    let firsts = (next..=until).step_by(usize::try_from(PIECE).unwrap_or(usize::MAX)).take(PIECES);
    firsts.map(|first| (first, until.min(first + PIECE - 1))).collect()
}

type Piece = Vec<(i64, Event)>;

/// All pieces at once. Every key is watched: each revision has at least one, so the last one of a
/// piece is always seen.
async fn wave(etcd: &mut Etcd, pieces: &[(i64, i64)]) -> Result<Vec<Piece>, Error> {
    // Holds a request to begin and one to end for each piece.
    let (requests, outgoing) = mpsc::unbounded();
    let send = |request| {
        let gone = |_| Error::Ended { reason: "the connection is gone".to_owned() };
        requests.unbounded_send(request).map_err(gone)
    };
    for (number, (first, _)) in (1..).zip(pieces) {
        send(WatchRequest::everything_from(*first, number))?;
    }
    let mut answers = etcd.watch(outgoing).await?;
    let mut read: Vec<Piece> = vec![Vec::new(); pieces.len()];
    let mut complete = vec![false; pieces.len()];
    while complete.iter().any(|complete| !complete) {
        let answer = tokio::time::timeout(PATIENCE, answers.message()).await;
        let answer = answer.map_err(|_| Error::Ended { reason: format!("nothing came for {PATIENCE:?}") })?;
        let answer = answer.map_err(|status| etcd.failed("watch", &status))?;
        let answer = answer.ok_or_else(|| Error::Ended { reason: "it gave no reason".to_owned() })?;
        if answer.compact_revision > 0 {
            return Err(Error::Compacted { oldest: answer.compact_revision });
        }
        let index = usize::try_from(answer.watch_id - 1).ok().filter(|index| complete.get(*index) == Some(&false));
        let Some(index) = index else { continue };
        if answer.canceled {
            return Err(Error::Ended { reason: answer.cancel_reason });
        }
        let (_, last) = pieces[index];
        let reached = gather(answer.events, last, &mut read[index]);
        // The events of one revision may come in two fragments.
        if reached > last || (reached == last && !answer.fragment) {
            complete[index] = true;
            send(WatchRequest::end(answer.watch_id))?;
        }
    }
    Ok(read)
}

/// Keeps what counts, up to `last`. Says how far it got.
fn gather(events: Vec<etcd::Event>, last: i64, piece: &mut Piece) -> i64 {
    let mut reached = 0;
    for event in events {
        let is_delete = event.is_delete();
        let Some(pair) = event.pair else { continue };
        let revision = pair.mod_revision;
        reached = revision.max(reached);
        let Ok(key) = String::from_utf8(pair.key) else { continue };
        if revision > last || Key::parse(&key).is_none() {
            continue;
        }
        let change = match pair.version {
            _ if is_delete => Change::Deleted,
            1 => Change::Created(pair.value),
            _ => Change::Updated(pair.value),
        };
        piece.push((revision, Event { key, change }));
    }
    reached
}
