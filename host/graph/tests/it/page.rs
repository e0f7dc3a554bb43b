//! The page: what stands in it, and how it works in a browser.

use crate::browser::{Browser, found};
use crate::streams::{end, entity_with, relation, relationship};
use crate::world::{ailing, crowd, shop};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use meho_graph::finding::Entity;
use meho_graph::{Graph, page};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};
use std::path::{Path, PathBuf};

fn written(graph: &Graph) -> String {
    written_from(graph, None)
}

fn written_from(graph: &Graph, start: Option<&Entity>) -> String {
    let mut bytes = Vec::new();
    page::write(graph, "lab", start, &mut bytes).expect("a vector takes everything");
    String::from_utf8(bytes).expect("UTF-8")
}

/// The page as a file, which stays for whoever wants to look at it.
fn saved(name: &str, graph: &Graph, start: Option<&Entity>) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.html"));
    std::fs::write(&path, written_from(graph, start)).expect("a file");
    path
}

/// The page in a browser, drawn. None where there is no browser.
fn opened(name: &str, graph: &Graph) -> Option<Browser> {
    opened_from(name, graph, None)
}

fn opened_from(name: &str, graph: &Graph, start: Option<&Entity>) -> Option<Browser> {
    let mut browser = Browser::start(&found()?);
    let path = saved(name, graph, start);
    browser.open(&format!("file://{}", path.display()));
    Some(browser)
}

/// A picture beside the page.
fn pictured(browser: &mut Browser, name: &str) {
    let png = STANDARD.decode(browser.picture()).expect("base64");
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png")), png).expect("a file");
}

#[test]
fn what_the_page_is_drawn_with_is_the_package_that_its_notice_names() {
    const LIBRARY: &[u8] = include_bytes!("../../assets/force-graph/force-graph.min.js");
    let notice = include_str!("../../assets/force-graph/NOTICE");
    let digest = format!("sha512-{}", STANDARD.encode(Sha512::digest(LIBRARY)));
    assert!(notice.contains(&format!("Integrity of force-graph.min.js:\n  {digest}\n")), "{digest}");
    assert!(LIBRARY.starts_with(b"// Version 1.52.0 force-graph"));
    assert!(notice.contains("version 1.52.0"));
}

#[test]
fn nothing_is_loaded_and_nothing_runs_but_what_is_named() {
    let page = written(&shop().graph());
    let policy = page.split_once("Content-Security-Policy\" content=\"").expect("a policy").1;
    let policy = policy.split_once('"').expect("its end").0;
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    for word in ["unsafe", "http", "*", "data:", "blob:", "nonce"] {
        assert!(!policy.contains(word), "{word}: {policy}");
    }
    assert_eq!(policy.matches("sha256-").count(), 2 + 4);
    let (head, _) = page.split_once("<script type=").expect("scripts");
    assert!(!head.contains("src=") && !head.contains("href="), "something is loaded");
}

/// Names that would act, if anything let them.
const HOSTILE: [&str; 9] = [
    "</script><script>window.pwned=1</script>",
    "<!--<script>",
    "<img src=x onerror=window.pwned=1>",
    "\"><svg onload=window.pwned=1>",
    "a\u{2028}b\u{2029}c",
    "\u{202e}txt.exe\u{2066}",
    "{{script}}",
    "${window.pwned=1}`'\"\\",
    "\u{1b}[31m\u{0}\r\n",
];

fn hostile() -> Graph {
    let mut world = shop();
    for (number, name) in HOSTILE.into_iter().enumerate() {
        let id = format!("shop/{name}");
        let properties = json!({"name": name, "status": name, name: {name: [name]}});
        let mut found = entity_with("Pod", &id, json!(format!("{number}{name}")), properties);
        found["entity"]["same_as"] = json!([{"type": "VM", "by": "name", "certain": false, name: name}]);
        let properties = json!({"by": [name], name: true});
        let to = json!({"type": "Secret", "id": format!("shop/{name}"), "uid": name});
        let from = end("Pod", &id);
        world.line("Pod", found).line("Pod", relation("uses", from, to, "spec", true, properties));
        world.line("Pod", relationship("member_of", ("Pod", &id), ("Namespace", "shop")));
    }
    world.graph()
}

