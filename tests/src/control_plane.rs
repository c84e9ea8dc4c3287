//! A control plane of `localcluster`, in the foreground of whoever starts it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::{process, program};

/// It stops when this is dropped, and also when the process ends in any other way.
#[derive(Debug)]
pub struct ControlPlane {
    process: Child,
    /// Files, one for each API server, and what is in them.
    paths: Vec<PathBuf>,
    kubeconfigs: Vec<Value>,
    /// Process ids of its parts, by name.
    parts: HashMap<String, u32>,
}

impl ControlPlane {
    /// Starts it with these flags and waits until it is ready; its log goes into the folder.
    ///
    /// # Panics
    /// When it doesn't start.
    #[must_use]
    pub fn start(folder: &Path, flags: &[&str]) -> Self {
        let log = folder.join("control-plane.log");
        let mut process = Command::new(program::of_localcluster("localcluster"))
            .args(["run", "--throwaway"])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).expect("a log file can be written"))
            .spawn()
            .expect("localcluster can be started");
        let mut line = String::new();
        let output = process.stdout.take().expect("standard output is a pipe");
        BufReader::new(output).read_line(&mut line).expect("localcluster says where the cluster is");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no cluster; see {}", log.display()));
        let paths = ["kubeconfig", "kubeconfig2"].iter().filter_map(|name| said[name].as_str());
        let paths: Vec<PathBuf> = paths.map(PathBuf::from).collect();
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).expect("the kubeconfig can be read");
            serde_yaml_ng::from_str(&text).expect("a kubeconfig is YAML")
        };
        let parts = said["processes"].as_array().into_iter().flatten().filter_map(|process| {
            Some((process["name"].as_str()?.to_owned(), u32::try_from(process["pid"].as_u64()?).ok()?))
        });
        Self { kubeconfigs: paths.iter().map(read).collect(), paths, parts: parts.collect(), process }
    }

    /// The administrator's kubeconfigs, one for each API server.
    #[must_use]
    pub fn kubeconfigs(&self) -> &[Value] {
        &self.kubeconfigs
    }

    /// The first of them as a file.
    #[must_use]
    pub fn kubeconfig_file(&self) -> &Path {
        &self.paths[0]
    }

    /// Sends a signal to a part, such as `kube-controller-manager`.
    ///
    /// # Panics
    /// When there is no such part.
    pub fn signal(&self, part: &str, signal: &str) {
        process::send(self.parts[part], signal);
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // It stops when its standard input ends.
        self.process.stdin = None;
        let _ = self.process.wait();
    }
}
