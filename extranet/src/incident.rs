//! One cause, one incident: opened once, resolved once, reopened if it comes back soon.

use std::collections::BTreeSet;

use crate::model::{Level, LinkIx, Span, Stamp};
use crate::month::compact;

/// Down again within this time of its end, an incident goes on.
const REOPENS_WITHIN: Span = Span::minutes(10);
/// The resolution is told when the link has stayed up for this long.
const STAYED_UP: Span = Span::minutes(2);
/// Roots without a path of their own to judge by whose onsets are this close share an incident.
const TOGETHER: Span = Span::secs(30);

/// Why an incident was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    RootDown,
    /// The root never answers; so many below it were lost that it must be the root.
    InferredFromChildren,
    /// Two siblings below a silent node, too few to tell.
    SharedParentSuspected,
    /// Still lost after a root above has recovered.
    FollowUp,
    /// Still down when its maintenance should have been over.
    MaintenanceOverrun,
}

/// What is told to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    Opened,
    Resolved,
    FlappingStarted,
    FlappingEnded,
    MaintenanceOverrun,
}

/// What to do with incidents. Names are `<root>-<yyyymmddthhmmssz of the onset>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncidentEffect {
    Open {
        name: String,
        root: LinkIx,
        started_at: Stamp,
        cause: Cause,
        after: Option<String>,
    },
    /// Affected links by level, in the order of [`Level::ALL`], and further roots.
    Update {
        name: String,
        cause: Cause,
        affected: [u32; 5],
        other_roots: Vec<LinkIx>,
    },
    Reopen {
        name: String,
        at: Stamp,
        episodes: u32,
    },
    Resolve {
        name: String,
        ended_at: Stamp,
    },
    Notice {
        name: String,
        kind: NoticeKind,
        at: Stamp,
    },
}

/// One incident as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    pub name: String,
    pub root: LinkIx,
    pub started_at: Stamp,
    pub ended_at: Option<Stamp>,
    pub cause: Cause,
    pub after: Option<String>,
    pub episodes: u32,
    /// Every root it ever had beside the first.
    pub other_roots: Vec<LinkIx>,
    /// Every link it ever hit, roots included.
    pub affected: BTreeSet<LinkIx>,
    down: BTreeSet<LinkIx>,
    shared_parent: Option<LinkIx>,
    by_level: [u32; 5],
    resolved_due: Option<Stamp>,
    flapping: bool,
    changed: bool,
}

/// A root that has just been found down.
#[derive(Clone, Debug)]
pub struct Fall<'a> {
    pub root: LinkIx,
    /// Name of the root, for the incident's name.
    pub name: &'a str,
    /// Absent for `city-core`, which is no link.
    pub level: Option<Level>,
    pub at: Stamp,
    pub cause: Cause,
    /// The incident whose recovery it has outlasted.
    pub after: Option<String>,
    /// Its silent parent with too few children for a vote.
    pub shared_parent: Option<LinkIx>,
}

/// All incidents that are open, or ended a short while ago.
#[derive(Clone, Debug, Default)]
pub struct Book {
    incidents: Vec<Incident>,
}

