//! Writes: statuses of links, incidents, windows and the vantage. Each is one exchange that says how it ended.

use extranet::model::LinkIx;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use resources::names::{DEFAULT_VANTAGE, MANAGER_LINK};
use resources::v1alpha1::{
    ExtranetLink, ExtranetLinkStatus, LinkIncident, MaintenanceWindow, MaintenanceWindowStatus, ProbeVantage,
    ProbeVantageSpec, ProbeVantageStatus,
};
use serde_json::{Value, json};

use super::incidents;

/// A write that has ended.
#[derive(Debug)]
pub enum Done {
    Link { link: LinkIx, name: String, change: u64, result: Result<(), kube::Error> },
    Incident { name: String, changes: u64, result: Result<(), kube::Error> },
    Window { name: String, result: Result<(), kube::Error> },
    Vantage { result: Result<(), kube::Error> },
}

pub async fn link(client: Client, link: LinkIx, name: String, change: u64, status: ExtranetLinkStatus) -> Done {
    let api: Api<ExtranetLink> = Api::all(client);
    let body = body("ExtranetLink", &name, "status", &json!(status));
    let result = api.patch_status(&name, &parameters(), &Patch::Apply(body)).await.map(drop);
    Done::Link { link, name, change, result }
}

/// The incident itself, which makes it if it isn't there, and then its status: both may be repeated.
pub async fn incident(client: Client, write: incidents::Write) -> Done {
    let incidents::Write { name, spec, status, changes } = write;
    let api: Api<LinkIncident> = Api::all(client);
    let spec = body("LinkIncident", &name, "spec", &spec);
    let status = body("LinkIncident", &name, "status", &json!(status));
    let result = async {
        api.patch(&name, &parameters(), &Patch::Apply(spec)).await?;
        api.patch_status(&name, &parameters(), &Patch::Apply(status)).await.map(drop)
    };
    let result = result.await;
    Done::Incident { name, changes, result }
}

pub async fn window(client: Client, name: String, status: MaintenanceWindowStatus) -> Done {
    let api: Api<MaintenanceWindow> = Api::all(client);
    let body = body("MaintenanceWindow", &name, "status", &json!(status));
    let result = api.patch_status(&name, &parameters(), &Patch::Apply(body)).await.map(drop);
    Done::Window { name, result }
}

/// The vantage's status; the vantage too, if nobody has made it.
pub async fn vantage(client: Client, status: ProbeVantageStatus) -> Done {
    let api: Api<ProbeVantage> = Api::all(client);
    let body = body("ProbeVantage", DEFAULT_VANTAGE, "status", &json!(status));
    let (parameters, patch) = (parameters(), Patch::Apply(&body));
    let write = || api.patch_status(DEFAULT_VANTAGE, &parameters, &patch);
    let result = match write().await {
        Err(kube::Error::Api(status)) if status.is_not_found() => {
            let made = ProbeVantage::new(DEFAULT_VANTAGE, ProbeVantageSpec::default());
            match api.create(&PostParams::default(), &made).await {
                Ok(_) => write().await.map(drop),
                Err(error) => Err(error),
            }
        }
        other => other.map(drop),
    };
    Done::Vantage { result }
}

fn parameters() -> PatchParams {
    PatchParams::apply(MANAGER_LINK).force()
}

fn body(kind: &str, name: &str, part: &str, value: &Value) -> Value {
    json!({"apiVersion": "yunheng.io/v1alpha1", "kind": kind, "metadata": {"name": name}, part: value})
}
