//! A node's `spec.providerID`, taken apart: by it a cloud knows the machine under the node.
//!
//! Kubernetes says no more of it than `<provider>://<what the provider likes>`. The forms here are those that the providers' own controllers write; every
//! other text is opaque: kept as it is, without a guess. Nothing here fails.

pub mod uuid;

use crate::row::Row;
use crate::topology::provider_id::uuid::Uuid;
use std::borrow::Cow;

/// A provider, and what it calls the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderId<'t> {
    provider: Option<Cow<'t, str>>,
    form: Form<'t>,
}

/// What is known of the part behind the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form<'t> {
    /// `gce://PROJECT/ZONE/NAME`. The name is unique in its project and zone only.
    Gce {
        /// It may have a domain before it: `google.com:name`.
        project: &'t str,
        /// Where it is.
        zone: &'t str,
        /// Its name.
        instance: &'t str,
    },
    /// `aws:///ZONE/i-…`, of EC2.
    Ec2 {
        /// Not known of `aws:////i-…`.
        zone: Option<&'t str>,
        /// Its id, which is unique.
        instance: &'t str,
    },
    /// `aws:///ZONE/ID/fargate-…`: a pod's own machine, which EC2 does not know.
    Fargate {
        /// Where it is.
        zone: Option<&'t str>,
    },
    /// `azure:///subscriptions/…`: a machine, or one of a scale set. Azure compares without case, and does not keep to one.
    Azure {
        /// Its subscription, as written.
        subscription: &'t str,
        /// Its resource group, as written. Names are unique in one.
        resource_group: &'t str,
        /// The machine's name, or the set's and the instance's number in it, as written.
        identifier: Cow<'t, str>,
    },
    /// `vsphere://UUID`: the BIOS's of the machine, in one byte order or the other.
    Vsphere(Uuid),
    /// `openstack:///UUID`, or `openstack://REGION/UUID`.
    OpenStack {
        /// Where it says so.
        region: Option<&'t str>,
        /// The server's id.
        server: Uuid,
    },
    /// `hcloud://NUMBER`. Others write `hcloud://bm-NUMBER` of machines that are not of that cloud.
    Hcloud(&'t str),
    /// Of another provider, or of another form: what stands behind the scheme, or everything where there is no scheme.
    Opaque(&'t str),
}

/// Reads a node's provider id. None of an empty text, which is what a node without one has; everything else is something.
#[must_use]
pub fn parse(text: &str) -> Option<ProviderId<'_>> {
    if text.is_empty() {
        return None;
    }
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
        return Some(ProviderId { provider: None, form: Form::Opaque(text) });
    };
    let provider = lower_case(scheme);
    let form = match &*provider {
        "gce" => gce(rest),
        "aws" => aws(rest),
        "azure" => azure(rest),
        "vsphere" => Uuid::parse(rest).map(Form::Vsphere),
        "openstack" => openstack(rest),
        "hcloud" => {
            Some(rest).filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).map(Form::Hcloud)
        }
        _ => None,
    };
    Some(ProviderId { provider: Some(provider), form: form.unwrap_or(Form::Opaque(rest)) })
}

impl ProviderId<'_> {
    /// The scheme, in lower case. Some clouds write none.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// What the provider calls the machine.
    #[must_use]
    pub fn form(&self) -> &Form<'_> {
        &self.form
    }

    /// Writes the members of its object.
    pub fn members(&self, row: &mut Row<'_>) {
        row.text_or_null("provider", self.provider());
        self.parts().members(row);
    }

    /// What its form says, by the names that rows have for it.
    pub(crate) fn parts(&self) -> Parts<'_> {
        let nothing = Parts::default();
        match &self.form {
            Form::Gce { project, zone, instance } => Parts {
                project: Some(project),
                zone: Some(Some(zone)),
                instance: Some(instance),
                match_key: Some(Some(Cow::Borrowed(instance))),
                ..nothing
            },
            Form::Ec2 { zone, instance } => Parts {
                zone: Some(*zone),
                extracted_instance_id: Some(Some(instance)),
                match_key: Some(Some(Cow::Borrowed(instance))),
                ..nothing
            },
            Form::Fargate { zone } => Parts {
                zone: Some(*zone),
                extracted_instance_id: Some(None),
                fargate: Some(true),
                match_key: Some(None),
                ..nothing
            },
            Form::Azure { subscription, resource_group, identifier } => Parts {
                subscription: Some(subscription),
                resource_group: Some(resource_group),
                match_key: Some(Some(Cow::Owned(identifier.to_lowercase()))),
                identifier: Some(identifier),
                ..nothing
            },
            Form::Vsphere(uuid) => Parts { uuid: Some(*uuid), ..nothing },
            Form::OpenStack { region, server } => {
                Parts { region: *region, match_key: Some(Some(Cow::Owned(server.to_string()))), ..nothing }
            }
            Form::Hcloud(id) => Parts { match_key: Some(Some(Cow::Borrowed(id))), ..nothing },
            Form::Opaque(rest) => Parts { opaque: Some(rest), ..nothing },
        }
    }
}

