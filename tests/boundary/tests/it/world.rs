//! A host with a recorder, and the components that it has loaded.

use crate::records::Records;
use meho_host::approval::Plans;
use meho_host::budget::Budgets;
use meho_host::connector::Connector;
use meho_host::credential::{CredentialProvider, FixedCredential};
use meho_host::error::CallError;
use meho_host::host::{Host, HostSettings, Previews};
use meho_host::inspection::Inspector;
use meho_host::policy::family::Family;
use meho_host::target::{Target, TargetSettings, Verification};
use meho_test_fake::{Authority, Fake};
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::OnceCell;

/// The host's token in most tests. It has all that makes a difference to one of the forms in which it could come back.
pub(crate) const TOKEN: &str = r#"Canary.0123-ABCxyz_"quoted"\and/so+on=for%ever~"#;

/// A host and what belongs to it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) records: Arc<Records>,
    pub(crate) plans: Arc<Plans>,
    loaded: Arc<Mutex<Loaded>>,
}

/// Components by where their bytes are, each loaded at most once.
type Loaded = HashMap<(usize, usize), Arc<OnceCell<Arc<Connector>>>>;

impl World {
    /// The host with the usual budgets, which most tests share.
    pub(crate) fn shared() -> Self {
        static SHARED: OnceLock<World> = OnceLock::new();
        SHARED.get_or_init(|| Self::new(Budgets::default())).clone()
    }

    /// A host that gives little, for guests and targets that take all there is. Shared as well.
    pub(crate) fn tight() -> Self {
        static TIGHT: OnceLock<World> = OnceLock::new();
        TIGHT.get_or_init(|| Self::new(Self::tight_budgets())).clone()
    }

    /// What that host gives.
    pub(crate) fn tight_budgets() -> Budgets {
        Budgets {
            cpu: Duration::from_millis(500),
            first_byte: Duration::from_secs(2),
            between_bytes: Duration::from_secs(1),
            requests: 20,
            requests_at_a_time: 2,
            response_body_bytes: 256 << 10,
            response_bytes: 1 << 20,
            rows_bytes: 1 << 20,
            ..Budgets::default()
        }
    }

    /// A host with these budgets.
    pub(crate) fn new(budgets: Budgets) -> Self {
        Self::inspected(budgets, None)
    }

    /// A host that shows the memory of its guests.
    pub(crate) fn inspected(budgets: Budgets, inspector: Option<Inspector>) -> Self {
        // Most targets here expect what a guest asks, to the request. What the host asks before a yes is held against `previews.rs`.
        Self::with(budgets, inspector, Previews::LeftOut)
    }

    /// A host that asks what would come of a plan. Shared as well.
    pub(crate) fn previewing() -> Self {
        static PREVIEWING: OnceLock<World> = OnceLock::new();
        PREVIEWING.get_or_init(Self::previewing_alone).clone()
    }

    /// The same for one test.
    pub(crate) fn previewing_alone() -> Self {
        Self::with(Budgets::default(), None, Previews::Made)
    }

    fn with(budgets: Budgets, inspector: Option<Inspector>, previews: Previews) -> Self {
        let (records, plans) = (Arc::new(Records::default()), Arc::new(Plans::default()));
        let settings = HostSettings {
            budgets,
            recorder: records.clone(),
            plans: plans.clone(),
            previews,
            inspector: inspector.map(Arc::new),
        };
        let host = Host::new(settings).expect("this machine runs an engine");
        Self { host, records, plans, loaded: Arc::default() }
    }

    /// Loads a component, once.
    pub(crate) async fn load(&self, component: &'static [u8]) -> Result<Arc<Connector>, CallError> {
        let cell =
            self.loaded.lock().unwrap().entry((component.as_ptr() as usize, component.len())).or_default().clone();
        cell.get_or_try_init(|| self.host.load(component.to_vec())).await.cloned()
    }
}

/// The way to a fake, verified by its authority, with the usual token.
pub(crate) fn target(fake: &Fake) -> Target {
    target_as(fake, token(TOKEN))
}

/// The same with another credential.
pub(crate) fn target_as(fake: &Fake, credentials: Arc<dyn CredentialProvider>) -> Target {
    Target::new(settings(fake), credentials).expect("the settings of a fake are in order")
}

/// The settings that lead to a fake.
pub(crate) fn settings(fake: &Fake) -> TargetSettings {
    let mut settings = TargetSettings::new("fake", &fake.url(), Family::Kubernetes);
    settings.verification = Verification::ca(Authority::shared().pem().as_bytes()).expect("the authority's PEM is PEM");
    settings
}

/// A bearer token that never changes.
pub(crate) fn token(text: &str) -> Arc<dyn CredentialProvider> {
    Arc::new(FixedCredential::new("tester", Some(SecretString::from(text)), None).expect("a token is a header value"))
}
