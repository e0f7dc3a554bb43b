//! Amounts of a node's resources in units that people count in. Rounded: what is exact stands in the formats for programs.

use crate::cells::{Cell, at, word};
use serde_json::Value;

/// An amount of a resource, as people read it.
pub(crate) fn amount(row: &Value, name: &str) -> Cell {
    let raw = word(row, name);
    Cell::some(&human_amount(word(row, "resource"), raw).unwrap_or_else(|| raw.to_owned()))
}

/// An amount, and how much that is of the whole.
pub(crate) fn share(row: &Value, name: &str) -> Cell {
    let raw = word(row, name);
    let amount = human_amount(word(row, "resource"), raw).unwrap_or_else(|| raw.to_owned());
    match at(row, &[&format!("{name}_percent")]).as_i64() {
        Some(percent) if !amount.is_empty() => Cell::text(&format!("{amount} ({percent}%)")),
        Some(_) | None => Cell::some(&amount),
    }
}

/// A quantity of Kubernetes in the unit that people count this resource in: cores or thousandths of them, bytes in powers of 1024. Rounded; none for what
/// is counted in neither or is no quantity.
fn human_amount(resource: &str, raw: &str) -> Option<String> {
    let number = plain_number(raw)?;
    if resource == "cpu" {
        let thousandths = (number * 1000.0).round();
        return Some(if thousandths % 1000.0 == 0.0 {
            format!("{}", thousandths / 1000.0)
        } else {
            format!("{thousandths}m")
        });
    }
    let is_bytes = matches!(resource, "memory" | "ephemeral-storage") || resource.starts_with("hugepages-");
    if !is_bytes {
        return None;
    }
    const UNITS: [(&str, f64); 5] =
        [("Ti", 1_099_511_627_776.0), ("Gi", 1_073_741_824.0), ("Mi", 1_048_576.0), ("Ki", 1024.0), ("", 1.0)];
    let (unit, size) = UNITS.iter().find(|(_, size)| number.abs() >= *size).unwrap_or(&("", 1.0));
    let shown = format!("{:.1}", number / size);
    Some(format!("{}{unit}", shown.strip_suffix(".0").unwrap_or(&shown)))
}

/// The number that a quantity is, as near as a person needs it.
fn plain_number(raw: &str) -> Option<f64> {
    const SUFFIXES: [(&str, f64); 15] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let (digits, factor) =
        SUFFIXES.iter().find_map(|(suffix, factor)| Some((raw.strip_suffix(suffix)?, *factor))).unwrap_or((raw, 1.0));
    digits.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}
