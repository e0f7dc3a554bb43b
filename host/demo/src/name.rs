//! Names, label keys and label values, and what the server says of one that is none.

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const KEY: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const EMPTY: &str = "must be non-empty";
const SUBDOMAIN_LENGTH: usize = 253;
const LABEL_LENGTH: usize = 63;

/// What is wrong with the name of most objects.
pub(crate) fn subdomain(name: &str) -> Vec<String> {
    let mut faults = too_long(name, SUBDOMAIN_LENGTH);
    if !name.split('.').all(is_label) {
        faults.push(SUBDOMAIN.to_owned());
    }
    faults
}

/// What is wrong with the name of a namespace, a service or a container.
pub(crate) fn label(name: &str) -> Vec<String> {
    let mut faults = too_long(name, LABEL_LENGTH);
    if !is_label(name) {
        faults.push(LABEL.to_owned());
    }
    faults
}

/// What is wrong with a name that may be any segment of a path, as those of RBAC may.
pub(crate) fn segment(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    match name {
        "." => faults.push("may not be '.'".to_owned()),
        ".." => faults.push("may not be '..'".to_owned()),
        _ => faults.extend(['/', '%'].iter().filter(|c| name.contains(**c)).map(|c| format!("may not contain '{c}'"))),
    }
    faults
}

/// What is wrong with a label's key.
pub(crate) fn label_key(key: &str) -> Vec<String> {
    let parts: Vec<&str> = key.split('/').collect();
    let (mut faults, name) = match parts.as_slice() {
        [name] => (Vec::new(), *name),
        ["", name] => (vec![format!("prefix part {EMPTY}")], *name),
        [prefix, name] => (subdomain(prefix).iter().map(|fault| format!("prefix part {fault}")).collect(), *name),
        _ => {
            return vec![format!(
                "a valid label key {KEY} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        faults.push(format!("name part {EMPTY}"));
    }
    faults.extend(too_long(name, LABEL_LENGTH).iter().map(|fault| format!("name part {fault}")));
    if name.is_empty() || !is_word(name) {
        faults.push(format!("name part {KEY}"));
    }
    faults
}

/// What is wrong with a label's value.
pub(crate) fn label_value(value: &str) -> Vec<String> {
    let mut faults = too_long(value, LABEL_LENGTH);
    if !is_word(value) {
        faults.push(VALUE.to_owned());
    }
    faults
}

fn too_long(text: &str, most: usize) -> Vec<String> {
    let fault = || format!("must be no more than {most} bytes");
    if text.len() > most { vec![fault()] } else { Vec::new() }
}

fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_word(text: &str) -> bool {
    let ends_well = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        && ends_well(bytes.first())
        && ends_well(bytes.last())
}
