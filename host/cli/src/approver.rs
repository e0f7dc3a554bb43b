//! Keys of approvers: made, and used to sign a yes. They are keys of OpenSSH, so `ssh-keygen -Y sign -n meho-approval` signs as well.
//!
//! A yes at a terminal is a boundary against nobody who runs as the same user. A signature is one, as long as the passphrase is typed by a person.

use crate::arguments::kept::InitOptions;
use crate::output::Printer;
use crate::prompt;
use crate::store::Store;
use meho_host::error::{CallError, ErrorCode};
use meho_host::file;
use meho_host::policy::approver::{ApproverKey, Approvers, NAMESPACE, statement};
use meho_host::policy::plan::{Confirmation, Digest};
use meho_host_cli::text::safe;
use secrecy::{ExposeSecret as _, SecretString};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey};
use std::fs::DirBuilder;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Beside the configuration.
const KEY: &str = "approver.key";
/// A private key of Ed25519 has some 500 bytes.
const MAX_KEY_BYTES: u64 = 16 << 10;
/// A signature has some 300.
const MAX_SIGNATURE_BYTES: u64 = 4096;
/// Fewer characters are guessed.
const LEAST_PASSPHRASE: usize = 8;

fn refused(why: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, why)
}

/// An approver's key on this machine: it is opened when it has something to sign.
#[derive(Debug, Clone)]
pub(crate) struct KeyFile {
    path: PathBuf,
    key: PrivateKey,
}

impl KeyFile {
    fn read(path: &Path) -> Result<Self, CallError> {
        let shown = safe(&path.display().to_string());
        let bytes = file::read(path, MAX_KEY_BYTES).map_err(|error| {
            refused(format!("the approver's key {shown} cannot be read: {error}"))
                .hint("--key names the file of a private key; `meho-host approver init` makes one")
        })?;
        let key = PrivateKey::from_openssh(bytes)
            .map_err(|_| refused(format!("the approver's key {shown} is no private key of OpenSSH")))?;
        if !key.is_encrypted() {
            return Err(refused(format!(
                "the approver's key {shown} has no passphrase: whoever can read it could approve"
            ))
            .hint(format!("give it one: ssh-keygen -p -f {}", for_shell(path))));
        }
        Ok(Self { path: path.to_owned(), key })
    }

    /// The same where it is an approver's: its signature would be refused, and nobody is to be asked for nothing.
    fn of_one_of(self, approvers: &Approvers) -> Result<Self, CallError> {
        let keys = match approvers {
            Approvers::Anybody => return Ok(self),
            Approvers::Keys(keys) => keys,
        };
        let fingerprint = self.key.public_key().fingerprint(HashAlg::Sha256).to_string();
        if keys.iter().any(|key| key.fingerprint() == fingerprint) {
            return Ok(self);
        }
        let message = format!(
            "the key {} is no approver's for this target: nothing was approved",
            safe(&self.path.display().to_string())
        );
        let names: Vec<&str> = keys.iter().map(ApproverKey::name).collect();
        let hint = if names.is_empty() {
            "the policy has approvers for this target, and nobody is among them: ask whoever keeps it".to_owned()
        } else {
            format!("a yes is signed with a key of {}: name it with --key", names.join(" or "))
        };
        Err(CallError::new(ErrorCode::ApprovalInvalid, message).hint(hint).detail("approvers", names))
    }

    /// Signs a yes. The passphrase is asked for at the terminal.
    pub(crate) fn sign(&self, plan: Digest, confirmation: Confirmation) -> Result<String, CallError> {
        let shown = safe(&self.path.display().to_string());
        let passphrase = ask(&format!("Passphrase of {shown}: "))?;
        let key = self.key.decrypt(passphrase.expose_secret()).map_err(|_| {
            refused(format!("that is not the passphrase of the approver's key {shown}: nothing was approved"))
        })?;
        let signed = key.sign(NAMESPACE, HashAlg::Sha512, statement(plan, confirmation).as_bytes());
        let failed = |_| CallError::new(ErrorCode::InternalError, "the yes cannot be signed");
        signed.map_err(failed)?.to_pem(LineEnding::LF).map_err(failed)
    }
}

