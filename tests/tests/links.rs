//! Links on a real control plane: real ICMP, a simulated city, the real operator. In a network namespace of its own, in
//! which the city's addresses are local and the kernel doesn't answer for them.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use resources::condition::find;
use resources::links::{self, reason};
use resources::v1alpha1::{
    CloudPolicy, ExtranetLink, IncidentCause, IncidentState, LinkIncident, LinkState, MaintenanceWindow, ProbeVantage,
};
use serde_json::{Value, json};
use tests::city::{City, wire};
use tests::cluster::Cluster;
use tests::eventually::{SOON, eventually};
use tests::namespace::inside;
use tests::object;
use tests::people::Person;
use tests::process::Process;
use tests::program;

/// Decisions of the quick class take 2 s, recoveries 10 s, a window some seconds: a busy machine takes longer.
const WHILE: Duration = Duration::from_secs(90);
/// The kernel answers no echo itself: the city does.
const SETUP: &str = "sysctl -qw net.ipv4.icmp_echo_ignore_all=1";

#[test]
fn a_cut_is_one_incident_through_a_restart_and_maintenance_is_none() {
    inside("a_cut_is_one_incident_through_a_restart_and_maintenance_is_none", SETUP, || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(story());
    });
}

async fn story() {
    let cluster = Cluster::start("links").await;
    let town = Town::found(&cluster).await;
    let operator = cluster.start_operator("links").await;
    town.until(WHILE, |link| (link.name == "never") == (link.state == Some(LinkState::Unknown)), "all answer").await;
    never_answered_is_no_outage(&town).await;

    let began = a_cut_is_one_incident(&town).await;
    operator.process.signal("KILL");
    operator.process.ended(SOON).await;
    let restarted = Timestamp::now_for_a_test();
    let operator = cluster.start_operator("links").await;
    the_incident_goes_on(&town, began, restarted).await;
    a_restore_is_one_resolution(&town).await;
    maintenance_opens_nothing_until_it_is_over(&town, &cluster).await;

    operator.process.signal("TERM");
    operator.process.ended(SOON).await;
    without_permission_nothing_is_claimed(&town, &cluster).await;
}

/// The one place of this test that reads a clock.
trait Now {
    fn now_for_a_test() -> Timestamp;
}

impl Now for Timestamp {
    #[expect(clippy::disallowed_methods, reason = "windows and restarts are in real time")]
    fn now_for_a_test() -> Timestamp {
        Self::now()
    }
}

struct Town {
    client: Client,
    faults: PathBuf,
}

/// A link as it is told.
#[derive(Debug)]
struct Told {
    name: String,
    state: Option<LinkState>,
    root: Option<String>,
    as_of: Option<Timestamp>,
}

