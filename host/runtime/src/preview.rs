//! The preview of a plan: asked by the host, once the plan's run has come to its write and is over.
//!
//! What is asked, and what follows from the answers, is the family's (`meho_policy::preview`). The questions leave as a guest's requests do, by a permit, in
//! turn, within budgets, masked and recorded as the host's own; the guest is gone by then and learns nothing. Whatever comes of them, the plan is the
//! plan: what could not be found out is named in the preview.

use crate::boundary::Boundary;
use crate::budget::Budgets;
use crate::call::{Recording, overdue};
use crate::egress::{Reply, ask};
use crate::record::{CallEnding, CallId, Recorder};
use crate::target::Target;
use meho_policy::authority::Authority;
use meho_policy::plan::PlannedRequest;
use meho_policy::preview::{MAX_ANSWER_BYTES, Preview, Previewing, Question};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Questions under way at a time: one round has no more.
const QUESTIONS_AT_A_TIME: u32 = 6;
/// How long all of it may take. Somebody waits to be asked, and a plan without a preview can be approved too.
const LONGEST: Duration = Duration::from_secs(10);
/// What a preview is called in records.
const PREVIEW: &str = "preview";

/// A preview that is about to be made.
pub(crate) struct Foresight<'p> {
    pub(crate) target: &'p Target,
    pub(crate) planned: &'p PlannedRequest,
    pub(crate) principal: &'p str,
    pub(crate) budgets: &'p Budgets,
    pub(crate) recorder: Arc<dyn Recorder>,
}

impl Foresight<'_> {
    /// Asks all that there is to ask, as long as there is time.
    pub(crate) async fn look(self) -> Preview {
        let budgets = Budgets {
            wall: self.budgets.wall.min(LONGEST),
            requests_at_a_time: self.budgets.requests_at_a_time.min(QUESTIONS_AT_A_TIME),
            response_body_bytes: self.budgets.response_body_bytes.min(MAX_ANSWER_BYTES),
            ..self.budgets.clone()
        };
        let id = CallId {
            operation: PREVIEW.to_owned(),
            target: self.target.name().to_owned(),
            server: self.target.server().to_owned(),
            principal: self.principal.to_owned(),
            component: None,
            plan: None,
        };
        let target = Some(self.target.clone());
        let boundary = Arc::new(Boundary::new(Authority::none(), target, (id, self.recorder), budgets));
        let recording = Recording::new(boundary.clone());
        let mut previewing = Previewing::new(self.target.family(), self.planned);
        loop {
            let questions = previewing.questions();
            if questions.is_empty() {
                break;
            }
            ask_together(&boundary, questions, &mut previewing).await;
        }
        boundary.close();
        // Where that fails it is said aloud there; the plan's own record, and its write's, are others.
        let _ = recording.end(CallEnding::Answered).await;
        previewing.preview()
    }
}

/// Asks the questions of one round at the same time, as far as there are turns, until they are answered or time is over.
async fn ask_together(boundary: &Arc<Boundary>, mut waiting: Vec<Question>, previewing: &mut Previewing) {
    // Those that are still under way when this returns, or is dropped, are given up.
    let mut asking = JoinSet::new();
    for question in waiting.clone() {
        let boundary = boundary.clone();
        asking.spawn(async move { (ask(&boundary, question.permit()).await, question) });
    }
    loop {
        let asked = tokio::select! {
            biased;
            asked = asking.join_next() => asked,
            () = overdue(boundary) => None,
        };
        let Some(asked) = asked else { break };
        // One that panicked is left waiting, and named below.
        let Ok((reply, question)) = asked else { continue };
        waiting.retain(|other| *other != question);
        match reply {
            Ok(Reply { status, body, .. }) => previewing.read(&question, status.as_u16(), &body),
            Err(_) => previewing.unheard(&question, &unheard(boundary)),
        }
    }
    let seconds = boundary.budgets.wall.as_secs();
    for question in waiting {
        previewing.unheard(&question, &format!("there was no answer within {seconds} s"));
    }
}

/// Why a question got no answer that could be read.
fn unheard(boundary: &Boundary) -> String {
    match boundary.silence() {
        Some(silence) => silence.message,
        None => "the answers were more than the host reads, or a question could not be recorded".to_owned(),
    }
}
