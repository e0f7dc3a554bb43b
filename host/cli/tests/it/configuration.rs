//! The configuration file, as `meho-host target` makes and reads it.

use crate::program::{Home, Run, finish};
use crate::target;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

/// A configuration as somebody wrote it by hand.
const BY_HAND: &str = "\
# The clusters of the team.
default = \"prod\" # not lab

# Read only.
[targets.prod]
kubeconfig = \"/etc/kube/prod\"
context = \"ops\"

[targets.lab]
server = \"https://192.0.2.7:6443\" # in the cellar
token-file = \"/run/lab/token\"
";

fn by_hand(home: &Home) {
    home.write(".config/meho/config.toml", BY_HAND);
}

#[test]
fn a_target_says_which_family_it_is_of() {
    let home = Home::new();
    home.write("token", "a-secret-that-stays-where-it-is");
    let add = |name, more: &[&str]| {
        let server = ["--server", "https://192.0.2.7", "--token-file", "token"];
        home.run(&[&["target", "add", name], &server[..], more].concat())
    };
    assert_eq!(add("things", &["--family", "generic-http"]).code, Some(0));
    assert_eq!(add("cluster", &["--family", "kubernetes"]).code, Some(0));
    let text = fs::read_to_string(home.configuration()).expect("a configuration");
    assert_eq!(text.matches("family = \"generic-http\"").count(), 1, "{text}");
    assert_eq!(text.matches("family").count(), 1, "the usual one is not written: {text}");
    let unknown = add("other", &["--family", "gopher"]);
    assert!(
        unknown.code != Some(0) && unknown.stderr.contains("kubernetes and generic-http are there"),
        "{unknown:#?}"
    );
    // What the built-in component works on is no server of which nothing is known: it is refused before anything is sent.
    let call = home.run(&["call", "list_nodes", "--target", "things"]);
    assert!(call.code != Some(0), "{call:#?}");
    let why = "the component works on kubernetes and the target is of the family generic-http";
    assert!(call.stdout.contains(why), "{call:#?}");
    // A kubeconfig's server is of Kubernetes.
    let path = home.configuration();
    fs::write(&path, "[targets.k]\nkubeconfig = \"/k\"\nfamily = \"generic-http\"\n").expect("a file");
    let stray = home.run(&["target", "list"]);
    assert!(stray.code != Some(0) && stray.stdout.contains("family does not go with kubeconfig"), "{stray:#?}");
}

#[test]
fn a_target_is_added_with_paths_that_lead_to_the_same_from_everywhere() {
    let home = Home::new();
    home.write("token", "a-secret-that-stays-where-it-is");
    let added = home.run(&[
        "target",
        "add",
        "lab",
        "--server",
        "https://192.0.2.7:6443",
        "--token-file",
        "token",
        "--ca-file",
        "sub/../ca.pem",
        "--tls-server-name",
        "lab.example",
        "--namespace",
        "web",
    ]);
    assert_eq!((added.code, added.stdout.as_str()), (Some(0), ""), "{added:#?}");
    assert!(added.stderr.contains("note: the target lab is in "), "{added:#?}");
    // Its CA is not there yet.
    assert!(added.stderr.contains("warning: it cannot be used yet: the CA file "), "{added:#?}");
    let text = fs::read_to_string(home.configuration()).expect("a configuration");
    let root = home.root().display();
    let expected = format!(
        "\n[targets.lab]\nserver = \"https://192.0.2.7:6443\"\ntoken-file = \"{root}/token\"\nca-file = \"{root}/sub/../ca.pem\"\ntls-server-name = \"lab.example\"\nnamespace = \"web\"\n"
    );
    assert_eq!(text.trim(), expected.trim());
    assert_eq!(mode(&home.configuration()), 0o600);
    assert_eq!(mode(home.configuration().parent().expect("a directory")), 0o700);
    // One that cannot be used without a warning.
    let added = home.run(&[
        "target",
        "add",
        "open",
        "--server",
        "https://192.0.2.8",
        "--token-file",
        "token",
        "--skip-tls-verification",
        "--default",
    ]);
    assert!(added.stderr.contains("warning: its certificate will not be verified"), "{added:#?}");
    let listed = home.run(&["target", "list"]).json();
    let lab = json!({
        "name": "lab", "default": false, "kind": "server", "server": "https://192.0.2.7:6443", "token_file": format!("{root}/token"),
        "ca_file": format!("{root}/sub/../ca.pem"), "skip_tls_verification": false, "tls_server_name": "lab.example", "family": "kubernetes",
        "namespace": "web",
    });
    let open = json!({
        "name": "open", "default": true, "kind": "server", "server": "https://192.0.2.8", "token_file": format!("{root}/token"),
        "ca_file": null, "skip_tls_verification": true, "tls_server_name": null, "family": "kubernetes",
        "namespace": null,
    });
    assert_eq!(listed, json!([lab, open]));
}

