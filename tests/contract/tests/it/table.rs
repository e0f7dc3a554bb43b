//! The table against `operations.json`: every operation, parameter, type, bound, trust level and right.

use crate::contract::{Parameter, Right, checked, checked_discovery, contract, entry, trust};
use meho_kubernetes::operation::Returns;
use meho_kubernetes::resource::{EventsBy, Resource, Scope};
use meho_kubernetes::table::{Entry, TABLE};
use meho_policy::catalogue;
use meho_policy::effect::Trust;
use meho_policy::family::Family;
use meho_policy::grammar::{Namespace, OperationId};
use meho_policy::question::{Inquiry, MAX_ACCESSES};
use meho_policy::rbac::{self, Wants};
use meho_policy::schema::{ArgumentsSchema, ParameterType, ResultSchema};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_table_has_every_operation_of_the_contract_in_its_order() {
    let contract = contract();
    let wanted: Vec<&str> = contract.operations.iter().map(|operation| operation.id.as_str()).collect();
    let found: Vec<&str> = TABLE.iter().map(|entry| entry.id).collect();
    assert_eq!(found.len(), wanted.len());
    let sorted = |ids: &[&str]| ids.iter().copied().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(sorted(&found), sorted(&wanted));
}

#[test]
fn every_row_has_the_title_category_trust_and_entity_of_the_contract() {
    for operation in &contract().operations {
        let entry = entry(&operation.id);
        assert_eq!(entry.title, operation.title, "{}", entry.id);
        assert_eq!(entry.category, operation.category, "{}", entry.id);
        assert_eq!(trust(entry).to_string(), operation.trust_level, "{}", entry.id);
        assert_eq!(entry.entity, operation.entity.as_ref().map(|entity| entity.kind.as_str()), "{}", entry.id);
        if let Some(entity) = &operation.entity {
            assert_eq!((entity.id.as_str(), entity.name.as_str()), ("uid", "name"));
        }
        let returns = match entry.returns {
            Returns::List => "array",
            Returns::Object => "object",
        };
        assert_eq!(returns, operation.result.kind, "{}", entry.id);
    }
}

#[test]
fn every_parameter_of_the_contract_is_there_with_its_type_default_and_bounds() {
    for operation in &contract().operations {
        let (schema, _) = checked(entry(&operation.id));
        for parameter in &operation.parameters {
            check_parameter(&operation.id, parameter, &schema);
        }
        let beyond: Vec<&String> = schema
            .parameters()
            .iter()
            .filter(|(name, found)| {
                found.required && !operation.parameters.iter().any(|parameter| parameter.name == **name)
            })
            .map(|(name, _)| name)
            .collect();
        assert!(beyond.is_empty(), "{}: {beyond:?} must not be required", operation.id);
    }
}

#[track_caller]
fn check_parameter(operation: &str, wanted: &Parameter, schema: &ArgumentsSchema) {
    let at = format!("{operation}.{}", wanted.name);
    let found = schema.parameters().get(&wanted.name).unwrap_or_else(|| panic!("{at} is missing"));
    let kind = match found.kind {
        ParameterType::Text(_) => "string",
        ParameterType::Integer => "integer",
        ParameterType::Boolean => "boolean",
        ParameterType::Texts => "array",
    };
    assert_eq!(kind, wanted.kind, "{at}");
    assert_eq!(found.required, wanted.required, "{at}");
    assert_eq!(found.default.clone().unwrap_or(Value::Null), wanted.default, "{at}");
    for (bound, given) in [(found.bounds.0, wanted.minimum), (found.bounds.1, wanted.maximum)] {
        if given.is_some() {
            assert_eq!(bound, given, "{at}");
        }
    }
    let at_least_one = ["limit", "since_seconds", "tail_lines"];
    if at_least_one.contains(&wanted.name.as_str()) {
        assert_eq!(found.bounds.0, Some(1), "{at}");
    }
}

