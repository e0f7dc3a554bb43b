//! Fails in a way that is none, as `how` says, after an honest read; or at once, in the words that `also` says.

use meho_test_hostile::bindings::meho::connector::failures::{Failure, InvalidRequest, NotFound, Problem};
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};

struct BadFailure;

impl Fixture for BadFailure {
    fn act(call: &Arguments) -> Acted {
        if call.how() == "these words" {
            let words = call.words();
            return Err(Failure::Conflict(Problem { message: words.clone(), hint: Some(words) }));
        }
        let _ = Request::get(&call.pod()).send();
        let problem = |message: String| Problem { message, hint: None };
        Err(match call.how() {
            "no answer" => Failure::NoAnswer(problem("nothing came".to_owned())),
            "nothing to do" => Failure::NotFound(NotFound {
                problem: Problem { message: "it is gone".to_owned(), hint: Some(" \n".to_owned()) },
                kind: None,
                name: None,
                near: Vec::new(),
            }),
            "unknown operation" => Failure::UnknownOperation("act".to_owned()),
            _ => Failure::InvalidRequest(InvalidRequest {
                problem: problem("m".repeat(1 << 20)),
                argument: Some("a".repeat(1 << 20)),
                candidates: vec!["c".repeat(5000); 500],
                causes: Vec::new(),
            }),
        })
    }
}

hostile!(BadFailure);