#[test]
fn no_name_ends_the_data_or_begins_a_tag() {
    let mut bytes = Vec::new();
    let graph = hostile();
    let start = graph.entities().iter().find(|entity| entity.id.contains("</script>")).expect("a hostile start");
    page::write(&graph, HOSTILE[0], Some(start), &mut bytes).expect("a vector takes everything");
    let page = String::from_utf8(bytes).expect("UTF-8");
    let embedded = |id: &str| {
        let from = page.split_once(&format!("id=\"{id}\">")).expect("the data").1;
        from.split_once("</script>").expect("its end").0
    };
    let (data, view) = (embedded("graph"), embedded("view"));
    for character in ['<', '>', '&', '\u{2028}', '\u{2029}'] {
        assert!(!data.contains(character) && !view.contains(character), "{character:?}");
    }
    let told: Value = serde_json::from_str(view).expect("JSON");
    assert_eq!(told["start"]["id"], *start.id);
    let read: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(read, crate::streams::written(&hostile()), "the data says something else than the graph");
    let quiet = "&lt;/script&gt;&lt;script&gt;window.pwned=1&lt;/script&gt;";
    assert_eq!(page.matches(quiet).count(), 2, "the title, twice");
    assert_eq!(page.matches("<script").count(), written(&shop().graph()).matches("<script").count());
}

/// What a browser says of a page that does what it must not: errors, violations of the policy, and requests.
#[track_caller]
fn is_quiet(browser: &mut Browser) {
    let told = browser.value("window.pwned === undefined");
    assert_eq!(told, true, "a name has run");
    for event in &browser.events {
        let params = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" => panic!("{event}"),
            "Log.entryAdded" => panic!("{event}"),
            "Network.requestWillBeSent" => {
                assert_eq!(params["type"], "Document", "{event}");
                assert!(params["request"]["url"].as_str().is_some_and(|url| url.starts_with("file://")), "{event}");
            }
            _ => {}
        }
    }
}

#[test]
fn what_the_page_must_not_do_would_be_noticed() {
    let Some(mut browser) = opened("noticed", &shop().graph()) else { return };
    for attempt in [
        "document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.pwned = 1'}))",
        "document.head.append(Object.assign(document.createElement('style'), {textContent: 'body { color: red }'}))",
        "document.body.append(Object.assign(document.createElement('img'), {src: 'https://example.com/x.png'}))",
        "void fetch('https://example.com/').catch(() => 0)",
        "void setTimeout(() => { throw new Error('x') })",
    ] {
        is_quiet(&mut browser);
        let before = browser.events.len();
        browser.value(attempt);
        browser.value("new Promise((done) => setTimeout(() => done(true), 200))");
        let told =
            |event: &Value| matches!(event["method"].as_str(), Some("Log.entryAdded" | "Runtime.exceptionThrown"));
        assert!(browser.events[before..].iter().any(told), "{attempt}");
        browser.events.clear();
    }
    assert_eq!(browser.value("window.pwned === undefined"), true, "the policy lets an unnamed script run");
}

/// How many entities, and ends that were not read, there are to draw.
fn to_draw(graph: &Graph, is_shown: impl Fn(&str, &str) -> bool) -> usize {
    let read = graph.entities().iter().filter(|entity| is_shown(entity.kind.as_str(), &entity.id)).count();
    let ends = graph.relationships().iter().flat_map(|edge| [&edge.from, &edge.to]);
    let unread: std::collections::BTreeSet<_> = ends.filter(|end| !end.resolved).collect();
    read + unread.iter().filter(|end| is_shown(end.kind.as_str(), &end.id)).count()
}