#[test]
fn targets_are_listed_for_people_and_for_programs() {
    let home = Home::new();
    by_hand(&home);
    assert!(home.run(&["target", "add", "here", "--in-cluster"]).stderr.contains("warning: it cannot be used yet: "));
    let table = home.run(&["target", "list", "-o", "table"]).done();
    let expected = "\
NAME  DEFAULT  WHERE                        CONTEXT  VERIFIED BY     NAMESPACE
here  -        the cluster around this pod  -        the pod's CA    -
lab   -        https://192.0.2.7:6443       -        system roots    -
prod  yes      /etc/kube/prod               ops      its kubeconfig  -
";
    assert_eq!(table, expected);
    assert_eq!(home.run(&["target", "list", "-o", "jsonl"]).done().lines().count(), 3);
    assert_eq!(home.run(&["target", "names"]).done(), "here\nlab\nprod\n");
    let nothing = Home::new();
    assert_eq!(nothing.run(&["target", "list", "-o", "json"]).json(), json!([]));
    assert!(nothing.run(&["target", "list", "-o", "table"]).stderr.contains("`meho-host target add NAME"));
    assert!(!nothing.configuration().exists(), "reading makes nothing");
}

#[test]
fn what_somebody_wrote_stays_as_it_was_written() {
    let home = Home::new();
    by_hand(&home);
    let text = || fs::read_to_string(home.configuration()).expect("a configuration");
    home.run(&["target", "add", "more", "--kubeconfig", "/k", "--default"]).done();
    assert_eq!(
        text(),
        format!("{}\n[targets.more]\nkubeconfig = \"/k\"\n", BY_HAND.replace("= \"prod\" #", "= \"more\" #"))
    );
    home.run(&["target", "default", "lab"]).done();
    home.run(&["target", "remove", "more"]).done();
    assert_eq!(text(), BY_HAND.replace("= \"prod\" #", "= \"lab\" #"));
    let removed = home.run(&["target", "remove", "lab"]);
    assert!(removed.stderr.contains("note: it was the default; now there is none"), "{removed:#?}");
    assert_eq!(
        text(),
        "# The clusters of the team.\n\n# Read only.\n[targets.prod]\nkubeconfig = \"/etc/kube/prod\"\ncontext = \"ops\"\n"
    );
}

#[test]
fn a_target_is_replaced_only_when_asked() {
    let home = Home::new();
    by_hand(&home);
    let refused = home.run(&["target", "add", "lab", "--kubeconfig", "/k", "-o", "table"]).failed(1);
    assert!(refused.contains("error: INVALID_REQUEST: there is a target lab already"), "{refused}");
    assert!(refused.contains("hint: give --replace"), "{refused}");
    assert_eq!(fs::read_to_string(home.configuration()).expect("a configuration"), BY_HAND);
    home.run(&["target", "add", "lab", "--kubeconfig", "/k", "--replace"]).done();
    let listed = home.run(&["target", "list"]).json();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["kubeconfig"], &listed[0]["server"]),
        (&json!("lab"), &json!("/k"), &json!(null))
    );
}

