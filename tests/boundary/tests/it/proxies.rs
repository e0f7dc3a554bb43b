//! Proxies: they carry bytes, and see none of what is in them.

use crate::fixtures::HONEST;
use crate::trial::{Trial, a_pod, run};
use crate::world::{TOKEN, World, settings, token};
use meho_artifacts::KUBERNETES;
use meho_host::error::{CallError, ErrorCode};
use meho_host::target::{Proxy as To, Target, TargetError, TargetSettings};
use meho_test_fake::{Authority, Fake, Form, Passage, Proxy, Speaks, Validity};
use serde_json::json;

const LOGIN: &str = "somebody:a%40canary-of-a-password";
/// The same as the proxy reads it.
const DECODED: &str = "somebody:a@canary-of-a-password";

fn https() -> Speaks {
    Speaks::Https(Authority::shared().server(&["127.0.0.1"], Validity::Now))
}

fn all() -> [fn() -> Speaks; 3] {
    [|| Speaks::Http, https, || Speaks::Socks5]
}

/// The settings that lead to a fake through a proxy.
fn through(fake: &Fake, url: &str) -> TargetSettings {
    let mut settings = settings(fake);
    settings.proxy = Some(To::parse(url).expect("a proxy"));
    settings
}

fn target(settings: TargetSettings) -> Target {
    Target::new(settings, token(TOKEN)).expect("the settings are in order")
}

/// Why a list could not be had.
#[track_caller]
fn fails(settings: TargetSettings) -> CallError {
    let trial = Trial::of(KUBERNETES).operation("list_pods").target(target(settings)).within(&World::tight());
    trial.run().error().clone()
}

#[test]
fn a_target_is_reached_through_its_proxy_which_sees_nothing_of_what_is_said() {
    for speaks in all() {
        let fake = Fake::answering(|_| Some(a_pod()));
        let proxy = Proxy::new(speaks());
        let target = target(through(&fake, &proxy.url()));
        run(async {
            for _ in 0..2 {
                assert_eq!(Trial::of(HONEST).target(target.clone()).go().await.answer().0["status"], json!(200));
            }
        });
        let carried = proxy.carried();
        assert_eq!(proxy.passages(), [Passage { to: fake.authority(), login: None }], "two calls, one connection");
        assert_eq!(Form::found(TOKEN, &carried), []);
        assert!(carried.len() > 1000 && !carried.windows(6).any(|piece| piece == b"/pods/"), "TLS is all it sees");
        assert!(fake.seen().iter().all(|seen| seen.token() == Some(TOKEN) && seen.is_http2));
    }
}

#[test]
fn a_proxys_login_goes_to_the_proxy_and_nowhere_else() {
    for speaks in all() {
        let fake = Fake::answering(|_| Some(a_pod()));
        let proxy = Proxy::wanting(speaks(), DECODED);
        let settings = through(&fake, &proxy.url_as(LOGIN));
        let reached = target(settings.clone());
        let ran = Trial::of(HONEST).target(reached.clone()).run();
        assert_eq!(ran.answer().0["status"], json!(200));
        assert_eq!(proxy.passages(), [Passage { to: fake.authority(), login: Some(DECODED.to_owned()) }]);
        assert!(fake.seen().iter().all(|seen| seen.header("proxy-authorization").is_none()));
        let said = format!("{ran:?} {settings:?} {reached:?} {reached:#?} {:?} {}", reached.proxy(), reached.record());
        assert!(!said.contains("canary-of-a-password") && !said.contains("somebody"), "{said}");

        // Without it, or with another, nothing is sent.
        for url in [proxy.url(), proxy.url_as("somebody:else")] {
            let error = fails(through(&fake, &url));
            assert_eq!(error.code, ErrorCode::ConnectionFailed, "{error:?}");
            assert!(error.message.contains(&format!("the proxy {} does not lead there", proxy.url())), "{error:?}");
            assert!(!format!("{error:?}").contains("else"), "{error:?}");
        }
        assert_eq!(fake.seen().len(), 1);
    }
}

#[test]
fn a_name_behind_a_proxy_is_resolved_by_it_and_the_target_still_has_to_prove_itself() {
    for speaks in all() {
        let fake = Fake::answering(|_| Some(a_pod()));
        let proxy = Proxy::leading_to(speaks(), &fake.authority());
        let mut settings = through(&fake, &proxy.url());
        settings.server = "https://cluster.invalid:6443".to_owned();
        let error = fails(settings.clone());
        assert_eq!(error.code, ErrorCode::TlsError, "the certificate is for another name: {error:?}");
        assert_eq!(fake.seen().len(), 0);
        settings.server_name = Some("localhost".to_owned());
        Trial::of(HONEST).target(target(settings)).succeeds();
        assert!(proxy.passages().iter().all(|passage| passage.to == "cluster.invalid:6443"), "{:?}", proxy.passages());
    }
}

