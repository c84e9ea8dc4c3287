//! A city on an injected clock: which links are cut or lossy, and what the prober makes of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use extranet::incident::{IncidentEffect, NoticeKind};
use extranet::model::{Level, LinkIx, Span, Stamp, VantageIx, fnv1a};
use extranet::sample::{Batch, IcmpMode, Sample, Taint, Target, Verdict};
use extranet::schedule::{Plan, Scheduler, Slot};
use extranet::state::{Effect, State};
use extranet::tree::{LinkSpec, Tree};
use extranet::{Core, View};

/// Midnight of 2026-11-02 in China.
pub const START: Stamp = Stamp::from_secs(1_793_548_800);

/// County, townships, villages: the division register of 2023.
const COUNTIES: [(&str, usize, usize); 7] = [
    ("420902", 21, 317),
    ("420921", 15, 454),
    ("420922", 19, 282),
    ("420923", 13, 195),
    ("420981", 17, 294),
    ("420982", 16, 313),
    ("420984", 27, 408),
];

/// The city's 2,402 links.
pub fn city() -> Vec<LinkSpec> {
    tree_of(&COUNTIES)
}

/// A city of 10,000 links, made in the same way.
pub fn ten_thousand() -> Vec<LinkSpec> {
    let counties = [("420902", 80, 1_340), ("430001", 80, 1_340), ("430002", 80, 1_340), ("430003", 80, 1_340)];
    let more = [("430004", 80, 1_340), ("430005", 80, 1_340), ("430006", 80, 1_389)];
    tree_of(&[counties.as_slice(), &more].concat())
}

fn tree_of(counties: &[(&str, usize, usize)]) -> Vec<LinkSpec> {
    let mut links = vec![
        LinkSpec::new("chutian-cloud", Level::Interconnect, &[]),
        LinkSpec::new("province", Level::Interconnect, &[]),
        LinkSpec::new("site-cec", Level::Provider, &[]),
        LinkSpec::new("site-inspur", Level::Provider, &[]),
    ];
    for (code, townships, villages) in counties {
        let county = format!("county-{code}");
        links.push(LinkSpec::new(county.as_str(), Level::County, &[]));
        for t in 0..*townships {
            links.push(LinkSpec::new(township(code, t), Level::Township, &[&county]));
        }
        for v in 0..*villages {
            let above = township(code, v % townships);
            links.push(LinkSpec::new(village(code, v), Level::Village, &[&above]));
        }
    }
    links
}

pub fn township(county: &str, n: usize) -> String {
    format!("township-{county}{n:03}")
}

pub fn village(county: &str, n: usize) -> String {
    format!("village-{county}-{n:04}")
}

/// How a link behaves, as seen on its own line.
#[derive(Clone, Debug, Default)]
pub struct Line {
    pub cut: bool,
    /// Never answers itself and forwards all the same.
    pub mute: bool,
    /// Chance of a loss, 0 to 1.
    pub loss: f64,
    /// Loses every n-th reply.
    pub every: Option<u64>,
    /// Loses so many replies, then no more.
    pub drop_next: u32,
    pub ttl: Option<u8>,
    sent: u64,
}

/// Prober, links and clock.
pub struct City {
    pub core: Core,
    pub now: Stamp,
    pub lines: Vec<Line>,
    pub effects: Vec<(Stamp, Effect)>,
    /// The prober's own faults: what every missing answer is called.
    pub taint: Option<Taint>,
    /// Nothing is sent or received: the process is stopped.
    pub stopped: bool,
    pub blind: bool,
    pub icmp: IcmpMode,
    pub sent: u64,
    scheduler: Scheduler,
    plans: Vec<Plan>,
    flight: BinaryHeap<Reverse<(Stamp, u64)>>,
    samples: HashMap<u64, Sample>,
    random: u64,
    anchors: u8,
}

impl City {
    pub fn new(links: Vec<LinkSpec>) -> Self {
        Self::with(links, 2, 0)
    }

    /// `seed` moves all phases and all chances.
    pub fn with(links: Vec<LinkSpec>, anchors: u8, seed: u64) -> Self {
        let rate = if links.len() > 5_000 { 4_000 } else { 2_000 };
        let tree = Tree::new(links);
        let mut plans: Vec<Plan> = (0..tree.len() as u32).map(|n| plan(&tree, LinkIx(n), seed)).collect();
        plans.extend((0..anchors).map(|n| Plan {
            target: Target::Anchor(n),
            uid: format!("anchor-{seed}-{n}"),
            interval: Span::secs(1),
            lines: vec![],
        }));
        Self {
            lines: vec![Line::default(); tree.len()],
            core: Core::new(tree, anchors, START),
            now: START,
            effects: Vec::new(),
            taint: None,
            stopped: false,
            blind: false,
            icmp: IcmpMode::Raw,
            sent: 0,
            scheduler: Scheduler::new(&plans, rate, START),
            plans,
            flight: BinaryHeap::new(),
            samples: HashMap::new(),
            random: seed ^ 0x9e37_79b9_7f4a_7c15,
            anchors,
        }
    }

    pub fn link(&self, name: &str) -> LinkIx {
        self.core.tree().find(name).unwrap_or_else(|| panic!("no link {name}"))
    }

    pub fn line(&mut self, name: &str) -> &mut Line {
        let link = self.link(name);
        &mut self.lines[link.at()]
    }

    pub fn view(&self, name: &str) -> View {
        self.core.view(self.link(name), self.now).unwrap()
    }

