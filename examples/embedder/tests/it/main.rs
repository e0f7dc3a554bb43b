//! That the example does what it says.

use std::process::Command;

#[test]
fn what_is_signed_over_the_channel_is_sent_and_what_is_not_is_not() {
    let output = Command::new(env!("CARGO_BIN_EXE_meho-example-embedder")).output().expect("it runs");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = said.lines().collect();
    let expected = [
        r#"approver: "PATCH" "/apis/apps/v1/namespaces/production/deployments/nginx/scale" {"replicas":4}"#,
        "approver: yes, signed",
        r#"caller:   scaled "nginx" from 3 to 4"#,
        r#"approver: "PATCH" "/apis/apps/v1/namespaces/production/deployments/nginx/scale" {"replicas":50}"#,
        "approver: no",
        "caller:   APPROVAL_REQUIRED: the plan was answered with no: nothing was changed",
    ];
    assert_eq!(lines[..expected.len()], expected);
    // Each plan has a preview: a call of the host's own, of which one request is the write as a dry run.
    let preview = ["intent", "call"];
    let planned = [&["call"], &preview[..], &["plan"]].concat();
    let executed = ["approval", "execution", "intent", "call"];
    let recorded = [&planned[..], &executed, &planned, &["rejection", "entries"]].concat();
    let kinds: Vec<&str> = lines[expected.len()..].iter().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(kinds, recorded);
}
