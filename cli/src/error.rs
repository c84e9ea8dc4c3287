//! What can go wrong between the command line and the cluster, each with what to do about it.

use thiserror::Error;

use crate::output::Ending;

#[derive(Debug, Error)]
pub enum Error {
    #[error("can't use the kubeconfig: {reason}. Name one with --kubeconfig, or set KUBECONFIG")]
    Kubeconfig { reason: String },
    #[error("can't {action}: {}", explain(source))]
    Api { action: String, source: Box<kube::Error> },
    #[error("can't {action}: {source}")]
    Watch { action: String, source: Box<kube::runtime::watcher::Error> },
    #[error("the server doesn't say who you are: sign in with a user or a service account")]
    NoUserName,
    #[error("say whose: add --department <department> (you are in namespace {namespace})")]
    NoDepartment { namespace: String },
    #[error("there is no pool {name}. Pools: {known}")]
    UnknownPool { name: String, known: String },
    #[error("there is no pool yet: write one, or import an inventory with `kubectl yunheng import DIR`")]
    NoPools,
    #[error("there is no request {wanted} {place}. List them with `kubectl yunheng requests -A`")]
    UnknownRequest { wanted: String, place: String },
    #[error("{wanted} is the name of several requests: {found}. Add --department")]
    SeveralRequests { wanted: String, found: String },
    #[error("{application} has no quota in {namespace}: ask with `kubectl yunheng request new {application}`")]
    NothingAllocated { application: String, namespace: String },
    #[error("{application} has quota in several pools ({pools}): add --pool")]
    SeveralPools { application: String, pools: String },
    #[error("{0}")]
    Malformed(String),
    #[error("no answer within {seconds} s: {waited_for}")]
    Late { waited_for: String, seconds: u64 },
    #[error("can't write the result: {0}")]
    Output(String),
}

impl Error {
    /// Wraps an error of the cluster with what was being done.
    pub fn api(action: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let action = action.into();
        move |source| Self::Api { action, source: Box::new(source) }
    }

    pub fn watch(action: impl Into<String>) -> impl FnOnce(kube::runtime::watcher::Error) -> Self {
        let action = action.into();
        move |source| Self::Watch { action, source: Box::new(source) }
    }

    /// The exit code that goes with it.
    pub fn ending(&self) -> Ending {
        if matches!(self, Self::Late { .. }) { Ending::TimedOut } else { Ending::Refused }
    }

    /// The caller may not do it.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Api { source, .. } if matches!(source.as_ref(), kube::Error::Api(status) if status.is_forbidden()))
    }
}

/// What the cluster answered, in words, with the next step.
pub fn explain(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => match status.code {
            401 => {
                "the cluster doesn't know you: the token in the kubeconfig is missing, wrong or expired. Get a new one"
                    .to_owned()
            }
            403 => format!("refused: {}", own_words(&status.message)),
            404 if status.details.as_ref().is_none_or(|details| details.name.is_empty()) => {
                "the kinds of Yunheng aren't in this cluster. Is it the right one (--context)? Else install the chart"
                    .to_owned()
            }
            _ if status.message.is_empty() => format!("the server answers {} {}", status.code, status.reason),
            _ => own_words(&status.message).to_owned(),
        },
        kube::Error::Service(_) | kube::Error::HyperError(_) => {
            format!(
                "the cluster can't be reached ({}). Is it running, and is it the one you mean (--kubeconfig, --context)?",
                innermost(error)
            )
        }
        other => innermost(other),
    }
}

/// What an admission policy says, without the policy's name and binding in front, which mean nothing
/// to whoever is refused.
fn own_words(message: &str) -> &str {
    message.split_once("denied request: ").map_or(message, |(_, words)| words)
}

/// The sentence at the end of the chain: what is before it says that there was an error.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[test]
    fn an_answer_of_the_cluster_says_what_to_do() {
        let api = |code, message: &str, reason: &str| {
            kube::Error::Api(Box::new(Status::failure(message, reason).with_code(code)))
        };
        let cases = [
            (api(401, "Unauthorized", "Unauthorized"), "Get a new one"),
            (api(403, "you may not approve", "Forbidden"), "refused: you may not approve"),
            (
                api(
                    403,
                    "qd-1 is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: you may not",
                    "Forbidden",
                ),
                "refused: you may not",
            ),
            (api(404, "404 page not found", "NotFound"), "install the chart"),
            (api(422, "spec.pool can't change", "Invalid"), "spec.pool can't change"),
            (kube::Error::Service("connection refused".into()), "can't be reached (connection refused)"),
        ];
        for (error, expected) in cases {
            let told = explain(&error);
            assert!(told.contains(expected), "{told}");
        }
    }
}