/// The key to sign with: the one that was named, else, where approvals have to be signed, the usual one.
pub(crate) fn key_for(
    approvers: &Approvers,
    named: Option<&Path>,
    configuration: Option<&Store>,
) -> Result<Option<KeyFile>, CallError> {
    match (named, approvers) {
        (Some(path), _) => KeyFile::read(path)?.of_one_of(approvers).map(Some),
        (None, Approvers::Anybody) => Ok(None),
        (None, Approvers::Keys(_)) => {
            let path = usual(configuration)?;
            if path.exists() {
                return KeyFile::read(&path)?.of_one_of(approvers).map(Some);
            }
            Err(CallError::new(ErrorCode::ApprovalRequired, "approvals for this target are signed, and there is no key here to sign with")
                .hint("name one with `approve ID --key FILE`; or sign `approve ID --statement` elsewhere, and give `approve ID --signature FILE`"))
        }
    }
}

fn usual(configuration: Option<&Store>) -> Result<PathBuf, CallError> {
    let configuration =
        configuration.ok_or_else(|| refused("there is no place for a key").hint("name a file with --key"))?;
    Ok(configuration.beside(KEY))
}

/// A signature that was made elsewhere.
pub(crate) fn read_signature(path: &Path) -> Result<String, CallError> {
    let shown = safe(&path.display().to_string());
    let hint = "--signature names what `ssh-keygen -Y sign -n meho-approval -f KEY FILE` made of FILE, which has what --statement prints: FILE.sig";
    let bytes = file::read(path, MAX_SIGNATURE_BYTES)
        .map_err(|error| refused(format!("the signature {shown} cannot be read: {error}")).hint(hint))?;
    String::from_utf8(bytes).map_err(|_| refused(format!("the signature {shown} is no text")).hint(hint))
}

/// Makes a key with a passphrase, and says how it becomes an approver's.
pub(crate) fn init(options: &InitOptions, configuration: Option<&Store>, printer: &Printer) -> Result<(), CallError> {
    if !prompt::is_there_somebody() {
        return Err(refused("a passphrase is typed at a terminal, and there is none").hint(
            "run it at one; or make a key of Ed25519 with ssh-keygen, whose public half becomes an approver's just so",
        ));
    }
    let path = match &options.key {
        Some(path) => path.clone(),
        None => usual(configuration)?,
    };
    let shown = safe(&path.display().to_string());
    if path.exists() {
        return Err(refused(format!("there is a key {shown} already")).hint("name another file with --key"));
    }
    let name =
        options.name.clone().unwrap_or_else(|| crate::target::principal().trim_start_matches("user:").to_owned());
    let passphrase = ask("Passphrase of the new key: ")?;
    if passphrase.expose_secret().chars().count() < LEAST_PASSPHRASE {
        return Err(refused(format!("a passphrase has {LEAST_PASSPHRASE} characters at least: no key was made")));
    }
    if ask("The same once more: ")?.expose_secret() != passphrase.expose_secret() {
        return Err(refused("those were two passphrases: no key was made"));
    }
    let failed = |_| CallError::new(ErrorCode::InternalError, "the key cannot be made");
    let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(failed)?;
    key.set_comment(&name);
    let line = key.public_key().to_openssh().map_err(failed)?;
    ApproverKey::parse(&line).map_err(|error| refused(format!("--name {}: {error}", safe(&name))))?;
    let text = key
        .encrypt(&mut OsRng, passphrase.expose_secret())
        .and_then(|key| key.to_openssh(LineEnding::LF))
        .map_err(failed)?;
    write(&path, text.as_bytes())
        .map_err(|error| refused(format!("the key {shown} cannot be written: {}", error.kind())))?;
    printer.people(&format!("{}\n", safe(&line)))?;
    printer.note(&format!("the private key is {shown}; keep it where only its approver is"));
    printer.note("the line above is the public key: put it among the approvers of a section of the policy, where no agent can write");
    Ok(())
}

/// A path that can be pasted behind a command.
fn for_shell(path: &Path) -> String {
    let shown = safe(&path.display().to_string());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,".contains(c);
    if shown.chars().all(is_plain) { shown } else { format!("'{}'", shown.replace('\'', "'\\''")) }
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    // Made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all())?;
    file.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

/// Something that is not shown while it is typed.
fn ask(question: &str) -> Result<SecretString, CallError> {
    let typed = rpassword::prompt_password(question)
        .map_err(|error| refused(format!("no passphrase could be read: {}", error.kind())))?;
    Ok(SecretString::from(typed))
}
