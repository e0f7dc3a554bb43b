//! Quantities are read, added and written as the API server does.

use meho_kubernetes::quantity::{NotAQuantity, Quantity};
use proptest::prelude::*;
use serde_json::Value;

/// What the server's own library made of each.
fn vectors() -> Value {
    serde_json::from_str(include_str!("../data/quantity-vectors.json")).expect("JSON")
}

fn read(text: &str) -> Quantity {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn a_quantity_is_read_and_written_as_the_servers_own_library_does() {
    let vectors = vectors();
    let mut checked = 0;
    for vector in vectors["single"].as_array().expect("vectors") {
        let text = vector["text"].as_str().expect("a text");
        match vector["canonical"].as_str() {
            Some(canonical) => {
                let quantity = read(text);
                assert_eq!(quantity.nanos().to_string(), vector["nanos"], "{text}");
                assert_eq!(quantity.to_string(), canonical, "{text}");
            }
            None => assert_eq!(text.parse::<Quantity>(), Err(NotAQuantity::Malformed), "{text}"),
        }
        checked += 1;
    }
    assert!(checked > 800, "{checked}");
}

#[test]
fn a_sum_is_written_as_its_first_part_is() {
    for vector in vectors()["sums"].as_array().expect("vectors") {
        let parts: Vec<&str> = vector["of"].as_array().expect("parts").iter().filter_map(Value::as_str).collect();
        let (first, rest) = parts.split_first().expect("a part");
        let total = rest.iter().fold(read(first), |sum, part| sum.plus(read(part)).expect("in range"));
        assert_eq!(total.to_string(), vector["total"], "{parts:?}");
    }
}

#[test]
fn what_has_no_digits_or_is_too_large_is_no_quantity() {
    // The server's library takes the first three for nothing; it never writes them.
    for text in ["", "m", "Ki", ".", "-", "+", "-m", ".Gi"] {
        assert_eq!(text.parse::<Quantity>(), Err(NotAQuantity::Malformed), "{text:?}");
    }
    let long = "9".repeat(40);
    for text in ["1e30", "1E60", "999999999999E", "-1e99", long.as_str()] {
        assert_eq!(text.parse::<Quantity>(), Err(NotAQuantity::OutOfRange), "{text:?}");
    }
    assert_eq!(read("1e29").plus(read("1e29")), None);
}

#[test]
fn a_percentage_is_of_whole_hundredths() {
    for (part, whole, percent) in [
        ("250m", "4", Some(6)),
        ("29m", "100m", Some(29)),
        ("3", "2", Some(150)),
        ("1Gi", "4Gi", Some(25)),
        ("0", "4", Some(0)),
        ("1", "0", None),
        ("1e29", "1", None),
    ] {
        assert_eq!(read(part).percent_of(read(whole)), percent, "{part} of {whole}");
    }
}

/// A suffix, and what it multiplies by, in billionths: a factor, and a power of ten that may be too fine.
const SUFFIXES: [(&str, i128); 16] = [
    ("n", 1),
    ("u", 1_000),
    ("m", 1_000_000),
    ("", 1_000_000_000),
    ("k", 1_000_000_000_000),
    ("M", 1_000_000_000_000_000),
    ("G", 1_000_000_000_000_000_000),
    ("T", 1_000_000_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000_000_000),
    ("Ki", 1024 * 1_000_000_000),
    ("Mi", 1_048_576 * 1_000_000_000),
    ("Gi", 1_073_741_824 * 1_000_000_000),
    ("e3", 1_000_000_000_000),
    ("E6", 1_000_000_000_000_000),
    ("e-3", 1_000_000),
    ("e0", 1_000_000_000),
];

fn suffix() -> impl Strategy<Value = (&'static str, i128)> {
    prop::sample::select(SUFFIXES.to_vec())
}

/// What a suffix makes of a number that is at most so large, so that no sum of a few is out of range or cut.
fn any_quantity() -> impl Strategy<Value = (String, i128)> {
    (0_i128..1_000_000_000, suffix())
        .prop_map(|(number, (suffix, factor))| (format!("{number}{suffix}"), number * factor))
}

proptest! {
    #[test]
    fn a_whole_number_is_worth_itself_times_its_suffix((text, nanos) in any_quantity()) {
        prop_assert_eq!(read(&text).nanos(), nanos);
        prop_assert_eq!(read(&format!("-{text}")).nanos(), -nanos);
    }

    #[test]
    fn a_fraction_is_worth_its_digits_and_never_less(whole in 0_i128..100, digits in "[0-9]{1,12}", (suffix, factor) in suffix()) {
        let text = format!("{whole}.{digits}{suffix}");
        let scale = 10_i128.pow(u32::try_from(digits.len()).expect("few"));
        let exact = (whole * scale + digits.parse::<i128>().expect("digits")) * factor;
        let nanos = read(&text).nanos();
        prop_assert_eq!(nanos, exact / scale + i128::from(exact % scale != 0), "{}", text);
    }

    #[test]
    fn what_is_written_is_read_as_the_same_and_written_the_same((text, _) in any_quantity(), digits in "[0-9]{0,10}") {
        let (number, suffix) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
        let quantity = read(&format!("{number}.{digits}{suffix}"));
        let written = quantity.to_string();
        prop_assert_eq!(read(&written).nanos(), quantity.nanos());
        prop_assert_eq!(read(&written).to_string(), written.clone());
        // The shortest: no fraction, and no zeros that a larger suffix could stand for.
        prop_assert!(!written.contains('.') && (written.ends_with('E') || !written.ends_with("000")), "{}", written);
    }

    #[test]
    fn sums_are_exact_whatever_their_order(parts in prop::collection::vec(any_quantity(), 1..6)) {
        let exact: i128 = parts.iter().map(|(_, nanos)| nanos).sum();
        let sum = |parts: &mut dyn Iterator<Item = &(String, i128)>| {
            parts.fold(Quantity::ZERO, |sum, (text, _)| sum.plus(read(text)).expect("in range"))
        };
        prop_assert_eq!(sum(&mut parts.iter()).nanos(), exact);
        prop_assert_eq!(sum(&mut parts.iter().rev()).nanos(), exact);
        // Beyond that a text with a binary suffix is cut where it is read.
        if exact <= i128::from(i64::MAX) * 1_000_000_000 {
            prop_assert_eq!(read(&sum(&mut parts.iter()).to_string()).nanos(), exact);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-+0-9.eEinumkKMGTP ]{0,24}|.{0,8}") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert_eq!(read(&quantity.to_string()).nanos(), quantity.nanos(), "{}", text);
        }
    }
}
