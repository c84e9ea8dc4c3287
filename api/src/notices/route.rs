//! Which channels and addresses a notice goes to. Values in, values out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::settings::{Channel, Settings, Target};
use super::{Audience, Kind, Notice};

/// The channel of the addresses that people and departments choose themselves.
pub const MAIL: &str = "mail";
/// Addresses of one department or person.
pub const ADDRESSES_MAX: usize = 10;

/// What a person or a department wants to hear, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preference {
    /// Kinds that aren't shown in the inbox. A person's alone.
    #[serde(default)]
    pub muted: BTreeSet<Kind>,
    /// Kinds that go to the addresses.
    #[serde(default)]
    pub mail: BTreeSet<Kind>,
    #[serde(default)]
    pub addresses: Vec<String>,
}

/// A preference, with what its owner belongs to.
#[derive(Clone, Debug)]
pub struct Wish {
    pub audiences: Vec<Audience>,
    pub preference: Preference,
}

/// Channel and address of each delivery, each once.
#[must_use]
pub fn deliveries(notice: &Notice, settings: &Settings, wishes: &[Wish]) -> Vec<(String, String)> {
    let mut found = BTreeSet::new();
    for channel in settings.channels.iter().filter(|channel| serves(channel, notice)) {
        match &channel.target {
            Target::Mail { to } => found.extend(to.iter().map(|to| (channel.name.clone(), to.clone()))),
            Target::Webhook { .. } | Target::Wecom { .. } | Target::Dingtalk { .. } => {
                found.insert((channel.name.clone(), String::new()));
            }
        }
    }
    if let Some(mail) = &settings.mail {
        let wanted = wishes.iter().filter(|wish| {
            wish.preference.mail.contains(&notice.kind)
                && wish.audiences.iter().any(|audience| notice.audiences.contains(audience))
        });
        let addresses = wanted.flat_map(|wish| wish.preference.addresses.iter().take(ADDRESSES_MAX));
        // The admin's list of domains may have changed since somebody chose his address.
        let allowed = addresses.filter(|address| mail.may_go_to(address));
        found.extend(allowed.map(|address| (MAIL.to_owned(), address.clone())));
    }
    found.into_iter().collect()
}

fn serves(channel: &Channel, notice: &Notice) -> bool {
    let kind = channel.kinds.is_empty() || channel.kinds.contains(&notice.kind);
    let audience = channel.audiences.is_empty()
        || notice.audiences.iter().any(|audience| channel.audiences.iter().any(|group| group.has(audience)));
    let department = channel.departments.is_empty()
        || notice.subject.department().is_some_and(|own| channel.departments.iter().any(|one| one == own));
    kind && audience && department
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::notices::Subject;

    fn notice(kind: Kind, department: &str, audiences: &[Audience]) -> Notice {
        Notice {
            id: "ev-1".into(),
            kind,
            at: jiff::Timestamp::UNIX_EPOCH,
            audiences: audiences.to_vec(),
            subject: Subject::Request { department: department.into(), name: "qr-1".into() },
            facts: Default::default(),
        }
    }

    fn settings() -> Settings {
        let text = r#"
mail: {host: mail.example, security: none, from: yunheng@example.cn, recipientDomains: [example.cn]}
channels:
- {name: all, type: webhook, url: "https://a.example/x"}
- {name: late, type: mail, to: [duty@example.cn, boss@example.cn], kinds: [answerOverdue]}
- {name: schools, type: webhook, url: "https://b.example/x", departments: [education], audiences: [departments]}
"#;
        Settings::parse(text, Path::new("/nowhere")).unwrap()
    }

    #[test]
    fn a_notice_goes_where_it_is_wanted() {
        let own = |name: &str| Audience::Department(name.into());
        let wish = |audience: Audience, kinds: &[Kind], address: &str| Wish {
            audiences: vec![audience],
            preference: Preference {
                mail: kinds.iter().copied().collect(),
                addresses: vec![address.into()],
                ..Preference::default()
            },
        };
        let wishes = [
            wish(own("civil-affairs"), &[Kind::RequestApproved], "zhang@example.cn"),
            wish(Audience::Approvers, &[Kind::AnswerOverdue], "zhao@example.cn"),
            wish(Audience::Approvers, &[Kind::AnswerOverdue], "zhao@elsewhere.example"),
        ];
        let cases: [(Notice, &[&str]); 5] = [
            (
                notice(Kind::RequestApproved, "civil-affairs", &[own("civil-affairs")]),
                &["all", "mail zhang@example.cn"],
            ),
            (notice(Kind::RequestReturned, "civil-affairs", &[own("civil-affairs")]), &["all"]),
            (notice(Kind::RequestApproved, "education", &[own("education")]), &["all", "schools"]),
            (notice(Kind::RequestSubmitted, "education", &[Audience::Approvers]), &["all"]),
            (
                notice(Kind::AnswerOverdue, "education", &[Audience::Approvers]),
                &["all", "late boss@example.cn", "late duty@example.cn", "mail zhao@example.cn"],
            ),
        ];
        for (notice, expected) in cases {
            let found = deliveries(&notice, &settings(), &wishes);
            let found: Vec<_> = found.iter().map(|(channel, to)| format!("{channel} {to}").trim().to_owned()).collect();
            assert_eq!(found, expected, "{notice:?}");
        }
    }
}