#[test]
fn everything_is_drawn_but_remarks_which_are_a_click_away() {
    let graph = shop().graph();
    let Some(mut browser) = opened("shop", &graph) else { return };
    browser.until("graphPage.isSettled()");
    assert_eq!(browser.value("graphPage.nodes()"), to_draw(&graph, |kind, _| kind != "Event"));
    browser.value("document.querySelector('#kinds input[data-value=Event]').click()");
    assert_eq!(browser.value("graphPage.nodes()"), to_draw(&graph, |_, _| true));
    assert_eq!(browser.value("graphPage.links()"), graph.relationships().len());
    is_quiet(&mut browser);
}

#[test]
fn kinds_and_namespaces_can_be_left_out() {
    let graph = shop().graph();
    let Some(mut browser) = opened("filters", &graph) else { return };
    browser.value("document.querySelector('#kinds input[data-value=Pod]').click()");
    let without_pods = to_draw(&graph, |kind, _| kind != "Event" && kind != "Pod");
    assert_eq!(browser.value("graphPage.nodes()"), without_pods);
    browser.value("document.querySelector('#kinds-all').click(); document.querySelector('#groups-none').click()");
    assert_eq!(browser.value("graphPage.nodes()"), 0);
    assert_eq!(browser.value("document.querySelector('#empty').hidden"), false);
    browser.value("document.querySelector('#groups input[data-value=observability]').click()");
    let of_one = to_draw(&graph, |_, id| id.starts_with("observability/") || id == "observability");
    assert_eq!(browser.value("graphPage.nodes()"), of_one);
    is_quiet(&mut browser);
}

