//! A person's yes at the terminal: shows the exact request, or what a kubeconfig wants of this machine, asks, and takes nothing but a yes for one.

use crate::approver::KeyFile;
use crate::progress::Progress;
use crate::terminal::{forget_input, width};
use async_trait::async_trait;
use meho_host::approval::{Approver, Verdict};
use meho_host::error::{CallError, ErrorCode};
use meho_host::kubeconfig::Reach;
use meho_host::policy::effect::Trust;
use meho_host::policy::family::Family;
use meho_host::policy::plan::{Approval, Confirmation, Plan};
use meho_host::policy::request::CanonicalRequest;
use meho_host_cli::outlook;
use meho_host_cli::text::{GOES_ON, one_line, prose, safe, wrapped, wrapped_at_words};
use serde_json::Value;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

/// Most lines of a body that are shown, and most of the request where it is shown again.
const MAX_BODY_LINES: usize = 60;
const MAX_REQUEST_LINES: usize = 4;

/// Asks at the terminal. Where there is none, there is nobody to ask.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// What shows meanwhile that something is under way. Not while somebody is asked.
    pub(crate) progress: Progress,
    /// The key to sign a yes with, where it has to be signed; or why there is none.
    pub(crate) key: Result<Option<KeyFile>, CallError>,
    /// What the target is: it says which object a request is about.
    pub(crate) family: Family,
}

/// Whether there is a terminal to ask at.
pub(crate) fn is_there_somebody() -> bool {
    width().is_some() && io::stdin().is_terminal()
}

#[async_trait]
impl Approver for Terminal {
    async fn decide(&self, plan: &Plan, view: &Value) -> Verdict {
        // Without a key it could only be asked for nothing.
        let Ok(key) = &self.key else { return Verdict::Nobody };
        self.progress.stop();
        match approve(self.family, plan, view, key.clone(), Then::Sent).await {
            Ok(Some(approval)) => {
                self.progress.start();
                Verdict::Approved(approval)
            }
            Ok(None) => Verdict::Rejected,
            // There was no terminal, or the yes could not be signed: the plan waits.
            Err(error) => {
                if is_there_somebody() {
                    let _ = writeln!(io::stderr().lock(), "{}", safe(&error.message));
                }
                Verdict::Nobody
            }
        }
    }
}

/// What a yes leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// The request is sent at once.
    Sent,
    /// The yes is kept, and the request is sent when somebody executes the plan.
    Kept,
}

/// Shows a plan at the terminal and asks. None is a no.
pub(crate) async fn approve(
    family: Family,
    plan: &Plan,
    view: &Value,
    key: Option<KeyFile>,
    then: Then,
) -> Result<Option<Approval>, CallError> {
    let Some(width) = width().filter(|_| io::stdin().is_terminal()) else {
        return Err(CallError::new(ErrorCode::ApprovalRequired, "a yes is said at a terminal, and there is none")
            .hint("run it at a terminal; or sign what --statement prints, and give --signature"));
    };
    let shown = show(view, width);
    let destructive = plan.request().trust() == Trust::Destructive;
    // As it is shown, so that it can be typed.
    let name = safe(&name_of(family, plan.request().request()));
    let digest = plan.digest();
    let asking = move || -> Result<Option<Approval>, CallError> {
        // A terminal that is gone has said nothing, which is a no.
        let Ok(Some(confirmation)) = ask(&shown, destructive.then_some(name.as_str()), then) else { return Ok(None) };
        let signature = key.map(|key| key.sign(digest, confirmation)).transpose()?;
        Ok(Some(Approval { digest, approver: crate::target::principal(), confirmation, signature }))
    };
    tokio::task::spawn_blocking(asking).await.unwrap_or(Ok(None))
}

/// The name that stands for a request: its object's, whatever follows that in the path. Where it names no object, the last of the path.
fn name_of(family: Family, request: &CanonicalRequest) -> String {
    let last = || request.path().last().map(|segment| segment.as_str().to_owned()).unwrap_or_default();
    family.object(request).unwrap_or_else(last)
}

