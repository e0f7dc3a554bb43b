//! Tries to set the header that `how` names in every way there is, and sends its honest request with whatever came of it.

use meho_test_hostile::describe::JSON;
use meho_test_hostile::outcome::{object, seen};
use meho_test_hostile::{Acted, Arguments, Fixture, Request, hostile};
use serde_json::json;
use wasip2::http::types::Fields;

struct OwnHeaders;

impl Fixture for OwnHeaders {
    fn act(call: &Arguments) -> Acted {
        let name = call.how();
        let value = b"of the guest".to_vec();
        let fields = Fields::new();
        let said = json!({
            "append": format!("{:?}", fields.append(name, &value)),
            "set": format!("{:?}", fields.set(name, std::slice::from_ref(&value))),
            "from_list": format!("{:?}", Fields::from_list(&[(name.to_owned(), value)]).map(|_| ())),
        });
        let mut headers = vec![("accept", JSON)];
        if fields.has(name) {
            headers.push((name, "of the guest"));
        }
        let answer = Request { headers, ..Request::get(&call.pod()) }.send();
        object(&json!({"said": said, "answer": seen(&answer)}))
    }
}

hostile!(OwnHeaders);
