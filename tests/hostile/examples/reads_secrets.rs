//! Asks for Secrets in every way that it can declare, and tells all that it gets: at the path `how`, as the media type `also`.

use meho_test_hostile::bindings::meho::connector::effects::Effect;
use meho_test_hostile::describe::{JSON, act, get, literal, path};
use meho_test_hostile::outcome::told;
use meho_test_hostile::{Acted, Arguments, Fixture, Operation, Request, hostile};

const SECRETS: &str = "/api/v1/namespaces/default/secrets";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
/// What API servers can be asked for one object as.
const OF_ONE: [&str; 4] = [JSON, "application/yaml", PROTOBUF, "application/cbor"];
/// And for many.
const OF_MANY: [&str; 4] = [
    JSON,
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    "application/json;as=Table;g=meta.k8s.io;v=v1",
    PROTOBUF,
];

struct ReadsSecrets;

impl Fixture for ReadsSecrets {
    fn operation() -> Operation {
        let accepting =
            |effect: Effect, types: [&str; 4]| Effect { accept: types.map(str::to_owned).to_vec(), ..effect };
        let many = |id: &str, path: &str| accepting(get(id, vec![literal(path)]), OF_MANY);
        act(vec![
            accepting(get("one", path(SECRETS, "name", "")), OF_ONE),
            many("all", SECRETS),
            many("everywhere", "/api/v1/secrets"),
            many("legacy", "/api/v1/watch/namespaces/default/secrets"),
        ])
    }

    fn act(call: &Arguments) -> Acted {
        told(&Request { headers: vec![("accept", call.text("also"))], ..Request::get(call.how()) }.send())
    }
}

hostile!(ReadsSecrets);