#[test]
fn a_proxy_that_does_not_prove_itself_gets_no_login() {
    let fake = Fake::silent();
    let stranger = Authority::new("a stranger").server(&["127.0.0.1"], Validity::Now);
    let proxy = Proxy::wanting(Speaks::Https(stranger), DECODED);
    let error = fails(through(&fake, &proxy.url_as(LOGIN)));
    // It is the proxy that is not believed: nothing is known of the target.
    assert_eq!(error.code, ErrorCode::ConnectionFailed, "{error:?}");
    assert!(error.message.contains("the proxy") && error.message.contains("invalid peer certificate"), "{error:?}");
    assert_eq!(proxy.passages(), []);
    // Whether the target's certificate is looked at is another question.
    let mut settings = through(&fake, &proxy.url_as(LOGIN));
    settings.verification = meho_host::target::Verification::DangerousNone;
    assert_eq!(fails(settings).code, ErrorCode::ConnectionFailed);
    assert_eq!(proxy.passages(), []);
}

#[test]
fn a_proxy_that_leads_nowhere_is_told_from_a_target_that_is_not_there() {
    let fake = Fake::silent();
    for speaks in all() {
        let proxy = Proxy::leading_to(speaks(), "127.0.0.1:1");
        let error = fails(through(&fake, &proxy.url()));
        assert_eq!(error.code, ErrorCode::ConnectionFailed, "{error:?}");
        assert!(error.message.contains(&format!("the proxy {} does not lead there", proxy.url())), "{error:?}");
    }
    // Nobody listens there.
    let error = fails(through(&fake, "http://127.0.0.1:1"));
    assert!(error.message.contains("the proxy http://127.0.0.1:1 does not lead there"), "{error:?}");
    let silent = Proxy::new(Speaks::Silence);
    let mut budgets = World::tight_budgets();
    budgets.connect = std::time::Duration::from_millis(300);
    let world = World::new(budgets);
    let settings = through(&fake, &silent.url());
    let ran = Trial::of(KUBERNETES).operation("list_pods").target(target(settings)).within(&world).run();
    assert_eq!(ran.error().code, ErrorCode::ConnectionFailed, "{:?}", ran.error());
}

#[test]
fn a_proxy_is_part_of_what_an_approval_is_bound_to() {
    let fake = Fake::silent();
    let record = |url: Option<&str>| {
        let mut settings = settings(&fake);
        settings.proxy = url.map(|url| To::parse(url).expect("a proxy"));
        target(settings).record()
    };
    let records = [
        None,
        Some("http://a.example"),
        Some("https://a.example"),
        Some("socks5://a.example"),
        Some("http://a.example:81"),
    ]
    .map(record);
    assert!((0..records.len()).all(|at| !records[..at].contains(&records[at])), "{records:?}");
    assert_eq!(record(Some("http://a.example")), record(Some("http://a:b@a.example:80/")), "a login may be rotated");
}

#[test]
fn what_is_no_proxy_is_refused_without_its_login() {
    let cases = [
        ("", "does not parse"),
        ("a.example", "scheme"),
        ("a.example:3128", "scheme"),
        ("ftp://a.example", "none of http"),
        ("socks4://a.example", "none of http"),
        ("http://a.example/path", "path"),
        ("http://a.example?x", "path"),
        ("http://secret:%ff@a.example", "decode"),
        ("http://169.254.169.254:80", "link-local"),
        ("socks5://[fe80::1]", "link-local"),
    ];
    for (url, words) in cases {
        let refused = To::parse(url);
        let Err(TargetError::Proxy { reason }) = &refused else { panic!("{url}: {refused:?}") };
        assert!(reason.contains(words) && !reason.contains("secret"), "{url}: {words:?} is not in {reason}");
    }
    let mut plain = TargetSettings::new("plain", "http://127.0.0.1:1", meho_host::policy::family::Family::Kubernetes);
    plain.dangerous_plain_http_to_loopback = true;
    plain.proxy = Some(To::parse("http://127.0.0.1:2").expect("a proxy"));
    assert!(matches!(Target::new(plain, token(TOKEN)), Err(TargetError::PlainHttp)), "it would leave this machine");
}
