//! Exec plugins: real programs that print credentials, or do not. Most are `/bin/sh` with a script, so that nothing has to be written before it is run.

use crate::fixtures::HONEST;
use crate::trial::{Trial, a_pod, run};
use crate::world::{World, target_as};
use meho_host::credential::exec::{ExecPlugin, ExecSettings, ExecVersion, PluginFault};
use meho_host::credential::{Credential, CredentialError, CredentialProvider};
use meho_host::error::ErrorCode;
use meho_test_fake::{Authority, Fake, Form};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SECRET: &str = "plugin-canary.0123456789-ABCDEF_ghijkl";
const SOON: Duration = Duration::from_millis(300);

/// A plugin that is this script of the shell.
fn script(text: &str) -> ExecSettings {
    ExecSettings {
        user: "the kubeconfig's user tester".to_owned(),
        command: "/bin/sh".to_owned(),
        args: vec!["-c".to_owned(), text.to_owned()],
        env: Vec::new(),
        version: ExecVersion::V1,
        cluster: None,
        install_hint: None,
    }
}

/// A line of a script that prints this.
fn print(document: &Value) -> String {
    format!("cat <<'END'\n{document}\nEND\n")
}

/// A script that prints this token.
pub(crate) fn printing(token: &str) -> String {
    print(&credential(&json!({"token": token})))
}

/// The plugin that is this script.
pub(crate) fn plugin(text: &str) -> ExecPlugin {
    ExecPlugin::new(script(text), None)
}

fn credential(status: &Value) -> Value {
    json!({"apiVersion": ExecVersion::V1.as_str(), "kind": "ExecCredential", "status": status})
}

/// A script that prints a token, after having left a line in this file.
fn counted(file: &Path, status: &Value) -> String {
    format!("echo run >> '{}'\n{}", file.display(), print(&credential(status)))
}

fn runs(file: &Path) -> usize {
    std::fs::read_to_string(file).unwrap_or_default().lines().count()
}

fn ask(settings: ExecSettings) -> Result<Arc<Credential>, CredentialError> {
    run(async { ExecPlugin::new(settings, None).current().await })
}

/// What is wrong with a plugin that prints this.
#[track_caller]
fn fault_of(settings: ExecSettings) -> (PluginFault, String) {
    match run(async { ExecPlugin::new(settings, None).within(SOON * 10).current().await }) {
        Err(CredentialError::Plugin(error)) => (error.fault.clone(), error.to_string()),
        other => panic!("no fault of a plugin: {other:?}"),
    }
}

fn in_seconds(seconds: i64) -> String {
    let seconds = seconds + i64::try_from(now()).expect("it is not that late");
    // RFC 3339 by the shell's own clock, so that none of ours is needed here.
    let output = std::process::Command::new("date").args(["-u", "-d", &format!("@{seconds}"), "+%FT%TZ"]).output();
    String::from_utf8(output.expect("date runs").stdout).expect("text").trim().to_owned()
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
}

#[test]
fn a_token_and_a_certificate_of_a_plugin_are_shown_to_the_target() {
    let fake = Fake::answering(|_| Some(a_pod()));
    let plugin = ExecPlugin::new(script(&print(&credential(&json!({"token": SECRET})))), None);
    let (data, _) = Trial::of(HONEST).target(target_as(&fake, Arc::new(plugin))).succeeds();
    assert_eq!((&data["status"], fake.seen()[0].token()), (&json!(200), Some(SECRET)));

    let wants = meho_test_fake::Settings { wants_client_certificate: true, ..meho_test_fake::Settings::default() };
    let fake = Fake::answering_with(wants, |_| Some(a_pod()));
    let client = Authority::shared().client("a plugin's");
    let status = json!({"clientCertificateData": client.pem(), "clientKeyData": client.key_pem()});
    let plugin = ExecPlugin::new(script(&print(&credential(&status))), None);
    let (data, _) = Trial::of(HONEST).target(target_as(&fake, Arc::new(plugin))).succeeds();
    assert_eq!((&data["status"], fake.seen()[0].token()), (&json!(200), None));
}

