//! What goes wrong on request: the next so many requests that fit are answered late, with an error, in part, or not at all.

use crate::answer::Answer;
use crate::decode;
use crate::request::Request;
use crate::status::Refusal;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where faults are asked for over HTTP.
pub(crate) const PATH: &str = "/demo/faults";

/// The longest delay.
const LATENCY: Duration = Duration::from_secs(600);

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It is answered, but later by this. Ten minutes at most.
    Latency(Duration),
    /// 429 with this `Retry-After`, in seconds; the request has no effect.
    TooManyRequests {
        /// Seconds.
        retry_after: u32,
    },
    /// 500 with a Status; the request has no effect.
    InternalError,
    /// 503 in plain text, as a broken aggregated API answers; the request has no effect.
    Unavailable,
    /// The request is done, and its answer ends after so many bytes of the body.
    CutAfter(usize),
    /// The request is not done, and the connection is reset.
    Reset,
}

/// Which requests something happens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Such as `GET`; none for every method.
    pub method: Option<String>,
    /// How the path begins.
    pub path: String,
    /// How many requests.
    pub times: usize,
    /// What happens to them.
    pub effect: Effect,
}

/// The faults that are still to happen. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Lets something happen. What was asked for first happens first.
    pub fn add(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Lets nothing happen any more.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What is still to happen.
    #[must_use]
    pub fn pending(&self) -> Vec<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What happens to a request.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Effect> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |fault: &Fault| {
            fault.times > 0
                && fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && path.starts_with(&fault.path)
        };
        let fault = faults.iter_mut().find(|fault| fits(fault))?;
        fault.times -= 1;
        let effect = fault.effect.clone();
        faults.retain(|fault| fault.times > 0);
        Some(effect)
    }

    /// `POST` adds a fault, `DELETE` removes all, `GET` tells how many are left.
    pub(crate) fn answer(&self, request: &Request) -> Result<Answer, Refusal> {
        match request.method.as_str() {
            "POST" => self.add(parse(&decode::body(request, "Fault")?)?),
            "DELETE" => self.clear(),
            "GET" | "HEAD" => {}
            _ => return Err(crate::cluster::not_allowed()),
        }
        let left: usize = self.pending().iter().map(|fault| fault.times).sum();
        Ok(Answer::json(200, &json!({ "pending": left })))
    }
}

/// `{"method":"GET","path":"/api/v1","times":2,"effect":{"tooManyRequests":{"retryAfter":1}}}`.
fn parse(body: &Value) -> Result<Fault, Refusal> {
    let bad = |what: &str| Refusal::new(400, "BadRequest", format!("a fault needs {what}"));
    let effects = "one effect: latencyMillis, tooManyRequests, internalError, unavailable, cutAfter or reset";
    let effect = body.get("effect").and_then(Value::as_object).ok_or_else(|| bad(effects))?;
    let effect = match effect.iter().next().map(|(key, value)| (key.as_str(), value)) {
        Some(("latencyMillis", value)) => Effect::Latency(
            Duration::from_millis(value.as_u64().ok_or_else(|| bad("latencyMillis as a number"))?).min(LATENCY),
        ),
        Some(("tooManyRequests", value)) => {
            let seconds = value.get("retryAfter").and_then(Value::as_u64).unwrap_or(1);
            Effect::TooManyRequests { retry_after: u32::try_from(seconds).unwrap_or(u32::MAX) }
        }
        Some(("internalError", _)) => Effect::InternalError,
        Some(("unavailable", _)) => Effect::Unavailable,
        Some(("cutAfter", value)) => {
            let bytes = value.as_u64().ok_or_else(|| bad("cutAfter as a number"))?;
            Effect::CutAfter(usize::try_from(bytes).unwrap_or(usize::MAX))
        }
        Some(("reset", _)) => Effect::Reset,
        _ => return Err(bad(effects)),
    };
    Ok(Fault {
        method: body.get("method").and_then(Value::as_str).map(str::to_owned),
        path: body.get("path").and_then(Value::as_str).unwrap_or("/").to_owned(),
        times: body.get("times").and_then(Value::as_u64).and_then(|times| usize::try_from(times).ok()).unwrap_or(1),
        effect,
    })
}

/// The answer in place of the real one, where there is to be one.
pub(crate) fn instead(effect: &Effect) -> Option<Answer> {
    match effect {
        Effect::TooManyRequests { retry_after } => {
            // Priority and fairness answers in plain text.
            let text = "Too many requests, please try again later.\n";
            Some(Answer::text(429, text).with("retry-after", retry_after.to_string()))
        }
        Effect::InternalError => {
            let why = "the demo was asked to fail";
            let mut refusal = Refusal::new(500, "InternalError", format!("Internal error occurred: {why}"));
            refusal = refusal.detail("causes", json!([{ "message": why }]));
            Some(refusal.into())
        }
        Effect::Unavailable => Some(Answer::text(503, "service unavailable\n")),
        Effect::Latency(_) | Effect::CutAfter(_) | Effect::Reset => None,
    }
}