#[test]
fn a_click_shows_what_is_known_of_what_is_there() {
    let graph = shop().graph();
    let Some(mut browser) = opened("details", &graph) else { return };
    browser.until("graphPage.isSettled()");
    browser.value("new Promise((done) => setTimeout(() => done(true), 900))");
    let place = browser.value("graphPage.place('Pod', 'shop/database-0')");
    browser.click(&place);
    browser.until("!document.querySelector('#details').hidden");
    let told = browser.value("document.querySelector('#details').innerText").as_str().expect("text").to_owned();
    for expected in [
        "database-0",
        "shop/database-0",
        "uid of Pod shop/database-0",
        "Running",
        "runs_on (1)",
        "worker-1",
        "by spec",
        "by owner_reference",
        "not certain",
        "by selector",
        "ready: yes",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    pictured(&mut browser, "details");
    browser.key("Escape");
    browser.until("document.querySelector('#details').hidden");
    is_quiet(&mut browser);
}

#[test]
fn the_search_is_reached_by_keys_and_finds_what_was_not_read_too() {
    let graph = shop().graph();
    let Some(mut browser) = opened("search", &graph) else { return };
    browser.key("/");
    for key in ["d", "a", "t", "a", "b", "a", "s", "e", " ", "s", "e", "c", "r", "e", "t"] {
        browser.key(key);
    }
    assert_eq!(browser.value("document.querySelector('#search').value"), "database secret");
    assert_eq!(browser.value("document.querySelectorAll('#found button').length"), 1);
    browser.value("document.querySelector('#found button').click()");
    let told = browser.value("document.querySelector('#details').innerText").as_str().expect("text").to_owned();
    for expected in
        ["it was not read", "not even that it exists", "secrets is forbidden", "by: env, volume", "optional: no"]
    {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    is_quiet(&mut browser);
}

#[test]
fn what_was_not_read_is_told_at_once() {
    let Some(mut browser) = opened("unread", &shop().graph()) else { return };
    let side = "document.querySelector('#side').innerText";
    let told = browser.value(side).as_str().expect("text").to_owned();
    for expected in ["Not everything was read", "Event, Secret, Event about any", "2 named but not read"] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    // Reasons may be long, and would push the filters away.
    assert!(!told.contains("secrets is forbidden"), "{told}");
    browser.value("document.querySelector('#unread summary').click()");
    let told = browser.value(side).as_str().expect("text").to_owned();
    for expected in ["Secret: not read. secrets is forbidden", "Event about any: partly read"] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

/// What is told of what is selected.
fn details(browser: &mut Browser) -> String {
    browser.until("!document.querySelector('#details').hidden");
    browser.value("document.querySelector('#details').innerText").as_str().expect("text").to_owned()
}

/// Searches for a text, in the place of all that was searched for before.
fn search(browser: &mut Browser, text: &str) -> Vec<String> {
    browser.value(&format!("(() => {{ const search = document.querySelector('#search'); search.focus(); search.value = {}; search.dispatchEvent(new Event('input')); }})()", json!(text)));
    let hits = browser.value("[...document.querySelectorAll('#found button')].map((hit) => hit.innerText)");
    serde_json::from_value(hits).expect("texts")
}

#[test]
fn what_was_looked_for_in_vain_is_told_from_what_was_not_read() {
    let Some(mut browser) = opened("absent", &ailing().graph()) else { return };
    let told = browser.value("document.querySelector('#counts').innerText").as_str().expect("text").to_owned();
    assert!(told.contains("2 named but not read, 1 named but not found"), "{told}");
    assert_eq!(search(&mut browser, "not found"), ["mailer-settings ConfigMap in shop not found"]);
    browser.key("Enter");
    let told = details(&mut browser);
    assert!(told.contains("it was not found: all that is of its type was read"), "{told}");
    assert!(!told.contains("not read"), "{told}");
    assert_eq!(search(&mut browser, "storefront-tls"), ["storefront-tls Secret in shop not read"]);
    browser.key("Enter");
    let told = details(&mut browser);
    assert!(told.contains("it was not read") && !told.contains("not found"), "{told}");
    let legend = browser.value("document.querySelector('#legend').innerText").as_str().expect("text").to_owned();
    assert!(legend.contains("named, but not read") && legend.contains("named, but not found"), "{legend}");
    is_quiet(&mut browser);
}

/// How much of the picture around a place has the colour of what is not well.
fn marked(browser: &mut Browser, place: &str) -> u64 {
    let count = format!(
        "(() => {{
          const place = {place};
          const canvas = document.querySelector('#picture canvas');
          const corner = canvas.getBoundingClientRect();
          const scale = canvas.width / corner.width;
          const size = 24 * scale;
          // Of a copy: the browser would rather not be asked what is on a canvas that it draws.
          const copy = new OffscreenCanvas(size, size).getContext('2d', {{ willReadFrequently: true }});
          // In whole pixels: between two of them it would mix their colours.
          copy.drawImage(canvas, Math.round(size / 2 - (place.x - corner.left) * scale), Math.round(size / 2 - (place.y - corner.top) * scale));
          const {{ data }} = copy.getImageData(0, 0, size, size);
          let marked = 0;
          for (let at = 0; at < data.length; at += 4) if (data[at] === 0xc2 && data[at + 1] === 0x2f && data[at + 2] === 0x0c) marked += 1;
          return marked;
        }})()"
    );
    browser.value(&count).as_u64().expect("a count")
}

