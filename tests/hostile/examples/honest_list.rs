//! Lists pods page by page and pushes one row for each page: what the page was.

use meho_test_hostile::describe::{PODS, act, pods};
use meho_test_hostile::outcome;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile, rows};
use serde_json::{Value, json};

struct HonestList;

impl Fixture for HonestList {
    fn operation() -> Operation {
        act(vec![pods()]).list()
    }

    fn act(_: &Arguments) -> Acted {
        let mut token = String::new();
        loop {
            let Ok(answer) = Request::get(&format!("{PODS}?limit=500{token}")).send() else { return outcome::rows() };
            let page: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let row = json!({"status": answer.status, "items": page["items"].as_array().map(Vec::len)});
            rows::push(format!("{row}\n").as_bytes());
            match page["metadata"]["continue"].as_str() {
                Some(next) => token = format!("&continue={next}"),
                None => return outcome::rows(),
            }
        }
    }
}

hostile!(HonestList);
