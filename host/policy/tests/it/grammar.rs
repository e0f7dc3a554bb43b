//! The small grammars.

use meho_policy::grammar::{EffectId, Format, MediaType, OperationId, PathSegment, QueryKey};
use proptest::prelude::*;

#[track_caller]
fn check(format: Format, good: &[&str], bad: &[&str]) {
    for text in good {
        assert!(format.accepts(text), "{format:?}: {text:?}");
    }
    for text in bad {
        assert!(!format.accepts(text), "{format:?}: {text:?}");
    }
}

#[test]
fn formats_accept_what_they_say() {
    let long = "a".repeat(64);
    let too_long = "a".repeat(254);
    check(
        Format::Name,
        &["a", "web-0", "a.b.c", "system:node", "0", &"a".repeat(253)],
        &[
            "", "A", "a/b", "..", ".", "a..b", "-a", "a-", "a.", "a b", "a%2f", "é", "a\0", "a_b", "a,b", "a=b", "a#",
            "a?", &too_long,
        ],
    );
    check(Format::Label, &["a", "kube-system", "0a"], &["", "a.b", "A", "-a", "a:b", "a/b", &long]);
    check(Format::Uid, &["0f6b1c1e-1111", "ABC", &long], &["", "a b", "a,b", "a.b", &"a".repeat(65)]);
    check(Format::Kind, &["Pod", "PersistentVolumeClaim", "A1"], &["", "pod", "Pod,x", "Pod/x", "P\u{43e}d"]);
    check(Format::Selector, &["app in (a, b),!c", "a=é"], &["", "a\nb", "a\u{0}", "a\u{7f}", &"a".repeat(4097)]);
    check(Format::Token, &["eyJ2Ijoi_-=", "a.b"], &["", "a b", "a+b", "a/b", "a%", &"a".repeat(8193)]);
}

#[test]
fn ids_are_ascii_so_that_none_looks_like_another() {
    assert!(OperationId::parse("list_pods").is_ok());
    for id in ["", "List", "list-pods", "list_р", "_x", "1x", &"a".repeat(65)] {
        assert!(OperationId::parse(id).is_err(), "{id}");
    }
    assert!(EffectId::parse("events-by-uid").is_ok());
    assert!(EffectId::parse("events_by_uid").is_err());
}

#[test]
fn a_refusal_never_quotes_what_it_refuses() {
    let error = OperationId::parse("s3cr3t\u{1b}[2J").expect_err("refused").to_string();
    assert_eq!(error, "not a valid operation id");
}

#[test]
fn only_names_stand_in_paths_and_beside_other_text() {
    let segments: Vec<Format> = Format::ALL.into_iter().filter(|format| format.is_segment()).collect();
    assert_eq!(segments, [Format::Name, Format::Label, Format::Uid, Format::Kind]);
}

proptest! {
    #[test]
    fn whatever_is_a_segment_by_its_format_is_one_path_segment(text in "\\PC{0,20}|[a-zA-Z0-9.:-]{1,20}") {
        for format in Format::ALL.into_iter().filter(|format| format.is_segment()) {
            if format.accepts(&text) {
                prop_assert!(PathSegment::parse(&text).is_ok(), "{:?} {}", format, text);
                prop_assert!(!text.contains([',', '=', '!', '(', ')', ' ', '/', '%', '?', '#']));
            }
        }
    }

    #[test]
    fn segments_keys_and_media_types_hold_nothing_that_means_something(text in "\\PC{0,12}") {
        if PathSegment::parse(&text).is_ok() {
            prop_assert!(!text.contains(['/', '%', '?', '#', ';', ' ', '\\']) && text != "." && text != "..");
        }
        if QueryKey::parse(&text).is_ok() {
            prop_assert!(!text.contains(['&', '=', '%', '+', ';', '#']));
        }
        if MediaType::parse(&text).is_ok() {
            prop_assert!(text.is_ascii() && !text.contains(['\r', '\n']));
        }
    }
}
