//! Flags and their defaults.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Grants, enforces and takes back the quota of a government cloud.
#[derive(Parser, Debug)]
#[command(name = "yunheng-operator", version)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where /healthz, /readyz and /metrics are served.
    #[arg(long, env = "YUNHENG_ADMIN_LISTEN", default_value = "127.0.0.1:8081")]
    pub admin_listen: SocketAddr,
    /// A file that receives the address in use, for port 0.
    #[arg(long)]
    pub admin_address_file: Option<PathBuf>,
    /// Namespace of the leader's Lease, the numbers of requests and the host reports.
    #[arg(long, env = "YUNHENG_NAMESPACE", default_value = "yunheng-system")]
    pub namespace: String,
    /// Name of this process in the leader's Lease. Default: host name and process id.
    #[arg(long, env = "YUNHENG_IDENTITY")]
    pub identity: Option<String>,
    /// What this process does: the controllers of quota, the prober of links, or both. Each leads by a lease of its own.
    #[arg(long, env = "YUNHENG_ROLES", value_enum, value_delimiter = ',', default_values_t = [Role::Controllers, Role::Links])]
    pub roles: Vec<Role>,
    /// Leave each link's own series out of /metrics: about 18 for each.
    #[arg(long, env = "YUNHENG_NO_LINK_SERIES")]
    pub no_link_series: bool,
    #[command(flatten)]
    pub log: LogArgs,
}

/// A part of the operator that may be a process of its own.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Controllers,
    Links,
}

#[derive(clap::Args, Debug, Clone)]
pub struct LogArgs {
    /// What is logged, such as `info` or `operator=debug,info`.
    #[arg(long, env = "YUNHENG_LOG", default_value = "info", global = true)]
    pub log: String,
    /// How it is written.
    #[arg(long, env = "YUNHENG_LOG_FORMAT", value_enum, default_value_t = LogFormat::Json, global = true)]
    pub log_format: LogFormat,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Reports this machine's processors, memory and disks for the physical capacity of a pool.
    HostAgent(HostAgentArgs),
    /// Probes the links of the extranet and nothing else: the same as --roles links, for a node near the extranet.
    Links,
}

#[derive(clap::Args, Debug)]
pub struct HostAgentArgs {
    /// Name of the machine. Default: its host name.
    #[arg(long, env = "NODE_NAME")]
    pub node: Option<String>,
    /// The pool this machine belongs to. Without it the report is kept but counts for no pool.
    #[arg(long, env = "YUNHENG_POOL")]
    pub pool: Option<String>,
    /// Seconds between two reports, 10 to 3600.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=3600))]
    pub interval_seconds: u64,
    /// Report once and stop.
    #[arg(long)]
    pub once: bool,
}
