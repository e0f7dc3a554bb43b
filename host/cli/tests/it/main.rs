//! The program and how it shows things, without a cluster: where answers are needed a fake target gives them. Start with `program.rs`, the way in.

mod program;
mod screen;
mod target;

mod ages;
mod checks;
mod colours;
mod completions;
mod configuration;
mod demo;
mod filters;
mod guide;
mod help;
mod hints;
mod notes;
mod outlook;
mod paths;
mod plugins;
mod policy;
mod sheets;
mod stored;
mod tables;
mod topology;
mod trust;
mod waiting;
mod yaml;