/// The plan for a person's eyes: the request as it would be sent, what would come of it, and the request once more, directly above the question, everything but its body. However long that
/// is and whatever it looks like, each line of it is marked as its, and nothing stands between its beginning and the question.
pub(crate) fn show(view: &Value, width: usize) -> String {
    let text = |pointer: &str| view.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let request = format!("{} {}", text("/request/method"), text("/request/path"));
    let mut lines = Vec::new();
    let mut put = |line: &str| lines.extend(wrapped(line, width));
    // Names are whoever's who wrote the kubeconfig: none of them pushes the request off the screen.
    let named = |pointer: &str, before: &str| {
        format!("{before}{}", one_line(text(pointer), width.saturating_sub(before.len())))
    };
    put("");
    // Behind the mark of what goes on: a target's name may be a stranger's.
    let target = one_line(text("/target"), width / 2);
    lines.extend(wrapped_at_words(
        &format!("This changes the target {target}. It would send, and nothing else:"),
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
    let outlook = outlook::lines(view.pointer("/preview").unwrap_or(&Value::Null), width);
    if !outlook.is_empty() {
        outlook.iter().for_each(|line| put(line));
        put("");
    }
    put(&named("/target", "  target   "));
    put(&named("/server", "  server   "));
    if view.pointer("/proxy").is_some_and(Value::is_string) {
        put(&named("/proxy", "  proxy    "));
    }
    if view.pointer("/verified") != Some(&Value::Bool(true)) {
        let warning = "           UNVERIFIED: whoever is between can read the credential and change what is sent";
        prose(warning, width).iter().for_each(|line| put(line));
    }
    put(&named("/principal", "  caller   "));
    put(&format!("  trust    {}", text("/trust")));
    put(&format!("  expires  {}", text("/expires")));
    put(&format!("  digest   {}", text("/digest")));
    put(&format!("  request  {}", beginning(&request, width)));
    lines.push(String::new());
    lines.join("\n")
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// There is no terminal, and so nobody who could say one or the other.
    Nobody,
}

/// Asks whether a kubeconfig may have done what it wants of this machine.
pub(crate) async fn agree(name: &str, kubeconfig: &Path, reach: &Reach) -> Answer {
    let Some(width) = width().filter(|_| io::stdin().is_terminal()) else { return Answer::Nobody };
    let shown = wants(name, kubeconfig, reach, width);
    match tokio::task::spawn_blocking(move || yes(&shown, "May it? [y/N] ")).await {
        Ok(Ok(true)) => Answer::Yes,
        Ok(Ok(false) | Err(_)) | Err(_) => Answer::No,
    }
}

/// What a kubeconfig wants, for a person's eyes. All of it: a yes to the half of a command is none. What comes last is what is seen last, and nobody but
/// us has written that.
fn wants(name: &str, kubeconfig: &Path, reach: &Reach, width: usize) -> String {
    let mut lines = Vec::new();
    let mut put = |line: &str| lines.extend(wrapped(line, width));
    put("");
    put(&format!(
        "The kubeconfig {} wants more of this machine than what is in its own directory:",
        kubeconfig.display()
    ));
    put("");
    if let Some(program) = &reach.program {
        put(&format!("  runs     {}", quoted(&program.command)));
        program.args.iter().for_each(|argument| put(&format!("           {}", quoted(argument))));
        program.env.iter().for_each(|(name, value)| put(&format!("  with     {}={}", quoted(name), quoted(value))));
    }
    for (what, path) in &reach.files {
        put(&format!("  reads    {what} {}", quoted(&path.to_string_lossy())));
    }
    put("");
    put(&format!("  target   {name}"));
    put(&format!("  server   {}", one_line(&reach.server, width.saturating_sub(11))));
    if let Some(proxy) = &reach.proxy {
        put(&format!("  proxy    {}", one_line(proxy, width.saturating_sub(11))));
    }
    put(
        "The program would run as you, whenever a call needs a credential; a token or a certificate that it prints, or that is read, is shown to that server.",
    );
    lines.push(String::new());
    lines.join("\n")
}

/// A word in which it can be seen where it begins and ends.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
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
fn ask(shown: &str, name: Option<&str>, then: Then) -> io::Result<Option<Confirmation>> {
    let (question, to) = match then {
        Then::Sent => ("Send it? [y/N] ", "send"),
        Then::Kept => ("Approve it? [y/N] ", "approve"),
    };
    if !yes(shown, question)? {
        return Ok(None);
    }
    let Some(name) = name else { return Ok(Some(Confirmation::Once)) };
    let mut terminal = io::stderr().lock();
    forget_input()?;
    write!(terminal, "This is DESTRUCTIVE. Type {name} to {to} it: ")?;
    terminal.flush()?;
    Ok((line()? == name).then_some(Confirmation::Twice))
}

/// Whether a question was answered with yes.
fn yes(shown: &str, question: &str) -> io::Result<bool> {
    let mut terminal = io::stderr().lock();
    writeln!(terminal, "{shown}")?;
    forget_input()?;
    write!(terminal, "{question}")?;
    terminal.flush()?;
    Ok(matches!(line()?.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// What was typed and sent off. A terminal that ends in the middle of a line has said nothing.
fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.strip_suffix('\n').unwrap_or_default().trim().to_owned())
}
