//! `yunheng-api audit verify`: the check of the audit chain by hand, beside the server or without it.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use thiserror::Error as ThisError;

use crate::history::audit::anchor::{self, Anchor};
use crate::history::audit::{Fault, Verification};
use crate::history::{self, Location, Store};

/// Why it can't be said.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error("there is no history store at {}: name it with --store", path.display())]
    NoStore { path: PathBuf },
    #[error("failed to read the anchors in {}: {source}", path.display())]
    ReadAnchors { path: PathBuf, source: io::Error },
    #[error("failed to read the audit chain: {source}")]
    ReadChain { source: history::Error },
}

/// Checks, and tells what was found.
pub async fn verify(location: Location, file: Option<PathBuf>, mut anchors: Vec<Anchor>) -> Result<ExitCode, Error> {
    if let Location::File(path) = &location
        && !path.exists()
    {
        return Err(Error::NoStore { path: path.clone() });
    }
    if let Some(path) = file {
        anchors.extend(anchor::read(&path).map_err(|source| Error::ReadAnchors { path, source })?);
    }
    let read = |source| Error::ReadChain { source };
    let store = Store::new(location).map_err(read)?;
    let found = store.verify(&anchors).await.map_err(read)?;
    store.close().await;
    print!("{}", told(&found));
    Ok(if found.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(found: &Verification) -> String {
    let Verification { rows, findings, head, anchors } = found;
    let mut lines = vec![format!("{rows} rows, {anchors} anchors")];
    for finding in findings {
        let seq = finding.seq;
        lines.push(match finding.fault {
            Fault::Changed => format!("row {seq}: changed"),
            Fault::Unlinked => format!("row {seq}: doesn't follow row {}: one of the two was put there", seq - 1),
            Fault::Missing => format!("row {seq}: rows before it are missing"),
            Fault::NotAnchored => format!("row {seq}: an anchor says that it was another: the chain was made anew"),
            Fault::CutOff => format!("row {seq}: an anchor knows it, and the chain ends before"),
        });
    }
    if findings.is_empty() {
        lines.push("intact: nothing was changed, removed, inserted or put elsewhere".to_owned());
        if *anchors == 0 {
            lines.push(
                "without anchors: rows that are missing at the end, or a chain made anew, aren't found".to_owned(),
            );
        }
    }
    if let Some(head) = head {
        lines.push(format!("anchor {}:{}", head.seq, head.hash));
    }
    lines.join("\n") + "\n"
}
