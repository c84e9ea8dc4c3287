//! Maintenance windows: what they cover, and what is said of them.

use std::collections::{HashMap, HashSet};

use extranet::budget::Rank;
use extranet::incident::Cause;
use extranet::model::{LinkIx, Stamp};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use resources::condition::{READY, Saying, conditions};
use resources::links::{self, reason};
use resources::v1alpha1::MaintenanceWindow;

use super::{Keeper, MaintenanceWindowStatus};
use crate::link::{apply, observe};

#[derive(Debug, Default)]
pub(super) struct Windows {
    /// By the window's uid.
    approved: HashMap<String, Timestamp>,
    /// Links that some window names or covers.
    links: Vec<LinkIx>,
    /// Those of them that a window covers now.
    covered: HashSet<LinkIx>,
    /// Statuses as they were written, by uid.
    written: HashMap<String, MaintenanceWindowStatus>,
}

impl Keeper {
    pub(super) fn take_windows(&mut self) {
        let objects = self.stores.windows.state();
        let now = timestamp(self.now);
        let windows = &mut self.windows;
        for object in &objects {
            if let (Some(uid), Some(at)) = (object.uid(), observe::approved_at(object, now)) {
                windows.approved.entry(uid).or_insert(at);
            }
        }
        let there: HashSet<String> = objects.iter().filter_map(|object| object.uid()).collect();
        windows.approved.retain(|uid, _| there.contains(uid));
        windows.written.retain(|uid, _| there.contains(uid));
        let all = observe::windows(&self.roster, self.core.tree(), &objects, &windows.approved);
        let links: HashSet<LinkIx> = all.iter().flat_map(|window| window.links.iter().copied()).collect();
        windows.links = links.into_iter().collect();
        self.core.set_windows(&all);
    }

    /// Links that come into a window or leave it, and windows whose status has changed.
    pub(super) fn look_at_windows(&mut self) {
        let now = self.now;
        let is_covered = |link: &LinkIx| self.core.view(*link, now).is_some_and(|view| view.maintenance.is_some());
        let covered: HashSet<LinkIx> = self.windows.links.iter().copied().filter(is_covered).collect();
        let changed: Vec<LinkIx> = covered.symmetric_difference(&self.windows.covered).copied().collect();
        self.windows.covered = covered;
        changed.into_iter().for_each(|link| self.note(link, Rank::Changed));
        for object in self.stores.windows.state() {
            let Some(uid) = object.uid() else { continue };
            let before = self.windows.written.get(&uid).cloned().or_else(|| object.status.clone());
            let status = self.window_status(&object, before.as_ref());
            if before.as_ref() != Some(&status) {
                self.windows.written.insert(uid, status.clone());
                self.writes.spawn(apply::window(self.client.clone(), object.name_any(), status));
            }
        }
    }

    /// A window's status couldn't be written: it is made and written again with the next look.
    pub(super) fn forget_window(&mut self, name: &str) {
        let uids: Vec<String> = self
            .stores
            .windows
            .state()
            .iter()
            .filter(|one| one.name_any() == name)
            .filter_map(|one| one.uid())
            .collect();
        uids.iter().for_each(|uid| drop(self.windows.written.remove(uid)));
    }

    fn window_status(
        &self,
        object: &MaintenanceWindow,
        before: Option<&MaintenanceWindowStatus>,
    ) -> MaintenanceWindowStatus {
        let now = timestamp(self.now);
        let approved_at = object.uid().and_then(|uid| self.windows.approved.get(&uid)).copied();
        let links = observe::covered(&self.roster, self.core.tree(), object);
        let (start, end) = (object.spec.start.0, object.spec.end.0);
        let end = object.spec.finished_early_at.as_ref().map_or(end, |early| early.0.min(end));
        let counts = approved_at.is_some_and(|at| at < start);
        let approved = match approved_at {
            None => Saying::no(links::APPROVED, "NotApproved", "nobody has approved it: it changes nothing"),
            Some(_) if counts => {
                let by = format!("approved by {} before it began", object.spec.approved_by);
                Saying::yes(links::APPROVED, "ApprovedInTime", by)
            }
            Some(_) => {
                let message = "approved after it had begun: it changes nothing in the accounts";
                Saying::no(links::APPROVED, reason::APPROVED_LATE, message)
            }
        };
        let active = if counts && start <= now && now < end {
            Saying::yes(links::ACTIVE, reason::WINDOW_ACTIVE, "its links are in maintenance")
        } else {
            let (reason, message) = match (counts, now < start) {
                (false, _) => ("Ineffective", "it covers nothing"),
                (true, true) => ("Ahead", "it begins later"),
                (true, false) => ("Over", "it has ended"),
            };
            Saying::no(links::ACTIVE, reason, message)
        };
        let overrun =
            self.core.book().incidents().any(|one| {
                one.cause == Cause::MaintenanceOverrun && one.ended_at.is_none() && links.contains(&one.root)
            });
        let overrun = if overrun {
            Saying::yes(links::OVERRUN, reason::OVERRUN, "a link is still down after its end")
        } else {
            Saying::no(links::OVERRUN, "WithinWindow", "nothing has lasted longer")
        };
        let ready = Saying { type_: READY, ..approved.clone() };
        let known = before.map_or(&[][..], |before| before.conditions.as_slice());
        let generation = object.metadata.generation.unwrap_or_default();
        let second = |at: Timestamp| Time(Timestamp::from_second(at.as_second()).unwrap_or(at));
        MaintenanceWindowStatus {
            approved_at: approved_at.map(second),
            covers: i64::try_from(links.len()).ok(),
            conditions: conditions(known, vec![ready, approved, active, overrun], generation, now),
        }
    }
}

fn timestamp(stamp: Stamp) -> Timestamp {
    Timestamp::from_microsecond(stamp.micros()).unwrap_or_default()
}
