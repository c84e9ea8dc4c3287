//! The layer itself: one exchange after the other, with what was drawn for it.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::Value;
use tower::{BoxError, Service};

use super::args::FireArgs;
use super::capture::Gates;
use super::crash::Deaths;
use super::dice::{Dice, Fault};
use super::exchange::{Exchange, Verb};
use super::line::Line;
use super::stream::{self, AnswerBody};
use super::without::Without;

/// What the three clients of one process share.
#[derive(Debug)]
pub struct Fire {
    dice: Dice,
    deaths: Deaths,
    gates: Gates,
    without: Without,
    always_leads: bool,
}

impl Fire {
    /// # Errors
    /// When the folder of gates can't be used.
    pub fn new(args: FireArgs) -> Result<Arc<Self>, std::io::Error> {
        let FireArgs { seed, faults, kill_after_write, without, always_lead, capture, block, clock_file: _, gates } =
            args;
        tracing::info!(seed, ?faults, ?without, always_lead, "under fire");
        Ok(Arc::new(Self {
            dice: Dice::new(seed, faults),
            deaths: Deaths::new(kill_after_write, gates.as_ref()),
            without: Without::new(without, gates.as_ref()),
            gates: Gates::new(gates, capture, block)?,
            always_leads: always_lead,
        }))
    }

    /// The way to a cluster, by the namespace of its kubeconfig's context.
    #[must_use]
    pub fn line(&self, name: &str) -> Line {
        self.gates.line(name)
    }
}

/// A client with faults between it and the server.
#[derive(Clone)]
pub struct Faults {
    inner: Client,
    fire: Arc<Fire>,
    line: Line,
}

impl Faults {
    #[must_use]
    pub fn new(inner: Client, fire: Arc<Fire>, line: Line) -> Self {
        Self { inner, fire, line }
    }
}

impl Service<Request<Body>> for Faults {
    type Response = Response<AnswerBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<AnswerBody>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let faults = self.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect_bytes().await?;
            let request = Request::from_parts(parts, body);
            let exchange = Exchange::of(&request, request.body());
            faults.exchange(exchange, request).await
        }
        .boxed()
    }
}

impl Faults {
    async fn exchange(&self, exchange: Exchange, request: Request<Bytes>) -> Result<Response<AnswerBody>, BoxError> {
        let Self { inner, fire, line: _ } = self;
        if fire.always_leads && exchange.resource == "leases" {
            return Ok(lead(&exchange, &request));
        }
        let request = fire.without.before(&exchange, request, inner).await?;
        if let Some(gate) = fire.gates.catches(&exchange) {
            tracing::info!(gate = gate.name, exchange = %exchange, "fault: caught");
            let faults = self.clone();
            tokio::spawn(async move {
                if gate.opens().await {
                    gate.answered(&faults.said(&exchange, request).await);
                }
            });
            return Err(stream::broken("at a gate"));
        }
        if fire.gates.blocks(&exchange) {
            return Err(stream::broken("at a gate that is shut"));
        }
        if exchange.verb == Verb::Watch {
            return self.watch(exchange, request).await;
        }
        let (number, fault) = fire.dice.draw(&exchange);
        if let Some(fault) = fault {
            let seed = fire.dice.seed();
            tracing::info!(seed, number, verb = exchange.verb.name(), path = exchange.path, ?fault, "fault");
        }
        match fault {
            None => self.carry_out(&exchange, request).await,
            Some(Fault::Delayed(time)) => {
                tokio::time::sleep(time).await;
                self.carry_out(&exchange, request).await
            }
            Some(Fault::Dropped) => Err(stream::broken("before sending")),
            Some(Fault::AnswerLost) => {
                self.carry_out(&exchange, request).await?;
                Err(stream::broken("before the answer"))
            }
            Some(Fault::TimedOut) => {
                self.carry_out(&exchange, request).await?;
                Ok(stream::refusal(504, "Timeout"))
            }
            Some(Fault::Late(time)) => {
                let faults = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    // Nobody waits for the answer any more.
                    let _ = faults.carry_out(&exchange, request).await;
                });
                Err(stream::broken("and sent it late"))
            }
            Some(Fault::Conflict) => Ok(stream::refusal(409, "Conflict")),
            Some(Fault::TooMany { retry_after }) => {
                let mut answer = stream::refusal(429, "TooManyRequests");
                answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs()));
                Ok(answer)
            }
            Some(Fault::ServerError(code)) => Ok(stream::refusal(code, "InternalError")),
        }
    }

    /// The answer to what was caught, as a text: its status and its body.
    async fn said(&self, exchange: &Exchange, request: Request<Bytes>) -> String {
        let answer = async { read(self.carry_out(exchange, request).await?).await };
        match answer.await {
            Ok((status, text)) => format!("{} {}", status.as_u16(), String::from_utf8_lossy(&text)),
            Err(error) => format!("0 {error}"),
        }
    }

    async fn carry_out(&self, exchange: &Exchange, request: Request<Bytes>) -> Result<Response<AnswerBody>, BoxError> {
        let request = self.fire.without.at_last(exchange, request, &self.inner).await?;
        self.line.passes().await?;
        let answer = self.inner.send(request.map(Body::from)).await?;
        if exchange.verb.writes() && answer.status().is_success() {
            self.fire.deaths.count(exchange);
        }
        self.line.passes().await?;
        self.fire.without.after(exchange, stream::as_it_is(answer)).await
    }

    async fn watch(&self, exchange: Exchange, request: Request<Bytes>) -> Result<Response<AnswerBody>, BoxError> {
        let faults = self.fire.dice.draw_for_watch(&exchange);
        self.line.passes().await?;
        let answer = self.inner.send(request.map(Body::from)).await?;
        let answer = self.line.watch(self.fire.without.after(&exchange, stream::as_it_is(answer)).await?);
        let Some(faults) = faults.filter(|_| answer.status().is_success()) else { return Ok(answer) };
        let seed = self.fire.dice.seed();
        let say = move |fault| tracing::info!(seed, verb = "watch", path = exchange.path, ?fault, "fault");
        Ok(stream::troubled(answer, Box::new(faults), say))
    }
}

/// What the lease says to one who believes to lead whatever it says.
fn lead(exchange: &Exchange, request: &Request<Bytes>) -> Response<AnswerBody> {
    match exchange.verb {
        Verb::Create | Verb::Update => {
            let lease: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            stream::made_up(StatusCode::OK, &lease)
        }
        _ => stream::refusal(404, "NotFound"),
    }
}

/// All of an answer's body.
///
/// # Errors
/// When the connection breaks.
pub async fn read(answer: Response<AnswerBody>) -> Result<(StatusCode, Bytes), BoxError> {
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}