#[test]
fn a_plugin_is_told_what_it_is_asked_for_and_has_nothing_to_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("told");
    // It reads all that there is to read, and then says what it was told.
    let text = format!("cat; printf '%s' \"$KUBERNETES_EXEC_INFO\" > '{}'; {}", file.display(), printing(SECRET));
    let told = |settings: ExecSettings| -> Value {
        ask(settings).expect("a credential");
        serde_json::from_slice(&std::fs::read(&file).expect("it wrote it")).expect("JSON")
    };
    let info =
        |spec: Value| json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "spec": spec});
    assert_eq!(told(script(&text)), info(json!({"interactive": false})));
    let cluster = json!({"server": "https://a.example"});
    let about = ExecSettings { cluster: Some(cluster.clone()), ..script(&text) };
    assert_eq!(told(about), info(json!({"interactive": false, "cluster": cluster})));

    let document =
        json!({"apiVersion": ExecVersion::V1Beta1.as_str(), "kind": "ExecCredential", "status": {"token": SECRET}});
    let old = ExecSettings { version: ExecVersion::V1Beta1, ..script(&print(&document)) };
    assert!(ask(old.clone()).is_ok());
    // Each in its own version.
    let (fault, _) = fault_of(ExecSettings { version: ExecVersion::V1, ..old });
    assert!(matches!(fault, PluginFault::Garbage { what, .. } if what.contains("apiVersion")), "{fault:?}");
}

#[test]
fn the_environment_of_a_plugin_is_short_and_what_the_kubeconfig_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("environment");
    let text = format!("env > '{}'\n{}", file.display(), print(&credential(&json!({"token": SECRET}))));
    let env = vec![("OF_THE_KUBECONFIG".to_owned(), "a value".to_owned())];
    ask(ExecSettings { env, ..script(&text) }).expect("a credential");
    let written = std::fs::read_to_string(&file).expect("it wrote it");
    let names: Vec<&str> = written.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(written.lines().any(|line| line == "OF_THE_KUBECONFIG=a value"), "{written}");
    assert!(names.contains(&"PATH") && names.contains(&"KUBERNETES_EXEC_INFO"), "{names:?}");
    // Of the shell itself.
    let of_shell = ["PWD", "OLDPWD", "SHLVL", "_"];
    let known = |name: &str| {
        let places = [
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "LANG",
            "LC_ALL",
            "TMPDIR",
            "OF_THE_KUBECONFIG",
            "KUBERNETES_EXEC_INFO",
        ];
        let clouds = ["XDG_", "AWS_", "CLOUDSDK_", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_"];
        places.contains(&name) || of_shell.contains(&name) || clouds.iter().any(|prefix| name.starts_with(prefix))
    };
    let strange: Vec<_> = names.iter().filter(|name| !known(name)).collect();
    assert!(strange.is_empty(), "{strange:?}");
    // And this process has others.
    assert!(std::env::vars_os().any(|(name, _)| name.to_str().is_some_and(|name| !known(name))));
}

#[test]
fn a_plugin_that_is_not_there_is_told_with_how_to_get_it() {
    let missing = ExecSettings {
        command: "no-such-plugin-anywhere".to_owned(),
        install_hint: Some("brew install \u{1b}[31mplugin".to_owned()),
        ..script("")
    };
    let (fault, _) = fault_of(missing.clone());
    assert_eq!(fault, PluginFault::Missing { install_hint: Some("brew install \\u{1b}[31mplugin".to_owned()) });
    let fake = Fake::silent();
    let target = target_as(&fake, Arc::new(ExecPlugin::new(missing, None)));
    let ran = Trial::of(meho_artifacts::KUBERNETES).operation("list_pods").target(target).run();
    let error = ran.error();
    assert_eq!(error.code, ErrorCode::InvalidRequest, "{error:?}");
    assert_eq!(error.hint, "brew install \\u{1b}[31mplugin");
    let directory = ExecSettings { command: "/".to_owned(), ..script("") };
    assert!(matches!(fault_of(directory).0, PluginFault::CannotRun { .. }));
}

#[test]
fn a_plugin_that_fails_is_told_with_its_last_words_made_harmless() {
    let (fault, text) = fault_of(script("printf 'session \\033[2J expired\\nlog in\\n' >&2; exit 7"));
    assert!(matches!(fault, PluginFault::Failed { .. }), "{fault:?}");
    assert_eq!(
        text,
        "the exec plugin /bin/sh of the kubeconfig's user tester failed: exit status: 7: session \\u{1b}[2J expired log in"
    );
    let (_, text) = fault_of(script("yes word | head -c 100000 >&2; echo end >&2; exit 1"));
    assert!(text.len() < 700 && text.ends_with("word word end"), "{text}");
    // It says its token, which it printed, and one that nobody knows.
    let other = "another-canary.9876543210-abcdef_GHIJKL";
    let says = format!(
        "{}echo \"got {SECRET} and url=https://a.example/{other}?x\" >&2; exit 1",
        print(&credential(&json!({"token": SECRET})))
    );
    let (_, text) = fault_of(script(&says));
    assert_eq!(Form::found(SECRET, text.as_bytes()), [], "{text}");
    assert_eq!(Form::found(other, text.as_bytes()), [], "{text}");
    assert!(text.contains("got") && text.contains("https://a.example/[left out]?x"), "{text}");
}

