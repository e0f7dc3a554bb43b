//! What pods ask of their node: the sums that `kubectl describe node` shows under "Allocated resources".
//!
//! A pod needs what its containers need together, or what its init containers need at their worst, whichever is more. A sidecar (an init container that is
//! always restarted) counts with both. What the pod asks for as a whole stands in place of the sum; overhead comes on top.
//! Sources: <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers>,
//! <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers>,
//! <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-overhead/>

use crate::node::Shape::{List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::page::Item;
use crate::quantity::Quantity;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Quantities by the resource that they are of.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

const RESOURCES: Shape = Object(&[("requests", Pairs), ("limits", Pairs)]);
const CONTAINERS: Shape = List(&Object(&[("restartPolicy", Text), ("resources", RESOURCES)]));

/// A pod, as far as its sums need it.
pub(crate) struct PodNeeds;

impl Item for PodNeeds {
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", Object(&[("name", Text), ("namespace", Text)])),
        (
            "spec",
            Object(&[
                ("containers", CONTAINERS),
                ("initContainers", CONTAINERS),
                ("resources", RESOURCES),
                ("overhead", Pairs),
            ]),
        ),
    ]);
}

/// What pods ask for, and what they may use at most.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Allocated {
    pub(crate) requests: Amounts,
    pub(crate) limits: Amounts,
}

impl Allocated {
    /// Adds what a pod asks for. Where one of its quantities cannot be read nothing is added, and which is said.
    pub(crate) fn add(&mut self, pod: &Node<'_>) -> Result<(), String> {
        let spec = pod.part("spec");
        let overhead = amounts(spec.pairs("overhead"))?;
        let mut requests = total(&spec, "requests")?;
        add_all(&mut requests, &overhead)?;
        let mut limits = total(&spec, "limits")?;
        // What has no limit gets none by its overhead.
        let limited = |name: &String| limits.get(name).is_some_and(|limit| !limit.is_zero());
        let overhead: Amounts = overhead.into_iter().filter(|(name, _)| limited(name)).collect();
        add_all(&mut limits, &overhead)?;
        let mut sum = self.clone();
        add_all(&mut sum.requests, &requests)?;
        add_all(&mut sum.limits, &limits)?;
        *self = sum;
        Ok(())
    }
}

/// Quantities as an object has them.
pub(crate) fn amounts(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Amounts, String> {
    let read = |(name, text): &(Cow<'_, str>, Cow<'_, str>)| match text.trim().parse() {
        Ok(quantity) => Ok((name.to_string(), quantity)),
        Err(error) => Err(format!("{name}: {text:?} {error}")),
    };
    pairs.iter().map(read).collect()
}

/// What a pod's containers need of each resource, or the pod says it needs as a whole.
fn total(spec: &Node<'_>, which: &str) -> Result<Amounts, String> {
    let own = |container: &Node<'_>| amounts(container.part("resources").pairs(which));
    let mut total = Amounts::new();
    for container in spec.items("containers") {
        add_all(&mut total, &own(container)?)?;
    }
    let (mut sidecars, mut worst) = (Amounts::new(), Amounts::new());
    for container in spec.items("initContainers") {
        let mut needed = own(container)?;
        if container.text("restartPolicy") == Some("Always") {
            add_all(&mut total, &needed)?;
            add_all(&mut sidecars, &needed)?;
            needed.clone_from(&sidecars);
        } else {
            // It runs beside those before it that go on running.
            add_all(&mut needed, &sidecars)?;
        }
        raise_all(&mut worst, needed);
    }
    raise_all(&mut total, worst);
    let whole = amounts(spec.part("resources").pairs(which))?;
    total.extend(whole.into_iter().filter(|(name, _)| is_of_whole_pods(name)));
    Ok(total)
}

/// Resources that a pod can ask for as a whole.
fn is_of_whole_pods(resource: &str) -> bool {
    matches!(resource, "cpu" | "memory") || resource.starts_with("hugepages-")
}

fn add_all(sums: &mut Amounts, more: &Amounts) -> Result<(), String> {
    for (name, quantity) in more {
        let sum = sums.get(name).copied().unwrap_or(Quantity::ZERO).plus(*quantity);
        sums.insert(name.clone(), sum.ok_or_else(|| format!("the sum of {name} is beyond all quantities"))?);
    }
    Ok(())
}

/// The greater of each.
fn raise_all(least: &mut Amounts, others: Amounts) {
    for (name, quantity) in others {
        match least.get(&name) {
            Some(known) if *known >= quantity => {}
            _ => drop(least.insert(name, quantity)),
        }
    }
}
