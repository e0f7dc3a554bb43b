//! Parameters of operations, as data, and the JSON Schema they make.

use crate::row::write_text;

/// What a parameter may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of a format that the host checks.
    Text(&'static str),
    /// A whole number between two bounds.
    Integer {
        /// The least.
        minimum: i64,
        /// The greatest, where there is one.
        maximum: Option<i64>,
    },
    /// True or false.
    Boolean,
    /// Some of these words.
    SomeOf(&'static [&'static str]),
}

/// What holds where a caller leaves a parameter out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The call is refused.
    Refused,
    /// Nothing.
    Nothing,
    /// This number.
    Number(i64),
    /// False.
    False,
    /// This word.
    Word(&'static str),
    /// Every word there is.
    All,
}

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What holds where it is left out.
    pub absent: Absent,
    /// What it means, in one line.
    pub meaning: &'static str,
}

impl Parameter {
    const fn required(name: &'static str, format: &'static str, meaning: &'static str) -> Self {
        Self { name, kind: Kind::Text(format), absent: Absent::Refused, meaning }
    }

    const fn optional(name: &'static str, format: &'static str, meaning: &'static str) -> Self {
        Self { name, kind: Kind::Text(format), absent: Absent::Nothing, meaning }
    }

    const fn flag(name: &'static str, meaning: &'static str) -> Self {
        Self { name, kind: Kind::Boolean, absent: Absent::False, meaning }
    }

    const fn at_least_one(name: &'static str, absent: Absent, meaning: &'static str) -> Self {
        Self { name, kind: Kind::Integer { minimum: 1, maximum: None }, absent, meaning }
    }

