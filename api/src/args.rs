//! What the command line says.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::history::Location;
use crate::history::audit::Algorithm;
use crate::history::audit::anchor::Anchor;

/// The REST interface of Yunheng, with sign-in, live events and the dashboard.
///
/// The cluster is the one of KUBECONFIG, or the one it runs in.
#[derive(Clone, Debug, Parser)]
#[command(name = "yunheng-api", version)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
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
    #[arg(
        long,
        env = "YUNHENG_API_STORE",
        default_value = "yunheng-history.db",
        hide_env_values = true,
        global = true
    )]
    pub store: Location,
    /// What the rows of the audit chain are hashed with from now on. Rows that are there keep theirs.
    #[arg(long, env = "YUNHENG_API_AUDIT_HASH", value_enum, default_value = "sha256")]
    pub audit_hash: Algorithm,
    /// File to append an anchor of the audit chain to, once a minute: on another machine than the
    /// store, or where whoever may change the store may not write.
    #[arg(long, env = "YUNHENG_API_AUDIT_ANCHORS")]
    pub audit_anchors: Option<PathBuf>,
    /// File that says where notices go beside the dashboard: channels, mail server; see docs/notices.md.
    /// Absent = the dashboard alone.
    #[arg(long, env = "YUNHENG_API_NOTICES")]
    pub notices: Option<PathBuf>,
    /// File that says which identity provider people may sign in through; see docs/signin.md.
    /// Absent = tokens of the cluster alone.
    #[arg(long, env = "YUNHENG_API_SIGN_IN")]
    pub sign_in: Option<PathBuf>,
    /// A session ends so many minutes after its last call.
    #[arg(long, env = "YUNHENG_API_SESSION_IDLE_MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub session_idle_minutes: u16,
    /// A session ends so many minutes after it was opened, whatever happens in it.
    #[arg(long, env = "YUNHENG_API_SESSION_MINUTES", default_value_t = 720, value_parser = clap::value_parser!(u16).range(1..=10_080))]
    pub session_minutes: u16,
    /// What to log, such as info or api=debug,kube=warn.
    #[arg(long, env = "YUNHENG_LOG", default_value = "info,kube=warn")]
    pub log: String,
    /// How it is written.
    #[arg(long, env = "YUNHENG_LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: LogFormat,
}

/// What else it does than serve.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Looks after the audit chain.
    #[command(subcommand)]
    Audit(AuditCommand),
}

#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// Reads the whole chain and says whether it is as it was written. Changes nothing; the server may
    /// be running. Exit code 1 if anything is wrong.
    Verify {
        /// File of anchors to compare with, such as the server's --audit-anchors.
        #[arg(long)]
        anchors: Option<PathBuf>,
        /// An anchor to compare with, as number:hash, such as the dashboard shows; may be given several times.
        #[arg(long, value_name = "NUMBER:HASH")]
        anchor: Vec<Anchor>,
    },
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One object per line, for programs.
    Json,
    /// For people.
    Text,
}
