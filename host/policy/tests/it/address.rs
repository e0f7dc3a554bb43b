//! Which addresses a name may lead to.

use meho_policy::address::{Addresses, Rebinding, admit_literal};
use std::net::IpAddr;

fn ips(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|ip| ip.parse().expect("an address")).collect()
}

/// Lookups of one name, one after another: what was found, and what of it may be used.
#[track_caller]
fn check(rebinding: Rebinding, lookups: &[(&[&str], &[&str])]) {
    let mut addresses = Addresses::new(rebinding);
    for (found, wanted) in lookups {
        assert_eq!(addresses.admit(&ips(found)).unwrap_or_default(), ips(wanted), "{found:?}");
    }
}

#[test]
fn a_name_never_leads_into_link_local() {
    check(Rebinding::WithinClass, &[(&["169.254.169.254"], &[]), (&["fe80::1", "10.0.0.1"], &["10.0.0.1"])]);
    check(Rebinding::WithinClass, &[(&["::ffff:169.254.169.254"], &[])]);
    check(Rebinding::Pinned, &[(&["169.254.169.254"], &[])]);
}

#[test]
fn a_public_name_never_becomes_private_and_a_private_one_never_loopback() {
    check(
        Rebinding::WithinClass,
        &[
            (&["8.8.8.8"], &["8.8.8.8"]),
            (&["10.0.0.1"], &[]),
            (&["100.64.0.1"], &[]),
            (&["127.0.0.1", "9.9.9.9"], &["9.9.9.9"]),
        ],
    );
    check(
        Rebinding::WithinClass,
        &[
            (&["10.0.0.1"], &["10.0.0.1"]),
            (&["127.0.0.1"], &[]),
            (&["0.0.0.0"], &[]),
            (&["::1"], &[]),
            (&["8.8.8.8"], &["8.8.8.8"]),
        ],
    );
    check(
        Rebinding::WithinClass,
        &[(&["2001:4860::8888"], &["2001:4860::8888"]), (&["fd00::1"], &[]), (&["::ffff:10.0.0.1"], &[])],
    );
    check(
        Rebinding::WithinClass,
        &[(&["127.0.0.1"], &["127.0.0.1"]), (&["169.254.0.1"], &[]), (&["10.0.0.1"], &["10.0.0.1"])],
    );
}

#[test]
fn an_unverified_target_stays_where_it_was_first() {
    check(
        Rebinding::Pinned,
        &[(&["10.0.0.1"], &["10.0.0.1"]), (&["8.8.8.8"], &["10.0.0.1"]), (&["127.0.0.1"], &["10.0.0.1"])],
    );
}

/// Written plainly, and by each of the ways in which IPv6 holds an IPv4 address.
fn forms(v4: &str) -> Vec<String> {
    let address: std::net::Ipv4Addr = v4.parse().expect("an address");
    let [a, b, c, d] = address.octets();
    let hex = format!("{a:02x}{b:02x}:{c:02x}{d:02x}");
    let embedding = ["::ffff:", "::", "64:ff9b::", "64:ff9b:1::", "64:ff9b:1:2:3:4:"];
    let mut forms: Vec<String> = embedding.iter().map(|prefix| format!("{prefix}{hex}")).collect();
    forms.extend([v4.to_owned(), format!("2002:{hex}::1"), format!("2002:{hex}::")]);
    forms
}

#[test]
fn metadata_is_forbidden_in_whatever_form_it_is_written() {
    let metadata = ["169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192"];
    let mut written: Vec<String> = metadata.iter().flat_map(|v4| forms(v4)).collect();
    written.extend(["fd00:ec2::254", "fd20:ce::254", "fe80::1", "febf::1"].map(str::to_owned));
    for address in written {
        check(Rebinding::WithinClass, &[(&[address.as_str()], &[])]);
        check(Rebinding::WithinClass, &[(&[address.as_str(), "10.0.0.1"], &["10.0.0.1"])]);
        check(Rebinding::Pinned, &[(&[address.as_str()], &[])]);
        assert!(admit_literal(address.parse().expect("an address")).is_err(), "{address}");
    }
}

#[test]
fn a_public_name_never_becomes_private_by_an_embedded_address() {
    for private in ["10.0.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "0.0.0.0", "0.1.2.3"] {
        for address in forms(private) {
            check(Rebinding::WithinClass, &[(&["8.8.8.8"], &["8.8.8.8"]), (&[address.as_str()], &[])]);
        }
    }
    for loopback in ["127.0.0.1", "127.1.2.3"] {
        for address in forms(loopback) {
            check(Rebinding::WithinClass, &[(&["10.0.0.1"], &["10.0.0.1"]), (&[address.as_str()], &[])]);
        }
    }
    for public in ["64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"] {
        check(Rebinding::WithinClass, &[(&["8.8.8.8"], &["8.8.8.8"]), (&[public], &[public])]);
    }
    check(Rebinding::WithinClass, &[(&["8.8.8.8"], &["8.8.8.8"]), (&["64:ff9b:1::808:808"], &[])]);
}

#[test]
fn a_target_may_be_written_with_any_other_address() {
    for address in ["127.0.0.1", "::1", "10.0.0.1", "100.100.100.201", "fd00:ec2::253", "8.8.8.8", "64:ff9b::808:808"] {
        assert!(admit_literal(address.parse().expect("an address")).is_ok(), "{address}");
    }
}