impl Book {
    /// Open incidents, and those that may still reopen.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.iter()
    }

    /// The open incident that a root belongs to.
    #[must_use]
    pub fn of_root(&self, root: LinkIx) -> Option<&Incident> {
        self.incidents.iter().find(|one| one.down.contains(&root))
    }

    /// Takes over an incident that was open when the prober stopped.
    pub fn restore(&mut self, name: String, root: LinkIx, level: Option<Level>, started_at: Stamp) {
        let mut incident = Incident::new(name, root, started_at, Cause::RootDown);
        incident.hit(root, level);
        incident.changed = false;
        self.incidents.push(incident);
    }

    /// Links have other places in the table.
    pub fn reindex(&mut self, moved: impl Fn(LinkIx) -> LinkIx) {
        for one in &mut self.incidents {
            one.root = moved(one.root);
            one.shared_parent = one.shared_parent.map(&moved);
            one.other_roots.iter_mut().for_each(|root| *root = moved(*root));
            for set in [&mut one.affected, &mut one.down] {
                *set = set.iter().copied().map(&moved).collect();
            }
        }
    }

    /// A root is down: an incident opens, goes on, or takes the root in.
    pub fn fall(&mut self, fall: &Fall<'_>) -> Vec<IncidentEffect> {
        let Fall { root, name, level, at, cause, ref after, shared_parent } = *fall;
        if self.of_root(root).is_some() {
            return Vec::new();
        }
        if let Some(old) = self.incidents.iter_mut().rev().find(|one| one.comes_back(root, at)) {
            old.ended_at = None;
            old.resolved_due = None;
            old.episodes += 1;
            old.down.insert(root);
            return vec![IncidentEffect::Reopen { name: old.name.clone(), at, episodes: old.episodes }];
        }
        let joins = |one: &&mut Incident| {
            let follows = cause == Cause::FollowUp && one.cause == Cause::FollowUp && one.after == *after;
            let shares = shared_parent.is_some()
                && one.shared_parent == shared_parent
                && (at - one.started_at).as_micros().abs() <= TOGETHER.as_micros();
            one.ended_at.is_none() && (follows || shares)
        };
        if let Some(open) = self.incidents.iter_mut().find(joins) {
            if shared_parent.is_some() {
                open.cause = Cause::SharedParentSuspected;
            }
            open.other_roots.push(root);
            open.hit(root, level);
            return Vec::new();
        }
        let mut incident = Incident::new(format!("{name}-{}", compact(at)), root, at, cause);
        incident.after.clone_from(after);
        incident.shared_parent = shared_parent;
        incident.hit(root, level);
        let name = incident.name.clone();
        self.incidents.push(incident);
        let kind = if cause == Cause::MaintenanceOverrun { NoticeKind::MaintenanceOverrun } else { NoticeKind::Opened };
        vec![
            IncidentEffect::Open { name: name.clone(), root, started_at: at, cause, after: after.clone() },
            IncidentEffect::Notice { name, kind, at },
        ]
    }

    /// A link is unreachable because of a root.
    pub fn affect(&mut self, root: LinkIx, link: LinkIx, level: Level) {
        if let Some(open) = self.incidents.iter_mut().find(|one| one.down.contains(&root))
            && open.affected.insert(link)
        {
            open.by_level[level as usize] += 1;
            open.changed = true;
        }
    }

    /// A root isn't down any more. The incident ends with its last root; the notice waits.
    pub fn rise(&mut self, root: LinkIx, at: Stamp) -> Vec<IncidentEffect> {
        let Some(open) = self.incidents.iter_mut().find(|one| one.down.contains(&root)) else { return Vec::new() };
        open.down.remove(&root);
        if !open.down.is_empty() {
            return Vec::new();
        }
        open.ended_at = Some(at);
        open.resolved_due = Some(at + STAYED_UP);
        vec![IncidentEffect::Resolve { name: open.name.clone(), ended_at: at }]
    }

    /// Flapping of a root begins or ends: told once each, and notices in between are held.
    pub fn flapping(&mut self, root: LinkIx, begins: bool, now: Stamp) -> Vec<IncidentEffect> {
        let Some(incident) = self.incidents.iter_mut().rev().find(|one| one.root == root) else { return Vec::new() };
        if incident.flapping == begins {
            return Vec::new();
        }
        incident.flapping = begins;
        let kind = if begins { NoticeKind::FlappingStarted } else { NoticeKind::FlappingEnded };
        vec![IncidentEffect::Notice { name: incident.name.clone(), kind, at: now }]
    }

    /// What is due: changed lists, held resolutions. Forgets what can't reopen any more.
    pub fn tick(&mut self, now: Stamp) -> Vec<IncidentEffect> {
        let mut effects = Vec::new();
        for one in &mut self.incidents {
            if std::mem::take(&mut one.changed) {
                effects.push(IncidentEffect::Update {
                    name: one.name.clone(),
                    cause: one.cause,
                    affected: one.by_level,
                    other_roots: one.other_roots.clone(),
                });
            }
            if !one.flapping && one.resolved_due.is_some_and(|due| due <= now) {
                let at = one.resolved_due.take().unwrap_or(now);
                effects.push(IncidentEffect::Notice { name: one.name.clone(), kind: NoticeKind::Resolved, at });
            }
        }
        self.incidents.retain(|one| {
            one.ended_at.is_none_or(|end| now - end <= REOPENS_WITHIN) || one.resolved_due.is_some() || one.flapping
        });
        effects
    }
}

