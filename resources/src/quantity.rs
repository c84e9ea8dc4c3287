//! Amounts as people write them (`64`, `500m`, `31353G`, `512Gi`), to integers and back.
//!
//! The grammar is narrower than Kubernetes' own on purpose: a contract says `31353G`, and each
//! other spelling of an amount is a chance to be wrong by 7.4 % (G and Gi) or 1,000 times (m).
//! What is written in a spec is kept as written; sums are shown in decimal units.

use ledger::{Amount, Bundle, PerResource, Resource};
use thiserror::Error;

/// A unit of bytes, its size, and the most digits a number before it may have. The digits keep
/// every amount under 10^17 bytes, and are a bound that the API server's own rule can state too.
const UNITS: [(&str, u64, usize); 6] = [
    ("Ti", 1 << 40, 4),
    ("Gi", 1 << 30, 7),
    ("Mi", 1 << 20, 10),
    ("T", 1_000_000_000_000, 5),
    ("G", 1_000_000_000, 8),
    ("M", 1_000_000, 11),
];

/// Why a text isn't an amount, with what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuantityError {
    #[error("is empty: write {example}")]
    Empty { example: &'static str },
    #[error("is negative: an amount is zero or more")]
    Negative,
    #[error("has no unit: write {number}G or {number}Gi (G is 10^9 bytes, Gi is 2^30)")]
    MissingUnit { number: String },
    #[error("has a fraction: write it in a smaller unit, such as {instead}")]
    Fraction { instead: String },
    #[error("has an exponent: write the number out")]
    Exponent,
    #[error("has the unit {unit:?}, which isn't one of {allowed}")]
    UnknownUnit { unit: String, allowed: &'static str },
    #[error("isn't a number with a unit: write {example}")]
    NotANumber { example: &'static str },
    #[error("has a leading zero or sign: write {instead}")]
    Padded { instead: String },
    #[error("is larger than {max}, the most that can be asked for")]
    TooLarge { max: String },
}

impl QuantityError {
    /// The name in problems. Promised to scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "AmountEmpty",
            Self::Negative => "AmountNegative",
            Self::MissingUnit { .. } => "AmountWithoutUnit",
            Self::Fraction { .. } => "AmountFraction",
            Self::Exponent => "AmountExponent",
            Self::UnknownUnit { .. } => "AmountUnit",
            Self::NotANumber { .. } => "AmountNotANumber",
            Self::Padded { .. } => "AmountPadded",
            Self::TooLarge { .. } => "AmountTooLarge",
        }
    }
}

/// Reads an amount of `resource` as a spec may write it.
pub fn parse(resource: Resource, text: &str) -> Result<Amount, QuantityError> {
    match resource {
        Resource::Cpu => parse_cpu(text),
        Resource::Memory | Resource::Storage => parse_bytes(text),
    }
}

/// Cores: `8`, or thousandths of a core: `500m`.
pub fn parse_cpu(text: &str) -> Result<Amount, QuantityError> {
    let (digits, unit) = split(text, "8 or 500m")?;
    let (factor, digits_max) = match unit {
        "" => (1_000, 11),
        "m" => (1, 14),
        _ => return Err(wrong_unit(digits, unit, "none (cores) and m (thousandths)", |f| format!("{}m", f * 1_000.0))),
    };
    scale(digits, unit, factor, digits_max)
}

/// Bytes with their unit: `128G`, `512Gi`, `10T`; zero needs none.
pub fn parse_bytes(text: &str) -> Result<Amount, QuantityError> {
    let (digits, unit) = split(text, "128G or 512Gi")?;
    if unit.is_empty() {
        if digits == "0" {
            return Ok(Amount::ZERO);
        }
        return Err(QuantityError::MissingUnit { number: digits.to_owned() });
    }
    let Some(&(_, factor, digits_max)) = UNITS.iter().find(|(name, ..)| *name == unit) else {
        return Err(wrong_unit(digits, unit, "M, G, T, Mi, Gi and Ti", |f| smaller_unit(f, unit)));
    };
    scale(digits, unit, factor, digits_max)
}

/// Splits leading digits from the rest and turns away what isn't one number with one unit.
fn split<'a>(text: &'a str, example: &'static str) -> Result<(&'a str, &'a str), QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Empty { example });
    }
    if text.starts_with('-') {
        return Err(QuantityError::Negative);
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.is_empty() {
        return Err(QuantityError::NotANumber { example });
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(QuantityError::Padded { instead: format!("{}{unit}", digits.trim_start_matches('0')) });
    }
    Ok((digits, unit))
}

