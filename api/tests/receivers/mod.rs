//! Receivers of notices: real servers on this machine, with certificates of their own.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::serve::Listener;
use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder, response};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Who the servers are, and what clients trust.
pub struct Authority {
    pub folder: tempfile::TempDir,
    acceptor: TlsAcceptor,
}

impl Authority {
    pub fn new() -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
        Self { folder, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A call that came.
#[derive(Clone, Debug)]
pub struct Call {
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What the receiver says: status, headers, body.
pub type Says = (u16, Vec<(&'static str, &'static str)>, &'static str);

/// An HTTPS server that says what it is told to, one after the other, and the last for ever.
#[derive(Clone)]
pub struct Receiver {
    pub port: u16,
    calls: Arc<Mutex<Vec<Call>>>,
    says: Arc<Mutex<VecDeque<Says>>>,
}

impl Receiver {
    pub async fn start(authority: &Authority, says: impl IntoIterator<Item = Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            calls: Arc::default(),
            says: Arc::new(Mutex::new(says.into_iter().collect())),
        };
        let router = Router::new().fallback(answer).with_state(receiver.clone());
        let listener = Secured { listener, acceptor: authority.acceptor.clone() };
        tokio::spawn(axum::serve(listener, router).into_future());
        receiver
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

async fn answer(State(receiver): State<Receiver>, uri: Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    receiver.calls.lock().unwrap().push(Call { uri, headers, body });
    let mut says = receiver.says.lock().unwrap();
    let (status, headers, body) = if says.len() > 1 { says.pop_front().unwrap() } else { says[0].clone() };
    let headers = headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    (StatusCode::from_u16(status).unwrap(), HeaderMap::from_iter(headers), body)
}

struct Secured {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A port that takes connections and never says a word.
pub async fn silent() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    port
}

/// A letter that the mail server took.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    pub to: Vec<String>,
    pub text: String,
}

/// A mail server that knows one account, if it is told of one, and refuses one address.
#[derive(Clone)]
pub struct MailBox {
    pub port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
}

pub const REFUSED: &str = "gone@example.cn";

impl MailBox {
    /// With STARTTLS and a password, or in the clear.
    pub async fn start(authority: Option<&Authority>, password: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mailbox = Self { port: listener.local_addr().unwrap().port(), mails: Arc::default() };
        let acceptor = authority.map(|authority| authority.acceptor.clone());
        let own = mailbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, address)) = listener.accept().await {
                let clerk = Clerk { mailbox: own.clone(), password, mail: Mail::default(), known: password.is_none() };
                tokio::spawn(session(stream, address.ip(), acceptor.clone(), clerk));
            }
        });
        mailbox
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Clerk {
    mailbox: MailBox,
    password: Option<&'static str>,
    mail: Mail,
    known: bool,
}

impl Handler for Clerk {
    fn mail(&mut self, _: IpAddr, _: &str, _: &str) -> Response {
        if self.known { response::OK } else { response::AUTHENTICATION_REQUIRED }
    }

    fn rcpt(&mut self, to: &str) -> Response {
        if to == REFUSED { response::NO_MAILBOX } else { response::OK }
    }

    fn data_start(&mut self, _: &str, _: &str, _: bool, to: &[String]) -> Response {
        self.mail = Mail { to: to.to_vec(), text: String::new() };
        response::START_DATA
    }

    fn data(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.mail.text.push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        self.mailbox.mails.lock().unwrap().push(std::mem::take(&mut self.mail));
        response::OK
    }

    fn auth_plain(&mut self, _: &str, name: &str, password: &str) -> Response {
        self.known = name == "yunheng" && Some(password) == self.password;
        if self.known { response::AUTH_OK } else { response::INVALID_CREDENTIALS }
    }
}

async fn session(stream: TcpStream, ip: IpAddr, acceptor: Option<TlsAcceptor>, clerk: Clerk) {
    let mut builder = SessionBuilder::new("localhost");
    if acceptor.is_some() {
        builder.enable_start_tls();
    }
    if clerk.password.is_some() {
        builder.enable_auth(AuthMechanism::Plain);
    }
    let mut session = builder.build(ip, clerk);
    let mut stream = BufReader::new(stream);
    stream.write_all(&session.greeting().buffer().unwrap()).await.unwrap();
    if talk(&mut stream, &mut session).await == Ok(true)
        && let Some(acceptor) = acceptor
        && let Ok(secured) = acceptor.accept(stream.into_inner()).await
    {
        session.tls_active();
        let _ = talk(&mut BufReader::new(secured), &mut session).await;
    }
}

/// Until the end, or until TLS is to begin.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    session: &mut mailin::Session<Clerk>,
) -> Result<bool, Infallible> {
    loop {
        let mut line = Vec::new();
        match stream.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return Ok(false),
            Ok(_) => {}
        }
        let answer = session.process(&line);
        if answer.action != Action::NoReply && stream.write_all(&answer.buffer().unwrap()).await.is_err() {
            return Ok(false);
        }
        match answer.action {
            Action::Close => return Ok(false),
            Action::UpgradeTls => return Ok(true),
            Action::Reply | Action::NoReply => {}
        }
    }
}
