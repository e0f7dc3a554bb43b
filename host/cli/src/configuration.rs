//! The configuration file's text: named targets, read strictly and changed so that comments and order stay. It holds paths and never a secret.
//!
//! It knows no file; the program's `store` reads and writes.

use meho_host::policy::family::Family;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, Item, Table, value};

/// A hostname's label may be as long (RFC 1123); more would break every table.
const MAX_NAME: usize = 63;

/// Why a configuration cannot be used, or not be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The text is not a configuration.
    #[error("line {line}: {message}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong, in one line.
        message: String,
    },
    /// The text is not a configuration, and the reader does not say where.
    #[error("{0}")]
    Whole(String),
    /// There is no target of this name.
    #[error("there is no target {name}")]
    NoTarget {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// There is one already.
    #[error("there is a target {0} already")]
    Exists(TargetName),
    /// A target's own contradiction.
    #[error("{0}")]
    Entry(#[from] EntryRefused),
}

/// Why something is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryRefused {
    /// Not one place to go to.
    #[error("a target is one of kubeconfig, server and in-cluster")]
    NotOnePlace,
    /// A key that belongs to another place.
    #[error("{key} does not go with {place}")]
    Stray {
        /// The key.
        key: &'static str,
        /// The place.
        place: &'static str,
    },
    /// A server without a credential.
    #[error("server needs token-file")]
    NoToken,
    /// A CA and no verification.
    #[error("ca-file and skip-tls-verification contradict each other")]
    CaAndNoVerification,
    /// A URL that is none, or has a user part.
    #[error("server is not of the form https://HOST[:PORT][/PATH], without a user part")]
    Server,
    /// A relative path would lead elsewhere from every directory.
    #[error("the path of {0} is not absolute: write it in full")]
    Relative(&'static str),
    /// No namespace's name.
    #[error("the namespace is not lower-case letters, digits and '-'")]
    Namespace,
}

/// What a target may be called: ASCII letters, digits, `-`, `_` and `.`, with a letter or digit first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct TargetName(String);

impl TryFrom<String> for TargetName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = text.len() <= MAX_NAME
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if fits {
            return Ok(Self(text));
        }
        Err("a target's name is up to 63 ASCII letters, digits, '-', '_' and '.', with a letter or digit first")
    }
}

impl std::str::FromStr for TargetName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TargetName {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a server proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// By a certificate under one of the system's roots.
    SystemRoots,
    /// By a certificate under the CA in this file.
    CaFile(PathBuf),
    /// Not at all.
    Nothing,
}

/// Where a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Where a kubeconfig says.
    Kubeconfig {
        /// The file.
        file: PathBuf,
        /// Its context; none for the current one.
        context: Option<String>,
        /// The digest of what of this machine it wants besides its own directory, where the operator has said yes to that.
        agreed: Option<String>,
    },
    /// At a URL.
    Server {
        /// The URL.
        url: String,
        /// The file with the token.
        token_file: PathBuf,
        /// How it proves who it is.
        proof: Proof,
        /// The name that its certificate must have, where that is not the URL's host.
        tls_server_name: Option<String>,
        /// What it speaks. What is at a kubeconfig's server and around a pod is Kubernetes.
        family: Family,
    },
    /// The cluster in whose pod this runs.
    InCluster,
}

/// A target as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Entry {
    /// Where it is.
    pub place: Place,
    /// The namespace of calls that name none.
    pub namespace: Option<String>,
    /// What a connector, and whoever reads its answers, gets of a Secret.
    pub secrets: Secrets,
}

/// What a connector gets of a Secret that is read by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// Its values.
    #[default]
    Revealed,
    /// Sizes and keyed digests of its values.
    Redacted,
}

/// The keys of a target, as they are written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
    agreed: Option<String>,
    server: Option<String>,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    skip_tls_verification: bool,
    tls_server_name: Option<String>,
    family: Option<Family>,
    #[serde(default)]
    in_cluster: bool,
    namespace: Option<String>,
    #[serde(default)]
    redact_secrets: bool,
}

impl TryFrom<Written> for Entry {
    type Error = EntryRefused;

