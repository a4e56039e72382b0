//! The transport over a pair of streams: a message a line.
//!
//! Every line gets its answer, and no line ends the server: one that is too long is answered as soon as it is, and the rest
//! of it passed over. A task of its own writes, so that nothing is written by halves when reading is broken off.

use std::collections::{HashSet, VecDeque};
use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, RequestId, ServerJsonRpcMessage, ServerResult};
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::message::{self, Message, Refusal, Sent};

/// Answers that wait to be written; a client that does not read them is not read either.
const WAITING: usize = 64;
/// Answers under way have so long to go out at the end.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// The revision with batches.
pub(crate) const BATCHES: &str = "2025-03-26";

/// The transport.
pub(crate) struct Lines<R> {
    read: BufReader<R>,
    line: Vec<u8>,
    most: usize,
    /// The rest of a line that was answered already.
    passing_over: bool,
    ended: bool,
    /// Whether a request came that opens the connection.
    opened: bool,
    received: VecDeque<ClientJsonRpcMessage>,
    /// Answers of our own, to be written before the next line is read.
    refused: VecDeque<Value>,
    out: Option<mpsc::Sender<Value>>,
    shared: Arc<Mutex<Shared>>,
}

/// What answers need to know of what was asked.
#[derive(Default)]
struct Shared {
    /// The revision agreed on with `initialize`.
    version: Option<String>,
    batches: Vec<Batch>,
}

#[derive(Default)]
struct Batch {
    waiting: HashSet<RequestId>,
    answers: Vec<Value>,
}

/// The task that writes.
pub(crate) struct Writing(JoinHandle<()>);

impl Writing {
    /// Waits until the last answer is out.
    pub(crate) async fn done(mut self) {
        if tokio::time::timeout(LAST_ANSWERS, &mut self.0).await.is_err() {
            self.0.abort();
        }
    }
}