/// What an id may say. What it does not say has no member; a null within says that there is none.
#[derive(Debug, Default)]
pub(crate) struct Parts<'p> {
    pub(crate) project: Option<&'p str>,
    pub(crate) zone: Option<Option<&'p str>>,
    pub(crate) instance: Option<&'p str>,
    pub(crate) extracted_instance_id: Option<Option<&'p str>>,
    pub(crate) fargate: Option<bool>,
    pub(crate) subscription: Option<&'p str>,
    pub(crate) resource_group: Option<&'p str>,
    pub(crate) identifier: Option<&'p str>,
    pub(crate) region: Option<&'p str>,
    pub(crate) match_key: Option<Option<Cow<'p, str>>>,
    /// Written in both byte orders.
    pub(crate) uuid: Option<Uuid>,
    pub(crate) opaque: Option<&'p str>,
}

impl Parts<'_> {
    /// Writes those that there are.
    pub(crate) fn members(&self, row: &mut Row<'_>) {
        row.text_if("project", self.project.map(Some));
        row.text_if("zone", self.zone);
        row.text_if("instance", self.instance.map(Some));
        row.text_if("extracted_instance_id", self.extracted_instance_id);
        row.flag_if("fargate", self.fargate);
        row.text_if("subscription", self.subscription.map(Some));
        row.text_if("resource_group", self.resource_group.map(Some));
        row.text_if("identifier", self.identifier.map(Some));
        row.text_if("region", self.region.map(Some));
        row.text_if("match_key", self.match_key.as_ref().map(Option::as_deref));
        let uuid = self.uuid.map(|uuid| uuid.to_string());
        row.text_if("uuid", uuid.as_deref().map(Some));
        let swapped = self.uuid.map(|uuid| uuid.byteswapped().to_string());
        row.text_if("uuid_byteswapped", swapped.as_deref().map(Some));
        row.text_if("opaque", self.opaque.map(Some));
    }
}

/// As the controller has it: three segments, none of them empty.
fn gce(rest: &str) -> Option<Form<'_>> {
    let mut segments = rest.split('/');
    let (project, zone, instance) = (segments.next()?, segments.next()?, segments.next()?);
    let plain = |segment: &str| {
        !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
    };
    let whole = segments.next().is_none() && [project, zone, instance].into_iter().all(plain);
    whole.then_some(Form::Gce { project, zone, instance })
}

/// As the controller has it, the last segment decides, and slashes at the end are nothing. A zone is one only where the controller writes it.
fn aws(rest: &str) -> Option<Form<'_>> {
    let segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    let (last, before) = segments.split_last()?;
    let named = |zone: &&str| is_name(zone);
    if is_ec2(last) {
        let ["", zone] = before else { return Some(Form::Ec2 { zone: None, instance: last }) };
        return Some(Form::Ec2 { zone: Some(*zone).filter(named), instance: last });
    }
    last.strip_prefix("fargate-").filter(|rest| is_name(rest))?;
    let (["", zone] | ["", zone, _]) = before else { return Some(Form::Fargate { zone: None }) };
    Some(Form::Fargate { zone: Some(*zone).filter(named) })
}

/// `i-` and what follows it: hexadecimal digits so far, which nobody promises.
fn is_ec2(segment: &str) -> bool {
    let rest = segment.strip_prefix("i-");
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The id of a resource in Azure. Its fixed segments come in any case, as `resourceGroups` and `resourcegroups`.
fn azure(rest: &str) -> Option<Form<'_>> {
    let segments: Vec<&str> = rest.split('/').collect();
    let (head, machine) = segments.split_at_checked(7)?;
    let ["", subscriptions, subscription, groups, resource_group, providers, compute] = head else { return None };
    let fixed = [
        (subscriptions, "subscriptions"),
        (groups, "resourceGroups"),
        (providers, "providers"),
        (compute, "Microsoft.Compute"),
    ];
    let is = |segment: &str, name: &str| segment.eq_ignore_ascii_case(name);
    if !fixed.into_iter().all(|(segment, name)| is(segment, name)) || !is_name(subscription) || !is_name(resource_group)
    {
        return None;
    }
    let identifier = match machine {
        [machines, name] if is(machines, "virtualMachines") && is_name(name) => Cow::Borrowed(*name),
        [sets, set, machines, number]
            if is(sets, "virtualMachineScaleSets")
                && is(machines, "virtualMachines")
                && is_name(set)
                && is_name(number) =>
        {
            Cow::Owned(format!("{set}_{number}"))
        }
        _ => return None,
    };
    Some(Form::Azure { subscription, resource_group, identifier })
}

/// A region, which may be empty, and a server.
fn openstack(rest: &str) -> Option<Form<'_>> {
    let (region, server) = rest.split_once('/')?;
    let region = Some(region).filter(|region| !region.is_empty());
    let server = Uuid::parse(server).filter(|_| region.is_none_or(is_name))?;
    Some(Form::OpenStack { region, server })
}

/// Whether a segment can be somebody's name for something.
fn is_name(segment: &str) -> bool {
    !segment.is_empty() && !segment.chars().any(|char| char.is_whitespace() || char.is_control())
}

/// Whether it can be the name of a provider.
fn is_scheme(scheme: &str) -> bool {
    !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}

fn lower_case(scheme: &str) -> Cow<'_, str> {
    if scheme.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(scheme.to_ascii_lowercase())
    } else {
        Cow::Borrowed(scheme)
    }
}
