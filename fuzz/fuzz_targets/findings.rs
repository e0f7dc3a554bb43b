//! What discovery streams: no line ends anything, the graph is the same in whatever order the lines of a reading come, what is in it was found, and no view lets a name act.

#![no_main]

use libfuzzer_sys::fuzz_target;
use meho_graph::coverage::{OfEntities, OfRelationships};
use meho_graph::tree::{self, Bounds};
use meho_graph::word::Word;
use meho_graph::{Collector, Coverage, Extent, Finding, Graph, dot, page};

/// Some types are complete, some are not, whatever they are called.
fn coverage(lines: &[&[u8]]) -> Coverage {
    let mut coverage = Coverage::default();
    let extent = |name: &Word| {
        if name.as_str().len().is_multiple_of(2) { Extent::Complete } else { Extent::Partial("why".to_owned()) }
    };
    for line in lines {
        match Finding::parse(line) {
            Ok(Finding::Reading(kind)) => coverage.entities.push(OfEntities { extent: extent(&kind), kind }),
            Ok(Finding::Relationship(found)) => coverage.relationships.push(OfRelationships {
                extent: extent(&found.name),
                source: found.from.kind,
                name: found.name,
                destination: found.to.kind,
            }),
            Ok(Finding::Entity(_)) | Err(_) => {}
        }
    }
    coverage
}

fn collected(lines: &[&[u8]], coverage: &Coverage) -> Graph {
    let mut collector = Collector::new();
    for line in lines {
        // What cannot stand there is refused, in any order alike: a line's place in its reading makes no difference.
        _ = collector.add(line);
    }
    collector.finish(coverage.clone())
}

fn bytes(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("a vector takes everything");
    String::from_utf8(bytes).expect("UTF-8")
}

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').take(40).collect();
    let coverage = coverage(&lines);
    let graph = collected(&lines, &coverage);
    let is_reading = |line: &&[u8]| matches!(Finding::parse(line), Ok(Finding::Reading(_)));
    let mut turned: Vec<&[u8]> = Vec::new();
    for reading in lines.chunk_by(|_, next| !is_reading(next)) {
        let (first, rest) = reading.split_first().expect("no chunk is empty");
        if is_reading(first) {
            turned.push(first);
            turned.extend(rest.iter().rev());
        } else {
            turned.extend(reading);
        }
    }
    let json = bytes(|to| graph.write_json(to));
    assert_eq!(json, bytes(|to| collected(&turned, &coverage).write_json(to)), "the order of lines makes a difference");
    for entity in graph.entities() {
        let is_it = |line: &&[u8]| matches!(Finding::parse(line), Ok(Finding::Entity(found)) if found == *entity);
        assert!(lines.iter().any(is_it), "an entity that nobody found");
    }
    let page = bytes(|to| page::write(&graph, "fuzz", graph.entities().last(), to));
    let embedded = page.split_once("id=\"graph\">").expect("the data").1.split_once("</script>").expect("its end").0;
    assert!(!embedded.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
    let read: serde_json::Value = serde_json::from_str(embedded).expect("JSON");
    assert_eq!(read, serde_json::from_str::<serde_json::Value>(&json).expect("JSON"));
    let structure = bytes(|to| dot::write(&graph, "fuzz", graph.entities().last(), to));
    assert!(structure.lines().all(|line| !line.chars().any(char::is_control)), "a control character");
    let escape = |text: &str| text.escape_debug().to_string();
    let mut shown = tree::lines(&graph, Bounds::default(), &escape);
    if let Some(start) = graph.entities().first() {
        let near = graph.around(start, 3);
        assert!(near.entities().contains(start));
        shown.extend(tree::lines_around(&near, start, Bounds::default(), &escape));
    }
    assert!(shown.iter().all(|line| !line.to_string().chars().any(char::is_control)), "a control character");
});
