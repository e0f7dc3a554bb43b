//! Rotation: what becomes of connections, masks and refusals when a credential is another than before.

use crate::fixtures::HONEST;
use crate::plugins::{plugin, printing};
use crate::trial::{Ran, Trial, a_pod, run};
use crate::world::{World, target_as};
use meho_artifacts::KUBERNETES;
use meho_host::credential::{CredentialProvider, FixedCredential, TokenFile};
use meho_host::error::{CallError, ErrorCode};
use meho_test_fake::{Answer, Fake, Form, Gate, Settings};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A token file, and whoever rotates it.
struct Rotated {
    directory: TempDir,
}

impl Rotated {
    fn new(token: &str) -> Self {
        let rotated = Self { directory: tempfile::tempdir().expect("a directory") };
        rotated.to(token);
        rotated
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("token")
    }

    /// As the kubelet does it: another file in the place of the first.
    fn to(&self, token: &str) {
        let fresh = self.directory.path().join("fresh");
        std::fs::write(&fresh, token).expect("a file");
        std::fs::rename(fresh, self.path()).expect("a file");
    }

    fn provider(&self) -> Arc<dyn CredentialProvider> {
        Arc::new(TokenFile::new(self.path(), None))
    }
}

fn token(number: usize) -> String {
    format!("canary-of-the-generation-{number}-0123456789")
}

#[test]
fn a_rotated_credential_has_its_own_connections_and_the_old_ones_end_with_their_calls() {
    for settings in [Settings::default(), Settings::http1()] {
        let gate = Gate::closed();
        let held = gate.clone();
        let first = token(1);
        let fake = Fake::answering_with(settings, move |request| {
            let is_held = request.token() == Some(first.as_str());
            Some(if is_held { a_pod().held(&held) } else { a_pod() })
        });
        let rotated = Rotated::new(&token(1));
        let target = target_as(&fake, rotated.provider());
        run(async {
            let old = tokio::spawn(Trial::of(HONEST).target(target.clone()).go());
            fake.arrived(1).await;
            rotated.to(&token(2));
            for _ in 0..3 {
                Trial::of(HONEST).target(target.clone()).go().await.answer();
            }
            // The old call is under way on its connection, and nobody else is.
            gate.open();
            old.await.expect("it ends").answer();
            // Its connection ends with it, though nobody asked for that: no later call can use it.
            fake.ended(1).await;
        });
        let seen = fake.seen();
        let by: Vec<(usize, Option<&str>)> = seen.iter().map(|seen| (seen.connection, seen.token())).collect();
        let (one, two) = (token(1), token(2));
        assert_eq!(by, [(0, Some(&*one)), (1, Some(&*two)), (1, Some(&*two)), (1, Some(&*two))]);
    }
}

/// What came back, with the warnings.
fn told(ran: &Ran) -> String {
    format!("{:?}", ran.outcome)
}