#[test]
fn what_is_not_well_is_seen_at_once_listed_and_found() {
    let Some(mut browser) = opened("ailing", &ailing().graph()) else { return };
    browser.prefers("light");
    browser.until("graphPage.isSettled()");
    browser.value("new Promise((done) => setTimeout(() => done(true), 900))");
    pictured(&mut browser, "ailing");
    let pod = marked(&mut browser, "graphPage.place('Pod', 'shop/mailer-0')");
    assert!(pod > 20, "{pod}");
    let way = "(() => { const [a, b] = [graphPage.place('Service', 'shop/mailer'), graphPage.place('Pod', 'shop/mailer-0')]; return {x: (a.x + b.x) / 2, y: (a.y + b.y) / 2}; })()";
    let unready = marked(&mut browser, way);
    assert!(unready > 5, "{unready}");
    assert_eq!(marked(&mut browser, "graphPage.place('Pod', 'observability/grafana-7d4b9c-x000')"), 0);
    assert_eq!(browser.value("document.querySelector('#unwell-list').hidden"), true);
    browser.value("document.querySelector('#unwell-only').click()");
    let told = browser.value("document.querySelector('#unwell').innerText").as_str().expect("text").to_owned();
    for expected in ["! 3 not well", "! CrashLoopBackOff", "! NotReady,SchedulingDisabled", "! Pending"] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    browser.value("new Promise((done) => setTimeout(() => done(true), 300))");
    pictured(&mut browser, "ailing-only");
    assert_eq!(search(&mut browser, "crashloop"), ["mailer-0 Pod in shop ! CrashLoopBackOff"]);
    assert_eq!(search(&mut browser, "notready"), ["worker-4 Node ! NotReady,SchedulingDisabled"]);
    search(&mut browser, "crashloop");
    browser.key("Enter");
    let told = details(&mut browser);
    assert!(told.contains("! CrashLoopBackOff") && told.contains("ready: no"), "{told}");
    let legend = browser.value("document.querySelector('#legend').innerText").as_str().expect("text").to_owned();
    assert!(legend.contains("not well") && legend.contains("not ready"), "{legend}");
    is_quiet(&mut browser);
}

#[test]
fn where_all_is_well_nothing_says_otherwise() {
    let Some(mut browser) = opened("well", &shop().graph()) else { return };
    assert_eq!(browser.value("document.querySelector('#unwell').hidden"), true);
    is_quiet(&mut browser);
}

/// How far something is from the middle of the picture, in pixels.
fn off_the_middle(browser: &mut Browser, kind: &str, id: &str) -> f64 {
    let distance = format!(
        "(() => {{ const {{ x, y }} = graphPage.place({}, {}); const at = document.querySelector('#picture').getBoundingClientRect(); return Math.hypot(x - at.left - at.width / 2, y - at.top - at.height / 2); }})()",
        json!(kind),
        json!(id)
    );
    browser.value(&distance).as_f64().expect("a number")
}

#[test]
fn the_page_opens_with_the_start_in_the_middle_and_what_is_known_of_it() {
    let graph = shop().graph();
    for (number, (kind, id)) in [("Pod", "shop/database-0"), ("Event", "shop/web.0")].into_iter().enumerate() {
        let is_it = |entity: &&Entity| entity.kind.as_str() == kind && *entity.id == *id;
        let start = graph.entities().iter().find(is_it).expect("it is there");
        let Some(mut browser) = opened_from(&format!("start-{number}"), &graph, Some(start)) else { return };
        assert!(details(&mut browser).contains(id), "its details are open");
        browser.until("graphPage.isSettled()");
        browser.value("new Promise((done) => setTimeout(() => done(true), 900))");
        pictured(&mut browser, &format!("start-{number}"));
        let off = off_the_middle(&mut browser, kind, id);
        assert!(off < 3.0, "{off} pixels");
        is_quiet(&mut browser);
    }
}

#[test]
fn the_first_hit_is_no_remark_and_enter_brings_it_to_the_middle_and_keeps_it_there() {
    let Some(mut browser) = opened("enter", &shop().graph()) else { return };
    let hits = search(&mut browser, "shop/web");
    let first_remark = hits.iter().position(|hit| hit.contains("Event")).expect("there are some");
    assert!(first_remark > 0 && hits[first_remark..].iter().all(|hit| hit.contains("Event")), "{hits:?}");
    assert!(hits[0].starts_with("web Deployment in shop"), "{hits:?}");
    browser.key("Enter");
    assert!(details(&mut browser).contains("shop/web"));
    browser.until("graphPage.isSettled()");
    browser.value("new Promise((done) => setTimeout(() => done(true), 900))");
    let off = off_the_middle(&mut browser, "Deployment", "shop/web");
    assert!(off < 3.0, "{off} pixels, after it has settled");
    is_quiet(&mut browser);
}