impl Town {
    /// Two counties; below the first, two townships with three villages each. The city answers from now on.
    async fn found(cluster: &Cluster) -> Self {
        let client = cluster.client(Person::CloudAdmin).await;
        let faults = cluster.folder().join("faults");
        std::fs::write(&faults, "").unwrap();
        let mut links = vec![
            ("county-1".to_owned(), "County", "city-core".to_owned(), "127.65.0.254".to_owned()),
            ("county-2".to_owned(), "County", "city-core".to_owned(), "127.66.0.254".to_owned()),
        ];
        for town in 1..=2 {
            links.push((format!("town-{town}"), "Township", "county-1".to_owned(), format!("127.65.{town}.254")));
            for village in 1..=3 {
                let address = format!("127.65.{town}.{village}");
                links.push((format!("village-{town}-{village}"), "Village", format!("town-{town}"), address));
            }
        }
        let mut city = City::default();
        for (name, _, uplink, address) in &links {
            city.add(name, std::iter::once(uplink.as_str()), address.parse().unwrap());
        }
        // Nobody is there: an address that was written wrong.
        links.push(("never".to_owned(), "Village", "town-1".to_owned(), "127.65.1.99".to_owned()));
        let file = faults.clone();
        std::thread::spawn(move || wire::serve(&city, &file, |line| println!("city: {line}")).unwrap());
        let policies: Api<CloudPolicy> = Api::all(client.clone());
        let classes = json!({"spec": {"linkClasses": [quick()]}});
        policies.patch("default", &PatchParams::default(), &Patch::Merge(classes)).await.unwrap();
        let anchors = json!({"anchors": ["127.64.0.1", "127.64.0.2"]});
        let vantage = json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "ProbeVantage", "metadata": {"name": "city"}, "spec": anchors});
        object::create(&client, vantage).await.unwrap();
        for (name, level, uplink, address) in links {
            let spec = json!({
                "displayName": name, "level": level, "uplinks": [uplink], "class": "quick", "probe": {"icmp": {"address": address}},
            });
            let link = json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "ExtranetLink", "metadata": {"name": name}, "spec": spec});
            object::create(&client, link).await.unwrap();
        }
        Self { client, faults }
    }

    fn happen(&self, faults: &str) {
        // Whole or not at all: it is read all the time.
        let part = self.faults.with_extension("part");
        std::fs::write(&part, faults).unwrap();
        std::fs::rename(&part, &self.faults).unwrap();
    }

    async fn links(&self) -> Vec<Told> {
        let links: Api<ExtranetLink> = Api::all(self.client.clone());
        let list = links.list(&ListParams::default()).await.unwrap();
        let told = |link: ExtranetLink| {
            let name = link.name_any();
            let status = link.status.unwrap_or_default();
            Told { name, state: status.state, root: status.root_cause, as_of: status.as_of.map(|at| at.0) }
        };
        list.items.into_iter().map(told).collect()
    }

    async fn link(&self, name: &str) -> ExtranetLink {
        Api::all(self.client.clone()).get(name).await.unwrap()
    }

    async fn incidents(&self) -> Vec<LinkIncident> {
        let incidents: Api<LinkIncident> = Api::all(self.client.clone());
        incidents.list(&ListParams::default()).await.unwrap().items
    }

    /// Waits until it holds for every link.
    async fn until(&self, within: Duration, holds: impl Fn(&Told) -> bool, what: &str) {
        eventually(within, what, async || {
            let wrong: Vec<Told> = self.links().await.into_iter().filter(|link| !holds(link)).collect();
            if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong:?}")) }
        })
        .await;
    }
}

/// Decides within 2 s, so that the test needn't wait for nine.
fn quick() -> Value {
    json!({
        "name": "quick", "intervalMillis": 500, "timeoutMillis": 400, "confirmSpanMillis": 1_500, "confirmations": 4, "confirmationsLossy": 4,
        "loss": {"enterSamples": 60, "enterAbovePercent": "40", "leaveSamples": 60, "leaveAtMostPercent": "30"},
        "rttTargetMillis": 100, "slo": "99", "uplinkRate": 400, "source": "test", "effectiveFrom": "2026-01-01",
    })
}

fn is_below(name: &str) -> bool {
    name.starts_with("town-") || name.starts_with("village-")
}

async fn never_answered_is_no_outage(town: &Town) {
    let link = town.link("never").await;
    let status = link.status.unwrap_or_default();
    let probed = find(&status.conditions, links::PROBED).unwrap();
    assert_eq!((probed.status.as_str(), probed.reason.as_str()), ("False", reason::NEVER_ANSWERED));
    assert_eq!(status.availability, None, "accounting hasn't begun");
    assert_eq!(town.incidents().await.len(), 0);
}

