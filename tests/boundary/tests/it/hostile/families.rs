//! Components of one family on targets of another.

use crate::fixtures;
use crate::trial::{POD, Trial, a_pod, run};
use crate::world::{TOKEN, World, settings, token};
use meho_host::check::Check;
use meho_host::error::ErrorCode;
use meho_host::policy::family::Family;
use meho_host::target::Target;
use meho_test_fake::{Expected, Fake};

/// The fake, of which nothing is known.
fn generic(fake: &Fake) -> Target {
    let mut settings = settings(fake);
    settings.family = Family::GenericHttp;
    Target::new(settings, token(TOKEN)).expect("the settings of a fake are in order")
}

#[test]
fn a_component_works_on_targets_of_its_family_within_its_effects() {
    let exec = format!("{POD}/exec");
    let fake = Fake::expecting([Expected::once("GET", &exec, a_pod())]);
    let ran = Trial::of(fixtures::LENIENT_FAMILY).target(generic(&fake)).how(&exec).run();
    assert_eq!(ran.recorded(), [format!("GET {exec}")]);
    for path in [POD, "/exec", "/api/v1/namespaces/default/pods/other/exec"] {
        let silent = Fake::silent();
        let ran = Trial::of(fixtures::LENIENT_FAMILY).target(generic(&silent)).how(path).denied_by("path");
        assert_eq!(ran.recorded(), [""; 0]);
    }
}

#[test]
fn a_component_of_a_lenient_family_is_refused_where_the_target_is_of_a_stricter_one() {
    let fake = Fake::silent();
    let words = "the component works on generic-http and the target is of the family kubernetes";
    let refused = Trial::of(fixtures::LENIENT_FAMILY).on(&fake).how(&format!("{POD}/exec"));
    refused.fails_saying(ErrorCode::InvalidRequest, words);
    assert_eq!(fake.connections(), 0);
    let words = "the component works on kubernetes and the target is of the family generic-http";
    Trial::of(fixtures::HONEST).target(generic(&fake)).fails_saying(ErrorCode::InvalidRequest, words);
    assert_eq!(fake.connections(), 0);
}

#[test]
fn what_has_no_way_to_be_asked_is_not_asked() {
    let fake = Fake::silent();
    let error = run(async {
        let check = Check { principal: "tester".to_owned(), namespace: None, timeout: None };
        World::shared().host.check(&generic(&fake), None, check).await.expect_err("nobody to ask")
    });
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    assert_eq!(error.message, "a target of the family generic-http cannot be asked who a credential is");
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_family_is_part_of_what_approvals_are_bound_to() {
    let fake = Fake::silent();
    let kubernetes = Target::new(settings(&fake), token(TOKEN)).expect("a target");
    assert_ne!(kubernetes.record(), generic(&fake).record());
}