    fn try_from(written: Written) -> Result<Self, EntryRefused> {
        let Written { kubeconfig, context, agreed, server, token_file, ca_file, .. } = written;
        let of_server = [
            ("token-file", token_file.is_some()),
            ("ca-file", ca_file.is_some()),
            ("skip-tls-verification", written.skip_tls_verification),
            ("tls-server-name", written.tls_server_name.is_some()),
            ("family", written.family.is_some()),
        ];
        let stray = |keys: &[(&'static str, bool)], place| match keys.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(EntryRefused::Stray { key, place }),
            None => Ok(()),
        };
        let of_kubeconfig = [("context", context.is_some()), ("agreed", agreed.is_some())];
        let place = match (kubeconfig, server, written.in_cluster) {
            (Some(file), None, false) => {
                stray(&of_server, "kubeconfig")?;
                absolute(&file, "kubeconfig")?;
                Place::Kubeconfig { file, context, agreed }
            }
            (None, Some(url), false) => {
                stray(&of_kubeconfig, "server")?;
                let token_file = token_file.ok_or(EntryRefused::NoToken)?;
                absolute(&token_file, "token-file")?;
                let proof = match (ca_file, written.skip_tls_verification) {
                    (Some(_), true) => return Err(EntryRefused::CaAndNoVerification),
                    (Some(file), false) => {
                        absolute(&file, "ca-file")?;
                        Proof::CaFile(file)
                    }
                    (None, true) => Proof::Nothing,
                    (None, false) => Proof::SystemRoots,
                };
                check_url(&url)?;
                let family = written.family.unwrap_or(Family::Kubernetes);
                Place::Server { url, token_file, proof, tls_server_name: written.tls_server_name, family }
            }
            (None, None, true) => {
                stray(&of_server, "in-cluster")?;
                stray(&of_kubeconfig, "in-cluster")?;
                Place::InCluster
            }
            _ => return Err(EntryRefused::NotOnePlace),
        };
        let secrets = if written.redact_secrets { Secrets::Redacted } else { Secrets::Revealed };
        let entry = Self { place, namespace: written.namespace, secrets };
        entry.check_namespace()?;
        Ok(entry)
    }
}

fn absolute(path: &Path, key: &'static str) -> Result<(), EntryRefused> {
    if path.is_absolute() { Ok(()) } else { Err(EntryRefused::Relative(key)) }
}

/// What a target's URL may be is the host's to say. Here it is made sure that no password gets into the file.
fn check_url(url: &str) -> Result<(), EntryRefused> {
    let authority = url.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or_default());
    match authority {
        Some(authority) if !authority.is_empty() && !authority.contains('@') => Ok(()),
        _ => Err(EntryRefused::Server),
    }
}

impl Entry {
    /// A target, checked like one that is read.
    ///
    /// # Errors
    /// Where it contradicts itself.
    pub fn new(place: Place, namespace: Option<String>, secrets: Secrets) -> Result<Self, EntryRefused> {
        let entry = Self { place, namespace, secrets };
        entry.check_namespace()?;
        if let Place::Server { url, .. } = &entry.place {
            check_url(url)?;
        }
        Ok(entry)
    }

    fn check_namespace(&self) -> Result<(), EntryRefused> {
        let fits = |name: &str| {
            !name.is_empty()
                && name.len() <= MAX_NAME
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        if self.namespace.as_deref().is_none_or(fits) { Ok(()) } else { Err(EntryRefused::Namespace) }
    }

    /// As a table of the file.
    fn written(&self) -> Table {
        let mut table = Table::new();
        let mut put = |key: &str, text: &str| drop(table.insert(key, value(text)));
        match &self.place {
            Place::Kubeconfig { file, context, agreed } => {
                put("kubeconfig", &file.to_string_lossy());
                context.iter().for_each(|context| put("context", context));
                agreed.iter().for_each(|digest| put("agreed", digest));
            }
            Place::Server { url, token_file, proof, tls_server_name, family } => {
                put("server", url);
                put("token-file", &token_file.to_string_lossy());
                match proof {
                    Proof::CaFile(file) => put("ca-file", &file.to_string_lossy()),
                    Proof::SystemRoots | Proof::Nothing => (),
                }
                tls_server_name.iter().for_each(|name| put("tls-server-name", name));
                if *family != Family::Kubernetes {
                    put("family", family.name());
                }
                if proof == &Proof::Nothing {
                    table.insert("skip-tls-verification", value(true));
                }
            }
            Place::InCluster => drop(table.insert("in-cluster", value(true))),
        }
        if let Some(namespace) = &self.namespace {
            table.insert("namespace", value(namespace));
        }
        if self.secrets == Secrets::Redacted {
            table.insert("redact-secrets", value(true));
        }
        table
    }
}

/// What a configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The target of calls that name none.
    pub default: Option<TargetName>,
    /// The targets.
    #[serde(default)]
    pub targets: BTreeMap<TargetName, Entry>,
}