async fn a_cut_is_one_incident(town: &Town) -> Timestamp {
    let cut = Timestamp::now_for_a_test();
    town.happen("cut county-1");
    let lost = |link: &Told| match link.name.as_str() {
        "county-1" => link.state == Some(LinkState::Down) && link.root.is_none(),
        name if is_below(name) => {
            link.state == Some(LinkState::Unreachable) && link.root.as_deref() == Some("county-1")
        }
        "county-2" => link.state == Some(LinkState::Up),
        _ => true,
    };
    town.until(WHILE, lost, "one is down and what is below is unreachable because of it").await;
    let affected =
        |incident: &LinkIncident| incident.status.as_ref().and_then(|status| status.affected).unwrap_or_default();
    let incident =
        eventually(SOON, "the incident lists nine links", async || match town.incidents().await.as_slice() {
            [one] if affected(one).total == 9 => Ok(one.clone()),
            other => Err(format!("{other:?}")),
        })
        .await;
    let counts = affected(&incident);
    assert_eq!((counts.county, counts.township, counts.village), (1, 2, 6));
    assert_eq!((incident.spec.root.as_str(), incident.spec.cause), ("county-1", IncidentCause::RootDown));
    let began = incident.spec.started_at.0;
    let off = began.duration_since(cut).abs();
    assert!(off < SignedDuration::from_secs(3), "the onset is the cut, not the decision: {off}");
    let county = town.link("county-1").await.status.unwrap();
    assert_eq!(county.incident.as_deref(), Some(incident.name_any().as_str()));
    let reachable = town.link("village-1-1").await.status.unwrap();
    let reachable = find(&reachable.conditions, resources::condition::REACHABLE).unwrap().clone();
    assert_eq!((reachable.status.as_str(), reachable.reason.as_str()), ("False", reason::ANCESTOR_DOWN));
    began
}

async fn the_incident_goes_on(town: &Town, began: Timestamp, restarted: Timestamp) {
    let lost = |link: &Told| {
        let expected = if link.name == "county-1" { LinkState::Down } else { LinkState::Unreachable };
        let is_told = link.as_of.is_some_and(|at| at > restarted) && link.state == Some(expected);
        is_told || !(link.name == "county-1" || is_below(&link.name))
    };
    town.until(WHILE, lost, "the operator that was started again says the same").await;
    let incidents = town.incidents().await;
    let [incident] = incidents.as_slice() else { panic!("{incidents:?}") };
    assert_eq!(incident.spec.started_at.0, began);
    let status = incident.status.as_ref().unwrap();
    assert_eq!((status.state, status.affected.unwrap().total), (Some(IncidentState::Open), 9));
    assert_eq!(status.notices.len(), 1, "it was told once: {:?}", status.notices);
}

async fn a_restore_is_one_resolution(town: &Town) {
    town.happen("");
    let is_up = |link: &Told| link.name == "never" || link.state == Some(LinkState::Up);
    town.until(WHILE, is_up, "all answer again").await;
    let incidents = eventually(SOON, "the incident is over", async || {
        let incidents = town.incidents().await;
        let over = incidents
            .iter()
            .all(|one| one.status.as_ref().and_then(|status| status.state) == Some(IncidentState::Resolved));
        if over { Ok(incidents) } else { Err(format!("{incidents:?}")) }
    })
    .await;
    assert_eq!(incidents.len(), 1);
    assert!(incidents[0].status.as_ref().unwrap().ended_at.is_some());
    let micros = town.link("county-1").await.status.unwrap().availability.unwrap().micros;
    assert!(micros.down > 0 && micros.up > 0 && micros.unreachable == 0, "{micros:?}");
    assert!(micros.unknown > 0, "nobody looked while the operator was away: {micros:?}");
    let micros = town.link("village-1-1").await.status.unwrap().availability.unwrap().micros;
    assert!(micros.unreachable > 0 && micros.down == 0, "{micros:?}");
}