    /// Its schema, as JSON text. Names, formats and words have nothing in them that needs escaping; meanings are written as strings.
    fn write_schema(&self, out: &mut Vec<u8>) {
        let words = |words: &[&str]| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(",");
        let kind = match self.kind {
            Kind::Text(format) => format!(r#""type":"string","format":"{format}""#),
            Kind::Integer { minimum, maximum: None } => format!(r#""type":"integer","minimum":{minimum}"#),
            Kind::Integer { minimum, maximum: Some(maximum) } => {
                format!(r#""type":"integer","minimum":{minimum},"maximum":{maximum}"#)
            }
            Kind::Boolean => r#""type":"boolean""#.to_owned(),
            Kind::SomeOf(list) => {
                format!(r#""type":"array","items":{{"type":"string","enum":[{}]}},"minItems":1"#, words(list))
            }
        };
        let default = match (self.absent, self.kind) {
            (Absent::Number(number), _) => format!(r#","default":{number}"#),
            (Absent::False, _) => r#","default":false"#.to_owned(),
            (Absent::Word(word), _) => format!(r#","default":"{word}""#),
            (Absent::All, Kind::SomeOf(list)) => format!(r#","default":[{}]"#, words(list)),
            (Absent::Refused | Absent::Nothing | Absent::All, _) => String::new(),
        };
        out.extend_from_slice(format!("{{{kind}{default},\"description\":").as_bytes());
        write_text(self.meaning, out);
        out.push(b'}');
    }
}

/// The schema of an operation's arguments, as text.
#[must_use]
pub fn arguments_schema(parameters: &[Parameter]) -> String {
    let mut out = br#"{"type":"object","properties":{"#.to_vec();
    for (index, parameter) in parameters.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(parameter.name, &mut out);
        out.push(b':');
        parameter.write_schema(&mut out);
    }
    let required = parameters.iter().filter(|parameter| parameter.absent == Absent::Refused);
    let required: Vec<String> = required.map(|parameter| format!("\"{}\"", parameter.name)).collect();
    out.extend_from_slice(
        format!(r#"}},"required":[{}],"additionalProperties":false}}"#, required.join(",")).as_bytes(),
    );
    String::from_utf8(out).expect("a schema is made of strings")
}

/// The namespace that a list is of.
pub(crate) const LIST_NAMESPACE: Parameter =
    Parameter::optional("namespace", "label", "Namespace to list; omitted, null or empty means every namespace");
/// A label selector.
pub(crate) const LABEL_SELECTOR: Parameter =
    Parameter::optional("label_selector", "selector", "Kubernetes label selector expression, passed through unchanged");
/// A field selector.
pub(crate) const FIELD_SELECTOR: Parameter =
    Parameter::optional("field_selector", "selector", "Kubernetes field selector expression, passed through unchanged");
/// How many rows.
pub(crate) const LIMIT: Parameter =
    Parameter::at_least_one("limit", Absent::Nothing, "At most this many rows (1 or more); omitted: all");
/// Where to go on.
pub(crate) const CONTINUE: Parameter =
    Parameter::optional("continue", "token", "The continue token of an earlier answer");
/// How many events.
pub(crate) const NEWEST: Parameter = Parameter::at_least_one(
    "limit",
    Absent::Number(100),
    "The newest so many events, after reading every page (the server has no order by time)",
);
/// Name of the object that an operation is about.
pub(crate) const NAME: Parameter = Parameter::required("name", "name", "Name of the object");
/// Namespace of the object that an operation is about.
pub(crate) const NAMESPACE: Parameter = Parameter::required("namespace", "label", "Namespace holding the object");
/// Desired replicas.
pub(crate) const REPLICAS: Parameter = Parameter {
    name: "replicas",
    kind: Kind::Integer { minimum: 0, maximum: Some(2_147_483_647) },
    absent: Absent::Refused,
    meaning: "Desired replica count, 0 to 2147483647",
};
/// Which container.
pub(crate) const CONTAINER: Parameter = Parameter::optional(
    "container",
    "label",
    "Container, init container or ephemeral container; omitted: the kubectl.kubernetes.io/default-container annotation, else the only container, else INVALID_REQUEST listing the names",
);
/// Lines from the end.
pub(crate) const TAIL_LINES: Parameter =
    Parameter::at_least_one("tail_lines", Absent::Number(100), "How many lines from the end");
/// Newer than so many seconds.
pub(crate) const SINCE_SECONDS: Parameter = Parameter::at_least_one(
    "since_seconds",
    Absent::Nothing,
    "Only what is newer than this many seconds; must be 1 or more",
);
/// Newer than a time.
pub(crate) const SINCE_TIME: Parameter = Parameter::optional(
    "since_time",
    "date-time",
    "Only lines since this time (RFC 3339); not together with since_seconds",
);
/// The earlier instance of a container.
pub(crate) const PREVIOUS: Parameter = Parameter::flag("previous", "Read the previous instance of the container");
/// Times before lines.
pub(crate) const TIMESTAMPS: Parameter = Parameter::flag("timestamps", "Begin each line with the time it was written");
/// Bytes of a log.
pub(crate) const LIMIT_BYTES: Parameter = Parameter {
    name: "limit_bytes",
    kind: Kind::Integer { minimum: 1, maximum: Some(1 << 20) },
    absent: Absent::Number(1 << 20),
    meaning: "At most this many bytes, the newest, cut at line borders; 1 MiB at most",
};
/// Seconds to terminate.
pub(crate) const GRACE: Parameter = Parameter {
    name: "grace_period_seconds",
    kind: Kind::Integer { minimum: 0, maximum: Some(2_147_483_647) },
    absent: Absent::Nothing,
    meaning: "Seconds to terminate; omitted, the pod's own terminationGracePeriodSeconds holds; 0 is a force delete",
};
/// The very object.
pub(crate) const PRECONDITION_UID: Parameter =
    Parameter::optional("precondition_uid", "uid", "Delete only the pod with this uid");
/// Text instead of base64.
pub(crate) const DECODE: Parameter = Parameter::flag(
    "decode",
    "Return decoded text instead of base64; a value that is not UTF-8 stays base64 and is named in meta",
);
/// Kind of the object that events are about.
pub(crate) const EVENT_KIND: Parameter = Parameter {
    name: "kind",
    kind: Kind::Text("kind"),
    absent: Absent::Word("Pod"),
    meaning: "Kind of the object, case-sensitive",
};
/// Namespace of the object that events are about.
pub(crate) const EVENT_NAMESPACE: Parameter = Parameter::optional(
    "namespace",
    "label",
    "Namespace of the object; omitted, null or empty searches every namespace. Events about cluster-scoped objects (Node, PersistentVolume) live in default",
);
/// Uid of the object that events are about.
pub(crate) const EVENT_UID: Parameter =
    Parameter::optional("uid", "uid", "Uid of the object: only events about this very object");
