//! The page: what stands in it, and how it works in a browser.

use crate::browser::{Browser, found};
use crate::world::{crowd, shop};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use meho_graph::{Graph, page};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};
use std::path::{Path, PathBuf};

fn written(graph: &Graph) -> String {
    let mut bytes = Vec::new();
    page::write(graph, "lab", &mut bytes).expect("a vector takes everything");
    String::from_utf8(bytes).expect("UTF-8")
}

/// The page as a file, which stays for whoever wants to look at it.
fn saved(name: &str, graph: &Graph) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.html"));
    std::fs::write(&path, written(graph)).expect("a file");
    path
}

/// The page in a browser, drawn. None where there is no browser.
fn opened(name: &str, graph: &Graph) -> Option<Browser> {
    let mut browser = Browser::start(&found()?);
    let path = saved(name, graph);
    browser.open(&format!("file://{}", path.display()));
    Some(browser)
}

/// A picture beside the page.
fn pictured(browser: &mut Browser, name: &str) {
    let png = STANDARD.decode(browser.picture()).expect("base64");
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png")), png).expect("a file");
}

#[test]
fn the_page_is_drawn() {
    let graph = shop().graph();
    let Some(mut browser) = opened("shop", &graph) else { return };
    browser.until("graphPage.isSettled()");
    browser.value("new Promise((done) => setTimeout(() => done(true), 600))");
    pictured(&mut browser, "shop");
    println!("{:#?}", browser.events.iter().filter(|e| e["method"] != "Page.frameStartedLoading").take(20).collect::<Vec<_>>());
}