#[test]
fn a_target_that_does_not_exist_is_named_with_those_that_do() {
    let home = Home::new();
    by_hand(&home);
    for arguments in
        [&["target", "remove", "prd"][..], &["target", "default", "prd"], &["call", "list_pods", "--target", "prd"]]
    {
        let run = home.run(&[arguments, &["-o", "json"]].concat());
        assert_eq!(run.code, Some(1), "{run:#?}");
        let error = serde_json::from_str::<serde_json::Value>(&run.stdout).expect("JSON")["error"].clone();
        assert_eq!(
            (&error["code"], &error["details"]["targets"]),
            (&json!("INVALID_REQUEST"), &json!(["lab", "prod"]))
        );
        assert_eq!(error["hint"], "did you mean prod? `meho-host target list` shows them");
    }
}

#[test]
fn a_command_line_that_makes_no_target_is_refused_and_writes_nothing() {
    let home = Home::new();
    for arguments in [
        &["a"][..],
        &["a", "--server", "https://h"],
        &["a", "--token-file", "t"],
        &["a", "--kubeconfig", "k", "--server", "https://h", "--token-file", "t"],
        &["a", "--kubeconfig", "k", "--in-cluster"],
        &["a", "--in-cluster", "--context", "c"],
        &["a", "--server", "https://h", "--token-file", "t", "--ca-file", "c", "--skip-tls-verification"],
        &["-a", "--kubeconfig", "k"],
        &[".a", "--kubeconfig", "k"],
        &["a b", "--kubeconfig", "k"],
        &["a/b", "--kubeconfig", "k"],
        &["ä", "--kubeconfig", "k"],
        &["", "--kubeconfig", "k"],
        &[&"a".repeat(64), "--kubeconfig", "k"],
    ] {
        home.run(&[&["target", "add"], arguments].concat()).failed(2);
    }
    for arguments in [
        &["--server", "https://user:password@h", "--token-file", "t"][..],
        &["--server", "http://h", "--token-file", "t"],
        &["--server", "h", "--token-file", "t"],
        &["--kubeconfig", "k", "--namespace", "No/Name"],
    ] {
        home.run(&[&["target", "add", "a"], arguments].concat()).failed(1);
    }
    assert!(!home.configuration().exists());
}