impl Incident {
    fn new(name: String, root: LinkIx, started_at: Stamp, cause: Cause) -> Self {
        Self {
            name,
            root,
            started_at,
            ended_at: None,
            cause,
            after: None,
            episodes: 1,
            other_roots: Vec::new(),
            affected: BTreeSet::new(),
            down: BTreeSet::new(),
            shared_parent: None,
            by_level: [0; 5],
            resolved_due: None,
            flapping: false,
            changed: true,
        }
    }

    /// Affected links by level, in the order of [`Level::ALL`].
    #[must_use]
    pub fn affected_by_level(&self) -> [u32; 5] {
        self.by_level
    }

    fn hit(&mut self, root: LinkIx, level: Option<Level>) {
        self.down.insert(root);
        if let Some(level) = level
            && self.affected.insert(root)
        {
            self.by_level[level as usize] += 1;
        }
        self.changed = true;
    }

    fn comes_back(&self, root: LinkIx, at: Stamp) -> bool {
        self.root == root && self.ended_at.is_some_and(|end| at - end <= REOPENS_WITHIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(i64) -> Stamp = Stamp::from_secs;

    fn fall(root: u32, at: i64) -> Fall<'static> {
        let level = Some(Level::Village);
        Fall {
            root: LinkIx(root),
            name: "v",
            level,
            at: AT(at),
            cause: Cause::RootDown,
            after: None,
            shared_parent: None,
        }
    }

    fn kinds(effects: &[IncidentEffect]) -> Vec<NoticeKind> {
        let notices = effects.iter().filter_map(|one| match one {
            IncidentEffect::Notice { kind, .. } => Some(*kind),
            _ => None,
        });
        notices.collect()
    }

    #[test]
    fn a_second_fall_within_ten_minutes_reopens_without_a_notice() {
        let mut book = Book::default();
        assert_eq!(kinds(&book.fall(&fall(1, 100))), [NoticeKind::Opened]);
        assert_eq!(book.fall(&fall(1, 100)), []);
        assert_eq!(book.rise(LinkIx(1), AT(200)).len(), 1);
        assert_eq!(kinds(&book.tick(AT(319))), []);
        assert!(matches!(book.fall(&fall(1, 310))[..], [IncidentEffect::Reopen { episodes: 2, .. }]));
        assert_eq!(kinds(&book.tick(AT(400))), [], "a resolution that was held is void");
        book.rise(LinkIx(1), AT(500));
        assert_eq!(kinds(&book.tick(AT(620))), [NoticeKind::Resolved]);
        // Later than 10 min it is another incident.
        assert_eq!(book.tick(AT(1_101)), []);
        assert_eq!(kinds(&book.fall(&fall(1, 1_101))), [NoticeKind::Opened]);
    }

    #[test]
    fn follow_ups_of_one_recovery_share_an_incident_that_ends_with_the_last() {
        let mut book = Book::default();
        let follow = |root| Fall { cause: Cause::FollowUp, after: Some("old".into()), ..fall(root, 60) };
        assert_eq!(book.fall(&follow(1)).len(), 2);
        assert_eq!(book.fall(&follow(2)), []);
        assert_eq!(book.fall(&follow(3)), []);
        assert!(matches!(&book.tick(AT(61))[..], [IncidentEffect::Update { affected: [0, 0, 0, 0, 3], .. }]));
        for root in [1, 2] {
            assert_eq!(book.rise(LinkIx(root), AT(100)), []);
        }
        assert!(matches!(book.rise(LinkIx(3), AT(120))[..], [IncidentEffect::Resolve { .. }]));
    }

    #[test]
    fn flapping_is_told_once_at_each_end_and_holds_the_rest() {
        let mut book = Book::default();
        book.fall(&fall(1, 0));
        assert_eq!(kinds(&book.flapping(LinkIx(1), true, AT(10))), [NoticeKind::FlappingStarted]);
        assert_eq!(book.flapping(LinkIx(1), true, AT(11)), []);
        book.rise(LinkIx(1), AT(20));
        assert_eq!(kinds(&book.tick(AT(2_000))), []);
        assert_eq!(kinds(&book.flapping(LinkIx(1), false, AT(3_000))), [NoticeKind::FlappingEnded]);
        assert_eq!(kinds(&book.tick(AT(3_001))), [NoticeKind::Resolved]);
    }
}
