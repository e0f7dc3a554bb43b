//! Previews of plans: which questions there are, that none of them changes anything, and what follows from answers, honest or not.

mod dry_runs;
mod findings;

use crate::effects::{Ask, Session, effect, literal};
use meho_policy::authority::Phase;
use meho_policy::catalogue::Effects;
use meho_policy::decide::Decision;
use meho_policy::effect::Trust;
use meho_policy::family::Family;
use meho_policy::plan::PlannedRequest;
use meho_policy::preview::{Preview, Previewing, Question};
use serde_json::{Value, json};

pub(crate) const MERGE: &str = "application/merge-patch+json";
pub(crate) const JSON: &str = "application/json";

/// A write: its method as an effect names it, path with query, and body.
#[derive(Debug, Clone)]
pub(crate) struct Write<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) body: Option<(&'a str, Value)>,
}

pub(crate) fn delete<'a>(target: &'a str, body: Option<Value>) -> Write<'a> {
    Write { method: "Delete", target, body: body.map(|body| (JSON, body)) }
}

pub(crate) fn patch<'a>(target: &'a str, body: Value) -> Write<'a> {
    Write { method: "Patch", target, body: Some((MERGE, body)) }
}

impl Write<'_> {
    /// What a plan run comes to that makes it. None where no component with such an effect is admitted.
    pub(crate) fn planned(&self) -> Option<PlannedRequest> {
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let rule = |pair: &str| {
            let (key, value) = pair.split_once('=').expect("a pair");
            // As a description writes it: not encoded.
            json!({"key": key, "value": {"Pieces": [{"Literal": value.replace("%3D", "=")}]}, "may_omit": false})
        };
        let query: Vec<Value> = query.split('&').filter(|pair| !pair.is_empty()).map(rule).collect();
        let body = self.body.as_ref().map(|(media, body)| json!({"media_type": media, "template": body.to_string()}));
        let more = json!({"trust": "Destructive", "method": self.method, "query": query, "body": body});
        let effects = [effect("write", &literal(path), &more)];
        Effects::check(&effects, &crate::effects::schema(), Trust::Destructive, Family::Kubernetes).ok()?;
        let arguments = json!({"namespace": "prod", "name": "web"});
        let session = Session::new(&effects, Trust::Destructive, &arguments, Phase::Plan);
        let text = self.body.as_ref().map(|(_, body)| body.to_string()).unwrap_or_default();
        let method = self.method.to_ascii_uppercase();
        let ask = Ask {
            method: &method,
            target: self.target,
            accept: JSON,
            media_type: self.body.as_ref().map(|(media, _)| *media),
            body: &text,
        };
        match session.decide(&ask).ok()? {
            Decision::Plan(planned) => Some(planned),
            Decision::Send(permit) => panic!("a plan run sends no write: {permit:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn previewing(&self) -> Previewing {
        Previewing::new(Family::Kubernetes, &self.planned().unwrap_or_else(|| panic!("a plan of {self:?}")))
    }
}

/// What a question is called, and how it is sent.
pub(crate) fn shown(question: &Question) -> (String, String) {
    let permit = question.permit();
    assert!(permit.is_of_host());
    assert_eq!(permit.request(), question.request());
    let request = permit.request();
    let body = request.body().map(|body| String::from_utf8_lossy(body.bytes()).into_owned()).unwrap_or_default();
    let line = format!("{} {} {body}", request.method(), request.rendered_path_and_query());
    (permit.effect().as_str().trim_start_matches("host-asks-").to_owned(), line.trim_end().to_owned())
}

/// An answer: what it is to, by the question's name without `host-asks-`, its status and its body.
pub(crate) type Reply = (&'static str, u16, Value);

/// Asks all there is to ask, of a target that gives these answers. What is asked for and has none here is answered with 404. Gives the preview, and the
/// questions of each round.
#[track_caller]
pub(crate) fn preview(write: &Write<'_>, replies: &[Reply]) -> (Preview, Vec<Vec<(String, String)>>) {
    let mut previewing = write.previewing();
    let mut rounds = Vec::new();
    loop {
        let questions = previewing.questions();
        if questions.is_empty() {
            break;
        }
        for question in &questions {
            let (name, _) = shown(question);
            let nothing = json!({"kind": "Status", "status": "Failure", "message": "not found"});
            let reply = replies.iter().find(|(to, ..)| *to == name);
            let (status, body) = reply.map_or((404, nothing), |(_, status, body)| (*status, body.clone()));
            previewing.read(question, status, body.to_string().as_bytes());
        }
        rounds.push(questions.iter().map(shown).collect());
        assert!(rounds.len() <= 3, "it comes to an end: {rounds:?}");
    }
    (previewing.preview(), rounds)
}
