//! Which addresses a name may lead to.

use meho_policy::address::{Addresses, Rebinding};
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