impl<R: AsyncRead + Send + Unpin> Lines<R> {
    pub(crate) fn new<W>(read: R, mut write: W, most: usize) -> (Self, Writing)
    where
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (out, mut answers) = mpsc::channel::<Value>(WAITING);
        let writing = tokio::spawn(async move {
            while let Some(answer) = answers.recv().await {
                let mut line = answer.to_string().into_bytes();
                line.push(b'\n');
                if write.write_all(&line).await.is_err() || write.flush().await.is_err() {
                    return;
                }
            }
        });
        let lines = Self {
            read: BufReader::new(read),
            line: Vec::new(),
            most,
            passing_over: false,
            ended: false,
            opened: false,
            received: VecDeque::new(),
            refused: VecDeque::new(),
            out: Some(out),
            shared: Arc::default(),
        };
        (lines, Writing(writing))
    }

    /// The next line, without its end; `None` at the end. What was read stays if this is broken off.
    async fn next_line(&mut self) -> Option<Result<Vec<u8>, Refusal>> {
        while !self.ended {
            let available = match self.read.fill_buf().await {
                Ok(available) if !available.is_empty() => available,
                // The last line may have no end.
                _ => {
                    self.ended = true;
                    break;
                }
            };
            let end = memchr::memchr(b'\n', available);
            let taken = end.map_or(available.len(), |end| end + 1);
            let mut too_long = None;
            if !self.passing_over {
                let room = self.most.saturating_sub(self.line.len());
                self.line.extend_from_slice(&available[..end.unwrap_or(taken).min(room + 1)]);
                if self.line.len() > self.most {
                    too_long = Some(message::too_long(&self.line, self.most));
                    self.line.clear();
                }
            }
            self.read.consume(taken);
            let was_passing_over = self.passing_over;
            self.passing_over = end.is_none() && (was_passing_over || too_long.is_some());
            match (too_long, end) {
                (Some(refusal), _) => return Some(Err(refusal)),
                (None, Some(_)) if !was_passing_over => return Some(Ok(std::mem::take(&mut self.line))),
                _ => {}
            }
        }
        (!self.line.is_empty()).then(|| Ok(std::mem::take(&mut self.line)))
    }

    /// Takes in what a line holds.
    fn take(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        match message::read(line) {
            Ok(Sent::One(message)) => self.take_one(*message),
            Ok(Sent::Batch(items)) => self.take_batch(items),
            Ok(Sent::Nothing) => {}
            Err(refusal) => self.refused.push_back(refusal.to_value()),
        }
    }

    fn take_one(&mut self, message: Message) {
        self.opened |= message.opens();
        // The library takes anything but a request for a broken client, before there is a connection.
        if !self.opened && message.request().is_none() {
            return;
        }
        if let Some(cancelled) = cancelled(&message.typed) {
            let done = self.shared().settle(cancelled, None);
            self.refused.extend(done.flatten());
        }
        self.received.push_back(message.typed);
    }

    fn take_batch(&mut self, items: Vec<Result<Message, Refusal>>) {
        let version = self.shared().version.clone();
        if version.as_deref() != Some(BATCHES) {
            self.refused.push_back(no_batches(version.as_deref()).to_value());
            return;
        }
        let mut batch = Batch::default();
        let mut messages = Vec::new();
        for item in items {
            match item {
                Ok(message) => {
                    batch.waiting.extend(message.request().cloned());
                    messages.push(message);
                }
                Err(refusal) => batch.answers.push(refusal.to_value()),
            }
        }
        match (batch.waiting.is_empty(), batch.answers.is_empty()) {
            (false, _) => self.shared().batches.push(batch),
            (true, false) => self.refused.push_back(batch.answers.into()),
            // Notifications alone are not answered.
            (true, true) => {}
        }
        for message in messages {
            self.take_one(message);
        }
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a batch is not served.
pub(crate) fn no_batches(version: Option<&str>) -> Refusal {
    let here = match version {
        Some(version) => format!("this connection speaks {version}"),
        None => "this connection has not agreed on it".into(),
    };
    Refusal::invalid(format!(
        "batches belong to revision {BATCHES} of the protocol, and {here}: send one message at a time"
    ))
}

impl Shared {
    /// What of a batch is to be written now that this request is settled: nothing yet, or all of its answers. `None` if the
    /// request is of no batch.
    fn settle(&mut self, id: &RequestId, answer: Option<Value>) -> Option<Option<Value>> {
        let index = self.batches.iter().position(|batch| batch.waiting.contains(id))?;
        let batch = &mut self.batches[index];
        batch.waiting.remove(id);
        batch.answers.extend(answer);
        if !batch.waiting.is_empty() {
            return Some(None);
        }
        let answers = self.batches.remove(index).answers;
        Some((!answers.is_empty()).then(|| answers.into()))
    }
}

/// The request that a client gave up; it is not answered any more.
fn cancelled(message: &ClientJsonRpcMessage) -> Option<&RequestId> {
    match message {
        ClientJsonRpcMessage::Notification(notification) => match &notification.notification {
            ClientNotification::CancelledNotification(cancelled) => cancelled.params.request_id.as_ref(),
            _ => None,
        },
        _ => None,
    }
}

impl<R: AsyncRead + Send + Unpin + 'static> Transport<RoleServer> for Lines<R> {
    type Error = Error;

    fn send(&mut self, item: ServerJsonRpcMessage) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        let value = serde_json::to_value(&item);
        let id = match &item {
            ServerJsonRpcMessage::Response(response) => {
                if let ServerResult::InitializeResult(agreed) = &response.result {
                    self.shared().version = Some(agreed.protocol_version.to_string());
                }
                Some(response.id.clone())
            }
            ServerJsonRpcMessage::Error(error) => error.id.clone(),
            _ => None,
        };
        let value = value.map(|value| match id {
            Some(id) => self.shared().settle(&id, Some(value.clone())).unwrap_or(Some(value)),
            None => Some(value),
        });
        let out = self.out.clone();
        async move {
            let (Some(value), Some(out)) = (value?, out) else { return Ok(()) };
            out.send(value).await.map_err(|_| Error::new(ErrorKind::NotConnected, "the client is gone"))
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            while !self.refused.is_empty() {
                // Broken off here, the answer is still there the next time.
                let place = self.out.as_ref()?.reserve().await.ok()?;
                place.send(self.refused.pop_front()?);
            }
            if let Some(message) = self.received.pop_front() {
                return Some(message);
            }
            match self.next_line().await? {
                Ok(line) => self.take(&line),
                Err(refusal) => self.refused.push_back(refusal.to_value()),
            }
        }
    }

    async fn close(&mut self) -> Result<(), Error> {
        self.out = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_answered_when_its_last_request_is_settled() {
        let (one, two) = (RequestId::Number(1), RequestId::Number(2));
        let mut shared = Shared::default();
        shared.batches.push(Batch { waiting: [one.clone(), two.clone()].into(), answers: Vec::new() });
        assert_eq!(shared.settle(&RequestId::Number(3), Some(3.into())), None);
        assert_eq!(shared.settle(&one, Some(1.into())), Some(None));
        // Cancelled: nobody waits for it any more.
        assert_eq!(shared.settle(&two, None), Some(Some(vec![1].into())));
        assert_eq!(shared.settle(&two, Some(2.into())), None);
    }
}