#[test]
fn the_rights_derived_from_effects_are_those_of_the_contract() {
    for operation in &contract().operations {
        let (schema, effects) = checked(entry(&operation.id));
        let derived = rbac::rights(&effects, &schema);
        let as_contract = |rights: &BTreeSet<rbac::Right>| -> BTreeSet<Right> {
            let convert = |right: &rbac::Right| Right {
                api_group: right.api_group.clone(),
                resource: right.resource.clone(),
                verb: right.verb.clone(),
            };
            rights.iter().map(convert).collect()
        };
        let required: BTreeSet<Right> = operation.rbac.iter().cloned().collect();
        assert_eq!(as_contract(&derived.required), required, "{}: required", operation.id);
        let optional: BTreeSet<Right> = operation.optional_rbac.iter().cloned().collect();
        let found = as_contract(&derived.optional);
        let missing: Vec<_> = optional.difference(&found).filter(|right| !required.contains(right)).collect();
        assert!(missing.is_empty(), "{}: optional rights {missing:?} follow from no effect", operation.id);
    }
}

#[test]
fn the_effects_of_all_operations_and_of_discovery_pass_the_checks_of_a_load() {
    let of_operations: usize = TABLE.iter().map(|entry| checked(entry).1.described().len()).sum();
    let of_discovery = checked_discovery().1.described().len();
    // A change of these numbers is a change of authority: look at it, then change them.
    assert_eq!((of_operations, of_discovery), (146, 31));
}

/// All operations of the table, as a load makes them.
fn operations() -> Vec<catalogue::Operation> {
    let operation = |entry: &Entry| {
        let (arguments, effects) = checked(entry);
        catalogue::Operation {
            id: OperationId::parse(entry.id).expect("an id"),
            title: entry.title.to_owned(),
            summary: String::new(),
            category: entry.category.to_owned(),
            trust: trust(entry),
            arguments,
            returns: ResultSchema::parse(r#"{"type":"object"}"#).expect("a schema"),
            kind: catalogue::ResultKind::Object,
            entity: None,
            effects,
        }
    };
    TABLE.iter().map(operation).collect()
}

#[test]
fn whether_all_operations_may_be_called_is_asked_in_three_forms_and_none_is_left_out() {
    let operations = operations();
    for namespace in [None, Namespace::parse("prod").ok()] {
        let inquiry = Inquiry::new(Family::Kubernetes, &operations, namespace.as_ref());
        let mut forms = BTreeSet::new();
        let mut asked = 0;
        for question in inquiry.questions() {
            let permit = question.permit();
            assert_eq!((permit.trust(), permit.is_of_host()), (Trust::Read, true));
            assert!(permit.request().query().is_empty());
            forms.insert(format!("{} {}", permit.request().method(), permit.request().rendered_path()));
            asked += 1;
        }
        let three = [
            "GET /version",
            "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        ];
        assert_eq!(forms, three.map(str::to_owned).into());
        let needed = |wants| rbac::grants(&operations, namespace.as_ref(), wants);
        let rights = needed(Wants::All).iter().flat_map(|grant| &grant.rules).map(rights_of).sum::<usize>();
        assert_eq!(asked, 2 + rights, "a right for each question");
        assert!(asked < MAX_ACCESSES / 2, "{asked}: the bound is far away");
        assert_eq!(inquiry.findings().unanswered, []);
    }
}

fn rights_of(rule: &rbac::Rule) -> usize {
    rule.resources.len() * rule.verbs.len()
}

#[test]
fn an_operation_about_a_namespace_needs_nothing_outside_of_it_but_what_is_in_none() {
    let place = Namespace::parse("prod").expect("a label");
    let [mut of_namespaced, mut of_others] = [BTreeSet::new(), BTreeSet::new()];
    for operation in &operations() {
        let needs = rbac::accesses(operation, Some(&place));
        let outside = needs.required.iter().chain(&needs.optional).filter(|access| access.namespace() != Some(&place));
        let outside = outside.map(|access| access.right().resource.clone());
        let takes_one = operation.arguments.parameters().contains_key("namespace");
        if takes_one { of_namespaced.extend(outside) } else { of_others.extend(outside) }
    }
    let of_the_cluster = || TABLE.iter().filter_map(|entry| entry.lists).filter(|kind| kind.scope == Scope::Cluster);
    let names = |kinds: &mut dyn Iterator<Item = Resource>| kinds.map(|kind| kind.plural.to_owned()).collect();
    let mut wanted: BTreeSet<String> = names(&mut of_the_cluster().filter(|kind| kind.events == EventsBy::Uid));
    assert!(wanted.contains("nodes"));
    assert_eq!(of_namespaced, wanted, "the kinds in no namespace whose events can be asked for");
    wanted = names(&mut of_the_cluster());
    // A node's Lease is in a namespace of its own.
    wanted.extend(["events", "leases", "pods"].map(str::to_owned));
    assert_eq!(of_others, wanted);
}
