//! What goes to standard output, and what goes to standard error. Data to the first and nothing else.

use crate::table;
use crate::text::{has_acting, json_escape, safe, safe_json, safe_lines, yaml_escape};
use clap::ValueEnum;
use meho_host::call::AnswerMeta;
use meho_host::error::{CallError, ErrorCode};
use meho_host::host::{CallStream, Event};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write as _};

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON object: data and meta, or error.
    Json,
    /// Rows as they come, a JSON object a line.
    Jsonl,
    /// The same as JSON, as YAML.
    Yaml,
}

/// Prints answers and errors in one format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    format: Format,
}

impl Printer {
    pub(crate) fn new(format: Option<Format>) -> Self {
        Self { format: format.unwrap_or_else(crate::default_format) }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Prints a call's answer as it comes.
    pub(crate) async fn answer(&self, stream: &mut CallStream, entity: Option<&str>) -> Result<(), CallError> {
        let mut rows: Vec<Value> = Vec::new();
        while let Some(event) = stream.next().await {
            match event {
                Event::Rows(batch) if self.format == Format::Jsonl => {
                    // Dropping the stream ends the call: nobody wants the rest.
                    if self.lines(&String::from_utf8_lossy(batch.lines()))? == Reader::Gone {
                        return Ok(());
                    }
                }
                Event::Rows(batch) => {
                    for line in batch.iter() {
                        rows.push(serde_json::from_slice(line).map_err(|error| unprintable(&error))?);
                    }
                }
                Event::End(ended) => {
                    let answer = ended?;
                    let object = answer.data.as_ref().map(|object| serde_json::from_str(object.get()));
                    return match object.transpose().map_err(|error| unprintable(&error))? {
                        Some(object) => self.object(object, &answer.meta, entity),
                        None => self.rows(rows, &answer.meta, entity),
                    };
                }
            }
        }
        Ok(())
    }

    fn object(&self, object: Value, meta: &AnswerMeta, entity: Option<&str>) -> Result<(), CallError> {
        match self.format {
            Format::Table => {
                self.people(&table::object(&object, entity))?;
                notes(meta);
                Ok(())
            }
            Format::Jsonl => {
                notes(meta);
                self.lines(&format!("{object}\n")).map(drop)
            }
            Format::Json | Format::Yaml => self.document(&json!({"data": object, "meta": meta})),
        }
    }

    fn rows(&self, rows: Vec<Value>, meta: &AnswerMeta, entity: Option<&str>) -> Result<(), CallError> {
        match self.format {
            Format::Table => {
                self.people(&table::rows(&rows, entity))?;
                notes(meta);
                Ok(())
            }
            // The rows have been printed as they came.
            Format::Jsonl => {
                notes(meta);
                Ok(())
            }
            Format::Json | Format::Yaml => self.document(&json!({"data": rows, "meta": meta})),
        }
    }

    /// Prints one document.
    pub(crate) fn document(&self, document: &impl Serialize) -> Result<(), CallError> {
        let text = match self.format {
            Format::Yaml => yaml(document)?,
            Format::Json | Format::Jsonl | Format::Table => {
                let pretty = serde_json::to_string_pretty(document).map_err(|error| unprintable(&error))?;
                format!("{}\n", safe_json(&pretty, json_escape))
            }
        };
        write_out(text.as_bytes()).map(drop)
    }

    /// Prints text for people, in which nothing acts any more.
    pub(crate) fn people(&self, text: &str) -> Result<(), CallError> {
        write_out(text.as_bytes()).map(drop)
    }

    /// Prints lines of JSON.
    pub(crate) fn lines(&self, lines: &str) -> Result<Reader, CallError> {
        write_out(safe_json(lines, json_escape).as_bytes())
    }

    /// Prints the error: for people to standard error, for programs to standard output.
    pub(crate) fn error(&self, error: &CallError) {
        if self.format != Format::Table {
            let printed = match self.format {
                Format::Jsonl => self.lines(&format!("{}\n", json!({"error": error}))).map(drop),
                Format::Table | Format::Json | Format::Yaml => self.document(&json!({"error": error})),
            };
            if printed.is_ok() {
                return;
            }
        }
        say(&format!("error: {}: {}", error.code, indented(&error.message)));
        for (name, value) in error.details.iter().filter(|(name, _)| *name != "plan") {
            let shown = match value {
                Value::String(text) => safe(text),
                Value::Array(items) => items.iter().map(show_item).collect::<Vec<_>>().join(", "),
                other => safe(&other.to_string()),
            };
            say(&format!("  {name}: {shown}"));
        }
        if let Some(hint) = &error.hint {
            say(&format!("hint: {}", indented(hint)));
        }
    }
}

/// Text of several lines, of which none but the first begins where a line of ours does.
fn indented(text: &str) -> String {
    safe_lines(text).replace('\n', "\n  ")
}

fn show_item(item: &Value) -> String {
    match item {
        Value::String(text) => safe(text),
        other => safe(&other.to_string()),
    }
}

/// Whatever is to be known about an answer goes to standard error.
fn notes(meta: &AnswerMeta) {
    for warning in &meta.warnings {
        say(&format!("warning: {}", safe(warning)));
    }
    if !meta.complete {
        say("warning: this answer is not complete");
    }
    if let Some(token) = &meta.token {
        let beyond = meta
            .remaining
            .map_or_else(|| "there are more".to_owned(), |remaining| format!("there are {remaining} more"));
        say(&format!("note: {beyond}; go on with continue={}", safe(token)));
    }
}

/// YAML. A character that acts stands in a block of text as it is; then the whole is written as JSON, which is YAML too and escapes it.
fn yaml(document: &impl Serialize) -> Result<String, CallError> {
    let text = serde_saphyr::to_string(document).map_err(|error| unprintable(&error))?;
    if !has_acting(&text) {
        return Ok(text);
    }
    let pretty = serde_json::to_string_pretty(document).map_err(|error| unprintable(&error))?;
    Ok(format!("{}\n", safe_json(&pretty, yaml_escape)))
}

/// A line on standard error. Where nobody reads it, there is nobody to tell.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether anybody reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    There,
    Gone,
}

/// A reader that has gone away, as `head` does, is no error worth a word. It does not make a success of a failure either.
fn write_out(bytes: &[u8]) -> Result<Reader, CallError> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(CallError::new(ErrorCode::InternalError, format!("the output cannot be written: {error}"))),
    }
}

fn unprintable(error: &impl std::fmt::Display) -> CallError {
    CallError::new(ErrorCode::InternalError, format!("the answer cannot be printed: {error}"))
}
