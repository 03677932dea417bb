//! Widths and outlines of text. The fonts are part of the program, so that figures look the same
//! everywhere and nothing has to be installed.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};
use std::sync::OnceLock;

/// The cuts of the type face that figures use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    Regular,
    Bold,
}

/// Fonts an SVG asks for: DejaVu Sans, or Verdana, which has the same widths.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

impl Face {
    fn font(self) -> Option<&'static FontRef<'static>> {
        type Cell = OnceLock<Option<FontRef<'static>>>;
        static REGULAR: Cell = OnceLock::new();
        static BOLD: Cell = OnceLock::new();

        let (cell, bytes): (&Cell, fn() -> &'static [u8]) = match self {
            Self::Regular => (&REGULAR, dejavu::sans::regular),
            Self::Bold => (&BOLD, dejavu::sans::bold),
        };
        cell.get_or_init(|| FontRef::try_from_slice(bytes()).ok()).as_ref()
    }
}

/// Scale that gives an em of `size`; `ab_glyph` measures a font by ascent plus descent instead.
fn scale(font: &FontRef<'_>, size: f64) -> PxScale {
    let units = font.units_per_em().unwrap_or(1000.0);
    PxScale::from(size as f32 * font.height_unscaled() / units)
}

/// Width of `text` in an em of `size`.
pub(super) fn width(text: &str, face: Face, size: f64) -> f64 {
    let mut end = 0.0;
    place(text, face, size, |_, _, right| end = right);
    end
}

/// Calls `visit` with each glyph, its left end and its right end, kerning included.
fn place(text: &str, face: Face, size: f64, mut visit: impl FnMut(ab_glyph::GlyphId, f64, f64)) {
    let Some(font) = face.font() else { return };
    let scaled = font.as_scaled(scale(font, size));
    let mut pen = 0.0;
    let mut previous = None;
    for c in text.chars() {
        let glyph = scaled.glyph_id(c);
        if let Some(previous) = previous {
            pen += f64::from(scaled.kern(previous, glyph));
        }
        let right = pen + f64::from(scaled.h_advance(glyph));
        visit(glyph, pen, right);
        pen = right;
        previous = Some(glyph);
    }
}

/// Calls `cover` with the pixels of `text`, relative to the start of its baseline, and how much of
/// each is covered.
pub(super) fn rasterize(text: &str, face: Face, size: f64, mut cover: impl FnMut(i32, i32, f64)) {
    let Some(font) = face.font() else { return };
    let scale = scale(font, size);
    place(text, face, size, |glyph, left, _| {
        let glyph = glyph.with_scale_and_position(scale, ab_glyph::point(left as f32, 0.0));
        let Some(outline) = font.outline_glyph(glyph) else { return };
        let corner = outline.px_bounds().min;
        outline.draw(|x, y, covered| {
            cover(corner.x as i32 + x as i32, corner.y as i32 + y as i32, f64::from(covered));
        });
    });
}

/// Breaks `text` at spaces into lines no wider than `limit`; a single long word stays whole.
pub(super) fn wrap(text: &str, face: Face, size: f64, limit: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), face, size) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_width_and_greek_has_glyphs() {
        assert!(width("γ", Face::Regular, 10.0) > 3.0);
        assert!(width("wide", Face::Bold, 10.0) > width("wide", Face::Regular, 10.0));
        let mut covered = 0.0;
        rasterize("γ", Face::Regular, 100.0, |_, _, c| covered += c);
        assert!(covered > 100.0);
    }

    #[test]
    fn long_text_is_wrapped() {
        let lines =
            wrap("one two three four", Face::Regular, 10.0, width("one two three", Face::Regular, 10.0));
        assert_eq!(lines, ["one two three", "four"]);
    }
}
