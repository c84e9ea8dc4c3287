//! What is set about the identity provider, from one file. The client's secret is in a file beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use openidconnect::url::{Host, Url};
use serde::Deserialize;
use thiserror::Error as ThisError;

use super::super::Secret;
use super::super::credential::is_nameable;

/// Why the settings can't be used. No message holds what the secret's file has.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error("failed to read {}: {cause}", path.display())]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("failed to understand the settings of sign-in: {0}")]
    Parse(#[from] serde_yaml_ng::Error),
    #[error("settings of sign-in: {field} {fault}")]
    Field { field: &'static str, fault: &'static str },
    #[error("failed to set up TLS to the identity provider: {0}")]
    Tls(String),
}

/// Everything that is set, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// As the provider writes it in its tokens.
    pub issuer: String,
    pub client_id: String,
    /// Absent for a public client.
    client_secret_file: Option<PathBuf>,
    /// Where people reach the dashboard, such as `https://cloud.example`.
    pub public_url: String,
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Names a person for good. Names that people choose themselves can change hands.
    #[serde(default = "subject")]
    pub username_claim: String,
    /// Goes before the name, so that nobody is taken for somebody whom the cluster knows otherwise.
    #[serde(default = "prefix")]
    pub username_prefix: String,
    /// Absent: nobody has groups.
    pub groups_claim: Option<String>,
    #[serde(default = "prefix")]
    pub groups_prefix: String,
    /// The groups that count. All others that the provider names are left out.
    #[serde(default)]
    groups: Vec<Group>,
    /// Whom bearer tokens may be made for beside `clientId`.
    #[serde(default)]
    pub audiences: Vec<String>,
    pub ca_file: Option<PathBuf>,
    /// How far the provider's clock may be from ours.
    #[serde(default = "minute")]
    pub clock_skew_seconds: i64,
    /// What the button says; empty = a word of the dashboard's own.
    #[serde(default)]
    pub display_name: String,
}

/// A group of the provider's.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Group {
    name: String,
    /// Its name in Kubernetes; absent = its own behind the prefix.
    r#as: Option<String>,
}

fn scopes() -> Vec<String> {
    vec!["profile".to_owned()]
}

fn subject() -> String {
    "sub".to_owned()
}

fn prefix() -> String {
    "oidc:".to_owned()
}

const fn minute() -> i64 {
    60
}

/// Five minutes are what Kerberos tolerates; a clock that is further off is broken.
const SKEW_S_MAX: i64 = 300;
const GROUPS_MAX: usize = 256;

impl Settings {
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
    }

    /// Paths in it count from `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Error> {
        let mut settings: Self = serde_yaml_ng::from_str(text)?;
        for path in [&mut settings.client_secret_file, &mut settings.ca_file].into_iter().flatten() {
            *path = folder.join(&*path);
        }
        settings.check()?;
        settings.public_url.truncate(settings.public_url.trim_end_matches('/').len());
        settings.secret()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Error> {
        let fault = |field, fault| Err(Error::Field { field, fault });
        if !is_reachable(&self.issuer) {
            return fault("issuer", "must be a URL with https, without query and user");
        }
        if !is_reachable(&self.public_url) {
            return fault("publicUrl", "must be a URL with https, without query and user");
        }
        if self.client_id.is_empty() {
            return fault("clientId", "is empty");
        }
        if self.username_claim.is_empty() || self.groups_claim.as_deref() == Some("") {
            return fault("usernameClaim or groupsClaim", "is empty");
        }
        // With these and a letter behind them: what Kubernetes keeps for itself stays its own.
        for (field, prefix) in [("usernamePrefix", &self.username_prefix), ("groupsPrefix", &self.groups_prefix)] {
            if prefix.trim().is_empty() || !is_nameable(&format!("{prefix}a")) {
                return fault(field, "must not be empty, nor begin with system:, nor have spaces at its ends");
            }
        }
        if self.groups.len() > GROUPS_MAX {
            return fault("groups", "are more than 256");
        }
        if self.groups.iter().any(|group| group.name.is_empty() || !is_nameable(&self.name_of(group))) {
            return fault("groups", "have one that is empty or that begins with system:");
        }
        if !(0..=SKEW_S_MAX).contains(&self.clock_skew_seconds) {
            return fault("clockSkewSeconds", "must be between 0 and 300");
        }
        Ok(())
    }

    fn name_of(&self, group: &Group) -> String {
        group.r#as.clone().unwrap_or_else(|| format!("{}{}", self.groups_prefix, group.name))
    }

    /// The names in Kubernetes of the groups that count, by their names at the provider.
    #[must_use]
    pub fn group_names(&self) -> BTreeMap<String, Vec<String>> {
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for group in &self.groups {
            names.entry(group.name.clone()).or_default().push(self.name_of(group));
        }
        names
    }

    /// The client's secret as the file has it now: it may be renewed while we run.
    pub fn secret(&self) -> Result<Option<Secret>, Error> {
        let Some(path) = &self.client_secret_file else { return Ok(None) };
        let text = std::fs::read_to_string(path).map_err(|cause| Error::Read { path: path.clone(), cause })?;
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::Field { field: "clientSecretFile", fault: "names a file that is empty" });
        }
        Ok(Some(Secret::new(text.to_owned())))
    }

    /// Where the provider sends people back to.
    #[must_use]
    pub fn redirect_url(&self) -> String {
        format!("{}/api/v1/sign-in/callback", self.public_url)
    }
}

/// Whether tokens and secrets may travel to this address: with TLS, or on this machine.
#[must_use]
pub fn is_reachable(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "issuer: https://id.example/realms/city\nclientId: yunheng\npublicUrl: https://cloud.example/\n";

    fn parse(more: &str) -> Result<Settings, String> {
        Settings::parse(&format!("{GOOD}{more}"), Path::new("/nowhere")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_isnt_set_is_careful() {
        let settings = parse("").unwrap();
        assert_eq!((settings.username_claim.as_str(), settings.username_prefix.as_str()), ("sub", "oidc:"));
        assert!(settings.groups_claim.is_none() && settings.group_names().is_empty());
        assert_eq!(settings.redirect_url(), "https://cloud.example/api/v1/sign-in/callback");
    }

    #[test]
    fn groups_have_names_in_kubernetes() {
        let settings = parse("groups:\n- {name: 云管理员, as: 'yunheng:cloud-admins'}\n- {name: staff}\n").unwrap();
        let names = settings.group_names();
        assert_eq!(names["云管理员"], ["yunheng:cloud-admins"]);
        assert_eq!(names["staff"], ["oidc:staff"]);
    }

    #[test]
    fn what_would_be_dangerous_is_refused() {
        for more in [
            "usernamePrefix: ''",
            "usernamePrefix: ' '",
            "usernamePrefix: 'system:'",
            "usernamePrefix: 'SYSTEM:'",
            "usernamePrefix: ' system:'",
            "groupsPrefix: ''",
            "groupsPrefix: 'system:'",
            "groups: [{name: admins, as: 'system:masters'}]",
            "groups: [{name: admins, as: ''}]",
            "groups: [{name: ''}]",
            "clockSkewSeconds: 3600",
            "clockSkewSeconds: -1",
            "clientSecretFile: missing",
            "clientSecret: in-the-open",
        ] {
            assert!(parse(more).is_err(), "{more}");
        }
        for issuer in ["http://id.example", "https://a:b@id.example", "id.example", "https://id.example?x=1"] {
            let text = GOOD.replace("https://id.example/realms/city", issuer);
            assert!(Settings::parse(&text, Path::new("/nowhere")).is_err(), "{issuer}");
        }
    }
}
