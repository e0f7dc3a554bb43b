//! Columns: how a connector would have its rows stand in a table. What a schema says of them is a stranger's text, checked and bounded here; that it is
//! shown so is the program's to do.

use serde_json::{Map, Value};

/// Most columns of a table: no terminal has room for more.
pub const MAX_COLUMNS: usize = 16;
/// Most members that a cell is made of, and most names of the way to one.
pub const MAX_MEMBERS: usize = 4;
const MAX_STEPS: usize = 4;
/// Longest heading and longest word.
const MAX_HEADING: usize = 24;
const MAX_WORD: usize = 32;
/// Highest rank.
const MAX_RANK: u64 = 20;

/// A column of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What stands over it: letters, digits and signs of ASCII.
    pub heading: String,
    /// The members that its cells are made of, each by the names on the way to it.
    pub of: Vec<Vec<String>>,
    /// The word for how they are shown; none where they are shown as they are.
    pub shown: Option<String>,
    /// The higher, the sooner it is left out; 0 never is.
    pub rank: u8,
    /// What may become of a cell that is too long.
    pub cut: Cut,
}

/// What may become of cells where there is too little room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cut {
    /// Nothing: they are shown whole or not at all.
    #[default]
    Never,
    /// They are names, cut last of all.
    Name,
    /// They are words, cut when hardly another column is left.
    Word,
    /// They are lists, cut before a column is left out.
    List,
    /// They are prose, cut as lists are, to more of it.
    Prose,
}

impl Cut {
    fn from_keyword(text: &str) -> Option<Self> {
        Some(match text {
            "name" => Self::Name,
            "word" => Self::Word,
            "list" => Self::List,
            "prose" => Self::Prose,
            _ => return None,
        })
    }
}

/// Reads the columns of an object's schema with these properties.
///
/// # Errors
/// A JSON pointer below the columns and what is wrong there.
pub(crate) fn read(columns: &Value, properties: &Map<String, Value>) -> Result<Vec<Column>, (String, &'static str)> {
    let columns = columns.as_array().ok_or((String::new(), "columns are a list"))?;
    if columns.len() > MAX_COLUMNS {
        return Err((String::new(), "too many columns"));
    }
    let column = |(at, column)| read_one(column, properties).map_err(|reason| (format!("/{at}"), reason));
    columns.iter().enumerate().map(column).collect()
}

fn read_one(column: &Value, properties: &Map<String, Value>) -> Result<Column, &'static str> {
    let members = column.as_object().ok_or("a column is an object")?;
    if members.keys().any(|name| !matches!(name.as_str(), "heading" | "of" | "as" | "rank" | "cut")) {
        return Err("a column has heading, of, as, rank and cut");
    }
    let heading = members.get("heading").and_then(Value::as_str).filter(|heading| is_heading(heading));
    let of = members.get("of").and_then(Value::as_array).filter(|of| (1..=MAX_MEMBERS).contains(&of.len()));
    let path = |member: &Value| -> Option<Vec<String>> {
        let steps: Vec<String> = member.as_str()?.split('.').map(str::to_owned).collect();
        let is_known = steps.first().is_some_and(|first| properties.contains_key(first));
        (is_known && steps.len() <= MAX_STEPS && !steps.iter().any(String::is_empty)).then_some(steps)
    };
    let shown = match members.get("as") {
        None => None,
        Some(word) => {
            Some(word.as_str().filter(|word| is_word(word)).ok_or("as: a word of letters and '-' is wanted")?)
        }
    };
    let rank = members.get("rank").and_then(Value::as_u64).filter(|rank| *rank <= MAX_RANK);
    let cut = match members.get("cut") {
        None => Cut::Never,
        Some(cut) => cut.as_str().and_then(Cut::from_keyword).ok_or("cut: name, word, list or prose is wanted")?,
    };
    Ok(Column {
        heading: heading.ok_or("heading: up to 24 printable characters of ASCII are wanted")?.to_owned(),
        of: of.and_then(|of| of.iter().map(path).collect()).ok_or("of: one to four members of the row are wanted")?,
        shown: shown.map(str::to_owned),
        rank: rank.and_then(|rank| u8::try_from(rank).ok()).ok_or("rank: a number of 0 to 20 is wanted")?,
        cut,
    })
}

fn is_heading(text: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_graphic() || character == ' ';
    !text.is_empty() && text.len() <= MAX_HEADING && text.chars().all(is_plain) && text.trim() == text
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_WORD
        && text.chars().all(|character| character.is_ascii_lowercase() || character == '-')
}
