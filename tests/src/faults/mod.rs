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
//! network may deliver a packet long after its sender has given up.
pub mod args;
pub mod capture;
pub mod crash;
pub mod dice;
pub mod exchange;
pub mod quota_fence;
pub mod service;
pub mod stream;
pub mod without;

use std::time::Duration;

use kube::client::retry::RetryPolicy;
use kube::{Client, Config};
use operator::run::Clients;
use tower::ServiceBuilder;
use tower::retry::RetryLayer;

use args::FireArgs;
use service::{Faults, Fire};

/// As the operator's own clients have it.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The operator's three clients with faults below their retries: what is retried is drawn anew.
///
/// # Errors
/// When there is no way to the cluster, or the gates' folder can't be used.
pub async fn clients(args: FireArgs) -> Result<Clients, Box<dyn std::error::Error + Send + Sync>> {
    let config = Config::infer().await?;
    let fire = Fire::new(args)?;
    let client = |retries: bool, is_bounded: bool| -> Result<Client, kube::Error> {
        let mut config = config.clone();
        config.default_retry = false;
        config.connect_timeout = Some(Duration::from_secs(5));
        config.write_timeout = Some(ANSWER_WITHIN);
        if is_bounded {
            config.read_timeout = Some(ANSWER_WITHIN);
            config.reset_reader_on_write = true;
        }
        let namespace = config.default_namespace.clone();
        let faults = Faults::new(Client::try_from(config)?, fire.clone());
        let retries = retries.then(|| RetryLayer::new(RetryPolicy::server_retry()));
        Ok(Client::new(ServiceBuilder::new().option_layer(retries).service(faults), namespace))
    };
    // What the operator does too: a repeated commit would look like a conflict, and a watch may be
    // silent for as long as nothing happens.
    Ok(Clients { exchanges: client(true, true)?, ledgers: client(false, true)?, watches: client(true, false)? })
}
