//! Strict JSON and its one form.

use meho_policy::json::{parse_strict, to_canonical};
use proptest::prelude::*;
use serde_json::Value;

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("\\PC{0,4}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse_strict(nested(64).as_bytes()).is_ok());
    assert!(parse_strict(nested(65).as_bytes()).is_err());
    assert!(parse_strict(nested(100_000).as_bytes()).is_err());
}

proptest! {
    #[test]
    fn the_one_form_is_read_back_as_it_was(value in any_value()) {
        let canonical = to_canonical(&value);
        let again = parse_strict(&canonical).expect("its own form");
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(to_canonical(&again), canonical);
    }

    #[test]
    fn names_are_sorted_whatever_order_they_came_in(names in proptest::collection::btree_set("[a-z]{1,4}", 2..6)) {
        let forward: Vec<String> = names.iter().map(|name| format!("\"{name}\":1")).collect();
        let backward: Vec<String> = forward.iter().rev().cloned().collect();
        let parse = |members: &[String]| parse_strict(format!("{{{}}}", members.join(",")).as_bytes()).expect("JSON");
        let written = to_canonical(&parse(&backward));
        prop_assert_eq!(written, format!("{{{}}}", forward.join(",")).into_bytes());
    }

    #[test]
    fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_strict(&bytes);
    }
}
