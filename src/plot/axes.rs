//! Axes: from numbers to places, and the numbers to write along them.

/// One axis of a panel with its final range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
    pub log: bool,
}

/// A mark along an axis; major marks carry a number and a grid line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Fraction of the way along the axis.
    pub place: f64,
    pub label: Option<String>,
}

/// Decades up to which a logarithmic axis shows 2 and 5 between the powers of ten.
const SHORT_LOG_RANGE: f64 = 2.6;
/// Decades above which the marks between powers of ten would only be noise.
const LONG_LOG_RANGE: f64 = 7.0;

impl Axis {
    /// Fraction of the way along the axis; outside `[0, 1]` outside the range. On a logarithmic axis
    /// whatever is not positive lies infinitely far below.
    pub fn place(&self, value: f64) -> f64 {
        if self.log {
            (value.max(0.0).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            // Halved first, so that the difference of huge numbers stays finite.
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        }
    }

    /// About `count` numbered marks at round numbers, with minor marks on logarithmic axes.
    pub fn ticks(&self, count: usize) -> Vec<Tick> {
        if self.log { self.log_ticks(count) } else { self.linear_ticks(count) }
    }

    fn linear_ticks(&self, count: usize) -> Vec<Tick> {
        let step = round_step(self.high / count as f64 - self.low / count as f64);
        let first = (self.low / step - 1e-9).ceil();
        let values: Vec<f64> = (0..=4 * count)
            .map(|k| (first + k as f64) * step)
            .take_while(|&v| v <= self.high + 1e-9 * step)
            .collect();
        let labels = decimal_labels(&values, step);
        values.iter().zip(labels).map(|(&v, label)| self.tick(v, Some(label))).collect()
    }

    fn log_ticks(&self, count: usize) -> Vec<Tick> {
        let decades = (self.high / self.low).log10();
        let powers = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let inside = |v: f64| v >= self.low * (1.0 - 1e-9) && v <= self.high * (1.0 + 1e-9);
        let stride = (decades / count as f64).ceil().max(1.0) as i32;
        let numbered = |power: i32, digit: i32| match digit {
            1 => power % stride == 0,
            2 | 5 => decades < SHORT_LOG_RANGE,
            _ => false,
        };
        let mut ticks = Vec::new();
        for power in powers {
            for digit in 1..=9 {
                let value = f64::from(digit) * 10f64.powi(power);
                if !inside(value) || (digit > 1 && decades > LONG_LOG_RANGE) {
                    continue;
                }
                let label = numbered(power, digit).then(|| self.power_label(digit, power));
                ticks.push(self.tick(value, label));
            }
        }
        // On a fraction of a decade round steps read better than one or two lone digits.
        let numbered = ticks.iter().filter(|tick| tick.label.is_some()).count();
        if decades < 1.0 && numbered < 3 { self.linear_ticks(count) } else { ticks }
    }

    fn tick(&self, value: f64, label: Option<String>) -> Tick {
        Tick { place: self.place(value), label }
    }

    /// `digit * 10^power`, in plain digits while the whole axis is easy to read that way.
    fn power_label(&self, digit: i32, power: i32) -> String {
        if self.low > 0.9e-4 && self.high < 1.1e4 {
            return decimal(f64::from(digit) * 10f64.powi(power), (-power).max(0) as usize);
        }
        let ten = format!("10{}", superscript(power));
        if digit == 1 { ten } else { format!("{digit}×{ten}") }
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * power >= rough * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * power
}

/// Labels with as many decimals as the step needs; huge and tiny numbers share a power of ten.
fn decimal_labels(values: &[f64], step: f64) -> Vec<String> {
    let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let digit_place = (step.log10() + 1e-9).floor() as i32;
    if largest == 0.0 || (1e-3..1e5).contains(&largest) {
        return values.iter().map(|&v| decimal(v, (-digit_place).max(0) as usize)).collect();
    }
    let power = (largest.log10() + 1e-9).floor() as i32;
    let decimals = (power - digit_place).max(0) as usize;
    let scaled = |v: f64| decimal(v / 10f64.powi(power), decimals);
    let label =
        |v: f64| if v == 0.0 { "0".into() } else { format!("{}×10{}", scaled(v), superscript(power)) };
    values.iter().map(|&v| label(v)).collect()
}

/// Fixed number of decimals, with a true minus sign and no negative zero.
fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| c == '0' || c == '.') => zero.to_string(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// Four significant digits without trailing zeros, for numbers inside a sentence.
pub(super) fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let power = value.abs().log10().floor() as i32;
    if !(-4..6).contains(&power) {
        let scaled = trim(decimal(value / 10f64.powi(power), 3));
        return format!("{scaled}×10{}", superscript(power));
    }
    trim(decimal(value, (3 - power).max(0) as usize))
}

fn trim(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

fn superscript(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| c.to_digit(10).map_or('⁻', |d| DIGITS[d as usize]);
    power.to_string().chars().map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, log: bool) -> Vec<String> {
        Axis { low, high, log }.ticks(6).into_iter().filter_map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_labels_are_round() {
        assert_eq!(labels(0.0, 1.0, false), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(-1.1, 1.1, false), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(0.0, 4e-6, false)[1], "1×10⁻⁶");
        assert_eq!(labels(1e300, 2e300, false)[0], "1.0×10³⁰⁰");
    }

    #[test]
    fn logarithmic_labels_are_powers_of_ten() {
        assert_eq!(labels(1e-6, 1e-1, true), ["10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]);
        assert_eq!(labels(0.1, 10.0, true), ["0.1", "0.2", "0.5", "1", "2", "5", "10"]);
        assert_eq!(labels(2.1, 2.9, true)[0], "2.2");
    }

    #[test]
    fn numbers_in_sentences_are_short() {
        assert_eq!(short(0.5), "0.5");
        assert_eq!(short(-1.0 / 3.0), "−0.3333");
        assert_eq!(short(1234.6), "1235");
        assert_eq!(short(2.5e-7), "2.5×10⁻⁷");
    }
}
