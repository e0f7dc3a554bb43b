//! Opens a connection of its own.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;
use std::io::Write as _;
use std::net::TcpStream;

struct ImportsSockets;

impl Fixture for ImportsSockets {
    #[expect(clippy::disallowed_methods, reason = "it is what this one does")]
    fn act(call: &Arguments) -> Acted {
        let sent = TcpStream::connect(call.how()).and_then(|mut stream| stream.write(b"out"));
        object(&json!({"sent": sent.is_ok()}))
    }
}

hostile!(ImportsSockets);
