//! Speaking to receivers: one attempt, and what came of it.

mod http;
mod mail;
mod robots;
pub mod sign;
mod webhook;

pub use http::tls;
use jiff::Timestamp;
use thiserror::Error as ThisError;

use super::settings::{self, Channel, MailServer, Settings, Target};
use super::text::Text;
use crate::history::deliveries::Delivery;

/// What came of one attempt. Errors name causes: never a URL, a key or what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    /// It may get through later.
    Failed {
        error: String,
        retry_after_s: Option<i64>,
    },
    /// It won't get through as it is: somebody has to change something first.
    Refused {
        error: String,
    },
}

impl Outcome {
    fn failed(error: impl Into<String>) -> Self {
        Self::Failed { error: error.into(), retry_after_s: None }
    }

    fn refused(error: impl Into<String>) -> Self {
        Self::Refused { error: error.into() }
    }
}

/// Why a channel can't be used at all.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error(transparent)]
    Settings(#[from] settings::Error),
    #[error("failed to set up TLS: {0}")]
    Tls(String),
    #[error("mail: {0}")]
    Mail(String),
}

/// One channel, ready to be used.
#[derive(Debug)]
pub struct Sender {
    pub name: String,
    settings: Settings,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Http(Box<Channel>, http::Client),
    Mail(mail::Server, crate::language::Language),
}

impl Sender {
    /// Everybody that deliveries can go through. No connection is made.
    pub fn all(settings: &Settings) -> Result<Vec<Self>, Error> {
        let own =
            settings.mail.iter().map(|server| Self::mail(super::route::MAIL, settings, server, server.language()));
        let channels = settings.channels.iter().map(|channel| Self::of(channel, settings));
        own.chain(channels).collect()
    }

    fn of(channel: &Channel, settings: &Settings) -> Result<Self, Error> {
        let ca_file = match (&channel.target, &settings.mail) {
            (Target::Mail { .. }, Some(server)) => {
                return Self::mail(&channel.name, settings, server, channel.language);
            }
            (Target::Mail { .. }, None) => return Err(Error::Mail("there is no mail server".to_owned())),
            (Target::Webhook { ca_file, .. } | Target::Wecom { ca_file, .. } | Target::Dingtalk { ca_file, .. }, _) => {
                ca_file
            }
        };
        let client = http::Client::new(&settings.egress, ca_file.as_deref())?;
        let way = Way::Http(Box::new(channel.clone()), client);
        Ok(Self { name: channel.name.clone(), settings: settings.clone(), way })
    }

    fn mail(
        name: &str,
        settings: &Settings,
        server: &MailServer,
        language: crate::language::Language,
    ) -> Result<Self, Error> {
        let way = Way::Mail(mail::Server::new(server)?, language);
        Ok(Self { name: name.to_owned(), settings: settings.clone(), way })
    }

    /// Makes one attempt.
    pub async fn send(&self, delivery: &Delivery, now: Timestamp) -> Outcome {
        match &self.way {
            Way::Mail(server, language) => {
                let text = Text::of(&delivery.notice, *language);
                server.send(delivery, &text, &self.link(delivery)).await
            }
            Way::Http(channel, client) => match self.letter(channel, delivery, now) {
                Ok(letter) => client.post(letter).await,
                Err(error) => {
                    // The file of a secret is being renewed, or gone: somebody mends it.
                    Outcome::failed(error.to_string())
                }
            },
        }
    }

    fn letter(&self, channel: &Channel, delivery: &Delivery, now: Timestamp) -> Result<http::Letter, settings::Error> {
        let link = self.link(delivery);
        let text = Text::of(&delivery.notice, channel.language);
        let letter = match &channel.target {
            Target::Webhook { url, secret_file, .. } => {
                let secret = secret_file.as_deref().map(settings::read_secret).transpose()?;
                webhook::letter(url.read()?, secret.as_ref(), delivery, &link, now)
            }
            Target::Wecom { url, .. } => robots::wecom(url.read()?, &text, &link),
            Target::Dingtalk { url, secret_file, .. } => {
                let secret = secret_file.as_deref().map(settings::read_secret).transpose()?;
                robots::dingtalk(&url.read()?, secret.as_ref(), &text, &link, now)
            }
            Target::Mail { .. } => None,
        };
        let fault = |fault| settings::Error::Channel { channel: channel.name.clone(), fault };
        let letter = letter.ok_or(fault("the letter can't be written"))?;
        settings::check_url(&letter.url, &self.settings.egress, channel.plain_http).map_err(fault)?;
        Ok(letter)
    }

    /// The page of the dashboard; empty where nobody has said where that is.
    fn link(&self, delivery: &Delivery) -> String {
        match self.settings.dashboard.as_str() {
            "" => String::new(),
            dashboard => format!("{dashboard}{}", delivery.notice.subject.path()),
        }
    }
}
