//! What happens without an operator: people write objects, the API server takes notice of quotas,
//! pods come and go, namespaces vanish.

use super::Protocol;
use super::state::{Life, Phase, Space, State};

/// Something that happens in one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The API server takes notice of `spec.hard`, and counts use anew.
    Settle,
    /// A pod is admitted: charged to the quota.
    Come,
    /// It is stored.
    Land,
    End,
    /// The quota controller counts what it sees: the pods that are stored.
    Recount,
    /// It counts what it saw a while ago, before a pod was stored.
    Undercount,
    Delete,
    /// The quota of a namespace that is being deleted goes, maybe before its pods.
    QuotaGone,
    Gone,
}

impl Event {
    pub const ALL: [Self; 9] = [
        Self::Settle,
        Self::Come,
        Self::Land,
        Self::End,
        Self::Recount,
        Self::Undercount,
        Self::Delete,
        Self::QuotaGone,
        Self::Gone,
    ];
}

impl Protocol {
    /// Whether people may write the next object of the allocation's script.
    pub fn may_write(&self, state: &State, line: usize) -> bool {
        let script = self.world.lines[line].script;
        let by_request = usize::from(self.world.request == Some(line));
        usize::from(state.written[line]) + by_request < script.len()
    }

    pub fn approve(&self, state: &mut State) -> bool {
        let may = self.world.request.is_some() && state.request == Phase::Open;
        state.request = if may { Phase::Approved } else { state.request };
        may
    }

    pub fn withdraw(&self, state: &mut State) -> bool {
        let may = state.request == Phase::Approved;
        state.request = if may { Phase::Withdrawn } else { state.request };
        may
    }

    /// `false`: it can't happen, or changes nothing.
    pub fn happen(&self, state: &mut State, index: usize, event: Event) -> bool {
        let deletions_left = self.world.deletable == Some(index) && state.deletions == 0;
        let later = self.world.pods_land_later;
        let has_pods = self.world.pods.contains(&index);
        let space = &mut state.spaces[index];
        let before = *space;
        match event {
            Event::Settle => settle(space),
            Event::Come => {
                if has_pods && space.life == Life::Live {
                    come(space, later);
                }
            }
            Event::Land => {
                if space.landing > 0 {
                    (space.landing, space.pods) = (space.landing - 1, space.pods + 1);
                }
            }
            Event::End => end(space, later),
            Event::Recount => {
                if let (true, Some(quota)) = (later, &mut space.quota) {
                    quota.used = before.running();
                }
            }
            // Only where nothing is allowed any more: elsewhere the API server itself would now
            // let in more than the quota says, which no protocol on top of it can help.
            Event::Undercount => match &mut space.quota {
                Some(quota) if later && quota.spec.max(quota.status) == 0 && space.landing == 0 => {
                    quota.used = quota.used.min(space.pods.saturating_sub(1));
                }
                _ => {}
            },
            Event::Delete => {
                if deletions_left && space.life == Life::Live {
                    space.life = Life::Terminating;
                    state.deletions += 1;
                }
            }
            Event::QuotaGone => {
                if space.life == Life::Terminating {
                    space.quota = None;
                }
            }
            Event::Gone => {
                if (space.life, space.quota, space.running()) == (Life::Terminating, None, 0) {
                    (space.life, space.owner) = (Life::Absent, 0);
                }
            }
        }
        state.spaces[index] != before
    }
}

fn settle(space: &mut Space) {
    let running = space.running();
    if let Some(quota) = space.quota.as_mut().filter(|quota| quota.status != quota.spec) {
        (quota.status, quota.used) = (quota.spec, running);
    }
}

fn come(space: &mut Space, later: bool) {
    let Some(quota) = space.quota.as_mut().filter(|quota| quota.used < quota.status) else { return };
    quota.used += 1;
    if later {
        space.landing += 1;
    } else {
        space.pods += 1;
    }
}

fn end(space: &mut Space, later: bool) {
    if space.pods == 0 {
        return;
    }
    space.pods -= 1;
    if let (false, Some(quota)) = (later, &mut space.quota) {
        quota.used -= 1;
    }
}
