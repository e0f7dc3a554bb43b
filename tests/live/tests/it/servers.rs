//! The two servers that every test of an operation runs on: the real control plane, which is right, and the demo cluster, which has to be like it.
//!
//! A test is a function of a [`Cluster`]; [`both`] makes two tests of it, `real::NAME` and `demo::NAME`. Only the real one may be skipped, and the
//! demo one where what it is held against is kubectl. Tests that are
//! about the program or the transport alone need one server, and say so.

use meho_control_plane::{Cluster, ControlPlane};
use std::io::Write as _;
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

        mod demo {
            $(
                #[test]
                fn $name() {
                    super::$name(&$crate::servers::demo());
                }
            )+
        }
    };
}

static REAL: OnceLock<Option<ControlPlane>> = OnceLock::new();
static DEMO: OnceLock<Cluster> = OnceLock::new();

/// The real control plane for the test that asks; none where this machine cannot have one, which is said.
pub(crate) fn real() -> Option<ControlPlane> {
    // A test's thread has its name.
    let asked = ControlPlane::shared_or_skip(std::thread::current().name().unwrap_or("a live test"));
    REAL.get_or_init(|| asked.clone());
    asked
}

/// The demo cluster.
pub(crate) fn demo() -> Cluster {
    DEMO.get_or_init(|| Cluster::demo().unwrap_or_else(|err| panic!("the demo cluster: {}", err.explain()))).clone()
}

/// Whether there is no kubectl to hold an answer against, which is then said. The demo cluster runs also where the control plane's programs cannot be built.
pub(crate) fn has_no_kubectl(cluster: &Cluster) -> bool {
    match cluster.kubernetes_programs() {
        Ok(_) => false,
        Err(err) if err.may_be_skipped() => {
            let test = std::thread::current().name().unwrap_or("a live test").to_owned();
            let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: no kubectl: {}", err.explain());
            true
        }
        Err(err) => panic!("kubectl: {}", err.explain()),
    }
}

/// Those that tests of this process have been given so far.
pub(crate) fn in_use() -> impl Iterator<Item = Cluster> {
    let real = REAL.get().cloned().flatten().map(Cluster::from);
    real.into_iter().chain(DEMO.get().cloned())
}
