//! Times, percentiles and the line that a result is.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream;
use kube::Client;
use serde_json::{Value, json};
use tests::object;

/// A result, as `scripts/benchmarks.py` reads it.
pub fn tell(id: &str, measure: &str, value: f64, unit: &str, target: &str, detail: &str) {
    let value = (value * 10.0).round() / 10.0;
    println!(
        "{}",
        json!({"id": id, "measure": measure, "value": value, "unit": unit, "target": target, "detail": detail})
    );
}

/// What is going on.
pub fn say(begun: Instant, what: &str) {
    eprintln!("[{:6.1} s] {what}", begun.elapsed().as_secs_f64());
}

/// The time that this share of them took at most.
#[must_use]
pub fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(index).copied().unwrap_or_default()
}

#[must_use]
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// `50 % in 1.2 ms, 99 % in 3.4 ms, the longest 5.6 ms`.
#[must_use]
pub fn spread(times: &mut [Duration]) -> String {
    let [half, most, all] = [50, 99, 100].map(|percent| millis(percentile(times, percent)));
    format!("50 % in {half:.1} ms, 99 % in {most:.1} ms, the longest {all:.1} ms ({} in all)", times.len())
}

/// Does `work` for each number, so many at a time, and gives the time of each.
pub async fn timed<F: Future<Output = ()>>(at_once: usize, count: usize, work: impl Fn(usize) -> F) -> Vec<Duration> {
    let one = async |number| {
        let begun = Instant::now();
        work(number).await;
        begun.elapsed()
    };
    stream::iter(0..count).map(one).buffer_unordered(at_once).collect().await
}

/// What this API server can write with 64 clients, in writes per second: small objects made and
/// changed. They are gone afterwards.
pub async fn raw_write_rate(client: &Client, kind: Raw) -> f64 {
    const OBJECTS: u32 = 2_000;
    let name = |number: usize| format!("raw-{number}");
    let begun = Instant::now();
    timed(64, OBJECTS as usize, async |number| {
        let mut object = kind.object();
        object["metadata"]["name"] = json!(name(number));
        object::create(client, object).await.expect("an object can be made");
    })
    .await;
    timed(64, OBJECTS as usize, async |number| {
        let name = name(number);
        object::merge(client, &kind.place(&name), kind.change()).await.expect("an object can be changed");
    })
    .await;
    let rate = 2.0 * f64::from(OBJECTS) / begun.elapsed().as_secs_f64();
    timed(64, OBJECTS as usize, async |number| {
        let name = name(number);
        object::delete(client, &kind.place(&name)).await.expect("an object can be deleted");
    })
    .await;
    rate
}

/// What is written to find out how fast the API server is.
#[derive(Clone, Copy, Debug)]
pub enum Raw {
    /// The cheapest there is.
    ConfigMap,
    /// One of ours: schema, rules and policies are looked at as they are for a grant.
    Application,
}

impl Raw {
    fn object(self) -> Value {
        match self {
            Self::ConfigMap => json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "default"},
                "data": {"revision": "1", "text": "x".repeat(400)},
            }),
            Self::Application => json!({
                "apiVersion": "yunheng.io/v1alpha1", "kind": "Application", "metadata": {"namespace": RAW_NAMESPACE},
                "spec": {"displayName": "raw", "tier": "Municipal", "description": "x".repeat(400)},
            }),
        }
    }

    fn place(self, name: &str) -> object::Place<'_> {
        match self {
            Self::ConfigMap => object::Place { kind: "ConfigMap", namespace: "default", name },
            Self::Application => object::Place { kind: "Application", namespace: RAW_NAMESPACE, name },
        }
    }

    fn change(self) -> Value {
        match self {
            Self::ConfigMap => json!({"data": {"revision": "2"}}),
            Self::Application => json!({"spec": {"tier": "County"}}),
        }
    }
}

/// Where the applications are that are only written.
pub const RAW_NAMESPACE: &str = "dept-raw";
