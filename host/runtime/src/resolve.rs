//! Names to addresses, for the transport. Which addresses may be used is `meho_policy::address`'s to say.

use hyper_util::client::legacy::connect::dns::Name;
use meho_policy::address::{Addresses, Rebinding};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tower_service::Service;

/// Resolves one target's name. Clones share what they have seen.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    addresses: Arc<Mutex<Addresses>>,
}

impl Resolver {
    pub(crate) fn new(rebinding: Rebinding) -> Self {
        Self { addresses: Arc::new(Mutex::new(Addresses::new(rebinding))) }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let addresses = self.addresses.clone();
        Box::pin(async move {
            // The connector puts the port in.
            let found: Vec<IpAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.map(|address| address.ip()).collect();
            let admitted =
                addresses.lock().unwrap_or_else(PoisonError::into_inner).admit(&found).map_err(io::Error::other)?;
            Ok(admitted.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect::<Vec<_>>().into_iter())
        })
    }
}
