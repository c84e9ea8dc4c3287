//! Faults between an operator and its API server: a layer around the client, never in what ships.
//!
//! What happens to a request is drawn from a seed, the request's verb and path, and how many of
//! that verb and path there were before it ([`dice`]). So the same seed does the same to the same
//! requests, whatever else goes on beside them. *When* threads and processes get their turn isn't
//! in the seed: a run that is repeated meets the same faults, not the same interleaving. Each
//! fault is a line in the log.
//!
//! [`without`] takes one step out of the protocol on the way to the wire, so that what ships has no
//! switches for it. [`capture`] catches a chosen request and sends it when it is told to, as a
//! network may deliver a packet long after its sender has given up. [`line`] is a way to a member
//! cluster that can be cut.
pub mod args;
pub mod capture;
pub mod crash;
pub mod dice;
pub mod exchange;
pub mod line;
pub mod quota_fence;
pub mod service;
pub mod stream;
pub mod without;

use kube::Client;
use kube::client::retry::RetryPolicy;
use operator::run::{Clients, Connect};
use tower::ServiceBuilder;
use tower::retry::RetryLayer;

use args::FireArgs;
use service::{Faults, Fire};

/// The operator's own clients, to the hub and to members, with faults below their retries: what is
/// retried is drawn anew.
///
/// # Errors
/// When there is no way to the cluster, or the gates' folder can't be used.
pub async fn clients(args: FireArgs) -> Result<Clients, Box<dyn std::error::Error + Send + Sync>> {
    let fire = Fire::new(args)?;
    let connect = Connect::new(move |mut config, _| {
        let retries = std::mem::take(&mut config.default_retry);
        let namespace = config.default_namespace.clone();
        let faults = Faults::new(Client::try_from(config)?, fire.clone(), fire.line(&namespace));
        let retries = retries.then(|| RetryLayer::new(RetryPolicy::server_retry()));
        Ok(Client::new(ServiceBuilder::new().option_layer(retries).service(faults), namespace))
    });
    Ok(Clients::infer(connect).await?)
}
