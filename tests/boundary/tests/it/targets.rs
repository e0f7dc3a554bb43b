//! Hostile targets: what they send back, and what they do not.

use crate::fixtures::{HIDES_A_LOSS, HONEST, HONEST_LIST};
use crate::trial::{POD, Ran, Trial, a_pod};
use crate::world::{TOKEN, World, settings, target_as, token};
use async_trait::async_trait;
use meho_host::credential::{Credential, CredentialError, CredentialProvider};
use meho_host::error::ErrorCode;
use meho_host::policy::family::Family;
use meho_host::record::Ending;
use meho_host::target::{Target, TargetError, TargetSettings, Verification};
use meho_test_fake::{Answer, Authority, Body, Expected, Fake, Form, Gate, Settings, Then, Validity, gzip};
use secrecy::SecretString;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

fn once(answer: Answer) -> Fake {
    Fake::expecting([Expected::once("GET", POD, answer)])
}

fn once_over_http1(answer: Answer) -> Fake {
    Fake::expecting_with(Settings::http1(), [Expected::once("GET", POD, answer)])
}

/// So many tries of a read, each answered like this.
fn tries(answers: Vec<Answer>) -> Fake {
    Fake::expecting_with(Settings::http1(), [Expected::times("GET", POD, answers)])
}

/// The honest guest's own word is that all is well or not; what the host makes of it must be this.
#[track_caller]
fn is_told_as_lost(fake: &Fake, words: &str) -> Ran {
    let ran = Trial::of(HIDES_A_LOSS).within(&World::tight()).on(fake).run();
    let (_, meta) = ran.answer();
    assert!(!meta.complete, "{meta:?}");
    assert!(meta.warnings.iter().any(|warning| warning.contains(words)), "{words:?} is not in {:?}", meta.warnings);
    ran
}