async fn maintenance_opens_nothing_until_it_is_over(town: &Town, cluster: &Cluster) {
    let me = format!("system:serviceaccount:{}:{}", Person::CloudAdmin.namespace(), Person::CloudAdmin.account());
    let now = Timestamp::now_for_a_test();
    let spec = json!({
        "links": ["county-2"], "start": now + SignedDuration::from_secs(5), "end": now + SignedDuration::from_hours(1),
        "reason": "fibre is moved", "approvedBy": me,
    });
    let window = json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "MaintenanceWindow", "metadata": {"name": "fibre"}, "spec": spec});
    object::create(&cluster.client(Person::CloudAdmin).await, window).await.unwrap();
    let maintained = |link: &Told| link.name != "county-2" || link.state == Some(LinkState::Maintenance);
    town.until(WHILE, maintained, "the window begins").await;
    town.happen("cut county-2");
    eventually(WHILE, "the link is down in its window", async || {
        let status = town.link("county-2").await.status.unwrap();
        let up = find(&status.conditions, links::UP).unwrap();
        if up.status == "False" { Ok(()) } else { Err(format!("{up:?}")) }
    })
    .await;
    assert_eq!(town.link("county-2").await.status.unwrap().state, Some(LinkState::Maintenance));
    assert_eq!(town.incidents().await.len(), 1, "no incident in a window");
    let windows: Api<MaintenanceWindow> = Api::all(town.client.clone());
    let early = json!({"spec": {"finishedEarlyAt": Timestamp::now_for_a_test()}});
    windows.patch("fibre", &PatchParams::default(), &Patch::Merge(early)).await.unwrap();
    eventually(WHILE, "what lasts longer is an incident", async || {
        let incidents = town.incidents().await;
        let overrun =
            |one: &LinkIncident| one.spec.root == "county-2" && one.spec.cause == IncidentCause::MaintenanceOverrun;
        if incidents.len() == 2 && incidents.iter().any(overrun) { Ok(()) } else { Err(format!("{incidents:?}")) }
    })
    .await;
    let window = windows.get("fibre").await.unwrap().status.unwrap();
    assert_eq!(find(&window.conditions, links::APPROVED).unwrap().status, "True");
}

/// Neither datagram sockets (a new namespace allows them to nobody) nor raw ones.
async fn without_permission_nothing_is_claimed(town: &Town, cluster: &Cluster) {
    let program = program::of_workspace("yunheng-operator", "operator");
    let kubeconfig = cluster.kubeconfig_file(Person::Operator);
    let program = program.to_str().unwrap();
    let arguments =
        ["--bounding-set", "-net_raw", program, "--admin-listen", "127.0.0.1:0", "--identity", "links", "links"];
    let log = cluster.folder().join("forbidden.log");
    let process = Process::start(Path::new("setpriv"), &arguments, &[("KUBECONFIG", &kubeconfig)], log);
    let before = town.incidents().await.len();
    eventually(WHILE, "the vantage says what is missing", async || {
        let vantage: ProbeVantage = Api::all(town.client.clone()).get("city").await.unwrap();
        let status = vantage.status.unwrap_or_default();
        let icmp = find(&status.conditions, links::ICMP_AVAILABLE).unwrap();
        if icmp.status == "False" && icmp.reason == reason::NO_ICMP_PERMISSION {
            Ok(())
        } else {
            Err(process.last_words())
        }
    })
    .await;
    eventually(WHILE, "every link is unknown, and says why", async || {
        let links: Api<ExtranetLink> = Api::all(town.client.clone());
        let list = links.list(&ListParams::default()).await.unwrap();
        let wrong: Vec<String> = list
            .items
            .iter()
            .filter(|link| {
                let status = link.status.clone().unwrap_or_default();
                let probed = find(&status.conditions, links::PROBED).map(|one| one.reason.clone()).unwrap_or_default();
                status.state != Some(LinkState::Unknown) || probed != reason::NO_ICMP_PERMISSION
            })
            .map(|link| format!("{}: {:?}", link.name_any(), link.status))
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    })
    .await;
    assert_eq!(town.incidents().await.len(), before, "what we can't see is never an outage");
}
