//! The second loop: takes what is to be delivered, and makes attempts.

use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::schedule;
use super::send::{self, Sender};
use super::settings::Settings;
use crate::clock;
use crate::history::deliveries::After;
use crate::history::{self, Store};
use crate::state::App;

/// Attempts of one channel at once: a receiver that hangs holds up its own channel alone.
const AT_ONCE: i64 = 8;
/// Longer than any attempt: who hasn't said by then what came of it is gone.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long a channel without work waits before it looks again.
const IDLE: Duration = Duration::from_secs(2);

/// The channels, ready to be used.
#[derive(Debug)]
pub struct Post {
    settings: Settings,
    senders: Vec<Sender>,
}

impl Post {
    /// The channels of this file.
    pub fn read(path: &Path) -> Result<Self, send::Error> {
        Self::new(Settings::read(path)?)
    }

    pub fn new(settings: Settings) -> Result<Self, send::Error> {
        let senders = Sender::all(&settings)?;
        Ok(Self { settings, senders })
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// One round of every channel; how many attempts were made. `jitter` is between 0 and 1.
    pub async fn round(&self, store: &Store, now: Timestamp, jitter: f64) -> Result<usize, history::Error> {
        let mut made = 0;
        for sender in &self.senders {
            made += round(sender, store, now, jitter).await?;
        }
        Ok(made)
    }
}

async fn round(sender: &Sender, store: &Store, now: Timestamp, jitter: f64) -> Result<usize, history::Error> {
    let taken = store.take_deliveries(&sender.name, AT_ONCE, LEASE, now).await?;
    let attempts = taken.iter().map(async |delivery| {
        let outcome = sender.send(delivery, now).await;
        let after = schedule::after(delivery.attempts, outcome, now, jitter);
        if let After::Dead { error } = &after {
            let (id, channel) = (&delivery.id, &delivery.channel);
            tracing::warn!(id, channel, error, "delivery {id} of channel {channel} came to nothing: {error}");
        }
        // What isn't noted is tried again when the lease is over: at least once, not at most once.
        store.note_attempt(&delivery.id, &after, now).await
    });
    for noted in join_all(attempts).await {
        noted?;
    }
    Ok(taken.len())
}

/// Delivers for as long as the process lives: a loop per channel.
pub async fn deliver_for_ever(app: App) {
    let (Some(post), Ok(store)) = (app.post(), app.history.store()) else { return };
    let names: Vec<&str> = post.senders.iter().map(|sender| sender.name.as_str()).collect();
    if let Err(error) = store.bury_orphans(&names, clock::now()).await {
        tracing::warn!(%error, "failed to look for deliveries whose channel is gone");
    }
    join_all(post.senders.iter().map(async |sender| {
        loop {
            let made = match round(sender, store, clock::now(), rand::random()).await {
                Ok(made) => made,
                Err(error) => {
                    tracing::warn!(%error, channel = sender.name, "failed to ask for deliveries; asked again");
                    0
                }
            };
            if made == 0 {
                tokio::time::sleep(IDLE).await;
            }
        }
    }))
    .await;
}
