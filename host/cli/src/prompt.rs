//! A person's yes at the terminal: shows the exact request, asks, and takes nothing but a yes for one.

use crate::progress::Progress;
use crate::terminal::{forget_input, width};
use async_trait::async_trait;
use meho_host::approval::{Approver, Verdict};
use meho_host::policy::effect::Trust;
use meho_host::policy::family::kubernetes::{Attributes, attributes_of};
use meho_host::policy::plan::{Approval, Confirmation, Plan};
use meho_host::policy::request::CanonicalRequest;
use meho_host_cli::text::{GOES_ON, prose, safe, wrapped, wrapped_at_words};
use serde_json::Value;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Most lines of a body that are shown, and most of the request where it is shown again.
const MAX_BODY_LINES: usize = 60;
const MAX_REQUEST_LINES: usize = 4;

/// Asks at the terminal. Where there is none, there is nobody to ask.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// What shows meanwhile that something is under way. Not while somebody is asked.
    pub(crate) progress: Progress,
}

/// Whether there is a terminal to ask at.
pub(crate) fn is_there_somebody() -> bool {
    width().is_some() && io::stdin().is_terminal()
}

#[async_trait]
impl Approver for Terminal {
    async fn decide(&self, plan: &Plan, view: &Value) -> Verdict {
        let Some(width) = width().filter(|_| io::stdin().is_terminal()) else { return Verdict::Nobody };
        self.progress.stop();
        let shown = show(view, width);
        let destructive = plan.request().trust() == Trust::Destructive;
        // As it is shown, so that it can be typed.
        let name = safe(&name_of(plan.request().request()));
        let digest = plan.digest();
        let asked = tokio::task::spawn_blocking(move || ask(&shown, destructive.then_some(name.as_str()))).await;
        match asked {
            Ok(Ok(Some(confirmation))) => {
                self.progress.start();
                Verdict::Approved(Approval { digest, approver: crate::target::principal(), confirmation })
            }
            Ok(Ok(None) | Err(_)) | Err(_) => Verdict::Rejected,
        }
    }
}

/// The name that stands for a request: its object's, whatever follows that in the path. Where it names no object, the last of the path.
fn name_of(request: &CanonicalRequest) -> String {
    let last = || request.path().last().map(|segment| segment.as_str().to_owned()).unwrap_or_default();
    match attributes_of(request) {
        Attributes::Resource(resource) if !resource.name.is_empty() => resource.name,
        Attributes::Resource(_) | Attributes::NonResource { .. } => last(),
    }
}

/// The plan for a person's eyes: the request as it would be sent, and once more, directly above the question, everything but its body. However long that
/// is and whatever it looks like, each line of it is marked as its, and none of them is the last that is seen.
pub(crate) fn show(view: &Value, width: usize) -> String {
    let text = |pointer: &str| view.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let request = format!("{} {}", text("/request/method"), text("/request/path"));
    let mut lines = Vec::new();
    let mut put = |line: &str| lines.extend(wrapped(line, width));
    put("");
    // Behind the mark of what goes on: a target's name may be a stranger's.
    lines.extend(wrapped_at_words(
        &format!("This changes the target {}. It would send, and nothing else:", text("/target")),
        width,
    ));
    let mut put = |line: &str| lines.extend(wrapped(line, width));
    put("");
    put(&format!("  {request}"));
    if let Some(body) = view.pointer("/request/body").filter(|body| !body.is_null()) {
        put(&format!("  Content-Type: {}", text("/request/content_type")));
        let shown = show_body(body, width);
        shown.iter().take(MAX_BODY_LINES).for_each(|line| put(line));
        if let Some(hidden) = shown.len().checked_sub(MAX_BODY_LINES).filter(|hidden| *hidden > 0) {
            let told =
                format!("  {hidden} more lines of the body are not shown here; all of it is, with dry_run=true.");
            prose(&told, width).iter().for_each(|line| put(line));
            put(&format!("  The body is {}", text("/request/body_digest")));
        }
    }
    put("");
    put(&format!("  request  {}", beginning(&request, width)));
    put(&format!("  target   {} at {}", text("/target"), text("/server")));
    if view.pointer("/verified") != Some(&Value::Bool(true)) {
        let warning = "           UNVERIFIED: whoever is between can read the credential and change what is sent";
        prose(warning, width).iter().for_each(|line| put(line));
    }
    put(&format!("  caller   {}", text("/principal")));
    put(&format!("  trust    {}", text("/trust")));
    put(&format!("  expires  {}", text("/expires")));
    put(&format!("  digest   {}", text("/digest")));
    lines.push(String::new());
    lines.join("\n")
}

/// The body's lines, no wider than the terminal, each marked.
fn show_body(body: &Value, width: usize) -> Vec<String> {
    let pretty = serde_json::to_string_pretty(body).unwrap_or_default();
    pretty.lines().flat_map(|line| wrapped(&format!("{GOES_ON}{line}"), width)).collect()
}

/// As much of a request as leaves room for what stands below it. All of it stands above.
fn beginning(request: &str, width: usize) -> String {
    let most = width * MAX_REQUEST_LINES;
    match request.char_indices().nth(most) {
        Some((end, _)) => format!("{}… ({} characters in all)", &request[..end], request.chars().count()),
        None => request.to_owned(),
    }
}

/// Asks once, and for a destructive request a second time, for the name of its object. What was typed before is no answer.
fn ask(shown: &str, name: Option<&str>) -> io::Result<Option<Confirmation>> {
    let mut terminal = io::stderr().lock();
    writeln!(terminal, "{shown}")?;
    forget_input()?;
    write!(terminal, "Send it? [y/N] ")?;
    terminal.flush()?;
    if !matches!(line()?.to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(None);
    }
    let Some(name) = name else { return Ok(Some(Confirmation::Once)) };
    forget_input()?;
    write!(terminal, "This is DESTRUCTIVE. Type {name} to send it: ")?;
    terminal.flush()?;
    Ok((line()? == name).then_some(Confirmation::Twice))
}

/// What was typed and sent off. A terminal that ends in the middle of a line has said nothing.
fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.strip_suffix('\n').unwrap_or_default().trim().to_owned())
}
