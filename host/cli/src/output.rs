//! What goes to standard output, and what goes to standard error.
//!
//! To the first goes what was asked for: data and, in the formats for programs, the error that stands in its place. To the second goes everything
//! else: for people errors, warnings and notes, for readers of JSON Lines whatever is to be known besides the rows.

use crate::document::{Document, Escaped, Rows};
use crate::filter::{Chosen, Filter, More};
use crate::progress::Progress;
use crate::prompt;
use crate::terminal;
use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use jiff::Timestamp;
use meho_host::call::{Answer, AnswerMeta};
use meho_host::error::{CallError, ErrorCode};
use meho_host::graph::Coverage;
use meho_host::host::{CallStream, Event};
use meho_host::policy::column::Column;
use meho_host_cli::paint::{Paint, Tone};
use meho_host_cli::sheet::{self, Lists};
use meho_host_cli::table::{self, Namespaces};
use meho_host_cli::text::{json_escape, safe, safe_json, wrapped_at_words};
use meho_host_cli::view::View;
use meho_host_cli::yaml;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, BufWriter, IsTerminal as _, Write};

/// Stands before every text of a connector's, in which no line ends: whatever it says, it says behind these words.
pub(crate) const SAYS: &str = "the connector says: ";

/// How wide a plan is shown where there is no terminal.
pub(crate) const USUAL_ROOM: usize = 120;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON object: data and meta, or error.
    Json,
    /// Rows as they come, a JSON object a line. Where they are not all, or there are warnings, {"meta":…} is a line on standard error.
    Jsonl,
    /// The same as JSON, as YAML.
    Yaml,
}

impl Format {
    /// The format that is used where none is named: a table for people, JSON for programs.
    fn usual() -> Self {
        if io::stdout().is_terminal() { Self::Table } else { Self::Json }
    }
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Colour {
    /// At a terminal that has them, unless NO_COLOR is set.
    #[default]
    Auto,
    /// In every table and every message.
    Always,
    /// Nowhere.
    Never,
}

impl Colour {
    /// What it comes to on a stream. NO_COLOR, CLICOLOR and TERM are looked at in the library.
    fn on(self, stream: &impl anstream::stream::RawStream) -> Paint {
        let chosen = match self {
            // Whatever the environment forces: a pipe leads to a program.
            Self::Auto if !stream.is_terminal() => ColorChoice::Never,
            Self::Auto => AutoStream::choice(stream),
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        };
        match chosen {
            ColorChoice::Never => Paint::Plain,
            ColorChoice::Auto | ColorChoice::AlwaysAnsi | ColorChoice::Always => Paint::Coloured,
        }
    }
}

/// What rows or an object are of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// What the catalogue says that they are.
    pub(crate) entity: Option<&'a str>,
    /// How it says that they stand in a table.
    pub(crate) columns: &'a [Column],
    /// How it says that lists in an object do.
    pub(crate) lists: &'a Lists,
    /// Which namespaces rows are of.
    pub(crate) namespaces: Namespaces,
}

/// Prints answers and errors in one format.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    format: Format,
    colour: Colour,
    progress: Progress,
}