#[test]
fn a_plugin_that_hangs_is_ended_with_all_that_it_started() {
    let directory = tempfile::tempdir().expect("a directory");
    let fifo = directory.path().join("held");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs");
    assert!(made.success());
    let hangs = script(&format!("sleep 1000 > '{}' & echo waiting >&2; sleep 1000", fifo.display()));
    let held = std::thread::spawn(move || std::fs::read(fifo));
    let started = Instant::now();
    let error = run(async { ExecPlugin::new(hangs, None).within(SOON).current().await }).expect_err("no credential");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(
        error.to_string(),
        "the exec plugin /bin/sh of the kubeconfig's user tester did not end within 0 s, and was ended: waiting"
    );
    // The pipe ends with the last process that holds it.
    assert_eq!(held.join().expect("it is read").expect("a pipe"), b"");
}

#[test]
fn a_call_that_is_over_leaves_no_plugin_behind() {
    let directory = tempfile::tempdir().expect("a directory");
    let fifo = directory.path().join("held");
    std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs");
    let hangs = script(&format!("exec sleep 1000 > '{}'", fifo.display()));
    let held = std::thread::spawn(move || std::fs::read(fifo));
    let fake = Fake::silent();
    let target = target_as(&fake, Arc::new(ExecPlugin::new(hangs, None)));
    let trial = Trial::of(HONEST).target(target).timeout(Duration::from_secs(1)).within(&World::tight());
    assert_eq!(trial.run().error().code, ErrorCode::Timeout);
    assert_eq!(held.join().expect("it is read").expect("a pipe"), b"");
}

#[test]
fn a_plugin_that_leaves_something_running_is_not_waited_for() {
    let started = Instant::now();
    let leaves = format!("sleep 5 > /dev/null & {}", printing(SECRET));
    assert!(ask(script(&leaves)).is_ok());
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_plugin_that_floods_is_ended() {
    let (fault, _) = fault_of(script("yes"));
    assert_eq!(fault, PluginFault::Flooded { bytes: 1 << 20 });
    // What it says is no output, and only its end is kept.
    let (fault, text) = fault_of(script("yes >&2 & sleep 0.2; kill $!; exit 2"));
    assert!(matches!(fault, PluginFault::Failed { .. }) && text.len() < 700, "{text}");
}

#[test]
fn what_is_no_credential_is_told_without_a_word_of_it() {
    let cases = [
        (String::new(), "no ExecCredential in JSON"),
        (format!("echo {SECRET}"), "no ExecCredential in JSON"),
        (print(&json!([SECRET])), "no ExecCredential in JSON"),
        (print(&json!({"apiVersion": "v1", "kind": "Secret", "status": {"token": SECRET}})), "another kind"),
        (print(&json!({"apiVersion": "v1", "kind": "ExecCredential", "status": {"token": SECRET}})), "apiVersion"),
        (print(&json!({"apiVersion": ExecVersion::V1.as_str(), "kind": "ExecCredential"})), "no status"),
        (print(&credential(&json!({"token": ""}))), "neither a token nor"),
        (print(&credential(&json!({"token": format!("{SECRET}\n{SECRET}")}))), "no header can hold"),
        (print(&credential(&json!({"clientCertificateData": SECRET}))), "without a key"),
        (print(&credential(&json!({"clientCertificateData": SECRET, "clientKeyData": SECRET}))), "does not parse"),
        (print(&credential(&json!({"token": SECRET, "expirationTimestamp": SECRET}))), "is no time"),
    ];
    for (text, words) in cases {
        let (fault, said) = fault_of(script(&text));
        assert!(matches!(fault, PluginFault::Garbage { .. }) && said.contains(words), "{words:?} is not in {said}");
        assert_eq!(Form::found(SECRET, format!("{said} {fault:?}").as_bytes()), [], "{said}");
    }
    let over = credential(&json!({"token": SECRET, "expirationTimestamp": "2001-01-01T00:00:00Z"}));
    let (fault, said) = fault_of(script(&print(&over)));
    assert!(matches!(fault, PluginFault::Expired { .. }), "{fault:?}");
    assert!(said.ends_with("printed a credential that expired at 2001-01-01T00:00:00Z"), "{said}");
}

#[test]
fn callers_at_a_time_run_a_plugin_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("runs");
    let asked_by_many = |settings: ExecSettings| {
        let plugin = Arc::new(ExecPlugin::new(settings, None));
        run(async {
            let asking: Vec<_> = (0..20)
                .map(|_| plugin.clone())
                .map(|plugin| tokio::spawn(async move { plugin.current().await }))
                .collect();
            let mut came = Vec::new();
            for one in asking {
                came.push(
                    one.await
                        .expect("it ends")
                        .map(|credential| credential.generation().to_owned())
                        .map_err(|error| error.to_string()),
                );
            }
            came
        })
    };
    let came = asked_by_many(script(&format!("sleep 0.3; {}", counted(&file, &json!({"token": SECRET})))));
    assert!(came.iter().all(|one| one.is_ok() && one == &came[0]), "{came:?}");
    assert_eq!(runs(&file), 1);
    // What fails, fails for everybody who waited.
    let came = asked_by_many(script(&format!("sleep 0.3; echo run >> '{}'; exit 1", file.display())));
    assert!(came.iter().all(Result::is_err), "{came:?}");
    assert_eq!(runs(&file), 2);
}

