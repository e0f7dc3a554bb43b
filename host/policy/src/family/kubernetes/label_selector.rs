//! Whether a label selector is one (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>).
//!
//! Nothing here says what it selects.

/// Longest name of a label, and longest value.
const MAX_NAME_BYTES: usize = 63;
/// Longest prefix of a label's name.
const MAX_PREFIX_BYTES: usize = 253;
/// Marks, the longer ones first.
const MARKS: [&str; 9] = ["==", "!=", "=", "!", ">", "<", "(", ")", ","];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Mark(&'a str),
    Word(&'a str),
}

/// Whether the server takes this for a label selector. The empty one is.
pub(super) fn is_well_formed(selector: &str) -> bool {
    let tokens = tokens(selector);
    if tokens.is_empty() {
        return true;
    }
    let mut rest = tokens.as_slice();
    loop {
        rest = match requirement(rest) {
            Some([]) => return true,
            Some([Token::Mark(","), after @ ..]) => after,
            Some(_) | None => return false,
        };
    }
}

fn tokens(selector: &str) -> Vec<Token<'_>> {
    let is_space = |character: char| matches!(character, ' ' | '\t' | '\r' | '\n');
    let mut tokens = Vec::new();
    let mut rest = selector.trim_start_matches(is_space);
    while !rest.is_empty() {
        let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
        let ends = |character: char| is_space(character) || "=!()<>,".contains(character);
        let length = mark.map_or_else(|| rest.find(ends).unwrap_or(rest.len()), |mark| mark.len());
        let (token, after) = rest.split_at(length);
        tokens.push(if mark.is_some() { Token::Mark(token) } else { Token::Word(token) });
        rest = after.trim_start_matches(is_space);
    }
    tokens
}

/// What follows one requirement; none where there is no such thing.
fn requirement<'t, 's>(tokens: &'t [Token<'s>]) -> Option<&'t [Token<'s>]> {
    let rest = match tokens {
        [Token::Mark("!"), Token::Word(key), rest @ ..] => return is_key(key).then_some(rest),
        [Token::Word(key), rest @ ..] if is_key(key) => rest,
        _ => return None,
    };
    match rest {
        [] | [Token::Mark(","), ..] => Some(rest),
        [Token::Word("in" | "notin"), Token::Mark("("), values @ ..] => set(values),
        // Without a value it is the empty one.
        [Token::Mark("=" | "==" | "!="), after @ ..] if matches!(after, [] | [Token::Mark(","), ..]) => Some(after),
        [Token::Mark("=" | "==" | "!="), Token::Word(value), after @ ..] => is_value(value).then_some(after),
        [Token::Mark(">" | "<"), Token::Word(value), after @ ..] => {
            (is_value(value) && value.parse::<i64>().is_ok()).then_some(after)
        }
        _ => None,
    }
}

/// What follows the values of a set, behind its bracket. Values may be empty, so commas may stand beside each other and at the ends.
fn set<'t, 's>(mut tokens: &'t [Token<'s>]) -> Option<&'t [Token<'s>]> {
    loop {
        tokens = match tokens {
            [Token::Mark(")"), after @ ..] => return Some(after),
            [Token::Mark(","), after @ ..] => after,
            [Token::Word(value), after @ ..] if is_value(value) && !matches!(after, [Token::Word(_), ..]) => after,
            _ => return None,
        };
    }
}

/// A label's name, with or without a prefix.
fn is_key(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    !name.is_empty() && is_value(name) && prefix.is_none_or(is_prefix)
}

fn is_prefix(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= MAX_PREFIX_BYTES && text.split('.').all(|label| is_bounded_by(label, is_plain, |byte| byte == b'-'))
}

/// A label's value; the empty one is one.
fn is_value(text: &str) -> bool {
    let inner = |byte: u8| matches!(byte, b'-' | b'_' | b'.');
    text.is_empty() || (text.len() <= MAX_NAME_BYTES && is_bounded_by(text, |byte| byte.is_ascii_alphanumeric(), inner))
}

/// Whether a text begins and ends plain, and has nothing but plain and inner bytes between.
fn is_bounded_by(text: &str, is_plain: impl Fn(u8) -> bool, is_inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|byte| is_plain(*byte))
        && bytes.last().is_some_and(|byte| is_plain(*byte))
        && bytes.iter().all(|byte| is_plain(*byte) || is_inner(*byte))
}