impl Printer {
    pub(crate) fn new(format: Option<Format>, colour: Colour) -> Self {
        Self { format: format.unwrap_or_else(Format::usual), colour, progress: Progress::default() }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// What shows that something is under way. Whatever is printed takes it away first.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// What tables and sheets on standard output are laid out for: this terminal, and this time where it is known.
    pub(crate) fn view(&self, now: Option<Timestamp>) -> View {
        let now = now.unwrap_or_else(Timestamp::now);
        View { width: terminal::output_width(), paint: self.colour.on(&io::stdout()), now }
    }

    /// Prints a call's answer as it comes: of rows those that the filter admits.
    pub(crate) async fn answer(
        &self,
        stream: &mut CallStream,
        about: About<'_>,
        mut filter: Filter<'_>,
    ) -> Result<(), CallError> {
        let mut rows = Rows::default();
        let mut table = table::Rows::of(about.entity, about.columns, about.namespaces);
        while let Some(event) = stream.next().await {
            let reader = match event {
                Event::Rows(batch) => {
                    self.progress.rows(batch.len());
                    let chosen = filter.choose(&batch).map_err(|error| unprintable(&error))?;
                    match self.format {
                        Format::Table => self.fill(&mut table, &chosen)?,
                        Format::Jsonl => self.lines(&String::from_utf8_lossy(&chosen.lines))?,
                        Format::Json | Format::Yaml => {
                            rows.push(&chosen.lines, chosen.count);
                            Reader::There
                        }
                    }
                }
                Event::End(ended) => {
                    let answer = ended?;
                    let object = answer.data.as_ref().map(|object| serde_json::from_str(object.get()));
                    return match object.transpose().map_err(|error| unprintable(&error))? {
                        Some(object) => self.object(&object, &answer.meta, about),
                        None => self.end(&rows, table, &answer.meta, &filter),
                    };
                }
            };
            // Dropping the stream ends the call: nobody wants the rest.
            if reader == Reader::Gone {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Puts rows into the table, and prints what is full of it.
    fn fill(&self, table: &mut table::Rows, chosen: &Chosen<'_>) -> Result<Reader, CallError> {
        for line in chosen.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            table.push(&serde_json::from_slice(line).map_err(|error| unprintable(&error))?);
            if table.is_full() && self.people(&table.take(&self.view(None)))? == Reader::Gone {
                return Ok(Reader::Gone);
            }
        }
        Ok(Reader::There)
    }

    /// An answer that has been collected, laid out for people.
    pub(crate) fn laid_out(&self, data: &Value, meta: &AnswerMeta, about: About<'_>) -> String {
        let view = self.view(server_time(meta));
        let Value::Array(rows) = data else { return sheet::object(data, about.entity, about.lists, &view) };
        let mut table = table::Rows::of(about.entity, about.columns, about.namespaces);
        rows.iter().for_each(|row| table.push(row));
        table.take(&view)
    }

    /// Text in one of the colours that standard output has.
    pub(crate) fn painted(&self, tone: Tone, text: &str) -> String {
        self.view(None).paint.paint(tone, text)
    }

    /// Prints the answer of an execution: an object.
    pub(crate) fn executed(&self, answer: &Answer, about: About<'_>) -> Result<(), CallError> {
        let object = answer.data.as_ref().map(|object| serde_json::from_str(object.get())).transpose();
        let object: Option<Value> = object.map_err(|error| unprintable(&error))?;
        self.object(&object.unwrap_or_default(), &answer.meta, about)
    }

    fn object(&self, object: &Value, meta: &AnswerMeta, about: About<'_>) -> Result<(), CallError> {
        match self.format {
            Format::Table => {
                if about.entity.is_none() {
                    self.whose_log(object);
                }
                self.people(&sheet::object(object, about.entity, about.lists, &self.view(server_time(meta))))?;
                self.notes(meta);
                Ok(())
            }
            Format::Jsonl => {
                self.lines(&format!("{object}\n"))?;
                trailer(meta, None);
                Ok(())
            }
            Format::Json | Format::Yaml => self.document(&Document { data: object, meta }),
        }
    }

    /// Of a log, which stands alone on standard output, whose it is: a name may have been loose, and a container is chosen where none is named.
    fn whose_log(&self, object: &Value) {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        if let (Some(_), Some(pod)) = (text("logs"), text("pod")) {
            let container =
                text("container").map_or("its only container".to_owned(), |name| format!("container {name}"));
            let place = text("namespace").map(|namespace| format!(" in {namespace}")).unwrap_or_default();
            self.note(&format!("this is the log of pod {pod}{place}, {container}"));
        }
    }

    /// A plan that there was nobody to ask about, on standard error.
    pub(crate) fn plan(&self, plan: &Value) {
        self.progress.stop();
        let shown = prompt::show(plan, terminal::width().unwrap_or(USUAL_ROOM));
        let _ = writeln!(io::stderr().lock(), "{shown}");
    }

    /// What is left to print of a list.
    fn end(
        &self,
        rows: &Rows,
        mut table: table::Rows,
        meta: &AnswerMeta,
        filter: &Filter<'_>,
    ) -> Result<(), CallError> {
        let said = filter.said(if meta.token.is_some() { More::Yes } else { More::No });
        match self.format {
            Format::Table => {
                // "nothing found" is true only where all was looked at, and there is more to say.
                if said.is_none() || !table.is_empty() {
                    self.people(&table.take(&self.view(server_time(meta))))?;
                }
                self.left_out(table.left_out());
                self.notes(meta);
            }
            Format::Jsonl => {
                trailer(meta, filter.matched());
                return Ok(());
            }
            Format::Json | Format::Yaml => self.document(&Document { data: rows, meta })?,
        }
        said.iter().for_each(|said| self.note(said));
        Ok(())
    }

    /// Prints one document.
    pub(crate) fn document(&self, document: &impl Serialize) -> Result<(), CallError> {
        self.progress.stop();
        let printed = match self.format {
            Format::Yaml => print(|out| yaml::write(document, out)),
            Format::Json | Format::Jsonl | Format::Table => print(|out| write_json(document, out)),
        };
        printed.map(drop)
    }

    /// Prints text for people, in which nothing acts any more.
    pub(crate) fn people(&self, text: &str) -> Result<Reader, CallError> {
        self.progress.stop();
        print(|out| out.write_all(text.as_bytes()))
    }

    /// Prints a document that is written in a language of its own, in which nothing of a terminal's acts.
    pub(crate) fn written(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CallError> {
        self.progress.stop();
        print(write).map(drop)
    }

    /// Prints lines of JSON.
    pub(crate) fn lines(&self, lines: &str) -> Result<Reader, CallError> {
        self.progress.stop();
        print(|out| out.write_all(safe_json(lines, json_escape).as_bytes()))
    }

    /// Prints the error: for people to standard error, for programs to standard output. `advice` is ours, whoever tells the error.
    pub(crate) fn error(&self, error: &CallError, advice: Option<&str>) {
        self.progress.stop();
        if self.format != Format::Table {
            let printed = match self.format {
                Format::Jsonl => self.lines(&format!("{}\n", json!({"error": error}))).map(drop),
                Format::Table | Format::Json | Format::Yaml => self.document(&json!({"error": error})),
            };
            if printed.is_ok() {
                return;
            }
        }
        let says = if error.is_from_connector() { SAYS } else { "" };
        self.say("error:", Tone::Bad, &format!("{}: {says}{}", error.code, error.message));
        for (name, value) in error.details.iter().filter(|(name, _)| !matches!(name.as_str(), "plan" | "source")) {
            let shown = match value {
                Value::Array(items) => items.iter().map(show_item).collect::<Vec<_>>().join(", "),
                other => show_item(other),
            };
            // Their names are the contract's or a connector's, as their values are.
            self.say("", Tone::Plain, &format!(" {says}{name}: {shown}"));
        }
        match (error.has_usual_hint(), advice) {
            // The program's own advice is worth more than what is usual.
            (true, Some(_)) => {}
            (true, None) => self.say("hint:", Tone::Heading, &error.hint),
            (false, _) => self.say("hint:", Tone::Heading, &format!("{says}{}", error.hint)),
        }
        if let Some(advice) = advice {
            self.say("hint:", Tone::Heading, advice);
        }
    }

    /// What is to be known about a graph besides its lines. Always: without it nobody could tell what was not read from what is not there.
    pub(crate) fn trailer_of_graph(&self, meta: &AnswerMeta, coverage: &Coverage) {
        let line = json!({"meta": meta, "coverage": coverage}).to_string();
        let _ = writeln!(io::stderr().lock(), "{}", safe_json(&line, json_escape));
    }

    /// Whatever is to be known about an answer, for people.
    pub(crate) fn notes(&self, meta: &AnswerMeta) {
        for (at, warning) in meta.warnings.iter().enumerate() {
            let says = if at < meta.warnings_of_connector { SAYS } else { "" };
            self.warn(&format!("{says}{warning}"));
        }
        if !meta.complete {
            self.warn("this answer is not complete");
        }
        if let Some(token) = &meta.token {
            let beyond = meta
                .remaining
                .map_or_else(|| "there are more".to_owned(), |remaining| format!("there are {remaining} more"));
            self.note(&format!("{beyond}; go on with continue={token}"));
        }
    }

    /// Which columns a table had no room for.
    pub(crate) fn left_out(&self, headings: &[String]) {
        if !headings.is_empty() {
            self.note(&format!(
                "left out for want of room: {}; a wider terminal or -o json shows all",
                headings.join(", ")
            ));
        }
    }

    /// What is worth knowing, for people.
    pub(crate) fn note(&self, text: &str) {
        self.say("note:", Tone::Plain, text);
    }

    pub(crate) fn warn(&self, text: &str) {
        self.say("warning:", Tone::Warn, text);
    }

    /// A line on standard error, whatever there is in it, behind a word of ours. Where nobody reads it, there is nobody to tell.
    fn say(&self, word: &str, tone: Tone, text: &str) {
        self.progress.stop();
        let line = format!("{word} {text}");
        let lines = terminal::width().map_or_else(|| vec![safe(&line)], |width| wrapped_at_words(&line, width));
        let shown = lines.join("\n");
        // The word stands first, so it is the line's own.
        let paint = self.colour.on(&io::stderr());
        let shown = match shown.strip_prefix(word) {
            Some(rest) => format!("{}{rest}", paint.paint(tone, word)),
            None => shown,
        };
        let _ = writeln!(io::stderr().lock(), "{shown}");
    }
}

fn show_item(item: &Value) -> String {
    match item {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The time by the target's clock, where the answer has it: ages are counted to that.
fn server_time(meta: &AnswerMeta) -> Option<Timestamp> {
    serde_json::to_value(meta).ok()?.get("server_time")?.as_str()?.parse().ok()
}

/// Whatever is to be known about rows, for a program: without it a list of which something is missing would look like a whole one.
fn trailer(meta: &AnswerMeta, matched: Option<usize>) {
    if meta.complete && meta.warnings.is_empty() && meta.token.is_none() && matched != Some(0) {
        return;
    }
    let line = match matched {
        Some(matched) => json!({"meta": meta, "matched": matched}),
        None => json!({"meta": meta}),
    }
    .to_string();
    let _ = writeln!(io::stderr().lock(), "{}", safe_json(&line, json_escape));
}

fn write_json(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = Escaped { out, escape: json_escape };
    serde_json::to_writer_pretty(&mut out, document)?;
    out.write_all(b"\n")
}

/// Whether anybody reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    There,
    Gone,
}

/// Prints to standard output. A reader that has gone away, as `head` does, is no error worth a word. It does not make a success of a failure either.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Reader, CallError> {
    let mut out = Stdout { out: BufWriter::new(io::stdout().lock()), is_gone: false };
    let printed = write(&mut out).and_then(|()| out.flush());
    match printed {
        Ok(()) => Ok(Reader::There),
        Err(_) if out.is_gone => Ok(Reader::Gone),
        Err(error) => Err(unprintable(&error)),
    }
}

/// Standard output that knows whether its reader has gone, whatever became of that error on its way through those who write.
struct Stdout<'o> {
    out: BufWriter<io::StdoutLock<'o>>,
    is_gone: bool,
}

impl Stdout<'_> {
    fn look<T>(&mut self, written: io::Result<T>) -> io::Result<T> {
        self.is_gone |= written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        written
    }
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.look(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.out.flush();
        self.look(written)
    }
}

fn unprintable(error: &impl std::fmt::Display) -> CallError {
    CallError::new(ErrorCode::InternalError, format!("the answer cannot be printed: {error}"))
}
