//! Flags of an operator under fire.

use std::path::PathBuf;
use std::str::FromStr;

use super::dice::Profile;
use super::exchange::{Exchange, Verb};
use super::without::Step;

#[derive(clap::Args, Clone, Debug, Default)]
pub struct FireArgs {
    /// What the faults are drawn from.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How much goes wrong.
    #[arg(long, value_enum, default_value_t = Profile::None)]
    pub faults: Profile,
    /// Die after this many writes that succeeded: `KIND:N` or `KIND:N:PART`, where the kind is a
    /// plural such as `poolledgers` or `quotarequests/status`, or `any`, and the object's path
    /// contains the part. Once for each rule, if there is a folder of gates to remember it in.
    #[arg(long = "kill-after-write", value_name = "RULE")]
    pub kill_after_write: Vec<KillRule>,
    /// Take one step out of the protocol.
    #[arg(long, value_enum)]
    pub without: Option<Step>,
    /// Believe to lead, whatever the lease says: safety must not depend on it.
    #[arg(long)]
    pub always_lead: bool,
    /// Catch the first such request, tell its sender that the connection broke, and send it when
    /// the gate opens: `NAME=VERB:KIND:PART`.
    #[arg(long, value_name = "RULE")]
    pub capture: Vec<NamedRule>,
    /// Break the connection of all such requests while the gate is shut: `NAME=VERB:KIND:PART`.
    #[arg(long, value_name = "RULE")]
    pub block: Vec<NamedRule>,
    /// A file with a number of seconds: the operator's clock is so far ahead, as of whenever the file
    /// is written anew.
    #[arg(long)]
    pub clock_file: Option<PathBuf>,
    /// Folder of the gates and of what came of them.
    #[arg(long)]
    pub gates: Option<PathBuf>,
}

/// Which requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub verb: Verb,
    pub kind: String,
    pub part: String,
}

impl Rule {
    #[must_use]
    pub fn fits(&self, exchange: &Exchange) -> bool {
        exchange.verb == self.verb && exchange.kind() == self.kind && exchange.object().contains(&self.part)
    }
}

/// A rule with the name of its gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRule {
    pub name: String,
    pub rule: Rule,
}

impl FromStr for NamedRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (name, rest) = text.split_once('=')?;
            let (verb, rest) = rest.split_once(':')?;
            let (kind, part) = rest.split_once(':')?;
            let rule = Rule { verb: Verb::named(verb)?, kind: kind.to_owned(), part: part.to_owned() };
            Some(Self { name: name.to_owned(), rule })
        };
        parse().ok_or_else(|| format!("{text} isn't NAME=VERB:KIND:PART"))
    }
}

/// When to die.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillRule {
    pub kind: String,
    pub number: u64,
    pub part: String,
    /// As it was written, by which it is remembered.
    pub text: String,
}

impl KillRule {
    #[must_use]
    pub fn fits(&self, exchange: &Exchange) -> bool {
        let of_kind = match self.kind.as_str() {
            "any" => exchange.resource != "leases",
            kind => exchange.kind() == kind,
        };
        of_kind && exchange.object().contains(&self.part)
    }
}

impl FromStr for KillRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let (kind, number, part) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        let number = number.and_then(|number| number.parse().ok()).filter(|number| *number > 0);
        match (kind, number) {
            (Some(kind), Some(number)) => {
                Ok(Self { kind: kind.to_owned(), number, part: part.to_owned(), text: text.to_owned() })
            }
            _ => Err(format!("{text} isn't KIND:N or KIND:N:PART")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_refused() {
        let rule: NamedRule = "late=patch:resourcequotas:app-x".parse().unwrap();
        assert_eq!((rule.name.as_str(), rule.rule.verb, rule.rule.part.as_str()), ("late", Verb::Patch, "app-x"));
        let kill: KillRule = "quotarequests/status:3:dept-a/".parse().unwrap();
        assert_eq!((kill.kind.as_str(), kill.number, kill.part.as_str()), ("quotarequests/status", 3, "dept-a/"));
        for text in ["late", "late=patch", "late=pat:resourcequotas:x"] {
            assert!(text.parse::<NamedRule>().is_err(), "{text}");
        }
        for text in ["any", "any:0", "any:x"] {
            assert!(text.parse::<KillRule>().is_err(), "{text}");
        }
    }
}
