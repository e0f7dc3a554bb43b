//! A person's yes at the terminal: shows the exact request, asks, and takes nothing but a yes for one.

use crate::text::safe;
use async_trait::async_trait;
use meho_host::approval::{Approver, Verdict};
use meho_host::policy::effect::Trust;
use meho_host::policy::family::kubernetes::{Attributes, attributes_of};
use meho_host::policy::plan::{Approval, Confirmation, Plan};
use meho_host::policy::request::CanonicalRequest;
use serde_json::Value;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Asks at the terminal. Where there is none, there is nobody to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal;

#[async_trait]
impl Approver for Terminal {
    async fn decide(&self, plan: &Plan, view: &Value) -> Verdict {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Verdict::Nobody;
        }
        let shown = show(view);
        let destructive = plan.request().trust() == Trust::Destructive;
        let name = name_of(plan.request().request());
        let digest = plan.digest();
        let asked = tokio::task::spawn_blocking(move || ask(&shown, destructive.then_some(name.as_str()))).await;
        match asked {
            Ok(Ok(Some(confirmation))) => {
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

/// The plan for a person's eyes: the request first, as it would be sent.
fn show(view: &Value) -> String {
    let text = |pointer: &str| view.pointer(pointer).and_then(Value::as_str).map(safe).unwrap_or_default();
    let mut lines = vec![
        String::new(),
        format!("This changes the target {}. It would send, and nothing else:", text("/target")),
        String::new(),
        format!("  {} {}", text("/request/method"), text("/request/path")),
    ];
    if let Some(body) = view.pointer("/request/body").filter(|body| !body.is_null()) {
        lines.push(format!("  Content-Type: {}", text("/request/content_type")));
        let pretty = serde_json::to_string_pretty(body).unwrap_or_default();
        lines.extend(pretty.lines().map(|line| format!("  {}", safe(line))));
    }
    lines.push(String::new());
    lines.push(format!("  trust    {}", text("/trust")));
    lines.push(format!("  expires  {}", text("/expires")));
    lines.push(format!("  digest   {}", text("/digest")));
    lines.push(String::new());
    lines.join("\n")
}

/// Asks once, and for a destructive request a second time, for the name of its object.
fn ask(shown: &str, name: Option<&str>) -> io::Result<Option<Confirmation>> {
    let mut terminal = io::stderr().lock();
    writeln!(terminal, "{shown}")?;
    write!(terminal, "Send it? [y/N] ")?;
    terminal.flush()?;
    if !matches!(line()?.to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(None);
    }
    let Some(name) = name else { return Ok(Some(Confirmation::Once)) };
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