/// Says why what follows the digits isn't a unit: a fraction, an exponent or an unknown word.
fn wrong_unit(digits: &str, rest: &str, allowed: &'static str, instead: impl Fn(f64) -> String) -> QuantityError {
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        let number: f64 = format!("{digits}.{}", &fraction[..end]).parse().unwrap_or_default();
        return QuantityError::Fraction { instead: instead(number) };
    }
    let exponent = rest.strip_prefix(['e', 'E']).is_some_and(|power| power.starts_with(|c: char| c.is_ascii_digit()));
    if exponent {
        return QuantityError::Exponent;
    }
    // What a person typed may be long; enough of it to be recognised is shown.
    QuantityError::UnknownUnit { unit: rest.chars().take(12).collect(), allowed }
}

/// `1.5T` gives `1500G`: the same amount in the next smaller unit, where that is whole.
fn smaller_unit(number: f64, rest: &str) -> String {
    let unit = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let (factor, smaller) = match unit {
        "T" => (1_000.0, "G"),
        "G" => (1_000.0, "M"),
        "Ti" => (1_024.0, "Gi"),
        "Gi" => (1_024.0, "Mi"),
        _ => return "1500G".to_owned(),
    };
    format!("{:.0}{smaller}", (number * factor).ceil())
}

fn scale(digits: &str, unit: &str, factor: u64, digits_max: usize) -> Result<Amount, QuantityError> {
    let too_large = || QuantityError::TooLarge { max: format!("{}{unit}", "9".repeat(digits_max)) };
    if digits.len() > digits_max {
        return Err(too_large());
    }
    let number: u64 = digits.parse().map_err(|_| too_large())?;
    number.checked_mul(factor).map(Amount::new).ok_or_else(too_large)
}

/// The canonical text of an amount: cores or thousandths; memory in G, storage in T or G where
/// they are whole, else the largest unit that is exact, else bytes.
#[must_use]
pub fn format(resource: Resource, amount: Amount) -> String {
    match resource {
        Resource::Cpu => format_cpu(amount),
        Resource::Memory => format_bytes(amount, &["G", "M", "Gi", "Mi"]),
        Resource::Storage => format_bytes(amount, &["T", "G", "M", "Ti", "Gi", "Mi"]),
    }
}

#[must_use]
pub fn format_all(bundle: Bundle) -> PerResource<String> {
    PerResource {
        cpu: format(Resource::Cpu, bundle.cpu),
        memory: format(Resource::Memory, bundle.memory),
        storage: format(Resource::Storage, bundle.storage),
    }
}

fn format_cpu(amount: Amount) -> String {
    let millis = amount.get();
    if millis.is_multiple_of(1_000) { (millis / 1_000).to_string() } else { format!("{millis}m") }
}

fn format_bytes(amount: Amount, units: &[&str]) -> String {
    let bytes = amount.get();
    if bytes == 0 {
        return format!("0{}", units[0]);
    }
    let exact = units.iter().find_map(|unit| {
        let (_, factor, _) = UNITS.iter().find(|(name, ..)| name == unit)?;
        bytes.is_multiple_of(*factor).then(|| format!("{}{unit}", bytes / factor))
    });
    exact.unwrap_or_else(|| bytes.to_string())
}

/// Reads any quantity that an API server may send (`2T`, `1Gi`, `1500m`, `1e3`, `0.5`), rounded up
/// to a whole smallest unit: what is used is never shown as less than it is.
#[must_use]
pub fn parse_observed(resource: Resource, text: &str) -> Option<Amount> {
    let smallest_units: i128 = if resource == Resource::Cpu { 1_000 } else { 1 };
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let (numerator, denominator) = suffix_factor(suffix)?;
    let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?.checked_mul(denominator)?;
    let scaled = digits.checked_mul(numerator)?.checked_mul(smallest_units)?;
    let rounded_up = scaled.checked_add(divisor - 1)?.div_euclid(divisor);
    u64::try_from(rounded_up.max(0)).ok().map(Amount::new)
}

fn suffix_factor(suffix: &str) -> Option<(i128, i128)> {
    let factor = match suffix {
        "" => (1, 1),
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1_000),
        "k" => (1_000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "E" => (1_000_000_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            let factor = 10_i128.checked_pow(power.unsigned_abs())?;
            if power < 0 { (1, factor) } else { (factor, 1) }
        }
    };
    Some(factor)
}

#[cfg(test)]
mod tests;
