//! What the cloud admin sets: channels, the mail server, and what may be reached. From one file of the
//! API, with secrets in files beside it, so that neither an object nor an answer ever has one.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use axum::http::Uri;
use serde::Deserialize;
use thiserror::Error as ThisError;

use super::route::MAIL;
use super::{Audience, Kind};
use crate::identity::Secret;
use crate::language::Language;

/// Why the settings can't be used. No message holds what a secret's file has.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error("failed to read {}: {cause}", path.display())]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("failed to understand the settings of notices: {0}")]
    Parse(#[from] serde_yaml_ng::Error),
    #[error("{channel}: {fault}")]
    Channel { channel: String, fault: &'static str },
}

/// Everything that is set, checked.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where people reach the dashboard, for links; empty where that isn't said.
    pub dashboard: String,
    pub egress: Egress,
    pub mail: Option<MailServer>,
    pub channels: Vec<Channel>,
}

/// What may be reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Egress {
    /// Hosts that channels may name. Empty: those that this file names, and no others.
    #[serde(default)]
    allowed_hosts: Vec<String>,
    /// Whether names may lead into private networks, this machine included. A government's receivers
    /// are there; where they aren't, switch it off.
    #[serde(default = "yes")]
    pub private_networks: bool,
    /// How long an attempt over HTTP may take.
    #[serde(default = "ten_seconds")]
    pub timeout_ms: u64,
}

impl Default for Egress {
    fn default() -> Self {
        Self { allowed_hosts: Vec::new(), private_networks: true, timeout_ms: ten_seconds() }
    }
}

const fn ten_seconds() -> u64 {
    10_000
}

/// The lease of a delivery is longer than any attempt.
const TIMEOUT_MS: std::ops::RangeInclusive<u64> = 100..=30_000;

fn yes() -> bool {
    true
}

impl Egress {
    /// Whether this address may be reached. Never those of the link itself, where clouds keep their
    /// metadata, nor those that stand for nobody or many.
    #[must_use]
    pub fn may_reach(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                let nobody = v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast() || v4.is_link_local();
                let private = v4.is_private() || v4.is_loopback() || (a == 100 && (64..128).contains(&b)) || a == 0;
                !nobody && (self.private_networks || !private)
            }
            IpAddr::V6(v6) => {
                let nobody = v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local();
                let private = v6.is_unique_local() || v6.is_loopback();
                !nobody && (self.private_networks || !private)
            }
        }
    }

    fn may_name(&self, host: &str) -> bool {
        let named =
            self.allowed_hosts.is_empty() || self.allowed_hosts.iter().any(|one| one.eq_ignore_ascii_case(host));
        // A name is looked up, and checked, when it is reached.
        named && host.trim_matches(['[', ']']).parse().map_or(true, |address| self.may_reach(address))
    }
}

/// Where mail is handed in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailServer {
    pub host: String,
    pub port: Option<u16>,
    #[serde(default)]
    pub security: Security,
    #[serde(default)]
    pub username: String,
    password_file: Option<PathBuf>,
    /// Further certificates to trust, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The sender's address.
    pub from: String,
    /// Domains that people and departments may choose addresses in; `*` is any. Empty: they choose none.
    #[serde(default)]
    pub recipient_domains: Vec<String>,
    /// In which language mail to chosen addresses is written.
    #[serde(default)]
    language: Word,
}

/// How mail is protected on its way to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Begins in the clear and must go over to TLS.
    #[default]
    Starttls,
    Tls,
    /// In the clear.
    None,
}

impl MailServer {
    #[must_use]
    pub fn language(&self) -> Language {
        self.language.into()
    }

    #[must_use]
    pub fn may_go_to(&self, address: &str) -> bool {
        let Some((_, domain)) = address.rsplit_once('@') else { return false };
        self.recipient_domains.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(domain))
    }

    pub fn password(&self) -> Result<Option<Secret>, Error> {
        self.password_file.as_deref().map(read_secret).transpose()
    }
}

/// Where some notices go.
#[derive(Clone, Debug)]
pub struct Channel {
    pub name: String,
    pub target: Target,
    /// Empty: all.
    pub kinds: BTreeSet<Kind>,
    /// Empty: all.
    pub audiences: Vec<Group>,
    /// Empty: all, and what belongs to none.
    pub departments: Vec<String>,
    pub language: Language,
    /// http:// is accepted.
    pub plain_http: bool,
}

/// What speaks at the other end.
#[derive(Clone, Debug)]
pub enum Target {
    Webhook { url: Address, secret_file: Option<PathBuf>, ca_file: Option<PathBuf> },
    Wecom { url: Address, ca_file: Option<PathBuf> },
    Dingtalk { url: Address, secret_file: Option<PathBuf>, ca_file: Option<PathBuf> },
    Mail { to: Vec<String> },
}