impl Configuration {
    /// Reads a configuration's text.
    ///
    /// # Errors
    /// Names the line.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let refused = |error: toml_edit::de::Error| at_line(text, error.span(), error.message());
        let read: Self = toml_edit::de::from_str(text).map_err(refused)?;
        match &read.default {
            Some(name) if !read.targets.contains_key(name) => {
                let line = text.lines().position(|line| line.trim_start().starts_with("default"));
                let message = format!("default names {name}, and there is no target of that name");
                Err(line.map_or_else(
                    || Refused::Whole(message.clone()),
                    |line| Refused::Line { line: line + 1, message: message.clone() },
                ))
            }
            _ => Ok(read),
        }
    }

    /// The target of this name.
    ///
    /// # Errors
    /// Where there is none, with those that there are.
    pub fn target(&self, name: &str) -> Result<(&TargetName, &Entry), Refused> {
        let named = self.targets.iter().find(|(known, _)| known.as_str() == name);
        named.ok_or_else(|| Refused::NoTarget {
            name: name.to_owned(),
            known: self.targets.keys().map(TargetName::to_string).collect(),
        })
    }
}

/// An error of the reader's. Its own text quotes the lines around the place over several lines.
fn at_line(text: &str, span: Option<std::ops::Range<usize>>, message: &str) -> Refused {
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join("; ");
    match span.and_then(|span| text.get(..span.start)) {
        Some(before) => Refused::Line { line: before.matches('\n').count() + 1, message },
        None => Refused::Whole(message),
    }
}

/// What to do where a target of the name exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays.
    Keep,
    /// The new one takes its place.
    Replace,
}

/// Whether a target becomes the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Becomes {
    /// It does.
    Default,
    /// It does not.
    OneOfMany,
}

/// The text with one more target in it.
///
/// # Errors
/// Where the text is no configuration, or has such a target.
pub fn add(
    text: &str,
    name: &TargetName,
    entry: &Entry,
    existing: Existing,
    becomes: Becomes,
) -> Result<String, Refused> {
    let known = Configuration::parse(text)?;
    if known.targets.contains_key(name) && existing == Existing::Keep {
        return Err(Refused::Exists(name.clone()));
    }
    let mut document = document(text)?;
    let mut empty = Table::new();
    empty.set_implicit(true);
    let targets = document.entry("targets").or_insert(Item::Table(empty));
    let targets = targets.as_table_like_mut().ok_or_else(|| Refused::Whole("targets is no table".to_owned()))?;
    targets.insert(name.as_str(), Item::Table(entry.written()));
    if becomes == Becomes::Default {
        put_default(&mut document, name.as_str());
    }
    checked(&document)
}

/// The text without a target. Where that was the default, there is none any more.
///
/// # Errors
/// Where the text is no configuration, or has no such target.
pub fn remove(text: &str, name: &str) -> Result<String, Refused> {
    let known = Configuration::parse(text)?;
    known.target(name)?;
    let mut document = document(text)?;
    if let Some(targets) = document.get_mut("targets").and_then(Item::as_table_like_mut) {
        targets.remove(name);
    }
    if known.default.as_ref().is_some_and(|default| default.as_str() == name) {
        drop_default(&mut document);
    }
    checked(&document)
}

/// The text with another default.
///
/// # Errors
/// Where the text is no configuration, or has no such target.
pub fn set_default(text: &str, name: &str) -> Result<String, Refused> {
    Configuration::parse(text)?.target(name)?;
    let mut document = document(text)?;
    put_default(&mut document, name);
    checked(&document)
}

/// Writes the default. What stands around it stays.
fn put_default(document: &mut DocumentMut, name: &str) {
    match document.get_mut("default").and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = name.into();
            *old.decor_mut() = decor;
        }
        None => drop(document.insert("default", value(name))),
    }
}

/// Takes the default out. A comment above it may be the whole file's, so it stays.
fn drop_default(document: &mut DocumentMut) {
    let prefix = document.key("default").and_then(|key| key.leaf_decor().prefix()?.as_str().map(str::to_owned));
    document.remove("default");
    let Some(comment) = prefix.filter(|prefix| prefix.contains('#')) else { return };
    let tables = document.get_mut("targets").and_then(Item::as_table_mut).into_iter().flat_map(Table::iter_mut);
    let first = tables.filter_map(|(_, item)| item.as_table_mut()).min_by_key(|table| table.position());
    match first {
        Some(table) => {
            let old = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
            table.decor_mut().set_prefix(format!("{comment}{old}"));
        }
        None => {
            let old = document.trailing().as_str().unwrap_or_default().to_owned();
            document.set_trailing(format!("{comment}{old}"));
        }
    }
}

fn document(text: &str) -> Result<DocumentMut, Refused> {
    text.parse().map_err(|error: toml_edit::TomlError| at_line(text, error.span(), error.message()))
}

/// What is written can be read again.
fn checked(document: &DocumentMut) -> Result<String, Refused> {
    let text = document.to_string();
    Configuration::parse(&text)?;
    Ok(text)
}