    /// Lets time pass, in the engine's batches of 100 ms.
    pub fn run(&mut self, span: Span) {
        let end = self.now + span;
        while self.now < end {
            let next = (self.now + Span::millis(100)).min(end);
            while let Some(due) = self.scheduler.next_due().filter(|due| *due <= next && !self.stopped) {
                let (mut slots, at) = (Vec::new(), due.max(self.now));
                self.scheduler.due(at, 64, &mut slots);
                slots.into_iter().for_each(|slot| self.send(slot, at));
            }
            self.now = next;
            if !self.stopped {
                self.deliver();
            }
        }
    }

    /// Stops the prober for a while, then lets it go on, as a signal does.
    pub fn pause(&mut self, span: Span) {
        self.stopped = true;
        self.run(span);
        self.stopped = false;
        // What was outstanding then is past its deadline, and nobody looked.
        for sample in self.samples.values_mut().filter(|sample| sample.verdict == Verdict::Lost) {
            sample.verdict = Verdict::Tainted(Taint::Lag);
        }
    }

    /// Another process: what was under way is lost.
    pub fn restart(&mut self, core: Core) {
        self.core = core;
        self.flight.clear();
        self.samples.clear();
    }

    fn deliver(&mut self) {
        let mut samples = Vec::new();
        while let Some(Reverse((_, id))) = self.flight.peek().copied().filter(|Reverse((at, _))| *at <= self.now) {
            self.flight.pop();
            samples.extend(self.samples.remove(&id));
        }
        let batch = Batch { icmp: self.icmp, ..Batch::new(samples) };
        let now = self.now;
        for effect in self.core.step(now, &batch) {
            match &effect {
                Effect::FastPace(pace) => self.scheduler.fast(*pace, now),
                Effect::SteadyPace(link) => self.scheduler.steady(*link, now),
                _ => self.effects.push((now, effect)),
            }
        }
    }

    fn send(&mut self, slot: Slot, at: Stamp) {
        if self.icmp == IcmpMode::Forbidden {
            return;
        }
        self.sent += 1;
        let answers = !self.blind
            && match slot.target {
                Target::Anchor(_) => true,
                Target::Link(link) => self.answers(link),
            };
        let rtt = Span::micros(1_000 + (self.chance() * 500.0) as i64);
        let (verdict, after) = match (answers, self.taint) {
            (true, _) => (Verdict::Ok { rtt: Some(rtt) }, rtt),
            (false, Some(cause)) => (Verdict::Tainted(cause), Span::secs(1)),
            (false, None) => (Verdict::Lost, Span::secs(1)),
        };
        let ttl = match slot.target {
            Target::Link(link) if answers => self.lines[link.at()].ttl,
            _ => None,
        };
        let sample = Sample { target: slot.target, vantage: VantageIx(0), sent: at, verdict, ttl, evidence: None };
        self.samples.insert(self.sent, sample);
        self.flight.push(Reverse((at + after, self.sent)));
        debug_assert!(slot.plan < self.plans.len() as u32 && self.anchors > 0 || self.anchors == 0);
    }

    fn answers(&mut self, link: LinkIx) -> bool {
        let chance = self.chance();
        let line = &mut self.lines[link.at()];
        line.sent += 1;
        let dropped = line.drop_next > 0;
        line.drop_next = line.drop_next.saturating_sub(1);
        let (mute, loss) = (line.mute, line.loss);
        let nth = line.every.is_some_and(|every| line.sent.is_multiple_of(every));
        self.is_reached(link) && !dropped && !mute && !nth && chance >= loss
    }

    fn is_reached(&self, link: LinkIx) -> bool {
        let tree = self.core.tree();
        let above = tree.parents(link);
        let open = above.iter().any(|parent| *parent == tree.core() || self.is_reached(*parent));
        open && !self.lines[link.at()].cut
    }

    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(1);
        (fnv1a(&[&self.random.to_le_bytes()]) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Names of incidents opened, in order.
    pub fn opened(&self) -> Vec<String> {
        let open = self.effects.iter().filter_map(|(_, effect)| match effect {
            Effect::Incident(IncidentEffect::Open { name, .. }) => Some(name.clone()),
            _ => None,
        });
        open.collect()
    }

    pub fn notices(&self, wanted: NoticeKind) -> usize {
        let notices = self.effects.iter().filter(
            |(_, effect)| matches!(effect, Effect::Incident(IncidentEffect::Notice { kind, .. }) if *kind == wanted),
        );
        notices.count()
    }

    /// Affected links by level as last told, by incident.
    pub fn affected(&self) -> BTreeMap<String, [u32; 5]> {
        let updates = self.effects.iter().filter_map(|(_, effect)| match effect {
            Effect::Incident(IncidentEffect::Update { name, affected, .. }) => Some((name.clone(), *affected)),
            _ => None,
        });
        updates.collect()
    }

    /// States that a link was told to be in, with when it was told and since when it holds.
    pub fn states(&self, name: &str) -> Vec<(Stamp, State, Stamp)> {
        let wanted = self.link(name);
        let states = self.effects.iter().filter_map(|(at, effect)| match effect {
            Effect::SetState { link, state, since, .. } if *link == wanted => Some((*at, *state, *since)),
            _ => None,
        });
        states.collect()
    }

    pub fn count(&self, wanted: State) -> usize {
        let links = 0..self.core.tree().len() as u32;
        links.filter(|n| self.core.view(LinkIx(*n), self.now).is_some_and(|view| view.state == wanted)).count()
    }
}

fn plan(tree: &Tree, link: LinkIx, seed: u64) -> Plan {
    let spec = tree.link(link).unwrap();
    let lines = tree.above(link).into_iter().filter_map(|above| Some((above, tree.link(above)?.class.uplink_rate)));
    Plan {
        target: Target::Link(link),
        uid: format!("{seed}-{}", spec.name),
        interval: spec.class.interval,
        lines: lines.collect(),
    }
}