#[test]
fn a_credential_is_kept_until_a_little_before_its_end_and_renewed_once_it_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("runs");
    let generation = |credential: &Credential| credential.generation().to_owned();
    run(async {
        // Each run prints another token.
        let text = |end: &str| {
            let document = credential(&json!({"token": "TOKEN", "expirationTimestamp": end}));
            format!(
                "echo run >> '{0}'; N=$(wc -l < '{0}'); echo '{document}' | sed \"s/TOKEN/{SECRET}-$N/\"",
                file.display()
            )
        };
        let plugin = ExecPlugin::new(script(&text(&in_seconds(3600))), None);
        let first = plugin.current().await.expect("a credential");
        assert_eq!(generation(&plugin.current().await.expect("the same")), generation(&first));
        assert_eq!(runs(&file), 1);
        let second = plugin.refresh(&first).await.expect("another");
        assert_ne!(generation(&second), generation(&first));
        // A second caller whose call was refused by the first one's generation finds it renewed.
        assert_eq!(generation(&plugin.refresh(&first).await.expect("the same")), generation(&second));
        assert_eq!(generation(&plugin.current().await.expect("the same")), generation(&second));
        assert_eq!(runs(&file), 2);

        // Half of its two seconds is more than what is left of it then.
        let plugin = ExecPlugin::new(script(&text(&in_seconds(2))), None);
        let short = plugin.current().await.expect("a credential");
        tokio::time::sleep(Duration::from_millis(2100)).await;
        let over = plugin.current().await;
        assert!(
            matches!(&over, Err(CredentialError::Plugin(error)) if matches!(error.fault, PluginFault::Expired { .. })),
            "{over:?} {short:?}"
        );
        assert_eq!(runs(&file), 4);
    });
}

#[test]
fn a_plugin_that_fails_while_its_last_credential_holds_is_no_failure() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("runs");
    run(async {
        let document = credential(&json!({"token": SECRET, "expirationTimestamp": in_seconds(10)}));
        let once =
            format!("echo run >> '{0}'; test $(wc -l < '{0}') = 1 || exit 1\n{1}", file.display(), print(&document));
        let plugin = ExecPlugin::new(script(&once), None);
        let first = plugin.current().await.expect("a credential");
        // Past half of its time it is renewed, which fails.
        tokio::time::sleep(Duration::from_millis(5600)).await;
        let again = plugin.current().await.expect("it still holds");
        assert_eq!((runs(&file), again.generation()), (2, first.generation()));
        assert_eq!(plugin.current().await.expect("it still holds").generation(), first.generation());
        assert_eq!(runs(&file), 2, "it is left alone for a while");
        // A target that refuses it is believed.
        assert!(plugin.refresh(&first).await.is_err());
    });
}

#[test]
fn nothing_that_is_said_of_a_plugin_holds_its_arguments_or_its_token() {
    let mut settings = script(&print(&credential(&json!({"token": SECRET}))));
    settings.env.push(("A_SECRET".to_owned(), SECRET.to_owned()));
    let fake = Fake::silent();
    let plugin = Arc::new(ExecPlugin::new(settings.clone(), None));
    let held = run(async { plugin.current().await }).expect("a credential");
    let target = target_as(&fake, plugin.clone());
    let refusal = plugin.refusal(&held);
    let said = format!("{settings:?} {plugin:?} {plugin:#?} {} {held:?} {target:?} {refusal:?}", plugin.principal());
    assert_eq!(Form::found(SECRET, said.as_bytes()), [], "{said}");
    // Whoever it is has the same name as long as it is asked in the same way.
    let name = |args: &[&str]| {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        ExecPlugin::new(ExecSettings { args, ..script("") }, None).principal()
    };
    assert_eq!(name(&["--role", "a"]), name(&["--role", "a"]));
    assert_ne!(name(&["--role", "a"]), name(&["--role", "b"]));
}