#[test]
fn a_file_that_is_no_configuration_is_refused_with_the_line() {
    let home = Home::new();
    for (text, line, words) in [
        ("colour = true", 1, "unknown field `colour`"),
        ("default = \"gone\"\n", 1, "default names gone"),
        ("[targets.a]\n", 1, "a target is one of kubeconfig, server and in-cluster"),
        ("\n[targets.a]\nkubeconfig = \"/k\"\ntoken = \"canary-secret\"\n", 4, "unknown field `token`"),
        ("[targets.a]\nkubeconfig = \"k\"\n", 1, "the path of kubeconfig is not absolute"),
        ("[targets.a]\nkubeconfig = \"~/k\"\n", 1, "the path of kubeconfig is not absolute"),
        ("[targets.a]\nserver = \"https://h\"\n", 1, "server needs token-file"),
        ("[targets.a]\nserver = \"https://u:canary-secret@h\"\ntoken-file = \"/t\"\n", 1, "without a user part"),
        ("[targets.a]\nin-cluster = 1\n", 2, "expected a boolean"),
        ("[targets.\"a b\"]\nin-cluster = true\n", 1, "a target's name is"),
        ("[targets.a]\nin-cluster = true\n[targets.a]\n", 3, "duplicate key"),
        ("# one\n# two\ndefault = [\n", 3, "array"),
    ] {
        home.write(".config/meho/config.toml", text);
        for arguments in
            [&["target", "list"][..], &["call", "list_pods"], &["target", "add", "b", "--kubeconfig", "/k"]]
        {
            let error = home.run(&[arguments, &["-o", "table"]].concat()).failed(1);
            assert!(
                error.contains(&format!("config.toml, line {line}: ")) && error.contains(words),
                "{text:?}: {error}"
            );
            assert!(!error.contains("canary-secret"), "{error}");
            assert_eq!(error.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{error}");
        }
        assert_eq!(fs::read_to_string(home.configuration()).expect("it is there"), text, "it is left as it was");
        // What names its own target does not read the file.
        let error = home.run(&["call", "list_pods", "--kubeconfig", "/no-such-file", "-o", "table"]).failed(1);
        assert!(error.contains("the kubeconfig cannot be read"), "{error}");
    }
}

#[test]
fn a_file_that_others_can_write_is_not_believed() {
    let home = Home::new();
    by_hand(&home);
    let set = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    for mode in [0o620, 0o602, 0o666] {
        set(&home.configuration(), mode);
        let error = home.run(&["target", "list", "-o", "table"]).failed(1);
        assert!(
            error.contains("can be written by others")
                && error.contains("hint: it decides where credentials go: chmod go-w"),
            "{error}"
        );
    }
    set(&home.configuration(), 0o644);
    home.run(&["target", "list"]).done();
    let directory = home.path(".config/meho");
    // What belongs to somebody else, they can change whatever its mode is.
    for path in [&home.configuration(), &directory] {
        if std::os::unix::fs::chown(path, Some(65_534), None).is_ok() {
            let error = home.run(&["target", "list", "-o", "table"]).failed(1);
            assert!(error.contains("belongs to somebody else"), "{error}");
            std::os::unix::fs::chown(path, Some(0), None).expect("it is given back");
        }
    }
    set(&directory, 0o777);
    let error = home.run(&["target", "list", "-o", "table"]).failed(1);
    assert!(error.contains("the directory of the configuration"), "{error}");
    set(&directory, 0o700);
    // A change leaves it as it should be.
    home.run(&["target", "default", "lab"]).done();
    assert_eq!(mode(&home.configuration()), 0o600);
}

#[test]
fn many_changes_at_once_lose_none_and_leave_nothing_behind() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for number in 0..12 {
            let home = &home;
            scope.spawn(move || {
                let name = format!("t{number:02}");
                home.run(&["target", "add", &name, "--kubeconfig", "/k"]).done();
            });
        }
    });
    let names = home.run(&["target", "names"]).done();
    assert_eq!(names.lines().collect::<Vec<_>>(), (0..12).map(|number| format!("t{number:02}")).collect::<Vec<_>>());
    let left: Vec<_> = fs::read_dir(home.path(".config/meho")).expect("a directory").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let home = Home::new();
    home.write("dotfiles/meho.toml", BY_HAND);
    fs::create_dir_all(home.path(".config/meho")).expect("a directory");
    symlink(home.path("dotfiles/meho.toml"), home.configuration()).expect("a link");
    home.run(&["target", "default", "lab"]).done();
    assert!(fs::symlink_metadata(home.configuration()).expect("it is there").is_symlink());
    assert_eq!(
        fs::read_to_string(home.path("dotfiles/meho.toml")).expect("the file"),
        BY_HAND.replace("= \"prod\" #", "= \"lab\" #")
    );
}

#[test]
fn the_file_is_found_by_option_then_environment_then_place() {
    let home = Home::new();
    let configuration =
        |name: &str| home.write(name, format!("[targets.{}]\nin-cluster = true\n", name.replace('/', "-")));
    let usual = home.write(".config/meho/config.toml", "[targets.usual]\nin-cluster = true\n");
    let (option, variable) = (configuration("option"), configuration("variable"));
    home.write("xdg/meho/config.toml", "[targets.xdg]\nin-cluster = true\n");
    let names = |option: Option<&Path>, environment: &[(&str, &Path)]| {
        let mut command = home.command(&["target", "names"]);
        command.args(option.iter().flat_map(|path| [Path::new("--config"), *path]));
        command.envs(environment.iter().copied());
        finish(command).done().trim().to_owned()
    };
    let xdg = home.path("xdg");
    assert_eq!(names(Some(&option), &[("MEHO_CONFIG", &variable)]), "option");
    assert_eq!(names(None, &[("MEHO_CONFIG", &variable), ("XDG_CONFIG_HOME", &xdg)]), "variable");
    assert_eq!(names(None, &[("XDG_CONFIG_HOME", &xdg)]), "xdg");
    assert_eq!(names(None, &[("XDG_CONFIG_HOME", Path::new("xdg"))]), "usual", "a relative path is none");
    assert_eq!(names(None, &[]), "usual");
    assert!(usual.exists());
    // One that was named must be there.
    let missing = home.run(&["target", "list", "--config", "missing.toml", "-o", "table"]).failed(1);
    assert!(missing.contains("the configuration missing.toml does not exist"), "{missing}");
    // But it is made.
    home.run(&["target", "add", "a", "--kubeconfig", "/k", "--config", "new/made.toml"]).done();
    assert_eq!((mode(&home.path("new")), mode(&home.path("new/made.toml"))), (0o700, 0o600));
}

