//! YAML as it is written: read back by a reader of YAML 1.2, and quoted wherever one of YAML 1.1 would read something else.

use meho_host_cli::text::has_acting;
use meho_host_cli::yaml;
use serde_json::{Value, json};

fn written(document: &Value) -> String {
    let mut out = Vec::new();
    yaml::write(document, &mut out).expect("it is written");
    String::from_utf8(out).expect("text")
}

#[track_caller]
fn comes_back(document: &Value) -> String {
    let text = written(document);
    assert_eq!(&serde_saphyr::from_str::<Value>(&text).expect("YAML"), document, "{text}");
    text
}

#[test]
fn lists_and_maps_are_blocks() {
    let document = json!({
        "data": [
            {"name": "web-0", "labels": {"app": "web", "tier": ""}, "ports": [80, -1, 1.5], "none": null, "no": false},
            {"name": "api", "labels": {}, "ports": [], "nested": [["a", "b"], [{"k": "v"}], []]},
        ],
        "meta": {"complete": true},
    });
    let text = comes_back(&document);
    let expected = "\
data:
  - name: web-0
    labels:
      app: web
      tier: \"\"
    ports:
      - 80
      - -1
      - 1.5
    none: null
    \"no\": false
  - name: api
    labels: {}
    ports: []
    nested:
      - - a
        - b
      - - k: v
      - []
meta:
  complete: true
";
    assert_eq!(text, expected);
    for document in [json!([]), json!({}), json!([{}]), json!("text"), json!(7), json!([1, [2, [3]]])] {
        comes_back(&document);
    }
}

#[test]
fn what_another_reader_would_take_for_something_else_is_quoted() {
    let texts = [
        "=",
        "<<",
        "2001-01-01",
        "2001-01-01T12:30:45Z",
        "12:30:45",
        "1:20",
        "190:20:30.15",
        "0b1010",
        "0o14",
        "014",
        "1_000",
        "+1",
        "-1",
        ".5",
        "1e3",
        "0x1F",
        ".inf",
        "-.INF",
        ".nan",
        "~",
        "",
        "null",
        "Null",
        "y",
        "N",
        "yes",
        "NO",
        "on",
        "Off",
        "true",
        "False",
        "\n",
        "\n\n",
        "a\nb",
        "a\n",
        " a",
        "a ",
        "a\tb",
        "- a",
        "-",
        "? a",
        "a: b",
        "a #b",
        "#a",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a`",
        "'a'",
        "\"a\"",
        "[a]",
        "{a}",
        "a,b",
        "---",
        "...",
        "ä",
        "\\",
        "a\\nb",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{1b}[2J",
        "\u{202e}",
        "\u{1f600}",
    ];
    for text in texts {
        let value = comes_back(&json!([text]));
        assert!(
            value.starts_with("- \"") && value.ends_with("\"\n") && value.lines().count() == 1,
            "{text:?}: {value}"
        );
        let key = comes_back(&json!({text: 1}));
        assert!(key.starts_with('"') && key.ends_with("\": 1\n"), "{text:?}: {key}");
        assert!(!has_acting(&value) && !has_acting(&key), "{text:?}");
    }
    for text in ["web-0", "Running", "app.kubernetes.io/name", "registry.example.com/a", "two words", "nothing", "e5"] {
        assert_eq!(comes_back(&json!({text: text})), format!("{text}: {text}\n"));
    }
}
