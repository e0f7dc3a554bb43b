//! Which addresses a target's name may lead to.
//!
//! A verified target is resolved again for every new connection: its certificate proves who answers. But never into link-local, where clouds keep
//! their metadata, nor to the other addresses where they do, and never into a less public class than at first, where a rebinding name would lead. An unverified target is pinned to
//! the addresses it had at first.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where clouds keep their metadata beside link-local: credentials of the machine, for whoever asks from it.
const METADATA: [IpAddr; 5] = [
    // AWS (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html).
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    // Alibaba Cloud.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Google Cloud.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    // Azure's WireServer.
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Oracle Cloud.
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

/// How public an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Link-local, and where metadata is.
    Forbidden,
    Loopback,
    Private,
    Public,
}

fn class(address: IpAddr) -> Class {
    if METADATA.contains(&address) {
        return Class::Forbidden;
    }
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => class_v6(v6),
    }
}

fn class_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        _ if address.is_link_local() => Class::Forbidden,
        _ if address.is_loopback() => Class::Loopback,
        // "This network" (RFC 1122): some systems take any of it for themselves.
        [0, ..] => Class::Loopback,
        _ if address.is_private() => Class::Private,
        // Carrier-grade NAT (RFC 6598) is nobody's public network either.
        [100, second, ..] if second & 0xc0 == 64 => Class::Private,
        _ => Class::Public,
    }
}

fn class_v6(address: Ipv6Addr) -> Class {
    if address.is_loopback() || address.is_unspecified() {
        return Class::Loopback;
    }
    if address.is_unicast_link_local() {
        return Class::Forbidden;
    }
    let embedded = embedded_v4(address).map(|v4| class(IpAddr::V4(v4)));
    // NAT64 of a network's own prefix (RFC 8215) is that network's, whatever it leads to.
    let is_local = address.is_unique_local() || address.segments()[..3] == [0x64, 0xff9b, 1];
    let own = if is_local { Class::Private } else { Class::Public };
    embedded.map_or(own, |embedded| embedded.min(own))
}

/// The IPv4 address that a packet to this one comes to: mapped, compatible, NAT64 (RFC 6052), local NAT64 (RFC 8215), 6to4 (RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low] => from(high, low),
        [0x2002, high, low, ..] => from(high, low),
        _ => None,
    }
}

/// Whether an address that a target is written with, in place of a name, may be connected to. As with a name's first addresses, any may but
/// those of link-local and of metadata, in whatever form they are written.
///
/// # Errors
/// Where it may not.
pub fn admit_literal(address: IpAddr) -> Result<(), AddressesDenied> {
    if class(address) == Class::Forbidden { Err(AddressesDenied) } else { Ok(()) }
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
