//! Where the history is, and why it can't be read.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// An etcd, with what it asks of who reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As `https://127.0.0.1:2379`.
    pub endpoint: String,
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to read {path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{folder} isn't the data folder of a localcluster that runs: {why}")]
    NoCluster { folder: PathBuf, why: String },
    #[error("failed to {doing} etcd at {endpoint}: {why}")]
    Etcd { doing: &'static str, endpoint: String, why: String },
    #[error("etcd has compacted its history before revision {oldest}: read what it has with --from {oldest}")]
    Compacted { oldest: i64 },
    #[error("etcd ended the watch: {reason}")]
    Ended { reason: String },
    #[error("there is no revision {asked} yet: the newest is {newest}")]
    Future { asked: i64, newest: i64 },
    #[error("{key} at revision {revision} can't be read: {why}")]
    Unreadable { key: String, revision: i64, why: String },
}

#[derive(Deserialize)]
struct State {
    ports: Ports,
    ready: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ports {
    etcd_client: u16,
}

impl Source {
    /// The etcd of the localcluster with this data folder.
    pub fn of_localcluster(data: &Path) -> Result<Self, Error> {
        let no_cluster = |why: String| Error::NoCluster { folder: data.to_owned(), why };
        let path = data.join("state.json");
        let text = std::fs::read_to_string(&path).map_err(|error| no_cluster(format!("state.json: {error}")))?;
        let State { ports, ready } =
            serde_json::from_str(&text).map_err(|error| no_cluster(format!("state.json: {error}")))?;
        if !ready {
            return Err(no_cluster("it isn't started".to_owned()));
        }
        let pki = data.join("pki");
        Ok(Self {
            endpoint: format!("https://127.0.0.1:{}", ports.etcd_client),
            ca: pki.join("etcd-ca.crt"),
            cert: pki.join("etcd-client.crt"),
            key: pki.join("etcd-client.key"),
        })
    }
}
