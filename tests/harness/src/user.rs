//! Users with exactly the rights that a test gives them: service accounts with a role and a token.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::client::{Client, ClientError};
use crate::credentials;
use crate::namespace::Namespace;
use crate::wait;

const RBAC: &str = "rbac.authorization.k8s.io";
/// The server's authorizer learns of roles by watching them, like everybody else.
const EFFECTIVE: Duration = Duration::from_secs(60);
/// How long a user's token is good. Longer than any run of tests.
const TOKEN_SECONDS: u32 = 24 * 3600;

/// A rule of a role, as RBAC has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// API groups; the core group is the empty text.
    pub api_groups: Vec<String>,
    /// Plural names, with a subresource where one is meant: `pods`, `pods/log`.
    pub resources: Vec<String>,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, …
    pub verbs: Vec<String>,
    /// The only objects the rule is for; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
}

impl Rule {
    /// A rule for one resource, whatever its name.
    #[must_use]
    pub fn new(api_group: &str, resource: &str, verbs: &[&str]) -> Self {
        Self {
            api_groups: vec![api_group.to_owned()],
            resources: vec![resource.to_owned()],
            verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
            resource_names: Vec::new(),
        }
    }

    /// The same rule for the named objects only.
    #[must_use]
    pub fn only(mut self, names: &[&str]) -> Self {
        self.resource_names = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }
}

/// Where a user has its rights.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Namespace,
    Cluster,
}

/// A user. It goes away with its namespace; what it has outside of it goes when this is dropped.
pub struct User {
    client: Client,
    admin: Client,
    username: String,
    uid: String,
    token: String,
    /// Where others are issued.
    tokens: String,
    token_file: PathBuf,
    kubeconfig: PathBuf,
    /// Paths of objects that are in no namespace.
    outside: Vec<String>,
}

impl Namespace {
    /// A service account with exactly these rights in this namespace (a Role), and none outside. The rights have taken
    /// effect when this returns.
    ///
    /// # Errors
    /// Where the server refuses, or the rights do not take effect.
    pub fn user(&self, name: &str, rules: &[Rule]) -> Result<User, ClientError> {
        self.make_user(name, rules, Reach::Namespace)
    }

    /// A service account with exactly these rights everywhere (a ClusterRole).
    ///
    /// # Errors
    /// As [`Namespace::user`].
    pub fn cluster_user(&self, name: &str, rules: &[Rule]) -> Result<User, ClientError> {
        self.make_user(name, rules, Reach::Cluster)
    }

    /// Another token of a user's account, good as long as a Secret of this name in this namespace exists, which is made. So it can be ended on its own.
    ///
    /// # Errors
    /// Where the server refuses.
    pub fn token_bound_to(&self, user: &User, secret: &str) -> Result<String, ClientError> {
        let made = self.admin().post(&self.path("secrets"), &json!({ "metadata": { "name": secret } }))?;
        let bound =
            json!({ "apiVersion": "v1", "kind": "Secret", "name": secret, "uid": text(&made, "/metadata/uid")? });
        let asked = json!({ "spec": { "expirationSeconds": TOKEN_SECONDS, "boundObjectRef": bound } });
        let name = user.username.rsplit(':').next().unwrap_or_default();
        let answer = self.admin().post(&self.path(&format!("serviceaccounts/{name}/token")), &asked)?;
        text(&answer, "/status/token")
    }

    fn make_user(&self, name: &str, rules: &[Rule], reach: Reach) -> Result<User, ClientError> {
        let admin = self.admin();
        let account = admin.post(&self.path("serviceaccounts"), &json!({ "metadata": { "name": name } }))?;
        let tokens = self.path(&format!("serviceaccounts/{name}/token"));
        let token = issued(admin, &tokens)?;

        let directory = self.cluster().directory();
        let server_url = self.cluster().server_url();
        let stem = format!("user-{self}-{name}");
        let mut user = User {
            client: admin.with_token(&token),
            admin: admin.clone(),
            username: format!("system:serviceaccount:{self}:{name}"),
            uid: text(&account, "/metadata/uid")?,
            token_file: directory.write(&format!("{stem}.token"), &token)?,
            kubeconfig: credentials::write_kubeconfig(
                directory,
                &format!("{stem}.kubeconfig"),
                server_url,
                self.name(),
                &token,
            )?,
            token,
            tokens,
            outside: Vec::new(),
        };
        if !rules.is_empty() {
            user.outside = self.grant(name, rules, reach)?;
            self.wait_until_effective(&user.username, rules, reach)?;
        }
        Ok(user)
    }

