//! Signed approvals: whose key, over what, and nothing else.

use crate::plans::{approval, plan};
use meho_policy::approver::{ApproverKey, Approvers, KeyRefused, NAMESPACE, SignatureRefused, statement};
use meho_policy::plan::{Approval, ApprovalInvalid, Confirmation, Digest};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};

/// A key of somebody's.
fn key(seed: u8, name: &str) -> PrivateKey {
    let pair = KeypairData::from(Ed25519Keypair::from_seed(&[seed; 32]));
    PrivateKey::new(pair, name).expect("a key")
}

fn public(key: &PrivateKey) -> ApproverKey {
    ApproverKey::parse(&key.public_key().to_openssh().expect("a line")).expect("a key of an approver")
}

fn signed(key: &PrivateKey, namespace: &str, text: &str) -> String {
    let signature = key.sign(namespace, HashAlg::Sha512, text.as_bytes()).expect("a signature");
    signature.to_pem(LineEnding::LF).expect("a text")
}

#[test]
fn an_approval_is_signed_by_an_approver_over_this_plan_and_this_confirmation() {
    let (alice, mallory) = (key(1, "alice"), key(2, "mallory"));
    let approvers = Approvers::Keys(vec![public(&key(3, "bob")), public(&alice)]);
    let plan = plan(3);
    let unsigned = approval(&plan, Confirmation::Once);
    let said = statement(plan.digest(), Confirmation::Once);
    let with = |signature: String| Approval { signature: Some(signature), ..unsigned.clone() };
    let good = with(signed(&alice, NAMESPACE, &said));
    assert!(plan.redeem(&good, 99, &approvers).is_ok());
    assert_eq!(approvers.admit(&good), Ok("alice"), "whose key it is counts, and not the name that it gives");
    let bad = [
        (unsigned.clone(), SignatureRefused::None),
        (with(String::new()), SignatureRefused::Form),
        (with("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n".to_owned()), SignatureRefused::Form),
        (with("x".repeat(1 << 20)), SignatureRefused::Form),
        (with(signed(&mallory, NAMESPACE, &said)), SignatureRefused::Stranger),
        (with(signed(&alice, "file", &said)), SignatureRefused::Another),
        (with(signed(&alice, NAMESPACE, &statement(plan.digest(), Confirmation::Twice))), SignatureRefused::Another),
        (
            with(signed(&alice, NAMESPACE, &statement(Digest::of(b"another"), Confirmation::Once))),
            SignatureRefused::Another,
        ),
    ];
    for (approval, why) in bad {
        let refused = plan.redeem(&approval, 99, &approvers).expect_err("it is not signed as it has to be");
        assert_eq!(refused, ApprovalInvalid::Signature(why), "{approval:?}");
        // Where nobody has a key, it is not looked at.
        assert!(plan.redeem(&approval, 99, &Approvers::Anybody).is_ok());
    }
    // What was confirmed once does not become twice by saying so.
    let twice = Approval { confirmation: Confirmation::Twice, ..good };
    let refused = plan.redeem(&twice, 99, &approvers).expect_err("the statement is another");
    assert_eq!(refused, ApprovalInvalid::Signature(SignatureRefused::Another));
    let nobody = Approvers::Keys(Vec::new());
    assert!(plan.redeem(&with(signed(&alice, NAMESPACE, &said)), 99, &nobody).is_err());
}

#[test]
fn a_key_is_one_line_of_ed25519_with_a_name() {
    let line = key(1, "alice").public_key().to_openssh().expect("a line");
    assert_eq!(ApproverKey::parse(&line).expect("a key").name(), "alice");
    assert_eq!(ApproverKey::parse(&line).expect("a key").to_string(), line);
    let nameless = line.trim_end_matches(" alice");
    let of_rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ alice";
    for (line, why) in [
        (nameless, KeyRefused::Nameless),
        ("", KeyRefused::Form),
        ("ssh-ed25519 AAAA alice", KeyRefused::Form),
        (of_rsa, KeyRefused::Form),
        (&"x".repeat(5000), KeyRefused::Form),
    ] {
        assert_eq!(ApproverKey::parse(line).expect_err("it is none"), why, "{line}");
    }
}

#[test]
fn a_plan_comes_back_from_its_text_and_another_does_not() {
    let plan = plan(3);
    let text = plan.to_text();
    assert_eq!(meho_policy::plan::Plan::of_text(&text).as_ref(), Ok(&plan));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    // Whatever is changed in it, it is not this plan any more, nor any other under its digest.
    let mut changed = 0;
    let mut try_with = |pointer: &str, new: serde_json::Value| {
        let mut other = value.clone();
        *other.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is there")) = new;
        assert!(meho_policy::plan::Plan::of_text(&other.to_string()).is_err(), "{pointer}");
        changed += 1;
    };
    for (pointer, new) in [
        ("/method", "PUT"),
        ("/path_and_query", "/api/v1/namespaces/prod/pods/db"),
        ("/accept", "application/yaml"),
        ("/content_type", "application/strategic-merge-patch+json"),
        ("/body", r#"{"spec":{"replicas":4}}"#),
        ("/effect", "another"),
        ("/trust", "Destructive"),
        ("/digest", "sha256:0000000000000000000000000000000000000000000000000000000000000000"),
        ("/context/operation", "another"),
        ("/context/arguments", "{}  "),
        ("/context/principal", "somebody else"),
        ("/context/store", "another"),
    ] {
        try_with(pointer, new.into());
    }
    for part in ["component", "policy", "target"] {
        try_with(&format!("/context/{part}"), Digest::of(b"another").to_string().into());
    }
    for (part, new) in [("expires", 101), ("clock", 8)] {
        try_with(&format!("/context/{part}"), new.into());
    }
    try_with("/context/seed", vec![9; 32].into());
    assert_eq!(changed, 18);
    for text in ["", "{}", "null", &text.replace("{\"digest\"", "{\"more\":1,\"digest\"")] {
        assert!(meho_policy::plan::Plan::of_text(text).is_err(), "{text}");
    }
}
