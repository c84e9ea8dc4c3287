//! Where scenarios play: a control plane of two API servers that keeps its history, and two
//! operators under fire, each at an API server of its own.

mod under_fire;

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, Client, Config};
use oracle::{Expect, Range, Report, Source, replay_with};
use serde_json::Value;

use crate::cluster::{Cluster, Plane, Way};
use crate::eventually::{SOON, eventually};
use crate::faults::dice::{Profile, Random};
use crate::faults::line::Cut;
use crate::faults::without::Step;
use crate::member::Member;
use crate::people::Person;
use crate::town::Town;
pub use under_fire::UnderFire;

/// Those who act in scenarios, beside the administrator.
const CAST: [Person; 6] = [
    Person::CloudAdmin,
    Person::ApproverAdmin,
    Person::ApproverTech,
    Person::Li,
    Person::Zhang,
    // Where a scenario needs a time to be over.
    Person::Operator,
];

/// What the operators of a stage are like.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    pub faults: Profile,
    pub seed: u64,
    /// Both believe to lead, all the time. Otherwise the lease says who does.
    pub both_lead: bool,
    pub without: Option<Step>,
    /// More flags for both.
    pub flags: Vec<String>,
    /// One of them keeps to the whole protocol, whatever `without` says.
    pub second_is_sound: bool,
    /// How many member clusters there are beside the hub; from the start of the stage on.
    pub members: usize,
    pub way: Way,
}

pub struct Stage {
    // These end before the cluster does: an API server that stops waits for those who watch.
    pub operators: Vec<UnderFire>,
    clients: HashMap<(Option<Person>, usize), Client>,
    pub members: Vec<Member>,
    pub cluster: Cluster,
    gates: PathBuf,
}

impl Stage {
    /// Starts everything; `name` names the folder of the logs.
    pub async fn start(name: &str, setting: &Setting) -> Self {
        // Each takes seconds to start.
        let members = (0..setting.members).map(|number| format!("{name}-member-{number}"));
        let members = members.map(|name| tokio::task::spawn_blocking(move || Member::start(&name)));
        let members: Vec<_> = members.collect();
        let cluster = Cluster::start_as(name, Plane::Pair).await;
        let members = join_all(members).await.into_iter().map(|started| started.expect("a member starts")).collect();
        let mut clients = HashMap::new();
        for server in 0..2 {
            for person in CAST.map(Some).into_iter().chain([None]) {
                let mut config: Config = cluster.config(person, server).await;
                // Whoever acts here hears every answer himself.
                config.default_retry = false;
                clients.insert((person, server), Client::try_from(config).expect("a client can be made"));
            }
        }
        let gates = cluster.folder().join("gates");
        let mut stage = Self { cluster, operators: Vec::new(), clients, members, gates };
        stage.set(setting).await;
        stage
    }

    /// Ends the operators that there are, starts others, and waits until one of them leads.
    pub async fn set(&mut self, setting: &Setting) {
        self.operators.clear();
        // Before they start: two that both lead would else go different ways for a moment.
        self.cluster.set_way(setting.way).await;
        self.operators =
            (0..2).map(|server| UnderFire::start(&self.cluster, server, flags(setting, server, &self.gates))).collect();
        eventually(SOON, "an operator under fire leads", async || {
            for operator in &self.operators {
                if operator.leads().await {
                    return Ok(());
                }
            }
            Err(self.operators[0].last_words())
        })
        .await;
    }

    /// Lets the operators finish what they do and ends them.
    pub async fn close(&mut self) {
        for operator in &self.operators {
            operator.end().await;
        }
        self.operators.clear();
    }

    /// Somebody's connection to one of the API servers; to either, by an even or odd number.
    #[must_use]
    pub fn client(&self, person: Person, number: usize) -> &Client {
        &self.clients[&(Some(person), number % 2)]
    }

    #[must_use]
    pub fn admin(&self, number: usize) -> &Client {
        &self.clients[&(None, number % 2)]
    }

    /// The revision that etcd is at.
    ///
    /// # Panics
    /// When the API server doesn't say.
    pub async fn revision(&self) -> i64 {
        let namespaces: Api<Namespace> = Api::all(self.admin(0).clone());
        let list = namespaces.list(&ListParams::default()).await.expect("namespaces can be listed");
        let version = list.metadata.resource_version.unwrap_or_default();
        version.parse().expect("a list's version is etcd's revision")
    }

    /// What etcd has to say about everything since `from`.
    ///
    /// # Panics
    /// When the history can't be read.
    pub async fn replay(&self, from: i64, is_quiet: bool) -> Report {
        let source = |data: &Path| Source::of_localcluster(data).expect("the control plane runs");
        let members: Vec<Source> = self.members.iter().map(|member| source(member.data())).collect();
        let report = replay_with(
            &source(&self.cluster.data()),
            &members,
            Range { from, until: None },
            Expect { quiet: is_quiet },
        )
        .await;
        report.unwrap_or_else(|error| panic!("the history can't be read: {error}"))
    }