    /// Returns the paths of what is in no namespace.
    fn grant(&self, account: &str, rules: &[Rule], reach: Reach) -> Result<Vec<String>, ClientError> {
        let (kind, root, role) = match reach {
            Reach::Namespace => ("Role", self.path_in(&format!("{RBAC}/v1"), ""), account.to_owned()),
            Reach::Cluster => ("ClusterRole", format!("/apis/{RBAC}/v1/"), format!("{self}-{account}")),
        };
        let roles = format!("{root}{}s", kind.to_lowercase());
        let bindings = format!("{root}{}bindings", kind.to_lowercase());
        self.admin().post(&roles, &json!({ "metadata": { "name": role }, "rules": rules }))?;
        let binding = json!({
            "metadata": { "name": role },
            "roleRef": { "apiGroup": RBAC, "kind": kind, "name": role },
            "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": self.name() }],
        });
        self.admin().post(&bindings, &binding)?;
        Ok(match reach {
            Reach::Namespace => Vec::new(),
            Reach::Cluster => vec![format!("{bindings}/{role}"), format!("{roles}/{role}")],
        })
    }

    /// Role and binding take effect each as a whole, so one allowed request is proof of both.
    fn wait_until_effective(&self, username: &str, rules: &[Rule], reach: Reach) -> Result<(), ClientError> {
        let first = |texts: &[String]| texts.first().cloned().unwrap_or_default();
        let Some(rule) = rules.first() else { return Ok(()) };
        let resource = first(&rule.resources);
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource.as_str(), ""));
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": username,
                "resourceAttributes": {
                    "namespace": match reach { Reach::Namespace => self.name(), Reach::Cluster => "" },
                    "group": first(&rule.api_groups),
                    "resource": resource,
                    "subresource": subresource,
                    "verb": first(&rule.verbs),
                    "name": first(&rule.resource_names),
                },
            },
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let allowed = wait::until(EFFECTIVE, || match self.admin().post(path, &review) {
            Ok(answer) => (answer["status"]["allowed"] == true).then_some(Ok(())),
            Err(err) => Some(Err(err)),
        });
        allowed.unwrap_or_else(|| {
            let last = format!("{username} may not do what {rule:?} allows");
            Err(ClientError::TimedOut { path: path.to_owned(), after: EFFECTIVE, last })
        })
    }
}

impl User {
    /// `system:serviceaccount:NAMESPACE:NAME`, as the server calls it in its audit log.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// A client for this user.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The user's token, good for a day, and only as long as the account exists.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A file with the token. It stays until the instance goes.
    #[must_use]
    pub fn token_file(&self) -> &Path {
        &self.token_file
    }

    /// A kubeconfig whose one context is this user in its namespace.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Another token of this user, as good as the first.
    ///
    /// # Errors
    /// Where the server refuses.
    pub fn another_token(&self) -> Result<String, ClientError> {
        issued(&self.admin, &self.tokens)
    }

    /// The service account's uid.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Drop for User {
    fn drop(&mut self) {
        for path in &self.outside {
            let _ = self.admin.delete(path);
        }
    }
}

fn issued(admin: &Client, path: &str) -> Result<String, ClientError> {
    let asked = json!({ "spec": { "expirationSeconds": TOKEN_SECONDS } });
    text(&admin.post(path, &asked)?, "/status/token")
}

fn text(value: &Value, pointer: &'static str) -> Result<String, ClientError> {
    let found = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| ClientError::Unexpected { what: pointer, place: value.to_string() })
}