#[test]
fn what_a_node_certainly_is_stands_apart_from_what_it_may_be() {
    let Some(mut browser) = opened("same", &shop().graph()) else { return };
    search(&mut browser, "node/worker-1");
    browser.key("Enter");
    let told = details(&mut browser);
    let (_, told) = told.split_once("Is the same as").expect("what it is");
    let (is, may_be) = told.split_once("May be the same as").expect("what it may be");
    assert!(is.contains("i-00000001") && !is.contains("host_name"), "{is}");
    assert!(may_be.contains("host_name") && !may_be.contains("i-00000001"), "{may_be}");
}

#[test]
fn hostile_names_do_nothing_but_stand_there() {
    let graph = hostile();
    let Some(mut browser) = opened("hostile", &graph) else { return };
    browser.value("document.querySelector('#kinds-all').click()");
    assert_eq!(browser.value("graphPage.nodes()"), to_draw(&graph, |_, _| true));
    browser.value("document.querySelector('#search').value = 'shop/'; document.querySelector('#search').dispatchEvent(new Event('input'))");
    for name in HOSTILE {
        let search = json!(format!("pod/shop/{}", name.split_whitespace().next().expect("a word")));
        browser.value(&format!("document.querySelector('#search').value = {search}; document.querySelector('#search').dispatchEvent(new Event('input'))"));
        browser.value("document.querySelector('#found button').click()");
        let told = browser.value("document.querySelector('#details').innerText").as_str().expect("text").to_owned();
        assert!(told.contains("member_of"), "{told}");
        assert!(!told.contains(['\u{202e}', '\u{2066}', '\u{2028}', '\u{1b}', '\0']), "{told:?}");
    }
    assert_eq!(browser.value("document.querySelectorAll('img, svg, iframe').length"), 0);
    assert_eq!(browser.value("document.scripts.length"), 4);
    is_quiet(&mut browser);
}

#[test]
fn five_thousand_entities_are_drawn_and_the_page_still_answers() {
    let graph = crowd(385).graph();
    assert!(graph.entities().len() > 5_000);
    let Some(program) = found() else { return };
    let mut browser = Browser::start(&program);
    browser.notes_the_longest();
    browser.open(&format!("file://{}", saved("crowd", &graph, None).display()));
    assert_eq!(browser.value("graphPage.nodes()"), graph.entities().len());
    // It goes on drawing while it moves, and a filter counts at once.
    browser.value("new Promise((done) => { let frames = 0; const next = () => (++frames === 10 ? done(frames) : requestAnimationFrame(next)); next(); })");
    browser.value("document.querySelector('#kinds input[data-value=Pod]').click()");
    assert_eq!(browser.value("graphPage.nodes()"), to_draw(&graph, |kind, _| kind != "Pod"));
    browser.value("document.querySelector('#kinds input[data-value=Pod]').click()");
    browser.until("graphPage.isSettled()");
    browser.value("new Promise((done) => setTimeout(() => done(true), 900))");
    pictured(&mut browser, "crowd");
    let longest = browser.value("window.longest").as_f64().expect("a number");
    println!("the longest that the page did not answer: {longest} ms");
    assert!(longest > 0.0, "nothing was noted");
    assert!(longest < 10_000.0, "{longest} ms: a frozen page, on whatever machine");
    is_quiet(&mut browser);
}

#[test]
fn the_picture_follows_what_a_person_prefers() {
    let Some(mut browser) = opened("dark", &shop().graph()) else { return };
    let back = "getComputedStyle(document.body).backgroundColor";
    browser.prefers("light");
    let light = browser.value(back);
    browser.prefers("dark");
    assert_ne!(browser.value(back), light);
    browser.until("graphPage.isSettled()");
    browser.value("new Promise((done) => setTimeout(() => done(true), 900))");
    pictured(&mut browser, "dark");
    is_quiet(&mut browser);
}
