//! The task that owns core and engine.

mod survey;
mod table;
mod windows;
mod writing;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use extranet::Core;
use extranet::budget::{Rank, WriteBudget};
use extranet::engine::{self, Command, Engine};
use extranet::model::{LinkIx, Span, Stamp};
use extranet::sample::{Batch, IcmpMode};
use extranet::state::{Effect, State};
use extranet::tree::TreeFault;
use extranet::vantage::{Blindness, Sight};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Client;
use resources::v1alpha1::{ExtranetLink, LinkIncident, MaintenanceWindowStatus, ProbeVantage};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Error;
use super::apply::Done;
use super::figures::Figures;
use super::incidents::Incidents;
use super::roster::Roster;
use super::watches::{Changed, Stores};
use crate::run::Stop;

/// Statuses are spread by their budget: one every 20 ms.
const WRITING_TICK: Duration = Duration::from_millis(20);
/// Without anything to write, what passes by itself is looked at.
const IDLE_TICK: Duration = Duration::from_millis(100);
/// Core wants to be stepped this often at least.
const STEP_EVERY: Span = Span::millis(250);
/// The table is made again this often at most: an import changes thousands of links one by one.
const TABLE_EVERY: Span = Span::secs(1);
/// What shows only by looking: windows that begin and end, counts.
const LOOK_EVERY: Span = Span::secs(1);

/// What a keeper is made of.
pub struct Parts {
    pub client: Client,
    pub stores: Stores,
    pub changed: Changed,
    pub identity: String,
    pub figures: Figures,
    pub engine: Engine,
    pub vantage: Option<Arc<ProbeVantage>>,
}

pub struct Keeper {
    client: Client,
    stores: Stores,
    changed: Changed,
    identity: String,
    figures: Figures,
    engine: Engine,
    core: Core,
    roster: Roster,
    objects: HashMap<String, Arc<ExtranetLink>>,
    faults: HashMap<LinkIx, TreeFault>,
    incidents: Incidents,
    statuses: Statuses,
    windows: windows::Windows,
    vantage: VantageFacts,
    now: Stamp,
    stepped: Stamp,
    tabled: Stamp,
    looked: Stamp,
    writes: JoinSet<Done>,
}

/// What is known of the links' statuses.
struct Statuses {
    budget: WriteBudget,
    /// When each is written next although nothing is new.
    refresh: BTreeSet<(Stamp, LinkIx)>,
    due: HashMap<LinkIx, Stamp>,
    /// As written last.
    conditions: HashMap<LinkIx, Vec<Condition>>,
    /// Changes that aren't written yet, by their number.
    changes: BTreeMap<LinkIx, u64>,
    serial: u64,
    in_flight: HashSet<LinkIx>,
    /// After a failure nothing is written until then.
    paused_until: Stamp,
    patches: u64,
}

/// What is told of the vantage.
struct VantageFacts {
    conditions: Vec<Condition>,
    mode: IcmpMode,
    rate_limited: bool,
    overflows: u64,
    /// Every change until then is written.
    flushed: Stamp,
    began: Stamp,
    next: Stamp,
    in_flight: bool,
}

impl Keeper {
    /// Takes over what the objects say.
    pub fn begin(parts: Parts, open: &[LinkIncident]) -> Self {
        let now = engine::now();
        let Parts { client, stores, changed, identity, figures, engine, vantage } = parts;
        let status = vantage.as_ref().and_then(|vantage| vantage.status.clone()).unwrap_or_default();
        let flushed = status.flushed_through.as_ref().map(super::restore::stamp);
        let mut keeper = Self {
            client,
            stores,
            changed,
            identity,
            figures,
            engine,
            core: Core::new(extranet::tree::Tree::new(Vec::new()), 0, now),
            roster: Roster::default(),
            objects: HashMap::new(),
            faults: HashMap::new(),
            incidents: Incidents::default(),
            statuses: Statuses {
                budget: WriteBudget::new(now),
                refresh: BTreeSet::new(),
                due: HashMap::new(),
                conditions: HashMap::new(),
                changes: BTreeMap::new(),
                serial: 0,
                in_flight: HashSet::new(),
                paused_until: Stamp::NEVER,
                patches: 0,
            },
            windows: windows::Windows::default(),
            vantage: VantageFacts {
                conditions: status.conditions,
                mode: IcmpMode::Unused,
                rate_limited: false,
                overflows: 0,
                flushed: flushed.unwrap_or(now),
                began: now,
                next: now,
                in_flight: false,
            },
            now,
            stepped: now,
            tabled: Stamp::NEVER,
            looked: now,
            writes: JoinSet::new(),
        };
        keeper.make_table();
        keeper.take_over(open, flushed);
        keeper
    }