#[test]
fn the_last_generations_of_a_token_are_masked_as_well() {
    let fake = Fake::answering(|request| {
        let newest: usize = request.token().and_then(|token| token.split('-').nth(4)?.parse().ok()).unwrap_or_default();
        let echoed: Vec<String> = (1..=newest).map(token).collect();
        let warning = format!("299 - \"{}\"", echoed.join(" "));
        Some(Answer::json(format!(r#"{{"echo":"{}"}}"#, echoed.join(" "))).header("warning", &warning))
    });
    let rotated = Rotated::new("");
    let target = target_as(&fake, rotated.provider());
    for newest in 1..=6 {
        rotated.to(&token(newest));
        let ran = Trial::of(HONEST).target(target.clone()).run();
        let said = told(&ran);
        assert_eq!(fake.seen().last().and_then(|seen| seen.token().map(str::to_owned)), Some(token(newest)));
        assert!(said.contains("********"), "{said}");
        for generation in newest.saturating_sub(3).max(1)..=newest {
            assert_eq!(Form::found(&token(generation), said.as_bytes()), [], "{generation} of {newest}: {said}");
        }
    }
}

#[test]
fn a_token_that_comes_into_use_while_an_answer_is_under_way_is_masked_in_that_too() {
    let gate = Gate::closed();
    let held = gate.clone();
    let fake = Fake::answering(move |request| {
        let is_old = request.token() == Some(token(1).as_str());
        Some(if is_old { Answer::new(200).text(format!("log: {}", token(2))).held(&held) } else { a_pod() })
    });
    let rotated = Rotated::new(&token(1));
    let target = target_as(&fake, rotated.provider());
    run(async {
        let old = tokio::spawn(Trial::of(HONEST).target(target.clone()).go());
        fake.arrived(1).await;
        rotated.to(&token(2));
        Trial::of(HONEST).target(target.clone()).go().await.answer();
        gate.open();
        let said = told(&old.await.expect("it ends"));
        assert!(said.contains("log: ********"), "{said}");
    });
}

/// A target that refuses every credential. Gives how that is told, and how often it was asked.
fn refused(provider: Arc<dyn CredentialProvider>) -> (CallError, usize) {
    let fake = Fake::answering(|_| {
        let status = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
        Some(Answer::json(status).status(401))
    });
    let ran =
        Trial::of(KUBERNETES).operation("list_pods").target(target_as(&fake, provider)).within(&World::shared()).run();
    let error = ran.error().clone();
    assert_eq!(error.code, ErrorCode::AuthenticationFailed, "{error:?}");
    assert!(!error.is_from_connector(), "what to do is the host's to say: {error:?}");
    (error, fake.seen().len())
}

fn of_plugin(script: &str) -> Arc<dyn CredentialProvider> {
    Arc::new(plugin(script))
}

#[test]
fn a_refusal_says_which_credential_it_was_and_where_another_comes_from() {
    let fixed = FixedCredential::new("tester", Some(SecretString::from(token(1))), None).expect("a token");
    let (error, asked) = refused(Arc::new(fixed));
    assert_eq!((error.message.as_str(), asked), ("the target does not accept the token of tester", 1));
    assert!(error.hint.contains("make the target anew with a fresh one"), "{error:?}");

    let (error, _) = refused(Arc::new(FixedCredential::new("tester", None, None).expect("nothing")));
    assert_eq!(error.message, "the target does not accept a call without a credential: tester has none");

    // A JWT says itself when it is over: {"sub":"a","exp":1000000000}
    let over = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjoxMDAwMDAwMDAwfQ.c2lnbmF0dXJl";
    let rotated = Rotated::new(over);
    let (error, asked) = refused(rotated.provider());
    let path = rotated.path();
    let wanted = format!(
        "the target does not accept the token in the file {}, which expired at 2001-09-09T01:46:40Z",
        path.display()
    );
    assert_eq!((error.message, asked), (wanted, 1));
    assert!(error.hint.starts_with("whoever rotates that file"));

    // One that prints the same again is run once more, and what it prints is not sent a second time.
    let same = printing(&token(1));
    let (error, asked) = refused(of_plugin(&same));
    assert_eq!(
        (error.message.as_str(), asked),
        (
            "the target does not accept the credential that the exec plugin /bin/sh of the kubeconfig's user tester printed",
            1
        )
    );
    assert!(error.hint.starts_with("log in again with what /bin/sh belongs to"));

    // One that prints another is sent once more; one that fails then says so.
    let another = format!("({same}) | sed s/{}/another-token-$$/", token(1));
    let (_, asked) = refused(of_plugin(&another));
    assert_eq!(asked, 2);
    let file = rotated.path().with_file_name("runs");
    let (error, asked) = refused(of_plugin(&format!(
        "test -e '{0}' && {{ echo logged out >&2; exit 1; }}; touch '{0}'; {same}",
        file.display()
    )));
    assert_eq!(asked, 1);
    assert!(error.message.ends_with("and there is no other: the exec plugin /bin/sh of the kubeconfig's user tester failed: exit status: 1: logged out"), "{error:?}");
}
