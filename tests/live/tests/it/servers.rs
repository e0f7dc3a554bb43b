//! The two servers that every test of an operation runs on: the real control plane, which is right, and the demo cluster, which has to be like it.
//!
//! A test is a function of a [`Cluster`]; [`both`] makes two tests of it, `real::NAME` and `demo::NAME`. Only the real one may be skipped. Tests that are
//! about the program or the transport alone need one server, and say so.

use meho_control_plane::{Cluster, ControlPlane};
use std::sync::OnceLock;

/// Makes two tests of each function: one a server.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod real {
            $(
                #[test]
                fn $name() {
                    let Some(cluster) = $crate::servers::real() else { return };
                    super::$name(&cluster);
                }
            )+
        }
    };
}

static REAL: OnceLock<Option<ControlPlane>> = OnceLock::new();

/// The real control plane for the test that asks; none where this machine cannot have one, which is said.
pub(crate) fn real() -> Option<ControlPlane> {
    // A test's thread has its name.
    let asked = ControlPlane::shared_or_skip(std::thread::current().name().unwrap_or("a live test"));
    REAL.get_or_init(|| asked.clone());
    asked
}

/// The demo cluster.
pub(crate) fn demo() -> Option<Cluster> {
    None
}

/// Those that tests of this process have been given so far.
pub(crate) fn in_use() -> impl Iterator<Item = Cluster> {
    REAL.get().cloned().flatten().map(Cluster::from).into_iter()
}
