//! The two calls of etcd's API (version 3) that reading takes, with their messages.
//!
//! The messages name only the fields that are used, with the numbers of etcd's `rpc.proto` and
//! `kv.proto`; generated code would need a compiler for them on every machine that builds this.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use futures::channel::mpsc;
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::source::{Error, Source};

/// The largest answer that is taken: a page of 100 objects of at most 1.5 MiB.
const ANSWER_MAX: usize = 256 << 20;
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

#[derive(Clone, PartialEq, Message)]
struct RangeRequest {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    range_end: Vec<u8>,
    #[prost(int64, tag = "3")]
    limit: i64,
    #[prost(int64, tag = "4")]
    revision: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Page {
    #[prost(message, optional, tag = "1")]
    header: Option<Header>,
    #[prost(message, repeated, tag = "2")]
    pub pairs: Vec<Pair>,
    #[prost(bool, tag = "3")]
    pub more: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Header {
    #[prost(int64, tag = "3")]
    revision: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Pair {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub mod_revision: i64,
    /// How often it was written since it was created.
    #[prost(int64, tag = "4")]
    pub version: i64,
    #[prost(bytes = "vec", tag = "5")]
    pub value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct WatchRequest {
    #[prost(message, optional, tag = "1")]
    create: Option<WatchCreate>,
    #[prost(message, optional, tag = "2")]
    cancel: Option<WatchCancel>,
}

#[derive(Clone, PartialEq, Message)]
struct WatchCreate {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    range_end: Vec<u8>,
    #[prost(int64, tag = "3")]
    start_revision: i64,
    #[prost(int64, tag = "7")]
    watch_id: i64,
    #[prost(bool, tag = "8")]
    fragment: bool,
}

#[derive(Clone, PartialEq, Message)]
struct WatchCancel {
    #[prost(int64, tag = "1")]
    watch_id: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct WatchResponse {
    #[prost(int64, tag = "2")]
    pub watch_id: i64,
    #[prost(bool, tag = "4")]
    pub canceled: bool,
    #[prost(int64, tag = "5")]
    pub compact_revision: i64,
    #[prost(string, tag = "6")]
    pub cancel_reason: String,
    /// The rest of what it says comes in the next one.
    #[prost(bool, tag = "7")]
    pub fragment: bool,
    #[prost(message, repeated, tag = "11")]
    pub events: Vec<Event>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Event {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(message, optional, tag = "2")]
    pub pair: Option<Pair>,
}

impl Event {
    pub const fn is_delete(&self) -> bool {
        self.kind == 1
    }
}

impl WatchRequest {
    /// Everything that was written since a revision, under a number.
    pub fn everything_from(revision: i64, number: i64) -> Self {
        // The key of one zero and the end of one zero stand for all keys.
        let (key, range_end) = (vec![0], vec![0]);
        let create = WatchCreate { key, range_end, start_revision: revision, watch_id: number, fragment: true };
        Self { create: Some(create), cancel: None }
    }

    pub const fn end(number: i64) -> Self {
        Self { create: None, cancel: Some(WatchCancel { watch_id: number }) }
    }
}

/// A connection.
pub struct Etcd {
    grpc: Grpc<Channel>,
    endpoint: String,
}

impl Etcd {
    pub async fn connect(source: &Source) -> Result<Self, Error> {
        let Source { endpoint, ca, cert, key } = source;
        let read = |path: &PathBuf| std::fs::read(path).map_err(|source| Error::File { path: path.clone(), source });
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read(ca)?))
            .identity(Identity::from_pem(read(cert)?, read(key)?));
        let failed = |error: tonic::transport::Error| failure("connect to", endpoint, &error);
        let channel = Endpoint::from_shared(endpoint.clone()).and_then(|one| one.tls_config(tls)).map_err(failed)?;
        let channel = channel.connect_timeout(CONNECT_WITHIN).connect().await.map_err(failed)?;
        let grpc = Grpc::new(channel).max_decoding_message_size(ANSWER_MAX);
        Ok(Self { grpc, endpoint: endpoint.clone() })
    }

    /// The newest revision.
    pub async fn newest(&mut self) -> Result<i64, Error> {
        let page = self.range(RangeRequest { key: vec![0], limit: 1, ..RangeRequest::default() }).await;
        let header = page.map_err(|status| self.failed("read", &status))?.header;
        Ok(header.map_or(0, |header| header.revision))
    }

    /// Up to `limit` keys from `key` to before `end`, as they were at a revision. `None`: that
    /// revision is compacted.
    pub async fn page(&mut self, key: Vec<u8>, end: &str, revision: i64, limit: i64) -> Result<Option<Page>, Error> {
        let request = RangeRequest { key, range_end: end.as_bytes().to_vec(), limit, revision };
        match self.range(request).await {
            Ok(page) => Ok(Some(page)),
            Err(status) if status.code() == Code::OutOfRange && status.message().contains("compacted") => Ok(None),
            Err(status) => Err(self.failed("read", &status)),
        }
    }

    async fn range(&mut self, request: RangeRequest) -> Result<Page, Status> {
        self.ready().await?;
        let path = PathAndQuery::from_static("/etcdserverpb.KV/Range");
        let answer = self.grpc.unary(Request::new(request), path, ProstCodec::<RangeRequest, Page>::default()).await;
        answer.map(tonic::Response::into_inner)
    }

    /// A stream of watches: requests go into the returned channel.
    pub async fn watch(
        &mut self,
        requests: mpsc::UnboundedReceiver<WatchRequest>,
    ) -> Result<Streaming<WatchResponse>, Error> {
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        let codec = ProstCodec::<WatchRequest, WatchResponse>::default();
        let answer = match self.ready().await {
            Ok(()) => self.grpc.streaming(Request::new(requests), path, codec).await,
            Err(status) => Err(status),
        };
        answer.map(tonic::Response::into_inner).map_err(|status| self.failed("watch", &status))
    }

    async fn ready(&mut self) -> Result<(), Status> {
        self.grpc.ready().await.map_err(|error| Status::unavailable(chain(&error)))
    }

    pub fn failed(&self, doing: &'static str, status: &Status) -> Error {
        failure(doing, &self.endpoint, status)
    }
}

fn failure(doing: &'static str, endpoint: &str, error: &dyn StdError) -> Error {
    Error::Etcd { doing, endpoint: endpoint.to_owned(), why: chain(error) }
}

/// What is wrong with a connection is said by the innermost cause.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}
