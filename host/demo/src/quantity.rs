//! Quantities as the server writes them: `1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

/// Powers of 1024.
const BINARY: [(&str, u32); 6] = [("Ki", 1), ("Mi", 2), ("Gi", 3), ("Ti", 4), ("Pi", 5), ("Ei", 6)];
/// Powers of 1000.
const DECIMAL: [(&str, i32); 10] =
    [("n", -3), ("u", -2), ("m", -1), ("", 0), ("k", 1), ("M", 2), ("G", 3), ("T", 4), ("P", 5), ("E", 6)];
/// What is counted in.
const NANOS: i128 = 1_000_000_000;

/// The one way to write a quantity. None where it is none, or too large to be one.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '-' | '.')).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let nanos = nanos(number)?;
    if let Some((_, power)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        let amount = nanos.checked_mul(1024_i128.checked_pow(*power)?)?;
        return Some(binary(amount).unwrap_or_else(|| decimal(amount)));
    }
    let scaled = match suffix.strip_prefix(['e', 'E']).filter(|exponent| !exponent.is_empty()) {
        Some(exponent) => scale(nanos, exponent.parse().ok()?)?,
        None => {
            let (_, power) = DECIMAL.iter().find(|(name, _)| *name == suffix)?;
            scale(nanos, power * 3)?
        }
    };
    Some(decimal(scaled))
}

fn nanos(number: &str) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let is_negative = whole.starts_with('-');
    let whole: i128 = match whole.trim_start_matches(['-', '+']) {
        "" if fraction.is_empty() => return None,
        "" => 0,
        whole => whole.parse().ok()?,
    };
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    let nanos = whole.checked_mul(NANOS)?.checked_add(fraction)?;
    Some(if is_negative { -nanos } else { nanos })
}

fn scale(amount: i128, exponent: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(exponent.unsigned_abs())?;
    if exponent >= 0 { amount.checked_mul(factor) } else { Some(amount / factor) }
}

/// With the largest suffix that leaves a whole number.
fn binary(amount: i128) -> Option<String> {
    if amount % NANOS != 0 {
        return None;
    }
    let whole = amount / NANOS;
    let fits = |(_, power): &&(&str, u32)| whole != 0 && whole % 1024_i128.pow(*power) == 0;
    Some(match BINARY.iter().rev().find(fits) {
        Some((name, power)) => format!("{}{name}", whole / 1024_i128.pow(*power)),
        None => whole.to_string(),
    })
}

fn decimal(amount: i128) -> String {
    let unit = |power: i32| 10_i128.pow(u32::try_from(power * 3 + 9).unwrap_or(0));
    let fits = |(_, power): &&(&str, i32)| amount != 0 && amount % unit(*power) == 0;
    match DECIMAL.iter().rev().find(fits) {
        Some((name, power)) => format!("{}{name}", amount / unit(*power)),
        None => "0".to_owned(),
    }
}