#[test]
fn a_compressed_answer_is_handed_over_plain() {
    let fake = once(a_pod().gzipped());
    let (data, meta) = Trial::of(HONEST).on(&fake).succeeds();
    assert_eq!(data["body"], json!(r#"{"metadata":{"name":"web"}}"#));
    assert!(!data["headers"].to_string().contains("content-length"), "{data}");
    assert!(meta.complete);
    assert_eq!(fake.seen()[0].header("accept-encoding"), Some("gzip"));
}

#[test]
fn a_bomb_runs_out_of_its_ratio_before_it_is_inflated() {
    let bomb = gzip(&vec![0; 64 << 20]);
    let fake = once(Answer::json("").header("content-encoding", "gzip").body(Body::Whole(bomb.clone())));
    let ran = Trial::of(HONEST).on(&fake).runs_out_of("inflate_ratio");
    assert!(ran.records[0].usage.response_bytes < 64 << 20);
    let fake = once(Answer::json("").header("content-encoding", "gzip").body(Body::Chunks(vec![bomb; 4])));
    Trial::of(HONEST).on(&fake).runs_out_of("inflate_ratio");
}

#[test]
fn another_coding_than_one_gzip_is_refused() {
    for coding in ["br", "deflate", "zstd", "gzip, gzip", "GZIP+x", "identity, gzip"] {
        is_told_as_lost(&once(a_pod().header("content-encoding", coding)), "another than gzip");
    }
    let twice = a_pod().header("content-encoding", "gzip").header("content-encoding", "gzip");
    is_told_as_lost(&once(twice), "another than gzip");
}

#[test]
fn a_compressed_answer_that_is_none_is_told_as_lost() {
    let compressed = |body: Body| once(Answer::json("").header("content-encoding", "gzip").body(body));
    let whole = gzip(br#"{"metadata":{"name":"web"}}"#);
    let cut = whole.slice(..whole.len() - 4);
    let flipped = [&whole[..whole.len() - 8], &b"\0\0\0\0\0\0\0\0"[..]].concat();
    let followed = [&whole[..], &b"and more"[..]].concat();
    let twice = [&whole[..], &whole[..]].concat();
    for body in [cut, flipped.into(), followed.into(), twice.into(), (&b"plain"[..]).into()] {
        is_told_as_lost(&compressed(Body::Whole(body)), "an answer of the target cannot be read");
    }
}

#[test]
fn more_headers_than_anybody_reads_run_out_of_their_budget() {
    let many = (0..70).fold(a_pod(), |answer, number| answer.header(&format!("x-{number}"), "y"));
    Trial::of(HONEST).on(&once(many)).runs_out_of("response_headers");
}

#[test]
fn headers_without_end_are_no_answer() {
    let many = |count: usize| {
        let headers: String = (0..count).map(|number| format!("x-{number}: y\r\n")).collect();
        Answer::raw(format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\n\r\n{{}}"))
    };
    let huge = Answer::raw(format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 2\r\n\r\n{{}}", "y".repeat(2 << 20)));
    for answer in [many(200), huge] {
        is_told_as_lost(&tries(vec![answer; 3]), "the connection to the target broke");
    }
    let over_http2 = a_pod().header("x", &"y".repeat(100 << 10));
    is_told_as_lost(&Fake::answering(move |_| Some(over_http2.clone())), "the connection to the target broke");
}

#[test]
fn an_upgrade_is_never_granted() {
    let switching = Answer::raw("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: SPDY/3.1\r\n\r\n");
    let ran = Trial::of(HIDES_A_LOSS).on(&tries(vec![switching; 3])).run();
    assert!(!ran.answer().1.complete);
}

#[test]
fn what_is_no_http_is_no_answer() {
    for raw in [
        "",
        "\0\0\0\0",
        "220 mail.example ESMTP\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ] {
        let ran = Trial::of(HIDES_A_LOSS).on(&tries(vec![Answer::raw(raw); 3])).run();
        assert!(!ran.answer().1.complete, "{raw:?}");
        let unknown = ran.records[0].requests.iter().filter(|request| matches!(request.ending, Ending::Unknown(_)));
        assert_eq!(unknown.count(), 3, "{raw:?}");
    }
}

#[test]
fn a_body_that_stops_in_the_middle_is_told_as_lost() {
    let piece = || vec![(&b"{"[..]).into()];
    is_told_as_lost(&once(a_pod().body(Body::Stalled(piece()))), "the target sent nothing for 1 s");
    is_told_as_lost(&once_over_http1(a_pod().body(Body::Cut(piece()))), "an answer of the target is not whole");
    let reset = a_pod().header("content-length", "1000").then(Then::Reset);
    is_told_as_lost(&once_over_http1(reset), "an answer of the target is not whole");
}

#[test]
fn a_stream_that_is_reset_in_the_middle_is_told_as_lost() {
    // More than fits into the window and what a server keeps ready: the reset comes after the guest has begun to read.
    let pieces = || vec![vec![b' '; 16 << 10].into(); 256];
    for body in [Body::Cut(pieces()), Body::GivenUp(pieces())] {
        let ran = Trial::of(HIDES_A_LOSS).on(&once(Answer::json("").body(body.clone()))).run();
        let (_, meta) = ran.answer();
        assert!(!meta.complete, "{meta:?}");
        let words = "an answer of the target is not whole";
        assert!(meta.warnings.iter().any(|warning| warning.contains(words)), "{:?}", meta.warnings);
    }
}

#[test]
fn a_target_that_says_nothing_is_waited_for_so_long_and_no_longer() {
    let gate = Gate::closed();
    let ran = is_told_as_lost(&once(a_pod().held(&gate)), "the target gave no answer within 2 s");
    assert_eq!(ran.recorded().len(), 1);
}

#[test]
fn a_read_is_tried_again_while_the_target_is_busy() {
    for status in [429, 503, 504] {
        let busy = || Answer::new(status).header("retry-after", "0");
        let fake = tries(vec![busy(), busy(), a_pod()]);
        let ran = Trial::of(HONEST).on(&fake).run();
        assert_eq!(ran.answer().0["status"], json!(200));
        let endings: Vec<&Ending> = ran.records[0].requests.iter().map(|request| &request.ending).collect();
        assert_eq!(endings, [&Ending::Answered(status), &Ending::Answered(status), &Ending::Answered(200)]);
        // Each try has an id of its own in the target's audit log.
        let mut ids: Vec<String> =
            fake.seen().iter().filter_map(|seen| seen.header("audit-id").map(str::to_owned)).collect();
        assert_eq!(ids, ran.records[0].requests.iter().map(|request| request.audit_id.clone()).collect::<Vec<_>>());
        ids.dedup();
        assert_eq!(ids.len(), 3);
    }
}

#[test]
fn a_read_is_tried_three_times_and_no_more() {
    let busy = Answer::new(503).header("retry-after", "0");
    let (data, _) = Trial::of(HONEST).on(&tries(vec![busy; 3])).succeeds();
    assert_eq!(data["status"], json!(503));
    let ran = Trial::of(HIDES_A_LOSS).on(&tries(vec![Answer::nothing(Then::Close); 3])).run();
    assert!(!ran.answer().1.complete);
}

#[test]
fn a_try_is_not_counted_against_the_effect() {
    // The effect allows one request.
    let fake = tries(vec![Answer::nothing(Then::Reset), a_pod()]);
    let (data, meta) = Trial::of(HONEST).on(&fake).succeeds();
    assert_eq!((&data["status"], meta.complete), (&json!(200), true));
}

#[test]
fn an_answer_that_says_what_is_wrong_is_not_asked_for_again() {
    for status in [400, 401, 403, 404, 409, 410, 422, 500, 502] {
        let (data, _) = Trial::of(HONEST).on(&once(Answer::new(status).header("retry-after", "0"))).succeeds();
        assert_eq!(data["status"], json!(status));
    }
}

#[test]
fn a_wait_that_the_call_has_no_time_for_is_not_waited() {
    let busy = Answer::new(429).header("retry-after", "86400");
    let ran = Trial::of(HONEST).timeout(Duration::from_secs(9)).on(&once(busy)).run();
    assert_eq!(ran.answer().0["status"], json!(429));
    assert!(ran.records[0].usage.wall < Duration::from_secs(9));
}

/// A credential that is another once the target has refused it.
#[derive(Debug)]
struct Rotates {
    refreshed: bool,
}

#[async_trait]
impl CredentialProvider for Rotates {
    fn principal(&self) -> String {
        "tester".to_owned()
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        Ok(Arc::new(Credential::new(Some(SecretString::from("the first token")), None)))
    }

    async fn refresh(&self, _: &Credential) -> Result<Arc<Credential>, CredentialError> {
        let text = if self.refreshed { "the second token" } else { "the first token" };
        Ok(Arc::new(Credential::new(Some(SecretString::from(text)), None)))
    }
}

#[test]
fn a_refused_credential_is_refreshed_once_and_gets_a_connection_of_its_own() {
    let fake = tries(vec![Answer::new(401), a_pod()]);
    let target = target_as(&fake, Arc::new(Rotates { refreshed: true }));
    let (data, _) = Trial::of(HONEST).target(target).succeeds();
    assert_eq!(data["status"], json!(200));
    let seen = fake.seen();
    assert_eq!((seen[0].token(), seen[1].token()), (Some("the first token"), Some("the second token")));
    assert_ne!(seen[0].connection, seen[1].connection);

    let fake = tries(vec![Answer::new(401), Answer::new(401)]);
    let target = target_as(&fake, Arc::new(Rotates { refreshed: true }));
    assert_eq!(Trial::of(HONEST).target(target).succeeds().0["status"], json!(401));

    let fake = tries(vec![Answer::new(401)]);
    let target = target_as(&fake, Arc::new(Rotates { refreshed: false }));
    assert_eq!(Trial::of(HONEST).target(target).succeeds().0["status"], json!(401));
}

/// The way to a fake with this certificate; no request may arrive.
#[track_caller]
fn is_not_trusted(
    settings_of_fake: Settings,
    change: impl FnOnce(&mut meho_host::target::TargetSettings),
    words: &str,
) {
    let fake = Fake::expecting_with(settings_of_fake, []);
    let mut settings = settings(&fake);
    change(&mut settings);
    let target = Target::new(settings, token(TOKEN)).expect("these settings are in order");
    let ran = Trial::of(HIDES_A_LOSS).target(target).run();
    let (_, meta) = ran.answer();
    assert!(!meta.complete);
    assert!(meta.warnings.iter().any(|warning| warning.contains(words)), "{words:?} is not in {:?}", meta.warnings);
    let requests = &ran.records[0].requests;
    assert!(requests.iter().all(|request| matches!(request.ending, Ending::NotSent(_))), "{requests:?}");
}

#[test]
fn a_target_that_does_not_prove_who_it_is_gets_no_byte_of_a_request() {
    let certified = |names: &[&str], validity: Validity| Settings {
        certificate: Some(Authority::shared().server(names, validity)),
        ..Settings::default()
    };
    is_not_trusted(certified(&["127.0.0.1"], Validity::Expired), |_| {}, "its certificate has expired");
    is_not_trusted(certified(&["127.0.0.1"], Validity::NotYet), |_| {}, "its certificate is not valid yet");
    is_not_trusted(certified(&["other.example"], Validity::Now), |_| {}, "its certificate is for another name");
    let other_authority = |settings: &mut meho_host::target::TargetSettings| {
        settings.verification =
            Verification::ca(Authority::new("another").pem().as_bytes()).expect("an authority's PEM is PEM");
    };
    is_not_trusted(Settings::default(), other_authority, "unknown CA");
    is_not_trusted(Settings::default(), |settings| settings.verification = Verification::SystemRoots, "unknown CA");
}

#[test]
fn an_answer_of_a_target_that_was_not_verified_says_so() {
    let fake = once(a_pod());
    let mut settings = settings(&fake);
    settings.verification = Verification::DangerousNone;
    let target = Target::new(settings, token(TOKEN)).expect("these settings are in order");
    let (_, meta) = Trial::of(HONEST).target(target).succeeds();
    assert!(meta.warnings.iter().any(|warning| warning.contains("was not verified")), "{meta:?}");
}

#[test]
fn a_token_goes_over_plain_http_to_this_machine_only_and_only_where_that_was_asked() {
    let cases = [
        ("http://127.0.0.1:1", true, true),
        ("http://[::1]:1", true, true),
        ("http://localhost:1", true, true),
        ("http://127.0.0.1:1", false, false),
        ("http://localhost.example.com:1", true, false),
        ("http://10.0.0.1:1", true, false),
        ("http://0.0.0.0:1", true, false),
        ("http://example.com", true, false),
    ];
    for (url, asked, allowed) in cases {
        let mut settings = TargetSettings::new("plain", url, Family::Kubernetes);
        settings.dangerous_plain_http_to_loopback = asked;
        let made = Target::new(settings, token(TOKEN));
        assert_eq!(made.is_ok(), allowed, "{url}, asked: {asked}");
        assert_eq!(matches!(made, Err(TargetError::PlainHttp)), !allowed, "{url}, asked: {asked}");
    }
}

#[test]
fn no_target_is_where_a_cloud_answers_for_its_machines() {
    for host in ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fd00:ec2::254]"]
    {
        let mut settings = TargetSettings::new("metadata", &format!("https://{host}"), Family::Kubernetes);
        settings.verification = Verification::DangerousNone;
        let made = Target::new(settings, token(TOKEN));
        assert!(matches!(&made, Err(TargetError::Url { reason }) if reason.contains("link-local")), "{host}: {made:?}");
    }
}

/// Nothing of the token may stand in what the honest guest has seen. It tells all of it.
#[track_caller]
fn sees_no_token(answer: impl Fn(&meho_test_fake::Seen) -> Answer + Send + Sync + 'static, about: &str) -> String {
    let fake = Fake::answering(move |request| Some(answer(request)));
    let ran = Trial::of(HONEST).on(&fake).run();
    assert!(fake.seen().iter().all(|seen| seen.token() == Some(TOKEN)), "{about}");
    let (data, meta) = ran.answer();
    let mut seen = data["body"].as_str().expect("a body is told").to_owned();
    for header in data["headers"].as_array().expect("headers are told") {
        seen.push_str(header[1].as_str().expect("a header is text"));
    }
    seen.push_str(&meta.warnings.concat());
    assert_eq!(Form::found(TOKEN, seen.as_bytes()), [], "{about}: {seen}");
    assert_eq!(Form::found(TOKEN, format!("{ran:?}").as_bytes()), [], "{about}: {ran:?}");
    seen
}

#[test]
fn a_token_that_comes_back_in_a_body_is_masked_in_every_form() {
    for form in Form::ALL {
        // What is looked for stands in what is written, or looking for it proves nothing.
        assert!(Form::found(TOKEN, form.write(TOKEN).as_bytes()).contains(&form), "{form:?}");
        for chunk_bytes in [0, 1, 7, 50] {
            let echoed = move |request: &meho_test_fake::Seen| Answer::echo(request, form, chunk_bytes);
            let seen = sees_no_token(echoed, &format!("{form:?} by {chunk_bytes}"));
            assert!(seen.contains("\"echo\":\"") && seen.contains("********"), "{form:?} by {chunk_bytes}: {seen}");
        }
        let compressed = move |request: &meho_test_fake::Seen| Answer::echo(request, form, 0).gzipped();
        assert!(sees_no_token(compressed, &format!("{form:?} compressed")).contains("********"), "{form:?}");
    }
}

#[test]
fn a_compressed_token_is_masked_wherever_the_chunks_end() {
    let echoed = |request: &meho_test_fake::Seen| {
        let text = format!("before {} after", request.token().unwrap_or_default());
        let pieces = gzip(text.as_bytes()).chunks(3).map(bytes_of).collect();
        Answer::new(200).header("content-encoding", "gzip").body(Body::Chunks(pieces))
    };
    let seen = sees_no_token(echoed, "in threes");
    assert!(seen.starts_with("before *") && seen.ends_with("* after"), "{seen}");
}

fn bytes_of<B: for<'a> From<Vec<u8>>>(piece: &[u8]) -> B {
    B::from(piece.to_vec())
}

#[test]
fn a_token_that_comes_back_again_and_again_is_masked_each_time() {
    let echoed = |request: &meho_test_fake::Seen| {
        let token = request.token().unwrap_or_default();
        // Longer than any piece that is handed over at a time, so that it is cut somewhere by everybody.
        Answer::new(200).text(format!("{token}{token}-{}", token.repeat(4000)))
    };
    let seen = sees_no_token(echoed, "again and again");
    assert!(seen.contains("*-*"), "{}", &seen[..200]);
}

#[test]
fn a_token_that_is_cut_off_at_the_end_of_a_body_is_masked_as_far_as_it_came() {
    for form in Form::ALL {
        let needle = form.needle(TOKEN);
        for length in [8, 20, needle.len() - 1] {
            let begun = needle[..length].to_owned();
            let fake = Fake::answering(move |_| Some(Answer::new(200).text(format!("log: {begun}"))));
            let ran = Trial::of(HONEST).on(&fake).run();
            let stars = format!("log: {}", "*".repeat(length));
            assert_eq!(ran.answer().0["body"], json!(stars), "{form:?} of {length}");
        }
    }
}

#[test]
fn a_token_that_comes_back_in_a_header_is_masked() {
    for form in Form::ALL {
        let echoed = move |request: &meho_test_fake::Seen| {
            let echo = form.write(request.token().unwrap_or_default());
            let quoted = echo.replace('"', "'");
            a_pod()
                .header("date", &echo)
                .header("retry-after", &echo)
                .header("warning", &format!("299 - \"{echo}\""))
                .header("location", &format!("https://evil.example/{quoted}"))
                .header("x-echo", &echo)
        };
        let seen = sees_no_token(echoed, &format!("{form:?}"));
        assert!(seen.contains("********"), "{form:?}: {seen}");
    }
}

#[test]
fn a_token_that_comes_back_in_a_broken_answer_is_in_no_error() {
    let answers = [
        format!("HTTP/1.1 200 {TOKEN}\r\ncontent-length: 1\r\n\r\n"),
        format!("HTTP/1.1 {TOKEN}\r\n\r\n"),
        format!("{TOKEN}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{TOKEN}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: {TOKEN}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{TOKEN}\r\n"),
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: {TOKEN}\r\ncontent-length: 0\r\n\r\n"),
    ];
    for raw in answers {
        let answer = Answer::raw(raw.clone());
        let fake = Fake::answering_with(Settings::http1(), move |_| Some(answer.clone()));
        let ran = Trial::of(HIDES_A_LOSS).on(&fake).run();
        assert!(!ran.answer().1.complete, "{raw:?}");
        assert_eq!(Form::found(TOKEN, format!("{ran:?}").as_bytes()), [], "{raw:?}: {ran:?}");
    }
}

#[test]
fn a_list_that_never_ends_ends_with_its_pages() {
    let page = |request: &meho_test_fake::Seen| {
        let number = request.target.len();
        Answer::json(format!(r#"{{"metadata":{{"continue":"{}"}},"items":[]}}"#, "c".repeat(number)))
    };
    let fake = Fake::answering(move |request| Some(page(request)));
    Trial::of(HONEST_LIST).on(&fake).denied_by("count");
    assert_eq!(fake.seen().len(), 100);
}

#[test]
fn a_list_that_goes_round_in_a_circle_is_denied_its_second_round() {
    let fake = Fake::answering(|_| Some(Answer::json(r#"{"metadata":{"continue":"again"},"items":[]}"#)));
    Trial::of(HONEST_LIST).on(&fake).fails_with(ErrorCode::TrustViolation, "rule", "page-size");
    assert_eq!(fake.seen().len(), 2);
}