    pub async fn run(mut self, mut batches: mpsc::Receiver<Batch>, stop: Stop) -> Result<(), Error> {
        loop {
            let tick = if self.statuses.budget.pending() > 0 { WRITING_TICK } else { IDLE_TICK };
            tokio::select! {
                batch = batches.recv() => match batch {
                    Some(batch) => self.step(&batch),
                    None => return Err(Error::ProberEnded),
                },
                Some(done) = self.writes.join_next(), if !self.writes.is_empty() => {
                    if let Ok(done) = done {
                        self.settle(done);
                    }
                }
                () = tokio::time::sleep(tick) => {}
                () = stop.clone() => break,
            }
            self.pass();
        }
        // What was decided is written as far as it is quick; the rest is as unknown as after a crash.
        while let Some(Ok(done)) = self.writes.join_next().await {
            self.settle(done);
        }
        self.write_vantage();
        while self.writes.join_next().await.is_some() {}
        Ok(())
    }

    /// What is due by time.
    fn pass(&mut self) {
        self.now = self.now.max(engine::now());
        if self.now - self.stepped >= STEP_EVERY {
            let nothing = Batch { icmp: self.vantage.mode, ..Batch::new(Vec::new()) };
            self.step(&nothing);
        }
        if self.changed.load(std::sync::atomic::Ordering::Acquire) && self.now - self.tabled >= TABLE_EVERY {
            self.make_table();
        }
        if self.now - self.looked >= LOOK_EVERY {
            self.looked = self.now;
            self.look_at_windows();
        }
        self.write();
    }

    fn step(&mut self, batch: &Batch) {
        self.now = self.now.max(engine::now());
        if batch.icmp != self.vantage.mode {
            self.vantage.mode = batch.icmp;
            self.vantage.next = self.now;
            tracing::info!(mode = ?batch.icmp, "ICMP sockets");
        }
        if batch.rate_limited && !self.vantage.rate_limited {
            self.vantage.next = self.now;
        }
        self.vantage.rate_limited = batch.rate_limited;
        let effects = self.core.step(self.now, batch);
        self.stepped = self.now;
        self.carry_out(effects);
        if self.statuses.changes.is_empty() && self.incidents.is_clean() {
            self.vantage.flushed = self.stepped;
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::SetState { link, state, reason, .. } => {
                    let rank = if state == State::Down { Rank::Root } else { Rank::Changed };
                    if state == State::Down {
                        tracing::warn!(link = self.core.tree().name(link), ?reason, "a link is down");
                    }
                    self.note(link, rank);
                }
                Effect::Incident(effect) => {
                    tracing::info!(?effect, "incident");
                    let (core, tree) = (&self.core, self.core.tree());
                    let links_of = |name: &str| {
                        let incident = core.book().incidents().find(|one| one.name == name);
                        incident
                            .into_iter()
                            .flat_map(|one| &one.affected)
                            .map(|link| tree.name(*link).to_owned())
                            .collect()
                    };
                    self.incidents.take(&effect, |link| tree.name(link).to_owned(), links_of);
                }
                Effect::FastPace(pace) => self.tell(Command::Fast(pace)),
                Effect::SteadyPace(link) => self.tell(Command::Steady(link)),
                Effect::Sight(sight) => self.sight(sight),
                Effect::PathChanged { link, change, .. } => {
                    tracing::info!(link = self.core.tree().name(link), ?change, "the way to a link has changed");
                }
                Effect::Redundancy { link, .. } | Effect::FirstAnswer { link, .. } | Effect::Flapping { link, .. } => {
                    self.note(link, Rank::Changed);
                }
            }
        }
    }

    fn sight(&mut self, sight: Sight) {
        self.vantage.next = self.now;
        match sight {
            Sight::Lost { why, .. } => {
                tracing::warn!(?why, "the prober doesn't see; nothing is claimed about any link");
                if why == Blindness::NoIcmpPermission {
                    self.ask_all(Rank::Changed);
                }
            }
            Sight::Regained { .. } => {
                tracing::info!("the prober sees again");
                self.ask_all(Rank::Refresh);
            }
        }
    }

    /// The prober's channel holds as many paces as the largest cut asks for. One that is lost only
    /// delays a decision, which waits for samples and never goes without.
    fn tell(&self, command: Command) {
        if let Err(error) = self.engine.send(command) {
            tracing::debug!(%error, "a command to the prober was lost");
        }
    }

    /// A change: the link's status is to be written, and the vantage says so until it is.
    fn note(&mut self, link: LinkIx, rank: Rank) {
        if self.roster.name(link).is_some() {
            self.statuses.serial += 1;
            self.statuses.changes.insert(link, self.statuses.serial);
            self.ask(link, rank);
        }
    }

    fn ask(&mut self, link: LinkIx, rank: Rank) {
        if let Some(spec) = self.core.tree().link(link)
            && self.roster.name(link).is_some()
        {
            self.statuses.budget.push(link, spec.level, rank);
        }
    }

    fn ask_all(&mut self, rank: Rank) {
        for n in 0..self.core.tree().len() as u32 {
            self.ask(LinkIx(n), rank);
        }
    }
}
