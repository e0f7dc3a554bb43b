//! The hostile components by name. One that no test names does not compile.
#![deny(dead_code)]

macro_rules! name_each {
    ($($fixture:ident)*) => { $(pub(crate) static $fixture: &[u8] = meho_artifacts::hostile::$fixture;)* };
}

meho_artifacts::foreach_hostile!(name_each);
