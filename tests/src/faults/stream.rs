//! Answers: made up, rewritten, and watches that are cut, frozen or expired.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::stream;
use http::{Response, StatusCode, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};
use tower::BoxError;

use super::dice::WatchFault;

/// The body of an answer.
pub type AnswerBody = UnsyncBoxBody<Bytes, BoxError>;

#[must_use]
pub fn as_it_is(answer: Response<Body>) -> Response<AnswerBody> {
    answer.map(|body| body.map_err(Into::into).boxed_unsync())
}

/// An answer with this object.
#[must_use]
pub fn made_up(status: StatusCode, object: &Value) -> Response<AnswerBody> {
    whole(status, Bytes::from(object.to_string()))
}

#[must_use]
pub fn whole(status: StatusCode, text: Bytes) -> Response<AnswerBody> {
    let body = Full::new(text).map_err(|never| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    answer
}

/// An answer that refuses, as an API server or a proxy before it words it.
#[must_use]
pub fn refusal(code: u16, reason: &str) -> Response<AnswerBody> {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    made_up(status, &status_object(code, reason))
}

fn status_object(code: u16, reason: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure", "reason": reason, "code": code,
        "message": format!("the fault layer says {code} {reason}"),
    })
}

#[must_use]
pub fn broken(when: &str) -> BoxError {
    std::io::Error::new(std::io::ErrorKind::ConnectionReset, format!("the fault layer broke the connection {when}"))
        .into()
}

/// The faults of one watch: what comes next, and after how long.
pub type WatchFaults = Box<dyn FnMut() -> (Duration, WatchFault) + Send>;

/// A watch that is cut, frozen and expired now and then. `say` hears of each fault.
pub fn troubled(
    answer: Response<AnswerBody>,
    mut faults: WatchFaults,
    say: impl Fn(WatchFault) + Send + 'static,
) -> Response<AnswerBody> {
    struct Watch {
        body: AnswerBody,
        faults: WatchFaults,
        at: tokio::time::Instant,
        next: WatchFault,
        /// Whether what came so far ends with a line: only there may a line be put in.
        at_line: bool,
    }
    answer.map(|body| {
        let (quiet, next) = faults();
        let watch = Watch { body, faults, at: tokio::time::Instant::now() + quiet, next, at_line: true };
        let frames = stream::unfold(Some((watch, say)), |state| async move {
            let (mut watch, say) = state?;
            loop {
                let frame = tokio::select! {
                    // A watch on which much happens isn't spared.
                    biased;
                    () = tokio::time::sleep_until(watch.at), if watch.at_line || watch.next != WatchFault::Expired => None,
                    frame = watch.body.frame() => Some(frame),
                };
                match frame {
                    Some(None) => return None,
                    Some(Some(Err(error))) => return Some((Err(error), None)),
                    Some(Some(Ok(frame))) => {
                        watch.at_line = frame.data_ref().is_none_or(|data| data.ends_with(b"\n"));
                        return Some((Ok(frame), Some((watch, say))));
                    }
                    None => {}
                }
                say(watch.next);
                match watch.next {
                    WatchFault::Cut => return Some((Err(broken("of a watch")), None)),
                    WatchFault::Expired => {
                        let event = json!({"type": "ERROR", "object": status_object(410, "Expired")});
                        return Some((Ok(Frame::data(Bytes::from(format!("{event}\n")))), None));
                    }
                    WatchFault::Frozen(lasts) => tokio::time::sleep(lasts).await,
                }
                let (quiet, next) = (watch.faults)();
                (watch.at, watch.next) = (tokio::time::Instant::now() + quiet, next);
            }
        });
        StreamBody::new(frames).boxed_unsync()
    })
}

/// Rewrites the object of each event of a watch.
pub fn rewritten_events(
    answer: Response<AnswerBody>,
    rewrite: impl Fn(&mut Value) + Send + 'static,
) -> Response<AnswerBody> {
    struct Lines {
        body: AnswerBody,
        begun: BytesMut,
        ready: VecDeque<Bytes>,
    }
    answer.map(|body| {
        let lines = Lines { body, begun: BytesMut::new(), ready: VecDeque::new() };
        let frames = stream::unfold((lines, rewrite), |(mut lines, rewrite)| async move {
            loop {
                if let Some(line) = lines.ready.pop_front() {
                    return Some((Ok(Frame::data(line)), (lines, rewrite)));
                }
                match lines.body.frame().await? {
                    Err(error) => return Some((Err(error), (lines, rewrite))),
                    Ok(frame) => lines.begun.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                }
                while let Some(end) = lines.begun.iter().position(|byte| *byte == b'\n') {
                    let line = lines.begun.split_to(end + 1);
                    let text = match serde_json::from_slice::<Value>(&line) {
                        Ok(mut event) => {
                            rewrite(&mut event["object"]);
                            Bytes::from(format!("{event}\n"))
                        }
                        Err(_) => line.freeze(),
                    };
                    lines.ready.push_back(text);
                }
            }
        });
        StreamBody::new(frames).boxed_unsync()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(parts: &[&str]) -> Response<AnswerBody> {
        let frames: Vec<Result<Frame<Bytes>, BoxError>> =
            parts.iter().map(|part| Ok(Frame::data(Bytes::from(part.to_string())))).collect();
        Response::new(StreamBody::new(stream::iter(frames)).boxed_unsync())
    }

    async fn read(answer: Response<AnswerBody>) -> String {
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn events_are_rewritten_wherever_the_frames_end() {
        let answer = events(&["{\"object\": {\"a\"", ": 1}}\n{\"object\": {\"a\": 2}}\n{\"obj"]);
        let rewritten = rewritten_events(answer, |object| object["a"] = json!(object["a"].as_i64().unwrap() + 10));
        assert_eq!(read(rewritten).await, "{\"object\":{\"a\":11}}\n{\"object\":{\"a\":12}}\n");
    }

    #[tokio::test]
    async fn a_frozen_watch_goes_on_and_an_expired_one_ends() {
        let begun = tokio::time::Instant::now();
        let lasts = Duration::from_millis(300);
        let mut next = [WatchFault::Frozen(lasts), WatchFault::Expired].into_iter();
        let silent = stream::once(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(Frame::data(Bytes::from_static(b"{}\n")))
        })
        .chain(stream::pending());
        use futures::StreamExt;
        let answer = Response::new(StreamBody::new(silent).boxed_unsync());
        let faults = Box::new(move || (Duration::from_millis(10), next.next().unwrap_or(WatchFault::Cut)));
        let text = read(troubled(answer, faults, |_| {})).await;
        assert!(text.starts_with("{}\n") && text.contains("410"), "{text}");
        assert!(begun.elapsed() >= lasts, "{:?}", begun.elapsed());
    }
}
