//! An application moves from one member cluster to another, and in the middle of it the line to one
//! of them is cut. The clusters themselves go on: pods end there, and nobody hears of it.

use std::time::{Duration, Instant};

use kube::Client;
use ledger::{AllocationKey, Bundle, Ledger};
use resources::condition::READY;
use resources::names;
use resources::v1alpha1::{DecisionOutcome, Phase};
use serde_json::{Value, json};

use super::acts::{create, pod};
use crate::eventually::{SOON, eventually};
use crate::faults::line::Cut;
use crate::invariants::Standing;
use crate::member::Line;
use crate::object::{self, Place};
use crate::people::Person;
use crate::stage::World;
use crate::town::{Town, amounts, bundle, department, pool};

/// Of 10 cores each pool has: the application has 6 and takes them with it, another waits for 8.
const MOVED: &str = "6";
const WANTED: &str = "8";
/// What was proven before the line was cut is in the ledger after this time.
const SETTLED: Duration = Duration::from_secs(6);
/// How often somebody tries again to approve what was refused while a cluster was away.
const TRIES_MAX: usize = 30;

/// Refusals that aren't for good: of a cluster that is away, and of caches that are behind.
const PASSING: [&str; 4] = ["ClusterUnreachable", "UnknownApplication", "UnknownPool", "NothingToMove"];

/// How far the move has come when the line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is approved while the line is cut, noticed or not.
    Asked,
    Approved,
    /// The new side is in force.
    InForce,
    /// The old side drains, and a pod there keeps it from ending.
    Draining,
}

const STEPS: [Step; 4] = [Step::Asked, Step::Approved, Step::InForce, Step::Draining];

/// What a seed says. Eight of them have each step with each side.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// The line to the cluster that is left, not to the one that is gone to.
    cuts_old: bool,
    step: Step,
    cut: Cut,
    /// The line is whole again before anybody has noticed.
    is_brief: bool,
}

impl Plan {
    fn of(seed: u64) -> Self {
        Self {
            cuts_old: seed % 2 == 1,
            step: STEPS[(seed / 2 % 4) as usize],
            cut: if (seed / 8).is_multiple_of(2) { Cut::Silent } else { Cut::Broken },
            is_brief: seed / 16 % 3 == 2,
        }
    }
}

/// A pool whose namespaces are in a member cluster.
struct Side<'a> {
    town: Town<'a>,
    /// The administrator of the cluster.
    there: Client,
    /// Where its allocation of the application and its namespace are.
    key: AllocationKey,
    namespace: String,
}

pub async fn play(world: &World<'_>) {
    let plan = Plan::of(world.seed);
    let [from, to] = found(world).await;
    let rival = format!("{}-rival", world.name);
    from.town.allocate(&format!("{}-a", world.name), cores(MOVED)).await;
    from.await_enforced(&from.namespace, MOVED).await;
    from.start_pod().await;
    from.town.allocate(&rival, cores(WANTED)).await;

    let mut request = from.town.request_object("Change", &format!("{}-a", world.name), cores(MOVED));
    (request["spec"]["pool"], request["spec"]["moveFrom"]) = (json!(to.town.name), json!(from.town.name));
    let uid = world.ask(&from.town, 0, request).await;
    if plan.step != Step::Asked {
        world.approve(&from.town, 0, 0, &uid).await;
        approve_until_applied(world, &from, &uid).await;
    }
    reach(plan.step, &from, &to).await;
    let side = if plan.cuts_old { &from } else { &to };
    world.stage.cut(&side.town.name, plan.cut);
    let half = async || {
        from.end_pod().await;
        if plan.step == Step::Asked {
            world.approve(&from.town, 0, 0, &uid).await;
        }
    };
    endure(world, plan, [&from, &to], half).await;
    world.stage.mend(&side.town.name);

    if plan.step == Step::Asked {
        approve_until_applied(world, &from, &uid).await;
    }
    eventually(SOON * 4, format!("the move of {} is done", world.name), async || {
        let phase = world.requests(&from.town).await["qr-0"].status.as_ref().and_then(|status| status.phase);
        if phase == Some(Phase::Active) { Ok(()) } else { Err(format!("{phase:?}")) }
    })
    .await;
    // Each of them has one thing, once, and nothing is kept for nobody.
    to.await_enforced(&to.namespace, MOVED).await;
    from.await_enforced(&names::application_namespace(&rival), WANTED).await;
    from.await_enforced(&from.namespace, "0").await;
    for (side, cpu) in [(&from, WANTED), (&to, MOVED)] {
        let position = side.settles().await.ledger.position();
        assert_eq!(position.granted, bundle(&cores(cpu)), "{}: {plan:?}", side.town.name);
        assert_eq!(position.total(), position.granted, "{}: {plan:?}", side.town.name);
    }
}

