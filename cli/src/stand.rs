//! Where a request stands, from the same objects and by the same rules as the operator's.

use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use ledger::{Bundle, Resource};
use resources::amounts::{Known, Resources};
use resources::policy::{ApprovalPath, Policy};
use resources::v1alpha1::{Allocation, CloudPolicy, Phase, QuotaDecisionSpec, QuotaRequest, RequestType, Verdict};
use resources::workday::{self, CITY};
use resources::workflow::{self, Act, Action, Facts, Open, Refusal, Rules, Standing, table};
use resources::{judgement, names, quantity};

use crate::error::Error;
use crate::list;
use crate::session::Session;

/// A request with what is around it.
#[derive(Debug)]
pub struct Stand {
    pub standing: Standing,
    /// `None` where the caller may not read the CloudPolicy.
    pub policy: Option<Policy>,
    /// Codes for reasons; empty where the city has none.
    pub codes: Vec<String>,
    /// What the application has in the pool; `None` where that can't be read.
    pub has: Option<Resources>,
    /// What couldn't be read, in sentences.
    pub unread: Vec<String>,
}

/// Reads what is around a request. What may not be read is said in `unread`.
pub async fn look(session: &Session, request: &QuotaRequest, now: Timestamp) -> Stand {
    let namespace = request.namespace().unwrap_or_default();
    let policies: Api<CloudPolicy> = Api::all(session.client.clone());
    let allocations: Api<Allocation> = Api::namespaced(session.client.clone(), &namespace);
    let requests: Api<QuotaRequest> = Api::namespaced(session.client.clone(), &namespace);
    let everything = ListParams::default();
    let (policy, allocations, requests) = tokio::join!(
        policies.get_opt(names::DEFAULT_POLICY),
        list::all(&allocations, &everything),
        list::all(&requests, &everything),
    );
    let policy = policy.map_err(Error::api("read the CloudPolicy"));
    let mut unread = Vec::new();
    let mut or_tell = |error: Error| unread.push(error.to_string());
    let policy = policy.map_err(&mut or_tell).ok();
    let allocations = allocations.map_err(&mut or_tell).ok();
    let requests = requests.map_err(&mut or_tell).unwrap_or_default();
    let spec = policy.as_ref().map(|policy| policy.as_ref().map(|policy| &policy.spec));
    let has = allocations.and_then(|all| granted(request, &all));
    Stand {
        standing: standing(request, has.as_ref(), behind(request, &requests)),
        codes: spec
            .flatten()
            .map(|spec| spec.reason_codes.iter().map(|code| code.code.clone()).collect())
            .unwrap_or_default(),
        policy: spec.map(|spec| Policy::on(spec, workday::day_of(now))),
        has,
        unread,
    }
}

/// What the application has in the pool that it asks for, nothing included; `None` where its
/// allocation doesn't say it.
fn granted(request: &QuotaRequest, all: &[Allocation]) -> Option<Resources> {
    let Some(allocation) = judgement::place(&request.spec.application, &request.spec.pool, all).allocation else {
        return Some(Bundle::ZERO.into());
    };
    let Some(Known { cpu, memory, storage }) = allocation.status.as_ref().and_then(|status| status.granted.clone())
    else {
        // Nothing is granted before the ledger says so.
        return Some(Bundle::ZERO.into());
    };
    Some(Resources { cpu: cpu?, memory: memory?, storage: storage? })
}

/// The earliest open request for the same application and pool, if it isn't this one.
fn behind(request: &QuotaRequest, all: &[QuotaRequest]) -> Option<String> {
    let counts = |other: &&QuotaRequest| {
        workflow::concern_the_same(other, request)
            && other.metadata.deletion_timestamp.is_none()
            && workflow::is_open(workflow::phase_of(other))
    };
    let earliest = all.iter().filter(counts).min_by_key(|other| workflow::turn(other))?;
    (workflow::turn(earliest) < workflow::turn(request)).then(|| label(earliest))
}

fn standing(request: &QuotaRequest, has: Option<&Resources>, behind: Option<String>) -> Standing {
    let spec = &request.spec;
    let releases = spec.type_ == RequestType::Release;
    let target = if releases { Bundle::ZERO } else { spec.resources.parse().unwrap_or_default() };
    let facts = Facts {
        pool: spec.pool.clone(),
        target,
        has: has.and_then(|has| has.parse().ok()).unwrap_or_default(),
        keeps: target,
        behind,
        quota_lowered: true,
        ..Facts::default()
    };
    // One that the operator hasn't seen yet is a request like others, and no draft.
    Standing { phase: Some(workflow::phase_of(request)), ..Standing::of(request, facts) }
}

/// The number if it has one, else the name.
#[must_use]
pub fn label(request: &QuotaRequest) -> String {
    request.status.as_ref().and_then(|status| status.number.clone()).unwrap_or_else(|| request.name_any())
}

