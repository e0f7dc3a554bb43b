//! An embedder of the host whose writes are approved over a channel of its own: here a socket, elsewhere a chat, a pager or a web page.
//!
//! What is at the other end of the channel has a key; this program has not, so whatever runs in it cannot approve. Start with [`Channel`], which is all
//! that an embedder writes. The cluster is the demo's, in this process.

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use meho_demo::{Demo, Settings};
use meho_host::approval::{Approver, Verdict};
use meho_host::credential::FixedCredential;
use meho_host::host::{Call, Host, HostSettings};
use meho_host::policy::approver::{ApproverKey, Approvers, NAMESPACE, statement};
use meho_host::policy::effect::Trust;
use meho_host::policy::family::Family;
use meho_host::policy::plan::{Approval, Confirmation, Plan};
use meho_host::policy::rules::TargetRules;
use meho_host::target::{Target, TargetSettings, Verification};
use meho_host_store::Store;
use meho_host_store::audit::Audit;
use secrecy::SecretString;
use serde_json::{Value, json};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::sync::Mutex;

/// The program's end of the channel. A plan goes out as one line of JSON, and a line comes back: a signature, or no.
struct Channel(Mutex<BufReader<UnixStream>>);

#[async_trait]
impl Approver for Channel {
    async fn decide(&self, plan: &Plan, view: &Value) -> Verdict {
        let confirmation = match plan.request().trust() {
            Trust::Destructive => Confirmation::Twice,
            Trust::Read | Trust::Write => Confirmation::Once,
        };
        let asked = json!({"plan": view, "statement": statement(plan.digest(), confirmation)});
        match self.ask(&asked).await {
            Ok(answer) => match answer["signature"].as_str() {
                Some(signature) => Verdict::Approved(Approval {
                    digest: plan.digest(),
                    approver: "over the channel".to_owned(),
                    confirmation,
                    // Whether it is one, and whose, is the host's to see.
                    signature: Some(signature.to_owned()),
                }),
                None => Verdict::Rejected,
            },
            // Nobody there: the plan waits in the store.
            Err(_) => Verdict::Nobody,
        }
    }
}

impl Channel {
    async fn ask(&self, asked: &Value) -> anyhow::Result<Value> {
        let mut stream = self.0.lock().await;
        stream.write_all(format!("{asked}\n").as_bytes()).await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        Ok(serde_json::from_str(&line)?)
    }
}

/// The other end: somebody who has the key, looks at the exact request, and signs what they agree to. Here: to no more than five replicas.
async fn approve(stream: UnixStream, key: PrivateKey) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let asked: Value = serde_json::from_str(&line)?;
        let request = &asked["plan"]["request"];
        println!("approver: {} {} {}", request["method"], request["path"], request["body"]["spec"]);
        let replicas = request["body"]["spec"]["replicas"].as_u64();
        let answer = match (replicas, asked["statement"].as_str()) {
            (Some(1..=5), Some(statement)) => {
                let signature = key.sign(NAMESPACE, HashAlg::Sha512, statement.as_bytes())?;
                json!({"signature": signature.to_pem(LineEnding::LF)?})
            }
            _ => json!({"answer": "no"}),
        };
        println!("approver: {}", if answer["signature"].is_string() { "yes, signed" } else { "no" });
        stream.write_all(format!("{answer}\n").as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cluster = Demo::start(Settings::default()).await.context("the demo cluster does not start")?;
    let state = tempfile::tempdir()?;
    let store = Arc::new(Store::open(&state.path().join("state"))?);
    let host = Host::new(HostSettings { recorder: store.clone(), plans: store.clone(), ..HostSettings::default() })?;
    let connector = host.load(meho_artifacts::KUBERNETES.to_vec()).await?;

    // The key stays on the other side; this side knows its public half.
    let seed: [u8; 32] = rand::random();
    let key = PrivateKey::new(KeypairData::from(Ed25519Keypair::from_seed(&seed)), "the operator on call")?;
    let public = ApproverKey::parse(&key.public_key().to_openssh()?)?;
    let target = target(&cluster)?
        .with_rules(TargetRules { approvers: Approvers::Keys(vec![public]), ..TargetRules::unrestricted() });
    let (here, there) = UnixStream::pair()?;
    let other_side = tokio::spawn(approve(there, key));
    let channel = Arc::new(Channel(Mutex::new(BufReader::new(here))));

    for replicas in [4, 50] {
        let arguments = json!({"namespace": "production", "name": "nginx", "replicas": replicas});
        let call = Call {
            operation: "scale_deployment".to_owned(),
            arguments: arguments.as_object().cloned().unwrap_or_default(),
            principal: "agent:example".to_owned(),
            timeout: None,
            note: Value::Null,
        };
        match host.call(&connector, &target, call, channel.clone()).collect().await {
            Ok((data, _)) => println!(
                "caller:   scaled {} from {} to {}",
                data["deployment"], data["previous_replicas"], data["replicas"]
            ),
            Err(error) => println!("caller:   {}: {}", error.code, error.message),
        }
    }
    drop(channel);
    other_side.await??;

    let audit = Audit::open(&store.directory())?;
    for entry in audit.entries(|_| true, 100)?.iter().rev() {
        println!("audit:    {} {}", entry.number, entry.kind);
    }
    println!("audit:    whole, {} entries", audit.verify(None)?.head.entries);
    Ok(())
}

fn target(cluster: &Demo) -> anyhow::Result<Target> {
    let mut settings = TargetSettings::new("demo", &cluster.server_url(), Family::Kubernetes);
    settings.verification = Verification::ca(cluster.ca_pem().as_bytes())?;
    let token = SecretString::from(cluster.admin_token());
    let credential = FixedCredential::new("the embedder", Some(token), None).map_err(|error| anyhow!("{error}"))?;
    Ok(Target::new(settings, Arc::new(credential))?)
}