/// Two pools, each in a member cluster, to which this world has lines of its own.
async fn found<'a>(world: &'a World<'_>) -> [Side<'a>; 2] {
    let (cluster, name) = (&world.stage.cluster, &world.name);
    let hub = cluster.admin().await;
    let pools = [name.clone(), format!("{name}-b")];
    let lines = pools.clone().map(|pool| Line { secret: format!("member-{pool}"), name: pool });
    for object in rights(name, lines.each_ref().map(|line| line.secret.as_str())) {
        create(&hub, object).await;
    }
    let town = |pool: &str| Town { cluster, name: pool.to_owned(), admin: hub.clone() };
    let towns = pools.each_ref().map(|pool| town(pool));
    towns[0].create(Person::CloudAdmin, department(name, json!({}))).await;
    for ((town, line), member) in towns.iter().zip(&lines).zip(&world.stage.members) {
        create(&hub, member.secret(line).await).await;
        let mut object = pool(&town.name, amounts("10", "100G", "1T"));
        object["spec"]["cluster"] = line.reference();
        town.create(Person::CloudAdmin, object).await;
    }
    for town in &towns {
        town.await_pool(READY, "Serving").await;
    }
    towns[0].await_department(name, READY, "Serving").await;
    let application = format!("{name}-a");
    let further = names::further_allocation(&application, &pools[1]);
    let [first, second] = towns;
    let department = first.namespace();
    let side = async |town: Town<'a>, number: usize, allocation: String| Side {
        there: world.stage.members[number].admin().await,
        namespace: names::application_namespace(&allocation),
        key: AllocationKey::new(department.clone(), allocation),
        town,
    };
    [side(first, 0, application).await, side(second, 1, further).await]
}

/// The operator may read these Secrets too.
fn rights(name: &str, secrets: [&str; 2]) -> [Value; 2] {
    let metadata = json!({"namespace": Person::Operator.namespace(), "name": format!("members-of-{name}")});
    let (group, version) = ("rbac.authorization.k8s.io", "rbac.authorization.k8s.io/v1");
    let account = json!({
        "kind": "ServiceAccount", "namespace": Person::Operator.namespace(), "name": Person::Operator.account(),
    });
    [
        json!({
            "apiVersion": version, "kind": "Role", "metadata": metadata,
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": secrets, "verbs": ["get"]}],
        }),
        json!({
            "apiVersion": version, "kind": "RoleBinding", "metadata": metadata, "subjects": [account],
            "roleRef": {"apiGroup": group, "kind": "Role", "name": metadata["name"]},
        }),
    ]
}

/// Waits until the move has come so far.
async fn reach(step: Step, from: &Side<'_>, to: &Side<'_>) {
    match step {
        Step::Asked | Step::Approved => {}
        Step::InForce => to.await_enforced(&to.namespace, MOVED).await,
        Step::Draining => {
            eventually(SOON * 4, format!("{} drains", from.key), async || {
                let draining = from.ledger().await.position().draining;
                if draining.is_zero() { Err("nothing does") } else { Ok(()) }
            })
            .await;
        }
    }
}

