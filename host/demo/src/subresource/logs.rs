//! Logs: text, of one container, cut as is asked for. What was written stands in `world`.

use crate::answer::Answer;
use crate::request::Request;
use crate::resource::PODS;
use crate::route::Place;
use crate::status::Refusal;
use crate::store::{Store, not_found};
use crate::validate::{self, Cause};
use crate::{negotiate, time, world};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// What is wanted of a log.
#[derive(Debug, Default)]
struct Options {
    since: Option<Timestamp>,
    tail: Option<usize>,
    bytes: Option<usize>,
    is_previous: bool,
    has_times: bool,
}

/// What containers have written, where somebody has said so: for the name of a container, and for its run before this one or
/// not, lines with their times.
#[derive(Clone, Default)]
pub(crate) struct Written(Option<Arc<Source>>);

type Source = dyn Fn(&str, bool) -> Vec<(Timestamp, String)> + Send + Sync;

impl Written {
    pub(crate) fn by(source: impl Fn(&str, bool) -> Vec<(Timestamp, String)> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(source)))
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").finish_non_exhaustive()
    }
}

pub(super) fn answer(store: &Store, written: &Written, request: &Request, place: &Place) -> Result<Answer, Refusal> {
    // The server offers text, and negotiates as if it were an object.
    negotiate::negotiate(request)?;
    let pod = store.get(&PODS, Some(&place.namespace), &place.name).ok_or_else(|| not_found(&PODS, &place.name))?;
    let options = Options::of(store, request, &place.name)?;
    let container = container(pod, &place.name, request.query.filled("container"))?;
    let is_scheduled = pod.pointer("/spec/nodeName").and_then(Value::as_str).is_some_and(|node| !node.is_empty());
    if !is_scheduled {
        return Ok(Answer::empty(204));
    }
    has_log(pod, &place.name, &container, options.is_previous)?;
    let lines = match &written.0 {
        Some(source) => source(&container, options.is_previous),
        None => world::log(pod, &container, options.is_previous, store.now()),
    };
    Ok(Answer::new(200, "text/plain", options.cut(lines)))
}

impl Options {
    fn of(store: &Store, request: &Request, name: &str) -> Result<Self, Refusal> {
        let query = &request.query;
        let number = |key: &str| {
            let parse = |text: &str| {
                let message = format!("strconv.ParseInt: parsing {text:?}: invalid syntax");
                text.parse::<i64>().map_err(|_| Refusal::new(400, "BadRequest", message))
            };
            query.filled(key).map(parse).transpose()
        };
        let (since, tail, bytes) = (number("sinceSeconds")?, number("tailLines")?, number("limitBytes")?);
        let time = query.filled("sinceTime").map(|text| {
            let message =
                format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\"");
            time::parse(text).ok_or_else(|| Refusal::new(400, "BadRequest", message))
        });
        let time = time.transpose()?;
        let mut causes = Vec::new();
        if let Some(tail) = tail.filter(|tail| *tail < 0) {
            causes.push(Cause::invalid("tailLines", &tail.into(), "must be greater than or equal to 0"));
        }
        if let Some(bytes) = bytes.filter(|bytes| *bytes < 1) {
            causes.push(Cause::invalid("limitBytes", &bytes.into(), "must be greater than 0"));
        }
        match since {
            Some(_) if time.is_some() => {
                causes.push(Cause::forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
            }
            Some(since) if since < 1 => {
                causes.push(Cause::invalid("sinceSeconds", &since.into(), "must be greater than 0"));
            }
            _ => {}
        }
        if !causes.is_empty() {
            return Err(validate::invalid("", "PodLogOptions", name, causes));
        }
        let ago = |seconds| store.now().saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN);
        Ok(Self {
            since: time.or_else(|| since.map(ago)),
            tail: tail.and_then(|tail| usize::try_from(tail).ok()),
            bytes: bytes.and_then(|bytes| usize::try_from(bytes).ok()),
            is_previous: query.is_on("previous"),
            has_times: query.is_on("timestamps"),
        })
    }

    /// The last lines of what was written since then, up to so many bytes from their start.
    fn cut(&self, lines: Vec<(Timestamp, String)>) -> Vec<u8> {
        let is_wanted = |at: &Timestamp| self.since.is_none_or(|since| *at >= since);
        let lines: Vec<_> = lines.into_iter().filter(|(at, _)| is_wanted(at)).collect();
        let skipped = self.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        let mut text = Vec::new();
        for (at, line) in lines.into_iter().skip(skipped) {
            if self.has_times {
                text.extend_from_slice(at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ ").to_string().as_bytes());
            }
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        text.truncate(self.bytes.unwrap_or(usize::MAX));
        text
    }
}

/// The container that is meant.
fn container(pod: &Value, name: &str, asked: Option<&str>) -> Result<String, Refusal> {
    let bad = |message: String| Err(Refusal::new(400, "BadRequest", message));
    let names = |list: &str| -> Vec<String> {
        let containers = pod.pointer(&format!("/spec/{list}")).and_then(Value::as_array).into_iter().flatten();
        containers.filter_map(|container| Some(container.get("name")?.as_str()?.to_owned())).collect()
    };
    let plain = names("containers");
    let all = [names("initContainers"), plain.clone(), names("ephemeralContainers")].concat();
    match (asked, plain.as_slice()) {
        (Some(asked), _) if all.iter().any(|name| name == asked) => Ok(asked.to_owned()),
        (Some(asked), _) => bad(format!("container {asked} is not valid for pod {name}")),
        (None, [only]) => Ok(only.clone()),
        (None, []) => bad(format!("a container name must be specified for pod {name}")),
        (None, _) => {
            bad(format!("a container name must be specified for pod {name}, choose one of: [{}]", all.join(" ")))
        }
    }
}

/// What a kubelet says where there is nothing to read; the server passes it on.
fn has_log(pod: &Value, name: &str, container: &str, is_previous: bool) -> Result<(), Refusal> {
    let statuses = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
    let statuses = statuses.iter().filter_map(|list| pod.get("status")?.get(list)?.as_array()).flatten();
    let status = statuses.into_iter().find(|status| status.get("name").and_then(Value::as_str) == Some(container));
    let bad = |message: String| Err(Refusal::new(400, "BadRequest", message));
    let Some(status) = status else {
        return bad(format!("container \"{container}\" in pod \"{name}\" is not available"));
    };
    let has_run_before = status.pointer("/lastState/terminated").is_some();
    if is_previous {
        return if has_run_before {
            Ok(())
        } else {
            bad(format!("previous terminated container \"{container}\" in pod \"{name}\" not found"))
        };
    }
    let has_run = status.pointer("/state/running").is_some() || status.pointer("/state/terminated").is_some();
    if has_run || has_run_before {
        return Ok(());
    }
    let waiting =
        |key: &str| status.pointer(&format!("/state/waiting/{key}")).and_then(Value::as_str).unwrap_or_default();
    let reason = match waiting("reason") {
        "" => "ContainerCreating",
        "ErrImagePull" => "image can't be pulled",
        "ImagePullBackOff" => "trying and failing to pull image",
        reason => reason,
    };
    bad(format!("container \"{container}\" in pod \"{name}\" is waiting to start: {reason}"))
}