#[test]
fn a_call_goes_where_its_options_say_then_to_its_target_then_to_the_default_then_to_the_kubeconfig() {
    let home = Home::new();
    let token = home.write(".kube/token", "a-token-of-the-tests-own");
    let ca = home.write(".kube/ca.pem", meho_test_fake::Authority::shared().pem());
    let fakes =
        ["option", "named", "default", "kubeconfig"].map(|name| target::serving(&[target::pod("a", name, None)], None));
    let [option, named, default, kubeconfig] = &fakes;
    let add = |name: &str, fake: &meho_test_fake::Fake, more: &[&str]| {
        let url = fake.url();
        home.run(
            &[
                &["target", "add", name, "--server", &url, "--token-file", ".kube/token", "--ca-file", ".kube/ca.pem"],
                more,
            ]
            .concat(),
        )
        .done();
    };
    let kubernetes = json!({
        "clusters": [{"name": "c", "cluster": {"server": kubeconfig.url(), "certificate-authority": ca}}],
        "users": [{"name": "u", "user": {"tokenFile": token}}],
        "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "k",
    });
    home.write(".kube/config", kubernetes.to_string());
    let asked = |more: &[&str]| {
        let answer = home.run(&[&["call", "list_pods"], more].concat()).json();
        answer["data"][0]["name"].as_str().expect("a pod").to_owned()
    };
    assert_eq!(asked(&[]), "kubeconfig");
    add("default", default, &["--default"]);
    add("named", named, &[]);
    assert_eq!(asked(&[]), "default");
    assert_eq!(asked(&["--target", "named"]), "named");
    let options = target::options(option, &home);
    assert_eq!(asked(&options.iter().map(String::as_str).collect::<Vec<_>>()), "option");
    assert_eq!(asked(&["--context", "k"]), "kubeconfig");
    let usual = home.path(".kube/config");
    home.run(&[
        "target",
        "add",
        "file",
        "--kubeconfig",
        usual.to_str().expect("text"),
        "--context",
        "k",
        "--default",
        "--replace",
    ])
    .done();
    assert_eq!(asked(&[]), "kubeconfig");
    for contradicting in
        [&["--kubeconfig", "k"][..], &["--context", "k"], &["--server", "https://h", "--token-file", "t"]]
    {
        home.run(&[&["call", "list_pods", "--target", "named"], contradicting].concat()).failed(2);
    }
}

#[test]
fn a_targets_namespace_stands_for_the_one_that_a_call_does_not_name() {
    let home = Home::new();
    let fake = target::pods();
    target::options(&fake, &home);
    let url = fake.url();
    home.run(&[
        "target",
        "add",
        "a",
        "--server",
        &url,
        "--token-file",
        "token",
        "--ca-file",
        "ca.pem",
        "--namespace",
        "web",
        "--default",
    ])
    .done();
    let asked = |arguments: &[&str]| -> Run { home.run(&[&["call", "list_pods"], arguments].concat()) };
    for arguments in [&[][..], &["namespace=other"], &["namespace="], &["--args", "{\"namespace\":null}"]] {
        asked(arguments).done();
    }
    let paths: Vec<String> =
        fake.lines().iter().map(|line| line.split('?').next().expect("a path").to_owned()).collect();
    let [web, other] = ["web", "other"].map(|name| format!("GET /api/v1/namespaces/{name}/pods"));
    assert_eq!(paths, [web, other, "GET /api/v1/pods".to_owned(), "GET /api/v1/pods".to_owned()]);
}
