//! Requests that an operation may not make.

use crate::trial::{Trial, POD, a_pod};
use meho_artifacts::hostile;
use meho_test_fake::{Expected, Fake};
use serde_json::json;

#[test]
fn an_honest_request_is_sent() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let ran = Trial::of(hostile::HONEST).on(&fake).run();
    assert_eq!(ran.answer().0["status"], json!(200));
    assert_eq!(ran.recorded(), ["GET /api/v1/namespaces/default/pods/web"]);
}

#[test]
fn a_request_to_another_host_is_denied() {
    for authority in ["evil.example", "TARGET.INVALID", "target.invalid.", "target.invalid:443", "target.invalid:80", "me@target.invalid", "me:secret@target.invalid", "127.0.0.1", "[::1]:443", "169.254.169.254", "target.invalid.evil.example"] {
        Trial::of(hostile::ANOTHER_HOST).how(authority).is_denied_by("authority");
    }
}
