//! What the command line says.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::history::Location;

/// The REST interface of Yunheng, with sign-in, live events and the dashboard.
///
/// The cluster is the one of KUBECONFIG, or the one it runs in.
#[derive(Clone, Debug, Parser)]
#[command(name = "yunheng-api", version)]
pub struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "YUNHENG_API_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address for /healthz, /readyz and /metrics, kept apart from people's; absent = none.
    #[arg(long, env = "YUNHENG_API_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// File to write the address to once it listens, as http://host:port.
    #[arg(long)]
    pub address_file: Option<PathBuf>,
    /// File to write the admin address to once it listens.
    #[arg(long)]
    pub admin_address_file: Option<PathBuf>,
    /// Serve the dashboard from this folder instead of from the binary.
    #[arg(long)]
    pub dashboard: Option<PathBuf>,
    /// TLS ends in front of this server: cookies are for TLS alone.
    #[arg(long, env = "YUNHENG_API_BEHIND_TLS")]
    pub behind_tls: bool,
    /// Where the history is: a path for a file of SQLite, or the URL of a PostgreSQL server.
    #[arg(long, env = "YUNHENG_API_STORE", default_value = "yunheng-history.db", hide_env_values = true)]
    pub store: Location,
    /// File that says where notices go beside the dashboard: channels, mail server; see docs/notices.md.
    /// Absent = the dashboard alone.
    #[arg(long, env = "YUNHENG_API_NOTICES")]
    pub notices: Option<PathBuf>,
    /// What to log, such as info or api=debug,kube=warn.
    #[arg(long, env = "YUNHENG_LOG", default_value = "info,kube=warn")]
    pub log: String,
    /// How it is written.
    #[arg(long, env = "YUNHENG_LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One object per line, for programs.
    Json,
    /// For people.
    Text,
}
