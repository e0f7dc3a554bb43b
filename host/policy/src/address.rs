//! Which addresses a target's name may lead to.
//!
//! A verified target is resolved again for every new connection: its certificate proves who answers. But never into link-local, where clouds keep
//! their metadata, and never into a less public class than at first, where a rebinding name would lead. An unverified target is pinned to
//! the addresses it had at first.

use std::net::IpAddr;

/// How public an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    LinkLocal,
    Loopback,
    Private,
    Public,
}

fn class(address: IpAddr) -> Class {
    match address.to_canonical() {
        IpAddr::V4(v4) if v4.is_link_local() => Class::LinkLocal,
        IpAddr::V4(v4) if v4.is_loopback() || v4.is_unspecified() => Class::Loopback,
        // Carrier-grade NAT is nobody's public network either.
        IpAddr::V4(v4) if v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64) => Class::Private,
        IpAddr::V4(_) => Class::Public,
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Class::LinkLocal,
        IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() => Class::Loopback,
        IpAddr::V6(v6) if v6.is_unique_local() => Class::Private,
        IpAddr::V6(_) => Class::Public,
    }
}

/// Whether addresses may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebinding {
    /// Within the class they had at first.
    WithinClass,
    /// No.
    Pinned,
}

/// The addresses of one name, as they were first.
#[derive(Debug)]
pub struct Addresses {
    rebinding: Rebinding,
    first: Option<First>,
}

#[derive(Debug)]
struct First {
    least: Class,
    addresses: Vec<IpAddr>,
}

/// The name leads to addresses that are not allowed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to addresses that are not allowed for it")]
pub struct AddressesDenied;

impl Addresses {
    /// Of a name that has not been resolved yet.
    #[must_use]
    pub fn new(rebinding: Rebinding) -> Self {
        Self { rebinding, first: None }
    }

    /// Those of the addresses that may be connected to, in their order.
    ///
    /// # Errors
    /// Where none may.
    pub fn admit(&mut self, found: &[IpAddr]) -> Result<Vec<IpAddr>, AddressesDenied> {
        let least = match &self.first {
            Some(first) if self.rebinding == Rebinding::Pinned => return Ok(first.addresses.clone()),
            Some(first) => first.least,
            None => Class::Loopback,
        };
        let allowed: Vec<IpAddr> = found.iter().copied().filter(|address| class(*address) >= least).collect();
        if allowed.is_empty() {
            return Err(AddressesDenied);
        }
        if self.first.is_none() {
            let least = allowed.iter().map(|address| class(*address)).min().unwrap_or(Class::Public);
            self.first = Some(First { least, addresses: allowed.clone() });
        }
        Ok(allowed)
    }
}
