//! YAML that every reader reads alike. What a cluster says is full of texts that one version of YAML takes for texts and another for times, numbers in
//! base 60, merges or defaults: `12:30:45`, `<<`, `=`, `no`. So a text stands there plain only where nobody can take it for anything else, and else as JSON
//! writes it, which is YAML too (YAML 1.2, section 7.3.1).
//!
//! It is a formatter of serde_json's: rows become text as they come, and not values first.

use crate::text::{safe_json, yaml_escape};
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};
use std::io::{self, Write};

/// What a text without quotes would be taken for, in YAML 1.1 (<https://yaml.org/type/>) or 1.2, in any case of its letters.
const WORDS: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"];

/// Writes a document. Nothing in it acts on a terminal.
///
/// # Errors
/// The writer's, or that of what is written.
pub fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    document.serialize(&mut Serializer::with_formatter(&mut *out, Block::default()))?;
    out.write_all(b"\n")
}

/// Lists and maps as indented blocks.
#[derive(Default)]
struct Block {
    open: Vec<Open>,
    /// What the next value stands behind.
    behind: Behind,
    /// A text so far, escaped as JSON.
    text: Vec<u8>,
}

/// A list or a map that is being written.
struct Open {
    behind: Behind,
    is_empty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Behind {
    #[default]
    Nothing,
    Key,
    Dash,
}

impl Block {
    fn open(&mut self) {
        let behind = std::mem::take(&mut self.behind);
        self.open.push(Open { behind, is_empty: true });
    }

    /// The place of an item or of a key.
    fn next(&mut self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        let depth = self.open.len().saturating_sub(1);
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        match (std::mem::replace(&mut open.is_empty, false), open.behind) {
            (true, Behind::Nothing) => Ok(()),
            // Its first one stands beside the dash.
            (true, Behind::Dash) => out.write_all(b" "),
            (true, Behind::Key) | (false, _) => {
                out.write_all(b"\n")?;
                (0..depth).try_for_each(|_| out.write_all(b"  "))
            }
        }
    }

    fn close(&mut self, empty: &[u8], out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        match self.open.pop() {
            Some(open) if open.is_empty => {
                self.behind = open.behind;
                self.space(out)?;
                out.write_all(empty)
            }
            _ => Ok(()),
        }
    }

    /// Between a value and what it stands behind.
    fn space(&mut self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        match std::mem::take(&mut self.behind) {
            Behind::Nothing => Ok(()),
            Behind::Key | Behind::Dash => out.write_all(b" "),
        }
    }
}

macro_rules! scalars {
    ($($name:ident: $type:ty,)*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, out: &mut W, value: $type) -> io::Result<()> {
            self.space(out)?;
            CompactFormatter.$name(out, value)
        })*
    };
}

impl Formatter for Block {
    scalars! {
        write_bool: bool,
        write_i8: i8,
        write_i16: i16,
        write_i32: i32,
        write_i64: i64,
        write_i128: i128,
        write_u8: u8,
        write_u16: u16,
        write_u32: u32,
        write_u64: u64,
        write_u128: u128,
        write_f32: f32,
        write_f64: f64,
        write_number_str: &str,
        write_raw_fragment: &str,
    }

    fn write_null<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.space(out)?;
        out.write_all(b"null")
    }

    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.text.clear();
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.text.extend_from_slice(fragment.as_bytes());
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        CompactFormatter.write_char_escape(&mut self.text, escape)
    }

    fn end_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.space(out)?;
        let text = String::from_utf8_lossy(&self.text);
        if is_plain(&text) {
            return out.write_all(text.as_bytes());
        }
        write!(out, "\"{}\"", safe_json(&text, yaml_escape))
    }

    fn begin_array<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.open();
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(b"[]", out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, _: bool) -> io::Result<()> {
        self.next(out)?;
        self.behind = Behind::Dash;
        out.write_all(b"-")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.open();
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(b"{}", out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, _: bool) -> io::Result<()> {
        self.next(out)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.behind = Behind::Key;
        out.write_all(b":")
    }
}

/// Whether nobody takes it for anything but a text: it begins with a letter, so it is no number and no time; no character in it says anything to a reader;
/// and it is none of the words.
fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '@' | ' '))
        && !text.ends_with(' ')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}