impl Stand {
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.standing.phase.unwrap_or_default()
    }

    /// Whether decisions on it are made stage by stage. What has begun so ends so, whatever the city
    /// has set since. `None` where the policy would have to say it and can't be read.
    #[must_use]
    pub fn is_staged(&self) -> Option<bool> {
        let way = |path: ApprovalPath| path.way_from(self.phase());
        // Where the request has begun so, whatever the city has set doesn't matter.
        let known = (way(ApprovalPath::Direct) == ApprovalPath::Staged).then_some(ApprovalPath::Staged);
        let way = known.or_else(|| self.policy.as_ref().map(|policy| way(policy.path)))?;
        Some(way == ApprovalPath::Staged)
    }

    /// The stage that a verdict has to name.
    pub fn stage_to_name(&self, verdict: Verdict) -> Result<Option<String>, Error> {
        let decides = matches!(verdict, Verdict::Approve | Verdict::Return | Verdict::Reject | Verdict::Offer);
        if !decides {
            return Ok(None);
        }
        match self.is_staged() {
            Some(true) => Ok(Some(self.standing.stage().to_owned())),
            Some(false) => Ok(None),
            None => Err(Error::Malformed(format!(
                "{}. Whether {} has to name its stage is in the CloudPolicy: ask for the right to read it",
                self.unread.join("; "),
                verdict.name()
            ))),
        }
    }

    /// What can be done to it now, and by whom.
    #[must_use]
    pub fn open(&self, now: Timestamp) -> Vec<Open> {
        if self.is_staged() == Some(true) {
            workflow::open_now(&self.standing, now, &self.rules())
        } else {
            workflow::open_directly(&self.standing)
        }
    }

    fn rules(&self) -> Rules {
        self.policy.as_ref().map_or_else(|| Rules::from(&Policy::default()), Rules::from)
    }

    /// What the operator would answer if this were written now; `None` if nothing is known to be
    /// wrong, which doesn't mean that it fits.
    #[must_use]
    pub fn foresee(&self, decision: &QuotaDecisionSpec, now: Timestamp) -> Option<Refusal> {
        // Without these the answer would be a guess.
        if self.has.is_none() || self.policy.is_none() {
            return None;
        }
        if self.is_staged() != Some(true) {
            return workflow::step(&self.standing, decision).err();
        }
        let (rules, action) = (self.rules(), Action::Verdict(decision.verdict));
        // Said before whose it is: which role a verdict takes follows from a stage, and there is none.
        if table::find(&self.standing, action, &rules).is_none() {
            let Standing { phase, revision, .. } = self.standing;
            let open = self.open(now);
            return Some(Refusal::WrongStage { phase, stage: self.standing.stage(), revision, action, open });
        }
        // Until when an offer can be answered is the operator's to reckon.
        let answer_by = Some(Timestamp::MAX);
        workflow::transition(&self.standing, &Act::of(decision, now, answer_by), &rules).err()
    }
}

/// Whether a refusal was found by the clock. This machine's isn't the cluster's.
#[must_use]
pub const fn is_by_clock(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::OfferOver { .. } | Refusal::UndoOver { .. } | Refusal::TooEarly { .. } | Refusal::UrgedToday { .. }
    )
}

/// The subcommand that writes a verdict, if there is one.
#[must_use]
pub const fn command(verdict: Verdict) -> Option<&'static str> {
    Some(match verdict {
        Verdict::Accept => "accept",
        Verdict::Take => "take",
        Verdict::Approve => "approve",
        Verdict::Return => "return",
        Verdict::Reject => "reject",
        Verdict::Offer => "offer",
        Verdict::AcceptOffer => "accept-offer",
        Verdict::DeclineOffer => "decline-offer",
        Verdict::Withdraw => "withdraw",
        Verdict::Reinstate => "reinstate",
        Verdict::Urge => "urge",
        Verdict::Confirm | Verdict::Cancel | Verdict::Reclaim => return None,
    })
}

/// The time limit that a request is under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: Timestamp,
    pub limit: Option<String>,
    pub overdue: bool,
    pub provisional: bool,
}

/// When a request is due, if anything runs for it.
#[must_use]
pub fn due(request: &QuotaRequest, now: Timestamp) -> Option<Due> {
    let stage = request.status.as_ref()?.stage.as_ref()?;
    let at: Timestamp = stage.due_at.as_ref()?.parse().ok()?;
    // The operator marks what is late, a moment after; while it is down nobody does.
    let is_ours = stage.limit.as_ref().is_some_and(|limit| limit.starts_with("sla."));
    let overdue = stage.overdue || (is_ours && at < now);
    Some(Due { at, limit: stage.limit.clone(), overdue, provisional: stage.provisional })
}

impl Due {
    /// `2026-11-26 17:30 overdue, provisional`
    #[must_use]
    pub fn text(&self) -> String {
        self.marked(&moment(self.at))
    }

    /// Without the year: `11-26 17:30 overdue`
    #[must_use]
    pub fn short(&self) -> String {
        self.marked(&CITY.to_datetime(self.at).strftime("%m-%d %H:%M").to_string())
    }

    fn marked(&self, at: &str) -> String {
        let marks = [(self.overdue, "overdue"), (self.provisional, "provisional")];
        let marks: Vec<&str> = marks.into_iter().filter_map(|(is_so, mark)| is_so.then_some(mark)).collect();
        if marks.is_empty() { at.to_owned() } else { format!("{at} {}", marks.join(", ")) }
    }
}

/// In the city's time. The undo of a withdrawal is counted in seconds, which are shown if there are any.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    let there = CITY.to_datetime(at);
    let format = if there.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    there.strftime(format).to_string()
}

/// An amount as it is typed, checked before anything is sent.
pub fn parse_amount(resource: Resource, text: &str) -> Result<String, String> {
    quantity::parse(resource, text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// What people wrote, on one line and without what would move the cursor.
#[must_use]
pub fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
pub(crate) mod tests;
