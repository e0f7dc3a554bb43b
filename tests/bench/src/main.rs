//! Two benches: what a call costs without a network, and ten thousand pods of a real API server through the component, beside a native client
//! that reads the same pages one after another in the same run.
//!
//! Machines differ, so times are printed beside each other and compared as ratios. `bench [--pods N] [--rounds N] [--overhead-only]`.

mod listing;
mod native;
mod overhead;

use std::process::ExitCode;

/// Goals of the project, printed beside what was measured.
const GOAL_P50_MICROS: f64 = 30.0;
const GOAL_P99_MICROS: f64 = 150.0;
const GOAL_RATIO: f64 = 0.8;
const GOAL_MEMORY_BYTES: usize = 4 << 20;

struct Options {
    pods: u32,
    rounds: usize,
    overhead_only: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options { pods: 10_000, rounds: 9, overhead_only: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number =
            || arguments.next().and_then(|text| text.parse().ok()).ok_or(format!("{argument} needs a number"));
        match argument.as_str() {
            "--pods" => options.pods = u32::try_from(number()?).map_err(|_| "too many pods")?,
            "--rounds" => options.rounds = number()?,
            "--overhead-only" => options.overhead_only = true,
            other => return Err(format!("{other} is not known; --pods N, --rounds N and --overhead-only are")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::from(2);
        }
    };
    println!("component: {} bytes (goal: at most 524288)", meho_artifacts::KUBERNETES.len());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    overhead::bench(&runtime);
    if options.overhead_only {
        return ExitCode::SUCCESS;
    }
    match listing::bench(&runtime, options.pods, options.rounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The value below which this share of the sorted values lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a short list"
    )]
    let index = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[index]
}
