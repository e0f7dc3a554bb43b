//! Checks of hostile targets: what is asked, whose it is in the record, and that nothing in an answer gets further than it should.

use crate::fixtures::HONEST;
use crate::trial::{POD, Trial, a_pod, principal, run};
use crate::world::{TOKEN, World, settings, target, target_as, token};
use async_trait::async_trait;
use meho_artifacts::KUBERNETES;
use meho_host::check::{Check, Proof, TargetCheck};
use meho_host::credential::{Credential, CredentialError, CredentialProvider};
use meho_host::error::{CallError, ErrorCode};
use meho_host::policy::effect::Trust;
use meho_host::policy::question::Verdict;
use meho_host::record::{CallEnding, CallRecord, Ending, Origin};
use meho_host::target::{Target, Verification};
use meho_test_fake::{Answer, Authority, Body, Expected, Fake, Form, Gate, Seen, Settings, Then, gzip};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const VERSION: &str = "/version";
const IDENTITY: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const ACCESS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

fn a_version() -> Answer {
    Answer::json(r#"{"major":"1","minor":"36","gitVersion":"v1.36.3"}"#)
}

fn an_identity() -> Answer {
    Answer::json(r#"{"status":{"userInfo":{"username":"ada","uid":"7","groups":["dev"]}}}"#).status(201)
}

fn allowed(allowed: bool) -> Answer {
    Answer::json(json!({"status": {"allowed": allowed}}).to_string()).status(201)
}

/// What came of a check, and what was recorded of it.
#[derive(Debug)]
struct Checked {
    outcome: Result<Box<TargetCheck>, CallError>,
    records: Vec<CallRecord>,
}

/// Checks a target for a component.
async fn go(world: &World, target: &Target, component: Option<&'static [u8]>, timeout: Option<Duration>) -> Checked {
    let connector = match component {
        Some(component) => Some(world.load(component).await.expect("a component")),
        None => None,
    };
    let principal = principal();
    let check = Check { namespace: None, principal: principal.clone(), timeout };
    let outcome = world.host.check(target, connector.as_deref(), check).await;
    Checked { outcome, records: world.records.of(&principal) }
}

/// Checks a target for the honest guest, which needs one right.
fn check(target: &Target) -> Checked {
    run(go(&World::shared(), target, Some(HONEST), None))
}

impl Checked {
    #[track_caller]
    fn found(&self) -> &TargetCheck {
        match &self.outcome {
            Ok(found) => found,
            Err(error) => panic!("this failed: {error:#?}"),
        }
    }

    #[track_caller]
    fn fails_with(&self, code: ErrorCode) -> &CallError {
        match &self.outcome {
            Err(error) if error.code == code => error,
            other => panic!("expected {code}, got {other:#?}"),
        }
    }

    fn lines(&self) -> Vec<String> {
        let requests = self.records.iter().flat_map(|record| &record.requests);
        requests.map(|request| format!("{} {}", request.method, request.path_and_query)).collect()
    }
}

/// A target that answers each question like this.
fn answering(reply: impl Fn(&Seen) -> Option<Answer> + Send + Sync + 'static) -> Fake {
    Fake::answering(reply)
}

/// A target that answers all questions with one answer.
fn always(settings: Settings, answer: Answer) -> Fake {
    Fake::answering_with(settings, move |_| Some(answer.clone()))
}

/// An honest target, which allows everything or nothing.
fn honest(request: &Seen, allows: bool) -> Option<Answer> {
    match request.target.as_str() {
        VERSION => Some(a_version()),
        IDENTITY => Some(an_identity()),
        ACCESS => Some(allowed(allows)),
        _ => None,
    }
}

#[test]
fn a_check_makes_exactly_these_requests_and_they_are_recorded_as_the_hosts() {
    let identity = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
    let access = concat!(
        r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":"#,
        r#"{"group":"","namespace":"default","resource":"pods","subresource":"","verb":"get"}}}"#
    );
    let fake = Fake::expecting([
        Expected::once("GET", VERSION, a_version().header("date", "Fri, 02 Jan 2026 03:04:05 GMT")),
        Expected::once("POST", IDENTITY, an_identity().header("date", "Fri, 02 Jan 2026 03:04:07 GMT"))
            .with_body(identity),
        Expected::once("POST", ACCESS, allowed(true).header("date", "nonsense")).with_body(access),
    ]);
    let checked = check(&target(&fake));
    let told = serde_json::to_value(checked.found()).expect("JSON");
    assert_eq!(
        told,
        json!({
            "target": "fake", "server": fake.url(), "proxy": null, "proof": "ca", "protocol": "HTTP/2",
            "authenticated": true,
            "identity": {
                "username": "ada", "uid": "7", "groups": ["dev"], "groups_left_out": 0, "is_anonymous": false,
            },
            "credential_expires": null, "server_version": "v1.36.3", "server_time": "2026-01-02T03:04:07+00:00",
            "namespace": null,
            "operations": [
                {"operation": "act", "verdict": "allowed", "missing": [], "missing_optional": [], "unknown": []},
            ],
            "unanswered": [], "warnings": [],
        })
    );
    let [record] = &checked.records[..] else { panic!("one record: {:?}", checked.records) };
    assert_eq!(
        (record.id.operation.as_str(), record.id.component, record.ending),
        ("check", None, CallEnding::Answered)
    );
    assert_eq!((record.id.target.as_str(), record.requests.len()), ("fake", 3));
    for request in &record.requests {
        assert_eq!((request.origin, request.trust), (Origin::Host, Trust::Read));
        assert!(matches!(request.ending, Ending::Answered(200 | 201)), "{request:?}");
        // Under its id, and with the credential.
        let seen = fake.seen();
        let sent = seen.iter().find(|seen| seen.header("audit-id") == Some(&request.audit_id)).expect("it was sent");
        assert_eq!(sent.target, request.path_and_query);
        assert_eq!(sent.token(), Some(TOKEN));
    }
    // Who one is is asked first and alone; the others leave together, in whatever order.
    let mut ids: Vec<&str> = record.requests.iter().map(|request| request.effect.as_str()).collect();
    ids[1..].sort_unstable();
    assert_eq!(ids, ["host-asks-identity", "host-asks-access", "host-asks-version"]);
}

#[test]
fn a_connectors_requests_are_recorded_as_its_own() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let ran = Trial::of(HONEST).on(&fake).run();
    assert!(ran.records[0].id.component.is_some());
    assert_eq!(ran.records[0].requests[0].origin, Origin::Connector);
}

#[test]
fn without_a_connector_nothing_is_asked_about_rights() {
    let fake =
        Fake::expecting([Expected::once("GET", VERSION, a_version()), Expected::once("POST", IDENTITY, an_identity())]);
    let checked = run(go(&World::shared(), &target(&fake), None, None));
    assert!(checked.found().authenticated);
    assert_eq!(checked.found().operations, []);
}

#[test]
fn a_right_that_is_not_there_is_named() {
    let fake = answering(|request| honest(request, false));
    let checked = check(&target(&fake));
    let [operation] = &checked.found().operations[..] else { panic!("{checked:?}") };
    assert_eq!(operation.verdict, Verdict::Denied);
    let missing = serde_json::to_value(&operation.missing).expect("JSON");
    assert_eq!(missing, json!([{"namespace": "default", "api_group": "", "resource": "pods", "verb": "get"}]));
}

#[test]
fn a_refused_credential_ends_a_check_before_anything_else_is_asked() {
    let fake = Fake::expecting([Expected::once("POST", IDENTITY, Answer::new(401))]);
    let checked = check(&target(&fake));
    let error = checked.fails_with(ErrorCode::AuthenticationFailed);
    assert!(!error.has_usual_hint(), "{error:?}");
    assert_eq!(checked.records[0].ending, CallEnding::Failed(ErrorCode::AuthenticationFailed));
    assert_eq!(checked.lines(), [format!("POST {IDENTITY}")]);
    // A version that everybody may read does not hide it.
    let fake = answering(|request| Some(if request.target == VERSION { a_version() } else { Answer::new(401) }));
    check(&target(&fake)).fails_with(ErrorCode::AuthenticationFailed);
    // Nor do the first two answers, where the credential is over in the middle.
    let fake = answering(|request| {
        let answer = honest(request, true);
        if request.target == ACCESS { Some(Answer::new(401)) } else { answer }
    });
    check(&target(&fake)).fails_with(ErrorCode::AuthenticationFailed);
}

/// A credential that is another once the target has refused it.
#[derive(Debug)]
struct Rotates;

#[async_trait]
impl CredentialProvider for Rotates {
    fn principal(&self) -> String {
        "tester".to_owned()
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        Ok(Arc::new(Credential::new(Some(SecretString::from("the first token")), None)))
    }

    async fn refresh(&self, _: &Credential) -> Result<Arc<Credential>, CredentialError> {
        Ok(Arc::new(Credential::new(Some(SecretString::from("the second token")), None)))
    }
}

#[test]
fn a_rotated_credential_is_taken_up_in_a_check_too() {
    let fake = answering(|request| match request.token() {
        Some("the second token") => honest(request, true),
        _ => Some(Answer::new(401)),
    });
    let checked = check(&target_as(&fake, Arc::new(Rotates)));
    assert_eq!(checked.found().operations[0].verdict, Verdict::Allowed);
}

#[test]
fn a_target_that_only_says_its_version_has_not_taken_the_credential() {
    let fake = answering(|request| Some(if request.target == VERSION { a_version() } else { Answer::new(403) }));
    let checked = check(&target(&fake));
    let found = checked.found();
    assert!(!found.authenticated);
    assert_eq!((found.server_version.as_deref(), &found.identity), (Some("v1.36.3"), &None));
    assert_eq!(found.operations[0].verdict, Verdict::Unknown);
    assert_eq!(found.unanswered.len(), 2);
    assert!(found.warnings[0].contains("nothing shows that it takes the credential"), "{:?}", found.warnings);
}

#[test]
fn a_target_without_reviews_says_what_it_can() {
    let fake = answering(|request| match request.target.as_str() {
        IDENTITY => Some(Answer::new(404).text("404 page not found")),
        _ => honest(request, true),
    });
    let checked = check(&target(&fake));
    let found = checked.found();
    assert!(!found.authenticated);
    assert_eq!(found.operations[0].verdict, Verdict::Allowed);
    let [untold] = &found.unanswered[..] else { panic!("{found:?}") };
    assert_eq!((untold.question, untold.status), ("who the credential is", Some(404)));
}

#[test]
fn a_redirect_is_never_followed() {
    let elsewhere = Fake::silent();
    for status in [301, 302, 303, 307, 308] {
        let fake = always(Settings::default(), Answer::redirect(status, &elsewhere.url()));
        let checked = check(&target(&fake));
        let error = checked.fails_with(ErrorCode::ServerError);
        assert!(error.message.contains("redirects are not followed"), "{error:?}");
        assert_eq!(error.details["status"], status);
        assert!(!format!("{error:?}").contains(&elsewhere.authority()), "{error:?}");
    }
}

#[test]
fn what_answers_as_something_else_is_no_target() {
    for answer in [
        Answer::new(200).header("content-type", "text/html").text("<html>log in</html>"),
        Answer::new(200),
        Answer::json("{}"),
        Answer::json("[[[[[[[["),
        Answer::json("[".repeat(100_000)),
        Answer::new(204),
        Answer::new(404).text("404 page not found"),
        Answer::new(500),
    ] {
        let fake = always(Settings::default(), answer);
        check(&target(&fake)).fails_with(ErrorCode::ServerError);
    }
    let busy = Answer::new(429).header("retry-after", "0");
    let checked = check(&target(&always(Settings::default(), busy)));
    checked.fails_with(ErrorCode::RateLimited);
    // Each question is a read, and is tried as one.
    let tries = checked.lines().iter().filter(|line| line.ends_with(VERSION)).count();
    assert_eq!(tries, 3);
}

#[test]
fn a_target_that_breaks_off_fails_the_check() {
    for answer in [
        Answer::nothing(Then::Reset),
        Answer::nothing(Then::Close),
        Answer::raw("220 mail.example ESMTP\r\n"),
        a_version().header("content-length", "1000").then(Then::Reset),
        a_version().header("content-encoding", "br"),
    ] {
        let fake = always(Settings::http1(), answer);
        let checked = check(&target(&fake));
        checked.fails_with(ErrorCode::ConnectionFailed);
        assert_eq!(checked.records[0].ending, CallEnding::Failed(ErrorCode::ConnectionFailed));
    }
    // Also where only one right is lost: what is not known is not guessed.
    let fake = Fake::answering_with(Settings::http1(), |request| match request.target.as_str() {
        ACCESS => Some(Answer::nothing(Then::Reset)),
        _ => honest(request, true),
    });
    check(&target(&fake)).fails_with(ErrorCode::ConnectionFailed);
}

#[test]
fn a_body_without_end_runs_out_of_its_budget() {
    let endless = |body: Body| always(Settings::default(), Answer::json("").body(body));
    let fake = endless(Body::Endless(vec![b' '; 64 << 10].into()));
    let checked = check(&target(&fake));
    let error = checked.fails_with(ErrorCode::ResourceLimit);
    assert_eq!((&error.details["budget"], &error.details["limit"]), (&json!("response_body_bytes"), &json!("1048576")));
    let bomb = Answer::json("").header("content-encoding", "gzip").body(Body::Whole(gzip(&vec![0; 64 << 20])));
    check(&target(&always(Settings::default(), bomb))).fails_with(ErrorCode::ResourceLimit);
    let many = (0..70).fold(a_version(), |answer, number| answer.header(&format!("x-{number}"), "y"));
    let checked = check(&target(&always(Settings::default(), many)));
    assert_eq!(checked.fails_with(ErrorCode::ResourceLimit).details["budget"], "response_headers");
}

#[test]
fn a_target_that_says_nothing_is_waited_for_so_long_and_no_longer() {
    let gate = Gate::closed();
    let fake = always(Settings::default(), a_version().held(&gate));
    let checked = run(go(&World::shared(), &target(&fake), None, Some(Duration::from_millis(300))));
    checked.fails_with(ErrorCode::Timeout);
    assert_eq!(checked.lines(), [format!("POST {IDENTITY}")]);
    let left_open = |request: &meho_host::record::RequestRecord| matches!(request.ending, Ending::Unknown(_));
    assert!(checked.records[0].requests.iter().all(left_open), "{:?}", checked.records);
}

#[test]
fn a_check_that_nobody_waits_for_is_recorded() {
    let gate = Gate::closed();
    let fake = always(Settings::default(), a_version().held(&gate));
    let world = World::new(World::tight_budgets());
    run(async {
        let (host, target) = (world.host.clone(), target(&fake));
        let checking = tokio::spawn(async move { host.check(&target, None, Check::default()).await });
        fake.arrived(1).await;
        checking.abort();
        world.records.ended(1).await;
    });
    let [record] = &world.records.all()[..] else { panic!("one record") };
    assert_eq!((record.id.operation.as_str(), record.ending), ("check", CallEnding::Abandoned));
}

#[test]
fn a_token_that_comes_back_is_masked_in_every_place_of_a_check() {
    for form in Form::ALL {
        let fake = answering(move |request| {
            let echo = form.write(request.token().unwrap_or_default());
            let text = |value: &str| Value::from(value).to_string();
            // What is not escaped yet must be for this to be JSON; what is stays as it is.
            let inner = if form == Form::Raw { text(&echo) } else { format!("\"{echo}\"") };
            let body = match request.target.as_str() {
                VERSION => format!(r#"{{"gitVersion":{inner}}}"#),
                IDENTITY => {
                    format!(r#"{{"status":{{"userInfo":{{"username":{inner},"uid":{inner},"groups":[{inner}]}}}}}}"#)
                }
                _ => format!(r#"{{"status":{{"allowed":false,"reason":{inner}}}}}"#),
            };
            Some(Answer::json(body).header("date", &echo).header("warning", &format!("299 - \"{echo}\"")).in_pieces(3))
        });
        let checked = check(&target(&fake));
        let found = checked.found();
        assert!(
            found.server_version.as_ref().is_some_and(|version| version.contains("********")),
            "{form:?}: {found:?}"
        );
        let shown = format!("{checked:?} {}", serde_json::to_string(found).expect("JSON"));
        assert_eq!(Form::found(TOKEN, shown.as_bytes()), [], "{form:?}: {shown}");
    }
    // Nor is it in an error.
    for status in [401, 403, 404, 500] {
        let fake = answering(move |request| Some(Answer::new(status).text(request.token().unwrap_or_default())));
        let checked = check(&target(&fake));
        assert!(checked.outcome.is_err());
        assert_eq!(Form::found(TOKEN, format!("{checked:?}").as_bytes()), []);
    }
}

#[test]
fn text_that_acts_is_kept_as_text() {
    let acting = "ada\u{1b}[2J\u{202e}\r\n\u{7}";
    let fake = answering(move |request| match request.target.as_str() {
        IDENTITY => {
            Some(Answer::json(json!({"status": {"userInfo": {"username": acting, "groups": [acting]}}}).to_string()))
        }
        _ => honest(request, true),
    });
    let checked = check(&target(&fake));
    let identity = checked.found().identity.as_ref().expect("somebody");
    assert_eq!((identity.username.as_str(), &identity.groups[..]), (acting, &[acting.to_owned()][..]));
}

#[test]
fn a_target_is_proved_or_said_not_to_be() {
    let other = Authority::new("another");
    let fake = Fake::silent();
    let mut wrong = settings(&fake);
    wrong.verification = Verification::ca(other.pem().as_bytes()).expect("a CA");
    let checked = check(&Target::new(wrong, token(TOKEN)).expect("a target"));
    let error = checked.fails_with(ErrorCode::TlsError);
    assert!(!error.has_usual_hint());
    assert_eq!(fake.seen().len(), 0);

    let fake = answering(|request| honest(request, true));
    let mut unverified = settings(&fake);
    unverified.verification = Verification::DangerousNone;
    let checked = check(&Target::new(unverified, token(TOKEN)).expect("a target"));
    assert_eq!(checked.found().proof, Proof::Unverified);
    assert!(checked.found().warnings[0].contains("was not verified"), "{:?}", checked.found().warnings);

    let plain =
        Fake::answering_with(Settings { certificate: None, ..Settings::http1() }, |request| honest(request, true));
    let mut unproved = settings(&plain);
    (unproved.verification, unproved.dangerous_plain_http_to_loopback) = (Verification::SystemRoots, true);
    let checked = check(&Target::new(unproved, token(TOKEN)).expect("a target"));
    assert_eq!((checked.found().proof, checked.found().protocol), (Proof::PlainHttp, "HTTP/1.1"));
}

#[test]
fn nobody_there_is_a_connection_that_failed() {
    let closed = Fake::silent();
    let target = target(&closed);
    drop(closed);
    check(&target).fails_with(ErrorCode::ConnectionFailed);
}

#[test]
fn a_namespace_that_is_none_is_refused_before_anything_is_sent() {
    let fake = Fake::silent();
    let target = target(&fake);
    for named in ["a/b", "..", "Prod", "a\u{0}", "x".repeat(64).as_str(), "a b", "*"] {
        let check = Check { namespace: Some(named.to_owned()), ..Check::default() };
        let outcome = run(async { World::shared().host.check(&target, None, check).await });
        let error = outcome.expect_err("refused");
        assert_eq!((error.code, &error.details["argument"]), (ErrorCode::InvalidRequest, &json!("namespace")));
    }
}

#[test]
fn a_target_feels_eight_questions_at_a_time_and_no_more() {
    let gate = Gate::closed();
    let (held, asked) = (gate.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = asked.clone();
    let fake = answering(move |request| match request.target.as_str() {
        ACCESS => {
            counted.fetch_add(1, Ordering::Relaxed);
            Some(allowed(true).held(&held))
        }
        _ => honest(request, true),
    });
    let world = World::shared();
    run(async {
        let checked = async {
            let checked = go(&world, &target(&fake), Some(KUBERNETES), None).await;
            checked.found().operations.len()
        };
        let looked = async {
            fake.arrived(2 + 8).await;
            // Others are served meanwhile, and no ninth question comes.
            for _ in 0..3 {
                go(&world, &target(&fake), None, None).await.found();
            }
            let under_way = asked.load(Ordering::Relaxed);
            gate.open();
            under_way
        };
        let (operations, under_way) = tokio::join!(checked, looked);
        assert_eq!(under_way, 8);
        assert!(operations >= 5, "{operations}");
        assert!(asked.load(Ordering::Relaxed) > 8);
    });
}

#[test]
fn an_answer_says_the_newest_time_of_the_target() {
    let meta = |fake: &Fake| Trial::of(HONEST).on(fake).succeeds().1;
    let busy = Answer::new(503).header("retry-after", "0").header("date", "Fri, 02 Jan 2026 03:04:06 GMT");
    let older = a_pod().header("date", "Fri, 02 Jan 2026 03:04:05 GMT");
    let answered = meta(&Fake::expecting_with(Settings::http1(), [Expected::times("GET", POD, vec![busy, older])]));
    assert_eq!(serde_json::to_value(&answered).expect("JSON")["server_time"], "2026-01-02T03:04:06+00:00");
    for date in
        ["", "nonsense", "2026-01-02T03:04:05Z", "Fri, 32 Jan 2026 03:04:05 GMT", "1767323045", &"9".repeat(5000)]
    {
        let answered = meta(&Fake::expecting([Expected::once("GET", POD, a_pod().header("date", date))]));
        assert_eq!(serde_json::to_value(&answered).expect("JSON")["server_time"], Value::Null, "{date}");
    }
    let undated = meta(&Fake::expecting([Expected::once("GET", POD, a_pod())]));
    assert_eq!(undated.server_time, None);
}
