//! What a kubeconfig wants of this machine besides what stands in its own directory, and whose word that is.
//!
//! A kubeconfig can have a program run, and any file of this user's sent to a server that it names itself. So nothing of the kind is done because of a file
//! that whoever calls may have written.

use crate::error::CallError;
use crate::file::{self, FileError, How, Part};
use crate::kubeconfig::{Entry, Merged, refused};
use meho_policy::plan::Digest;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Whose word a kubeconfig is.
///
/// An exec plugin is code of whoever wrote the kubeconfig, run as the user of this process, and a token file is sent to the server that stands beside it:
/// whoever can choose the kubeconfig can run and send what they like. This crate cannot know who chose it, so it does not decide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Word {
    /// That of somebody who may have written it for this call: a caller, an agent, a network. It starts no program, and names no file that is not in its
    /// own directory.
    #[default]
    Caller,
    /// The operator has seen what it wants of this machine, and has said yes to that: to the [`Reach`] of this digest, and to no other.
    Agreed(String),
    /// The operator's own, as Kubernetes' own clients take every kubeconfig.
    Operator,
}

/// What a context wants of this machine besides what stands in its kubeconfig's own directory, and for which server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Where what it gets goes.
    pub server: String,
    /// By which proxy, as the kubeconfig names it without its credential.
    pub proxy: Option<String>,
    /// The program that it runs.
    pub program: Option<Program>,
    /// The files that it reads, each with what it is to be.
    pub files: Vec<(&'static str, PathBuf)>,
    /// Of all of this, and of how the server proves who it is.
    pub digest: String,
}

/// A program that a kubeconfig names. Its arguments and variables may hold secrets: they are for the operator's eyes.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    /// A path, or a name that is looked up in `PATH`.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// What is set in its environment.
    pub env: Vec<(String, String)>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("command", &self.command).finish_non_exhaustive()
    }
}

impl Reach {
    /// None where a context wants nothing of the kind.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let (cluster, user) = (&entry.cluster, &entry.user);
        let named = |path: &Option<String>| path.clone().filter(|path| !path.is_empty()).map(PathBuf::from);
        let candidates = [
            ("the CA file", named(&cluster.certificate_authority), &entry.home_of_cluster),
            ("the client certificate", named(&user.client_certificate), &entry.home_of_user),
            ("the client key", named(&user.client_key), &entry.home_of_user),
            ("the token file", named(&user.token_file), &entry.home_of_user),
        ];
        let files: Vec<_> = candidates
            .into_iter()
            .filter_map(|(what, path, home)| Some((what, path.filter(|path| !file::lies_in(home, path))?)))
            .collect();
        let program = user.exec.as_ref().map(|exec| Program {
            command: exec.command.clone().unwrap_or_default(),
            args: exec.args.clone().unwrap_or_default(),
            env: exec
                .env
                .iter()
                .flatten()
                .map(|variable| {
                    let member = |name: &str| variable.get(name).cloned().unwrap_or_default();
                    (member("name"), member("value"))
                })
                .collect(),
        });
        if files.is_empty() && program.is_none() {
            return None;
        }
        let proof = (&cluster.certificate_authority, &cluster.certificate_authority_data, &cluster.tls_server_name);
        let told = user.exec.as_ref().is_some_and(|exec| exec.provide_cluster_info);
        let shown: Vec<_> = files.iter().map(|(what, path)| (what, path.to_string_lossy())).collect();
        let of_program = program.as_ref().map(|program| (&program.command, &program.args, &program.env));
        let asked = json!([
            cluster.server,
            cluster.proxy_url,
            proof,
            cluster.insecure_skip_tls_verify.unwrap_or(false),
            shown,
            of_program,
            told
        ]);
        let digest = Digest::of(asked.to_string().as_bytes()).to_string();
        let proxy = cluster.proxy_url.as_deref().filter(|url| !url.is_empty());
        let proxy = proxy.map(|url| {
            crate::proxy::Proxy::parse(url).map_or_else(|_| "one that is none".to_owned(), |proxy| proxy.to_string())
        });
        Some(Self { server: cluster.server.clone().unwrap_or_default(), proxy, program, files, digest })
    }
}

impl Entry {
    /// Whether what this context wants may be done on this word.
    pub(super) fn admit(&self, word: &Word, merged: &Merged) -> Result<(), CallError> {
        let name = &self.user_name;
        let reach = Reach::of(self);
        match (word, &reach) {
            (Word::Operator, _) | (_, None) => {}
            (Word::Agreed(digest), Some(reach)) if *digest == reach.digest => {}
            (Word::Agreed(_), Some(_)) => {
                return Err(refused(format!(
                    "the kubeconfig's context {} wants something else of this machine, or for another server, than the operator said yes to",
                    self.context
                ))
                .hint("an operator has to look at what it runs and reads now, and say yes to that"));
            }
            (Word::Caller, Some(Reach { program: Some(_), .. })) => {
                return Err(refused(format!(
                    "the kubeconfig's user {name} uses an exec plugin, and running programs for a kubeconfig was not allowed here"
                ))
                .hint("an operator has to name this kubeconfig, or use one with a token or a token file"));
            }
            (Word::Caller, Some(reach)) => {
                let elsewhere = reach.files.iter().map(|(what, path)| format!("{what} {}", path.display()));
                return Err(refused(format!(
                    "the kubeconfig's context {} names {}, outside of the kubeconfig's own directory, and that was not allowed here",
                    self.context,
                    elsewhere.collect::<Vec<_>>().join(" and ")
                ))
                .hint("an operator has to name this kubeconfig, or use one with the data in it"));
            }
        }
        match &merged.exposed {
            Some(exposed) if self.user.exec.is_some() => {
                let (why, hint) = match exposed {
                    Ok(exposed) => {
                        let path = exposed.path.display();
                        let what = match exposed.part {
                            Part::File => format!("the kubeconfig {path}"),
                            Part::Directory => format!("the kubeconfig's directory {path}"),
                        };
                        match exposed.how {
                            How::Mode => (
                                format!("{what} can be written by others"),
                                format!("it starts a program: chmod go-w {path}"),
                            ),
                            How::Owner => (
                                format!("{what} belongs to somebody else"),
                                "it starts a program: use one of your own".to_owned(),
                            ),
                        }
                    }
                    Err(why) => (
                        format!("it is not known who can write the kubeconfig: {why}"),
                        "it starts a program".to_owned(),
                    ),
                };
                Err(refused(format!("the exec plugin of the kubeconfig's user {name} is not run, because {why}"))
                    .hint(hint))
            }
            _ => Ok(()),
        }
    }

    /// Where a file of the user's has to lie, on this word: anywhere where there is none.
    pub(super) fn bound_of_user(&self, word: &Word, path: &Path) -> Option<PathBuf> {
        bound(word, &self.home_of_user, path)
    }

    /// The same of the cluster's.
    pub(super) fn bound_of_cluster(&self, word: &Word, path: &Path) -> Option<PathBuf> {
        bound(word, &self.home_of_cluster, path)
    }
}

/// What was agreed to is a path. What lay in the directory then was not asked about, so that is where it stays.
fn bound(word: &Word, home: &Path, path: &Path) -> Option<PathBuf> {
    let is_bound = match word {
        Word::Operator => false,
        Word::Caller => true,
        Word::Agreed(_) => file::lies_in(home, path),
    };
    is_bound.then(|| home.to_owned())
}

/// Reads a file that a kubeconfig names.
pub(super) fn read(path: &Path, bound: Option<&Path>, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    match bound {
        Some(home) => file::read_in(home, path, max_bytes),
        None => file::read(path, max_bytes),
    }
}