/// What must hold while the line is cut: what drains at its other end stays counted, although the
/// pod that kept it has ended, and the application has one of its two places. `half` happens when half
/// the time is over.
async fn endure(world: &World<'_>, plan: Plan, [from, to]: [&Side<'_>; 2], half: impl AsyncFn()) {
    let lasts = if plan.is_brief { world.cut_for / 6 } else { world.cut_for };
    let cut = if plan.cuts_old { from } else { to };
    let (begun, mut is_half_over, mut drained) = (Instant::now(), false, Bundle::ZERO);
    while begun.elapsed() < lasts {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // The old place first: it is left when the new one is there.
        let (left, come) = (from.ledger().await, to.ledger().await);
        let whole = bundle(&cores(MOVED));
        let has = |ledger: &Ledger, side: &Side<'_>| {
            ledger.entries.get(&side.key).is_some_and(|entry| entry.granted() == whole)
        };
        assert!(has(&left, from) || has(&come, to), "{}: it has neither place: {plan:?}", world.name);
        let draining = if plan.cuts_old { &left } else { &come }.position().draining;
        let is_kept = drained.fits_within(draining);
        assert!(is_kept, "{}: {drained:?} drained, {draining:?} does: {plan:?}", cut.town.name);
        if begun.elapsed() >= SETTLED {
            drained = draining;
        }
        if !is_half_over && begun.elapsed() >= lasts / 2 {
            half().await;
            is_half_over = true;
        }
    }
}

/// What was refused because the cluster was away, or because an operator's cache was behind, is approved
/// by another decision.
async fn approve_until_applied(world: &World<'_>, from: &Side<'_>, uid: &str) {
    for copy in 1..=TRIES_MAX {
        let outcomes = world.await_outcomes(&from.town, copy).await;
        if outcomes.values().any(|status| status.outcome == Some(DecisionOutcome::Applied)) {
            return;
        }
        for (name, status) in &outcomes {
            let code = status.code.as_deref().unwrap_or_default();
            assert!(PASSING.contains(&code), "{name}: {status:?}");
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.approve(&from.town, 0, copy, uid).await;
    }
    panic!("{}: it is still refused", world.name);
}

fn cores(cpu: &str) -> Value {
    amounts(cpu, &format!("{cpu}G"), "0G")
}

impl Side<'_> {
    async fn standing(&self) -> Standing {
        Standing::read_in(&self.there, &self.town.admin, &self.town.name).await
    }

    async fn ledger(&self) -> Ledger {
        self.standing().await.ledger
    }

    /// Waits until the API server there enforces so many cores in a namespace.
    async fn await_enforced(&self, namespace: &str, cpu: &str) {
        eventually(SOON * 4, format!("{namespace} enforces {cpu} cores"), async || {
            let standing = self.standing().await;
            let quota = standing.quotas.get(namespace);
            let enforced = quota.filter(|quota| quota.asked == quota.enforced).and_then(|quota| quota.enforced);
            if enforced == Some(bundle(&cores(cpu))) { Ok(()) } else { Err(format!("{quota:?}")) }
        })
        .await;
    }

    /// Waits until every quota says what the ledger says, nothing is held and nothing drains.
    async fn settles(&self) -> Standing {
        eventually(SOON * 4, format!("pool {} settles", self.town.name), async || {
            let standing = self.standing().await;
            let open: Vec<String> = standing.findings().into_iter().chain(standing.unsettled()).collect();
            let position = standing.ledger.position();
            match open.is_empty() && position.total() == position.granted {
                true => Ok(standing),
                false => Err(format!("{position:?} {}", open.join("\n"))),
            }
        })
        .await
    }

    /// A pod that uses a part of what moves.
    async fn start_pod(&self) {
        let object = pod(&self.namespace, "stays", &json!({"cpu": "2", "memory": "100M"}));
        eventually(SOON, format!("a pod starts in {}", self.namespace), async || {
            object::create(&self.there, object.clone()).await.map(|_| ())
        })
        .await;
    }

    async fn end_pod(&self) {
        let place = Place { kind: "Pod", namespace: &self.namespace, name: "stays" };
        object::delete(&self.there, &place).await.expect("the pod ends");
    }
}
