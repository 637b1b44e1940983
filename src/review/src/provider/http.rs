//! One JSON document out, one back: keys, time-outs, retries, bounds on size.
//!
//! Redirects are not followed, so that a key goes nowhere else; servers on this machine are never asked over a proxy.

use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Url};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::Trouble;
use super::retry;
use crate::chat::Ask;
use crate::error::ReviewError;
use crate::present::one_line;

/// Where a server is and how it is asked.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its address, as its clients are given it; a query stays at the end.
    pub base_url: String,
    /// The model to ask for.
    pub model: String,
    /// The key; `None` for a server that wants none.
    pub key: Option<String>,
    /// The header that carries the key, where it is not the usual one.
    pub key_header: Option<String>,
    /// The longest one attempt may take.
    pub timeout: Duration,
}

/// Largest answer that is read.
const MAX_BODY: usize = 8 << 20;
/// Longest wait a server may ask for.
const MAX_WAIT: Duration = Duration::from_secs(120);

/// What an address answered.
#[derive(Debug)]
pub(super) enum Refused {
    /// A status other than 200, and what was said.
    Status(u16, String),
    /// The server was not reached.
    Unreached(String),
    /// The request was sent, and no answer came that could be read.
    Lost(String),
}

pub(super) struct Http {
    client: Client,
    runtime: Runtime,
    url: Url,
    headers: HeaderMap,
    timeout: Duration,
}

impl Http {
    /// A connection to `base_url` with `path` added to it.
    pub(super) fn new(
        server: &Server,
        path: &str,
        headers: &[(&str, String)],
    ) -> Result<Self, ReviewError> {
        let wrong = |detail: String| ReviewError::Address {
            url: server.base_url.clone(),
            detail,
        };
        let mut url = Url::parse(&server.base_url).map_err(|error| wrong(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong("it has to begin with http:// or https://".to_owned()));
        }
        let full = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&full);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(value)) else {
                return Err(wrong(
                    "the key or its header cannot be sent as a header".to_owned(),
                ));
            };
            value.set_sensitive(true);
            map.insert(name, value);
        }
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(15))
            .user_agent(concat!("betwixt/", env!("CARGO_PKG_VERSION")));
        if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| wrong(reason(&error)))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            client,
            runtime,
            url,
            headers: map,
            timeout: server.timeout,
        })
    }

    /// Sends a document until it is answered, refused for good, or the time is up.
    pub(super) fn post(&self, body: &Value, ask: Ask) -> Result<Value, Refused> {
        let until = Instant::now() + ask.timeout;
        let mut attempt = 0;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Refused::Unreached("the time is used up".to_owned()));
            }
            let sent = self
                .runtime
                .block_on(self.send(body, left.min(self.timeout)));
            let (refused, asked) = match sent {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            attempt += 1;
            let is_passing = match &refused {
                Refused::Status(status, _) => retry::is_passing(*status),
                Refused::Lost(_) | Refused::Unreached(_) => true,
            };
            let wait = retry::wait(attempt - 1, asked);
            let left = until.saturating_duration_since(Instant::now());
            if !is_passing || attempt >= retry::ATTEMPTS || wait > MAX_WAIT || wait >= left {
                return Err(refused);
            }
            std::thread::sleep(wait);
        }
    }

    async fn send(
        &self,
        body: &Value,
        timeout: Duration,
    ) -> Result<Value, (Refused, Option<Duration>)> {
        let lost = |error: reqwest::Error| match error.is_connect() {
            true => (Refused::Unreached(reason(&error)), None),
            false => (Refused::Lost(reason(&error)), None),
        };
        let request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .timeout(timeout)
            .json(body);
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let asked = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(retry::retry_after);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if bytes.len() + chunk.len() > MAX_BODY {
                return Err((Refused::Lost("the answer is too large".to_owned()), None));
            }
            bytes.extend_from_slice(&chunk);
        }
        if status != 200 {
            let said = one_line(&String::from_utf8_lossy(&bytes), 400).into_owned();
            return Err((Refused::Status(status, said), asked));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            (
                Refused::Lost(format!("the answer is no JSON: {error}")),
                None,
            )
        })
    }
}

/// An error with its causes, without the address: it may hold a key.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut said: Vec<String> = Vec::new();
    let mut source: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(cause) = source {
        said.push(cause.to_string());
        source = cause.source();
    }
    match said.last() {
        Some(last) if error.is_connect() => format!("no connection: {last}"),
        Some(last) => last.clone(),
        None => "the connection failed".to_owned(),
    }
}

/// What a refusal means for the run.
pub(super) fn trouble(agent: &str, refused: Refused) -> Trouble {
    let agent = agent.to_owned();
    match refused {
        Refused::Status(401 | 403, detail) => Trouble::Fatal(ReviewError::Key { agent, detail }),
        Refused::Status(404, detail) => Trouble::Fatal(ReviewError::NoSuchModel { agent, detail }),
        Refused::Status(status, detail) => Trouble::Failed(format!("status {status}: {detail}")),
        Refused::Unreached(detail) => Trouble::Failed(detail),
        Refused::Lost(detail) => Trouble::Lost(detail),
    }
}
