//! A browser, driven over the DevTools protocol by its pipe: two named pipes, messages that end with a zero byte.

use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything takes on a busy machine: only what hangs waits so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is looked for, in this order.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Where the browser is. None, said past the capture of a test's output, where there is none; with `MEHO_REQUIRE_BROWSER=1` that is a failure.
pub(crate) fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).flat_map(|directory| BROWSERS.map(|name| directory.join(name)));
    let found = places.into_iter().find(|place| place.exists());
    let must_be = std::env::var_os("MEHO_REQUIRE_BROWSER").is_some_and(|required| required == "1");
    assert!(found.is_some() || !must_be, "no browser is installed: {BROWSERS:?}");
    if found.is_none() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: the page in a browser, which is not installed");
    }
    found
}

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    session: String,
    next: u64,
    /// What the browser said unasked.
    pub(crate) events: Vec<Value>,
    _home: TempDir,
}

impl Browser {
    /// Starts it. The page is empty.
    pub(crate) fn start(program: &PathBuf) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let pipes = ["to", "from"].map(|name| home.path().join(name));
        assert!(Command::new("mkfifo").args(&pipes).status().expect("mkfifo runs").success());
        let arguments = [
            "--headless",
            "--remote-debugging-pipe",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--window-size=1400,900",
            // Where tests run as root the browser's own sandbox cannot be had; the pages are ours.
            "--no-sandbox",
        ];
        let mut command = Command::new("sh");
        command.args(["-c", r#"to="$1"; from="$2"; shift 2; exec "$@" 3<"$to" 4>"$from""#, "sh"]);
        command
            .args(&pipes)
            .arg(program)
            .args(arguments)
            .arg(format!("--user-data-dir={}", home.path().join("profile").display()));
        command.env("HOME", home.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("sh runs");
        let to = File::options().write(true).open(&pipes[0]).expect("a pipe");
        let answers = BufReader::new(File::open(&pipes[1]).expect("a pipe"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            for message in answers.split(0) {
                let Some(message) = message.ok().and_then(|message| serde_json::from_slice(&message).ok()) else {
                    break;
                };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self { child, to, from, session: String::new(), next: 0, events: Vec::new(), _home: home };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.ask("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        attached["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        for domain in ["Runtime.enable", "Log.enable", "Network.enable", "Page.enable"] {
            browser.ask(domain, json!({}));
        }
        browser
    }

    /// Opens a page and waits until it is loaded.
    pub(crate) fn open(&mut self, url: &str) {
        self.events.clear();
        self.ask("Page.navigate", json!({"url": url}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.from.recv_timeout(PATIENCE).expect("the page loads");
            self.events.push(event);
        }
    }

    /// Notes in every page, from its beginning, how long the longest piece of work was that kept it from answering: `window.longest`, in milliseconds.
    pub(crate) fn notes_the_longest(&mut self) {
        let source = "window.longest = 0; new PerformanceObserver((list) => { for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration); }).observe({type: 'longtask'})";
        self.ask("Page.addScriptToEvaluateOnNewDocument", json!({"source": source}));
    }

    /// What an expression comes to in the page.
    #[track_caller]
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(crate) fn until(&mut self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.value(&format!(
            "Promise.resolve({expression}).then((is) => new Promise((done) => setTimeout(() => done(is), is ? 0 : 50)))"
        )) != true
        {
            assert!(Instant::now() < end, "never: {expression}");
        }
    }

    /// Clicks at a place in the window.
    pub(crate) fn click(&mut self, place: &Value) {
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let at = json!({"type": kind, "x": place["x"], "y": place["y"], "button": button, "buttons": buttons, "clickCount": 1});
            self.ask("Input.dispatchMouseEvent", at);
            // The picture finds out what is under the pointer as it draws.
            self.value("new Promise((drawn) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))), 60))");
        }
    }

    /// Sends keys as a keyboard would.
    pub(crate) fn key(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        self.ask("Input.dispatchKeyEvent", json!({"type": "keyDown", "key": key, "text": text}));
        self.ask("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key}));
    }

    /// Prefers dark, or light, from here on.
    pub(crate) fn prefers(&mut self, scheme: &str) {
        self.ask(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
    }

    /// A picture of the window, as PNG in base64.
    pub(crate) fn picture(&mut self) -> String {
        let answer = self.ask("Page.captureScreenshot", json!({"format": "png"}));
        answer["data"].as_str().expect("a picture").to_owned()
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).expect("the browser listens");
        loop {
            let answer = self.from.recv_timeout(PATIENCE).expect("the browser answers");
            if answer["id"] == json!(id) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