/// A URL, which may be a secret by itself: those of robots are.
#[derive(Clone)]
pub enum Address {
    Plain(Uri),
    File(PathBuf),
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Address {
    /// The URL as it is now: whoever renews it renews the file.
    pub fn read(&self) -> Result<Uri, Error> {
        match self {
            Self::Plain(uri) => Ok(uri.clone()),
            Self::File(path) => read_secret(path)?
                .expose()
                .parse()
                .map_err(|_| Error::Channel { channel: path.display().to_string(), fault: "isn't a URL" }),
        }
    }
}

/// Audiences as settings name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Group {
    Departments,
    Accepters,
    Reviewers,
    Approvers,
    CloudAdmins,
}

impl Group {
    #[must_use]
    pub const fn has(self, audience: &Audience) -> bool {
        matches!(
            (self, audience),
            (Self::Departments, Audience::Department(_))
                | (Self::Accepters, Audience::Accepters)
                | (Self::Reviewers, Audience::Reviewers)
                | (Self::Approvers, Audience::Approvers)
                | (Self::CloudAdmins, Audience::CloudAdmins)
        )
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    #[default]
    Zh,
    En,
}

impl From<Word> for Language {
    fn from(word: Word) -> Self {
        match word {
            Word::Zh => Self::Chinese,
            Word::En => Self::English,
        }
    }
}

/// The file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    #[serde(default)]
    dashboard: String,
    #[serde(default)]
    egress: Egress,
    mail: Option<MailServer>,
    #[serde(default)]
    channels: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    name: String,
    r#type: Type,
    url: Option<String>,
    url_file: Option<PathBuf>,
    secret_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    /// http:// is accepted.
    #[serde(default)]
    allow_plain_http: bool,
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    kinds: BTreeSet<Kind>,
    #[serde(default)]
    audiences: Vec<Group>,
    #[serde(default)]
    departments: Vec<String>,
    #[serde(default)]
    language: Word,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Webhook,
    Wecom,
    Dingtalk,
    Mail,
}

/// Each has a loop of its own.
const CHANNELS_MAX: usize = 50;
/// A key or a URL is some hundred bytes.
const SECRET_BYTES_MAX: usize = 4_096;

impl Settings {
    /// The settings of this file, with every secret looked at once.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
    }

    /// The settings of this text; files are named from `folder` on.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Error> {
        let File { dashboard, egress, mail, channels } = serde_yaml_ng::from_str(text)?;
        if !TIMEOUT_MS.contains(&egress.timeout_ms) {
            return Err(Error::Channel { channel: "egress".to_owned(), fault: "timeoutMs is 100 to 30000" });
        }
        let mail = mail.map(|mail| check_mail(mail, &egress, folder)).transpose()?;
        if channels.len() > CHANNELS_MAX {
            return Err(Error::Channel { channel: "channels".to_owned(), fault: "are more than 50" });
        }
        let mut names = BTreeSet::from([MAIL.to_owned()]);
        let mut checked = Vec::new();
        for entry in channels {
            let fault = |fault| Error::Channel { channel: entry.name.clone(), fault };
            let well_formed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if entry.name.is_empty() || entry.name.len() > 40 || !entry.name.bytes().all(well_formed) {
                return Err(fault("a name is at most 40 lower-case letters, digits and dashes"));
            }
            if !names.insert(entry.name.clone()) {
                return Err(fault("this name is taken"));
            }
            if entry.r#type == Type::Mail && mail.is_none() {
                return Err(fault("there is no mail server: say where mail is handed in, under mail"));
            }
            checked.push(channel(entry, &egress, folder)?);
        }
        Ok(Self { dashboard: dashboard.trim_end_matches('/').to_owned(), egress, mail, channels: checked })
    }
}

fn check_mail(mut mail: MailServer, egress: &Egress, folder: &Path) -> Result<MailServer, Error> {
    let fault = |fault| Error::Channel { channel: MAIL.to_owned(), fault };
    mail.password_file = mail.password_file.map(|path| folder.join(path));
    mail.ca_file = mail.ca_file.map(|path| folder.join(path));
    if !egress.may_name(&mail.host) {
        return Err(fault("its host isn't one that may be reached (egress)"));
    }
    if mail.security == Security::None && !mail.username.is_empty() {
        return Err(fault("a password isn't sent in the clear: use starttls or tls"));
    }
    if mail.username.is_empty() != mail.password_file.is_none() {
        return Err(fault("username and passwordFile go together"));
    }
    mail.password()?;
    Ok(mail)
}

