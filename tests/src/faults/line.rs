//! A line to a member cluster that can be cut, while the cluster itself goes on.
//!
//! A line is known by the namespace of its kubeconfig's context. While the folder of gates has a
//! file `LINE.cut` nothing passes, in either direction: what was sent before may be carried out, and
//! nobody hears of it. The file says how the line is cut: see [`Cut`].

use std::path::PathBuf;
use std::time::Duration;

use futures::stream;
use http::Response;
use http_body_util::{BodyExt, StreamBody};
use tower::BoxError;

use super::stream::{AnswerBody, broken};

/// How often somebody looks whether a line is whole.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a connection to a member waits in silence: the operator's own limit, which lies below
/// this layer and isn't reached from here.
const SILENT_MAX: Duration = Duration::from_secs(10);

/// How a line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing comes back, as of a cable that is torn. What waits when the line is whole again goes
    /// through: the network sends it once more.
    Silent,
    /// Every connection breaks at once, as at a wall.
    Broken,
}

impl Cut {
    /// As the file says it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Broken => "broken",
        }
    }
}

/// The line of one client.
#[derive(Clone, Debug, Default)]
pub struct Line {
    cut: Option<PathBuf>,
}

impl Line {
    /// Without a folder of gates a line is never cut.
    #[must_use]
    pub fn new(gates: Option<&PathBuf>, name: &str) -> Self {
        Self { cut: gates.map(|gates| gates.join(format!("{name}.cut"))) }
    }

    fn cut(&self) -> Option<Cut> {
        let word = std::fs::read_to_string(self.cut.as_ref()?).ok()?;
        Some(if word == Cut::Broken.word() { Cut::Broken } else { Cut::Silent })
    }

    /// Waits until something passes.
    ///
    /// # Errors
    /// When the connection breaks before that.
    pub async fn passes(&self) -> Result<(), BoxError> {
        let begun = tokio::time::Instant::now();
        loop {
            match self.cut() {
                None => return Ok(()),
                Some(Cut::Silent) if begun.elapsed() < SILENT_MAX => tokio::time::sleep(LOOK_EVERY).await,
                Some(_) => return Err(broken("on a line that is cut")),
            }
        }
    }

    /// A watch that says nothing, or breaks, while the line is cut.
    #[must_use]
    pub fn watch(&self, answer: Response<AnswerBody>) -> Response<AnswerBody> {
        if self.cut.is_none() {
            return answer;
        }
        let line = self.clone();
        answer.map(|body| {
            let frames = stream::unfold(Some((body, line)), |state| async move {
                let (mut body, line) = state?;
                loop {
                    match line.cut() {
                        Some(Cut::Broken) => return Some((Err(broken("of a watch on a line that is cut")), None)),
                        Some(Cut::Silent) => tokio::time::sleep(LOOK_EVERY).await,
                        None => {
                            let frame = tokio::time::timeout(LOOK_EVERY, body.frame()).await;
                            let Ok(frame) = frame else { continue };
                            return Some((frame?, Some((body, line))));
                        }
                    }
                }
            });
            StreamBody::new(frames).boxed_unsync()
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::StreamExt;
    use http_body::Frame;

    use super::*;

    fn endless() -> Response<AnswerBody> {
        let frames = stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(b"{}\n"))));
        let paced = frames.then(|frame| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            frame
        });
        Response::new(StreamBody::new(paced).boxed_unsync())
    }

    #[tokio::test]
    async fn nothing_passes_a_line_that_is_cut() {
        let folder = std::env::temp_dir().join(format!("yunheng-line-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (file, line) = (folder.join("a.cut"), Line::new(Some(&folder), "a"));
        let write = |cut: Cut| std::fs::write(&file, cut.word()).unwrap();
        let mut watch = line.watch(endless()).into_body();
        line.passes().await.unwrap();
        assert!(watch.frame().await.unwrap().is_ok());
        write(Cut::Silent);
        let wait = Duration::from_millis(300);
        assert!(tokio::time::timeout(wait, line.passes()).await.is_err(), "it waits");
        assert!(tokio::time::timeout(wait, watch.frame()).await.is_err(), "it says nothing");
        std::fs::remove_file(&file).unwrap();
        line.passes().await.unwrap();
        write(Cut::Broken);
        assert!(line.passes().await.is_err());
        assert!(Line::new(Some(&folder), "b").passes().await.is_ok(), "another line is whole");
        let mut watch = line.watch(endless()).into_body();
        assert!(watch.frame().await.unwrap().is_err());
        assert!(watch.frame().await.is_none());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
