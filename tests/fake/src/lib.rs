//! A target that answers what a test tells it to: a real server on loopback, with TLS by rustls, HTTP/1.1 and HTTP/2.
//!
//! A [`Fake`] is given a table of what it expects ([`Expected`]), or a function, and how it answers ([`Answer`]). It keeps all that was sent to it
//! ([`Seen`]) and fails the test when something came that it did not expect, or something did not come. It runs on threads of its own, so a test
//! may block or pause as it likes, and nothing in it ever sleeps: what has to wait waits for a [`Gate`].
//!
//! It knows nothing of the host that it is there to test.

mod fake;

mod answer;
mod expected;
mod gate;
mod seen;

mod certificate;
mod echo;

mod http1;
mod http2;
mod script;
mod server;

mod proxy;

pub use answer::{Answer, Body, Then, gzip};
pub use certificate::{Authority, Certificate, Validity};
pub use echo::Form;
pub use expected::Expected;
pub use fake::{Fake, Settings, Versions, Welcome};
pub use gate::Gate;
pub use proxy::{Passage, Proxy, Speaks};
pub use seen::Seen;
