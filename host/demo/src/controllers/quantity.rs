//! Amounts of resources, as far as a scheduler compares them.

/// Thousandths of a core. What cannot be read is nothing.
pub(crate) fn millicores(text: &str) -> i64 {
    match text.strip_suffix('m') {
        Some(thousandths) => thousandths.parse().unwrap_or(0),
        None => (text.parse::<f64>().unwrap_or(0.0) * 1000.0).round() as i64,
    }
}

/// Bytes. What cannot be read is nothing.
pub(crate) fn bytes(text: &str) -> i64 {
    const UNITS: [(&str, f64); 12] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("m", 1e-3),
        ("", 1.0),
    ];
    let fitting = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)));
    fitting.and_then(|(number, size)| Some(number.parse::<f64>().ok()? * size)).map_or(0, |bytes| bytes.ceil() as i64)
}
