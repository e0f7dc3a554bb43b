//! Quantities of resources, such as `250m` of a CPU or `1Gi` of memory, read once and added exactly.
//!
//! A quantity is a whole number of billionths, which is the finest that the API server keeps; there are no floats. What is finer is rounded up, away from zero,
//! as the server does. Written out it is as the server writes it: no fraction, and the largest suffix of its own family that loses nothing.
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Billionths in one.
const NANOS: i128 = 1_000_000_000;
/// The power of ten of a billionth.
const NANO: i32 = -9;
/// The largest power of ten that has a suffix: `E`.
const EXA: i32 = 18;
/// Suffixes of powers of ten from [`NANO`] on, in steps of three.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
/// Suffixes of powers of 1024, from the first on.
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// What is given with a binary suffix is cut to this, as the server does.
const MOST_OF_BINARY: i128 = i64::MAX as i128 * NANOS;

/// A quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    nanos: i128,
    family: Family,
}

/// Which suffixes it is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// `m`, none, `k`, `M`, …
    Decimal,
    /// `Ki`, `Mi`, …
    Binary,
    /// `e3`, `e6`, …
    Exponent,
}

/// Why a text is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAQuantity {
    /// It is not a number with a suffix.
    Malformed,
    /// It is beyond 10^29, or has too many digits.
    OutOfRange,
}

impl fmt::Display for NotAQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "is no quantity",
            Self::OutOfRange => "is larger, or has more digits, than any quantity",
        })
    }
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self { nanos: 0, family: Family::Decimal };

    /// The number of billionths.
    #[must_use]
    pub fn nanos(self) -> i128 {
        self.nanos
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// The sum, written as the first is; as the second, where the first is nothing. None where it is beyond 10^29.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let family = if self.is_zero() { other.family } else { self.family };
        Some(Self { nanos: self.nanos.checked_add(other.nanos)?, family })
    }

    /// How many whole hundredths of `whole` this is. None where `whole` is nothing.
    #[must_use]
    pub fn percent_of(self, whole: Self) -> Option<i64> {
        let hundredths = self.nanos.checked_mul(100)?.checked_div(whole.nanos)?;
        i64::try_from(hundredths).ok()
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.nanos.cmp(&other.nanos))
    }
}

impl FromStr for Quantity {
    type Err = NotAQuantity;

    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        let (is_negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, rest) = digits(unsigned);
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(NotAQuantity::Malformed);
        }
        let (family, power_of_ten, factor) = suffix_of(suffix).ok_or(NotAQuantity::Malformed)?;
        let fraction = fraction.trim_end_matches('0');
        let number = [whole.trim_start_matches('0'), fraction].concat();
        let number: i128 = if number.is_empty() { 0 } else { number.parse().map_err(|_| NotAQuantity::OutOfRange)? };
        let places = i32::try_from(fraction.len()).map_err(|_| NotAQuantity::OutOfRange)?;
        let power = power_of_ten.saturating_sub(places).saturating_sub(NANO);
        let nanos = match number.checked_mul(factor).and_then(|number| shift(number, power)) {
            Some(nanos) if family == Family::Binary => nanos.min(MOST_OF_BINARY),
            Some(nanos) => nanos,
            None if family == Family::Binary => MOST_OF_BINARY,
            None => return Err(NotAQuantity::OutOfRange),
        };
        // A fraction of one has no binary suffix to be written with.
        let family = if (1..NANOS).contains(&nanos) && family == Family::Binary { Family::Decimal } else { family };
        Ok(Self { nanos: if is_negative { -nanos } else { nanos }, family })
    }
}

/// The digits that a text begins with, and the rest.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// What a suffix means: a power of ten and a factor.
fn suffix_of(suffix: &str) -> Option<(Family, i32, i128)> {
    if let Some(step) = DECIMAL.iter().position(|known| *known == suffix) {
        return Some((Family::Decimal, NANO + 3 * i32::try_from(step).ok()?, 1));
    }
    if let Some(step) = BINARY.iter().position(|known| *known == suffix) {
        return Some((Family::Binary, 0, 1 << (10 * (step + 1))));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    Some((Family::Exponent, exponent.parse().ok()?, 1))
}

/// A number times a power of ten, rounded up. None where it is too large.
fn shift(number: i128, power: i32) -> Option<i128> {
    if number == 0 {
        return Some(0);
    }
    match 10_i128.checked_pow(power.unsigned_abs()) {
        Some(scale) if power >= 0 => number.checked_mul(scale),
        Some(scale) => Some(number / scale + i128::from(number % scale != 0)),
        None if power >= 0 => None,
        // Less than the least there is.
        None => Some(1),
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        let fits_binary = self.nanos.abs() >= 1024 * NANOS && self.nanos % NANOS == 0;
        if self.family == Family::Binary && fits_binary {
            return write_binary(self.nanos / NANOS, f);
        }
        let is_exponent = self.family == Family::Exponent;
        let (mut number, mut power) = (self.nanos, NANO);
        while number % 1000 == 0 && (is_exponent || power < EXA) {
            number /= 1000;
            power += 3;
        }
        match (is_exponent, power) {
            (true, 0) => write!(f, "{number}"),
            (true, power) => write!(f, "{number}e{power}"),
            (false, power) => {
                let step = usize::try_from((power - NANO) / 3).unwrap_or_default();
                write!(f, "{number}{}", DECIMAL.get(step).copied().unwrap_or_default())
            }
        }
    }
}

fn write_binary(mut number: i128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut suffix = "";
    for larger in BINARY {
        if number % 1024 != 0 {
            break;
        }
        number /= 1024;
        suffix = larger;
    }
    write!(f, "{number}{suffix}")
}