fn channel(entry: Entry, egress: &Egress, folder: &Path) -> Result<Channel, Error> {
    let Entry {
        name,
        r#type,
        url,
        url_file,
        secret_file,
        ca_file,
        allow_plain_http,
        to,
        kinds,
        audiences,
        departments,
        language,
    } = entry;
    let fault = |fault| Error::Channel { channel: name.clone(), fault };
    let path = |path: PathBuf| folder.join(path);
    let (secret_file, ca_file) = (secret_file.map(path), ca_file.map(path));
    secret_file.as_deref().map(read_secret).transpose()?;
    let address = || {
        let address = match (url, url_file) {
            (Some(url), None) => Address::Plain(url.parse().map_err(|_| fault("url isn't a URL"))?),
            (None, Some(file)) => Address::File(folder.join(file)),
            _ => return Err(fault("one of url and urlFile is needed")),
        };
        check_url(&address.read()?, egress, allow_plain_http).map_err(fault)?;
        Ok(address)
    };
    let target = match r#type {
        Type::Webhook => Target::Webhook { url: address()?, secret_file, ca_file },
        Type::Wecom => Target::Wecom { url: address()?, ca_file },
        Type::Dingtalk => Target::Dingtalk { url: address()?, secret_file, ca_file },
        Type::Mail if to.is_empty() || !to.iter().all(|to| to.contains('@')) => {
            return Err(fault("to is at least one mail address"));
        }
        Type::Mail => Target::Mail { to },
    };
    Ok(Channel { name, target, kinds, audiences, departments, language: language.into(), plain_http: allow_plain_http })
}

/// Looked at before each use too: the file of a URL may have another one by then.
pub fn check_url(url: &Uri, egress: &Egress, allow_plain_http: bool) -> Result<(), &'static str> {
    match url.scheme_str() {
        Some("https") => {}
        Some("http") if allow_plain_http => {}
        _ => return Err("its URL doesn't begin with https:// (allowPlainHttp accepts http://)"),
    }
    match url.host() {
        Some(host) if egress.may_name(host) => Ok(()),
        _ => Err("its host isn't one that may be reached (egress)"),
    }
}

/// What the file has, without the end of its line.
pub fn read_secret(path: &Path) -> Result<Secret, Error> {
    let read = |cause| Error::Read { path: path.to_owned(), cause };
    let text = std::fs::read_to_string(path).map_err(read)?;
    let text = text.trim();
    if text.is_empty() || text.len() > SECRET_BYTES_MAX {
        return Err(Error::Channel { channel: path.display().to_string(), fault: "is empty or longer than a secret" });
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        Settings::parse(text, Path::new("/nowhere")).unwrap_err().to_string()
    }

    #[test]
    fn what_cant_work_is_refused_with_its_name() {
        let channel = |rest: &str| format!("channels:\n- {{name: a, {rest}}}\n");
        let cases = [
            (channel("type: webhook"), "a: one of url and urlFile is needed"),
            (channel("type: webhook, url: 'http://x.example'"), "a: its URL doesn't begin with https://"),
            (channel("type: webhook, url: 'https://169.254.169.254/x'"), "a: its host isn't one that may be reached"),
            (channel("type: webhook, url: 'https://x', urlFile: y"), "a: one of url and urlFile"),
            (channel("type: mail, to: [a@b.example]"), "a: there is no mail server"),
            (channel("type: webhook, url: 'https://x', secretFile: none"), "failed to read /nowhere/none"),
            (
                format!("egress: {{allowedHosts: [y]}}\n{}", channel("type: webhook, url: 'https://x'")),
                "a: its host isn't",
            ),
            (
                format!("egress: {{privateNetworks: false}}\n{}", channel("type: webhook, url: 'https://10.0.0.1'")),
                "a: its host isn't",
            ),
            (channel("type: webhook, url: 'https://x', kinds: [other]"), "unknown variant `other`"),
            ("channels:\n- {name: mail, type: webhook, url: 'https://x'}".into(), "mail: this name is taken"),
            (
                "mail: {host: m, security: none, username: u, from: a@b}".into(),
                "mail: a password isn't sent in the clear",
            ),
            ("mail: {host: m, username: u, from: a@b}".into(), "mail: username and passwordFile go together"),
        ];
        for (text, expected) in cases {
            let found = fault(&text);
            assert!(found.contains(expected), "{text}: {found}");
        }
    }

    #[test]
    fn addresses_that_nobody_means_are_never_reached() {
        let (open, closed) = (Egress::default(), Egress { private_networks: false, ..Egress::default() });
        let cases = [
            ("8.8.8.8", true, true),
            ("10.1.2.3", true, false),
            ("127.0.0.1", true, false),
            ("::1", true, false),
            ("fd00::1", true, false),
            ("100.64.0.1", true, false),
            ("::ffff:10.0.0.1", true, false),
            ("169.254.169.254", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("fe80::1", false, false),
            ("0.0.0.0", false, false),
            ("224.0.0.1", false, false),
        ];
        for (address, private, public) in cases {
            let parsed = address.parse().unwrap();
            assert_eq!((open.may_reach(parsed), closed.may_reach(parsed)), (private, public), "{address}");
        }
    }
}
