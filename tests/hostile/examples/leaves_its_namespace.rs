//! Reads the path that `how` says, all of which it has declared, and where `also` is `quietly`, says that all went well.

use meho_test_hostile::describe::{PODS, act, get, literal};
use meho_test_hostile::outcome::{object, told};
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};
use serde_json::json;

struct LeavesItsNamespace;

impl Fixture for LeavesItsNamespace {
    fn operation() -> Operation {
        let paths = [
            ("own", PODS),
            ("itself", "/api/v1/namespaces/default"),
            ("version", "/version"),
            ("other", "/api/v1/namespaces/kube-system/pods"),
            ("other-itself", "/api/v1/namespaces/kube-system"),
            ("namespaces", "/api/v1/namespaces"),
            ("all", "/api/v1/pods"),
            ("watch", "/api/v1/watch/namespaces/kube-system/pods"),
            ("node", "/api/v1/nodes/default"),
            ("volumes", "/api/v1/persistentvolumes"),
        ];
        act(paths.map(|(id, path)| get(id, vec![literal(path)])).into())
    }

    fn act(call: &Arguments) -> Acted {
        let answered = Request::get(call.how()).send();
        if call.text("also") == "quietly" { object(&json!({"all": "well"})) } else { told(&answered) }
    }
}

hostile!(LeavesItsNamespace);