    /// A file at a gate of the fault layer: see [`crate::faults::capture`].
    #[must_use]
    pub fn gate(&self, name: &str, what: &str) -> PathBuf {
        self.gates.join(format!("{name}.{what}"))
    }

    /// From now on the gate catches the next request that fits it.
    pub fn arm(&self, name: &str) {
        touch(&self.gate(name, "armed"));
    }

    /// Waits until something was caught at the gate.
    pub async fn await_caught(&self, name: &str) {
        let file = self.gate(name, "caught");
        eventually(SOON, format!("something is caught at {name}"), async || there(&file)).await;
    }

    /// Lets what was caught go, and waits for the API server's answer to it: its status.
    pub async fn let_go(&self, name: &str) -> u16 {
        touch(&self.gate(name, "open"));
        let file = self.gate(name, "answer");
        eventually(SOON, format!("what was caught at {name} is answered"), async || there(&file)).await;
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        text.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or_default()
    }

    /// Cuts both operators' line to a member cluster: see [`crate::faults::line`].
    ///
    /// # Panics
    /// When the file can't be written.
    pub fn cut(&self, line: &str, cut: Cut) {
        // Whole or not at all: it is read all the time.
        let (file, part) = (self.gate(line, "cut"), self.gate(line, "cut-part"));
        touch(&part);
        let written = std::fs::write(&part, cut.word()).and_then(|()| std::fs::rename(&part, &file));
        written.expect("a line can be cut");
    }

    /// Makes a line whole again.
    ///
    /// # Panics
    /// When it isn't cut.
    pub fn mend(&self, line: &str) {
        std::fs::remove_file(self.gate(line, "cut")).expect("a line that was cut");
    }

    /// Shuts a gate that blocks, or opens it again.
    pub fn shut(&self, name: &str, is_shut: bool) {
        let file = self.gate(name, "shut");
        if is_shut {
            touch(&file);
        } else {
            std::fs::remove_file(&file).expect("a gate that was shut");
        }
    }
}

fn flags(setting: &Setting, server: usize, gates: &Path) -> Vec<String> {
    let Setting { faults, seed, both_lead, without, flags, second_is_sound, members: _, way: _ } = setting;
    let profile = clap::ValueEnum::to_possible_value(faults).map(|value| value.get_name().to_owned());
    let mut all = vec![
        "--seed".to_owned(),
        // The two don't meet the same faults at the same requests.
        (seed * 2 + u64::from(server == 1)).to_string(),
        "--faults".to_owned(),
        profile.unwrap_or_default(),
        "--gates".to_owned(),
        gates.display().to_string(),
    ];
    if *both_lead {
        all.push("--always-lead".to_owned());
    }
    if let Some(step) = without.filter(|_| server == 0 || !second_is_sound) {
        all.extend(["--without".to_owned(), step.name()]);
    }
    all.extend(flags.iter().cloned());
    all
}

fn touch(file: &Path) {
    let made = std::fs::create_dir_all(file.parent().unwrap_or(file)).and_then(|()| std::fs::write(file, ""));
    made.expect("a gate can be set");
}

fn there(file: &Path) -> Result<(), String> {
    if file.exists() { Ok(()) } else { Err(format!("{} isn't there", file.display())) }
}

/// One scenario's part of a stage. All that it makes has its name, so many play side by side.
pub struct World<'a> {
    pub stage: &'a Stage,
    pub name: String,
    pub seed: u64,
    /// For how long a line to a member is cut.
    pub cut_for: Duration,
}

impl<'a> World<'a> {
    #[must_use]
    pub fn new(stage: &'a Stage, name: String, seed: u64) -> Self {
        Self { stage, name, seed, cut_for: Duration::from_secs(60) }
    }

    /// A pool and a department of the world's name.
    pub async fn found(&self, capacity: Value) -> Town<'_> {
        Town::found(&self.stage.cluster, &self.name, capacity).await
    }

    /// What is left to chance in a scenario, from its seed.
    #[must_use]
    pub fn random(&self) -> Random {
        Random::new(self.seed)
    }

    /// A time of up to so many milliseconds, from the scenario's seed.
    pub async fn pause(&self, random: &mut Random, ms_max: u64) {
        tokio::time::sleep(Duration::from_millis(random.below(ms_max))).await;
    }
}

/// Plays in all worlds at once. The answer has the name of each that failed, and why.
pub async fn play_all<'a, P>(worlds: &'a [World<'a>], play: P) -> Vec<(String, String)>
where
    P: Fn(&'a World<'a>) -> LocalBoxFuture<'a, ()>,
{
    let all = worlds.iter().map(|world| {
        let playing = AssertUnwindSafe(play(world)).catch_unwind();
        async move { playing.await.err().map(|panic| (world.name.clone(), words(&*panic))) }
    });
    join_all(all).await.into_iter().flatten().collect()
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked without a word").to_owned()
}
