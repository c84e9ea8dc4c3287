//! Mail over SMTP.

use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::super::settings::{self, MailServer, Security};
use super::{Error, Outcome};
use crate::history::deliveries::Delivery;
use crate::notices::Text;

/// An attempt, from the connection to the server's last word.
const ATTEMPT_WITHIN: Duration = Duration::from_secs(20);

/// Where mail is handed in.
pub struct Server {
    settings: MailServer,
    from: Mailbox,
    tls: TlsParameters,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("host", &self.settings.host).finish_non_exhaustive()
    }
}

impl Server {
    pub fn new(settings: &MailServer) -> Result<Self, Error> {
        let from = settings.from.parse().map_err(|_| Error::Mail("from isn't a mail address".to_owned()))?;
        let mut tls = TlsParameters::builder(settings.host.clone());
        if let Some(path) = &settings.ca_file {
            let read = |cause| settings::Error::Read { path: path.clone(), cause };
            let pem = std::fs::read(path).map_err(read)?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| Error::Tls(error.to_string()))?;
            tls = tls.add_root_certificate(certificate);
        }
        let tls = tls.build_rustls().map_err(|error| Error::Tls(error.to_string()))?;
        Ok(Self { settings: settings.clone(), from, tls })
    }

    pub async fn send(&self, delivery: &Delivery, text: &Text, link: &str) -> Outcome {
        let message = match self.message(delivery, text, link) {
            Ok(message) => message,
            Err(error) => return Outcome::refused(error),
        };
        let transport = match self.transport() {
            Ok(transport) => transport,
            Err(error) => return Outcome::failed(error.to_string()),
        };
        match tokio::time::timeout(ATTEMPT_WITHIN, transport.send(message)).await {
            Ok(Ok(_)) => Outcome::Taken,
            Ok(Err(error)) => outcome(&error),
            Err(_) => Outcome::failed("TimedOut: the server didn't take it within 20 s"),
        }
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, settings::Error> {
        let MailServer { host, port, security, username, .. } = &self.settings;
        let (tls, usual) = match security {
            Security::Starttls => (Tls::Required(self.tls.clone()), 587),
            Security::Tls => (Tls::Wrapper(self.tls.clone()), 465),
            Security::None => (Tls::None, 25),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port.unwrap_or(usual))
            .tls(tls)
            .timeout(Some(ATTEMPT_WITHIN / 2));
        if let Some(password) = self.settings.password()? {
            builder = builder.credentials(Credentials::new(username.clone(), password.expose().to_owned()));
        }
        Ok(builder.build())
    }

    fn message(&self, delivery: &Delivery, text: &Text, link: &str) -> Result<Message, String> {
        let to: Mailbox = delivery.address.parse().map_err(|_| "the address isn't one".to_owned())?;
        let body = if link.is_empty() { text.body.clone() } else { format!("{}\n\n{link}", text.body) };
        // The same at every attempt, so that a reader's program shows it once.
        let id = format!("<{}@{}>", delivery.id, self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .message_id(Some(id))
            .subject(one_line(&text.title))
            .header(ContentType::TEXT_PLAIN)
            .header(AutoSubmitted)
            .body(body)
            .map_err(|error| format!("the mail can't be written: {error}"))
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

fn outcome(error: &lettre::transport::smtp::Error) -> Outcome {
    match error.status() {
        Some(code) if error.is_permanent() => Outcome::refused(format!("SMTP {code}")),
        Some(code) => Outcome::failed(format!("SMTP {code}")),
        None if error.is_timeout() => Outcome::failed("TimedOut: the server didn't answer"),
        None => {
            let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
            let cause = causes.last().map(ToString::to_string).unwrap_or_default();
            Outcome::failed(format!("NotReached: {}", cause.chars().take(200).collect::<String>()))
        }
    }
}

/// Tells programs that answer by themselves not to.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
