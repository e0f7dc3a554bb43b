//! A hostile connector: what it says of itself, and what it does.

use crate::bindings::exports::meho::connector::catalog::{self, Description, Discovery, Operation};
use crate::bindings::exports::meho::connector::operations::{self, Call, Outcome};
use crate::bindings::exports::meho::connector::topology::{self, Summary};
use crate::bindings::meho::connector::failures::Failure;
use crate::describe::{act, description, pod};
use std::marker::PhantomData;

/// What comes of an act.
pub type Acted = Result<Outcome, Failure>;
/// What comes of discovery.
pub type Discovered = Result<Summary, Failure>;

/// One connector.
pub trait Fixture {
    /// The one operation. By default it reads a pod and returns an object.
    #[must_use]
    fn operation() -> Operation {
        act(vec![pod()])
    }

    /// What it says that it discovers. By default nothing.
    #[must_use]
    fn discovery() -> Option<Discovery> {
        None
    }

    /// What the connector says of itself. By default that it has the one operation, and its discovery.
    #[must_use]
    fn describe() -> Description {
        Description { topology: Self::discovery(), ..description(vec![Self::operation()]) }
    }

    /// What it does when it is called.
    ///
    /// # Errors
    /// What it likes to say.
    fn act(call: &Arguments) -> Acted;

    /// What it does when it is to discover.
    ///
    /// # Errors
    /// What it likes to say. By default that it does not discover.
    fn discover(_: &Arguments) -> Discovered {
        Err(Failure::UnknownOperation("topology".to_owned()))
    }
}

/// The arguments of a call.
#[derive(Debug)]
pub struct Arguments {
    /// As they came, as JSON text.
    pub text: String,
    map: serde_json::Value,
}

impl Arguments {
    fn of(text: String) -> Self {
        Self { map: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    /// A text argument; empty where it is not given.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.map[name].as_str().unwrap_or_default()
    }

    /// An integer argument; 0 where it is not given.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        self.map[name].as_u64().unwrap_or_default()
    }

    /// The words that `also` says as a JSON string: arguments hold no control characters.
    #[must_use]
    pub fn words(&self) -> String {
        serde_json::from_str(self.text("also")).unwrap_or_default()
    }

    /// Which variation is asked for.
    #[must_use]
    pub fn how(&self) -> &str {
        self.text("how")
    }

    /// The path of the pod that `name` names.
    #[must_use]
    pub fn pod(&self) -> String {
        format!("{}/{}", crate::describe::PODS, self.text("name"))
    }
}

/// The component that a fixture becomes.
#[derive(Debug)]
pub struct Component<F>(PhantomData<F>);

impl<F: Fixture> catalog::Guest for Component<F> {
    fn describe() -> Description {
        F::describe()
    }
}

impl<F: Fixture> operations::Guest for Component<F> {
    fn invoke(call: Call) -> Result<Outcome, Failure> {
        F::act(&Arguments::of(call.arguments))
    }
}

impl<F: Fixture> topology::Guest for Component<F> {
    fn discover(arguments: String) -> Discovered {
        F::discover(&Arguments::of(arguments))
    }
}

/// Makes a component of a fixture.
#[macro_export]
macro_rules! hostile {
    ($fixture:ident) => {
        mod component {
            #![expect(unsafe_code, reason = "the generated exports of the component")]
            type Component = $crate::fixture::Component<super::$fixture>;
            $crate::bindings::export!(Component with_types_in $crate::bindings);
        }
    };
}
