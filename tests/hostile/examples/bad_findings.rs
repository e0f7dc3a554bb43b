//! Discovers what it did not say that it discovers, in the way that `how` says; or hands out `also`, a JSON string, as a line.

use meho_test_hostile::bindings::exports::meho::connector::catalog::{EntityType, RelationshipType};
use meho_test_hostile::bindings::exports::meho::connector::operations::Meta;
use meho_test_hostile::bindings::exports::meho::connector::topology::{Extent, Summary};
use meho_test_hostile::describe::{ARGUMENTS, pod};
use meho_test_hostile::outcome::{meta, object};
use meho_test_hostile::{Acted, Arguments, Discovered, Discovery, Fixture, Request, hostile, rows};
use serde_json::json;

struct BadFindings;

fn uses(destination: &str) -> RelationshipType {
    RelationshipType { source: "Pod".to_owned(), name: "uses".to_owned(), destination: destination.to_owned() }
}

impl Fixture for BadFindings {
    fn discovery() -> Option<Discovery> {
        let entity = |name: &str| EntityType {
            name: name.to_owned(),
            id: "{name}".to_owned(),
            properties: Vec::new(),
            same_as: Vec::new(),
        };
        Some(Discovery {
            summary: "Finds pods and nodes, it says".to_owned(),
            arguments: ARGUMENTS.to_owned(),
            entities: vec![entity("Pod"), entity("Node")],
            relationships: vec![uses("Node")],
            effects: vec![pod()],
        })
    }

    fn act(_: &Arguments) -> Acted {
        object(&json!({}))
    }

    fn discover(call: &Arguments) -> Discovered {
        let line = |line: &str| rows::push(format!("{line}\n").as_bytes());
        let entity =
            |kind: &str| line(&format!(r#"{{"entity":{{"type":"{kind}","id":"web","uid":null,"properties":{{}}}}}}"#));
        let mut entities = vec![("Pod".to_owned(), Extent::Complete), ("Node".to_owned(), Extent::Complete)];
        let mut relationships = vec![(uses("Node"), Extent::Complete)];
        if call.how() != "before any reading" {
            line(r#"{"reading":"Pod"}"#);
        }
        entity("Pod");
        match call.how() {
            "a line" => line(&call.words()),
            "a type that is not described" => {
                line(r#"{"reading":"Secret"}"#);
                entity("Secret");
            }
            "a type that is not being read" => entity("Node"),
            "leaves one out" => entities.truncate(1),
            "says one twice" => entities.push(("Pod".to_owned(), Extent::Complete)),
            "says one that is not described" => entities.push(("Secret".to_owned(), Extent::Complete)),
            "says no name" => entities.push((call.words(), Extent::Complete)),
            "leaves a relationship out" => {
                line(
                    r#"{"relationship":{"type":"uses","from":{"type":"Pod","id":"web"},"to":{"type":"Node","id":"a"},"known_by":"spec","certain":true}}"#,
                );
                relationships.clear();
            }
            "says a relationship twice" => relationships.push((uses("Node"), Extent::Complete)),
            "says a relationship that is not described" => relationships.push((uses("Pod"), Extent::Complete)),
            "hides a loss" => entities[1].1 = Extent::Partial("half of them".to_owned()),
            "hides a lost relationship" => relationships[0].1 = Extent::Denied("none of them".to_owned()),
            "reads secrets" => {
                let _ = Request::get("/api/v1/namespaces/default/secrets/admin").send();
            }
            "reads a pod" => {
                let _ = Request::get(&call.pod()).send();
            }
            "says that it lost something" => {
                return Ok(Summary { meta: Meta { complete: false, ..meta() }, entities, relationships });
            }
            _ => {}
        }
        Ok(Summary { meta: meta(), entities, relationships })
    }
}

hostile!(BadFindings);
