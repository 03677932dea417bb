//! From a drawing to a file that is either complete or not there.

use super::surface::{Drawn, Raster, Surface, Vector};
use crate::error::{Error, Result};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The bitmap is drawn this many times too large ...
const PNG_DRAWN: u32 = 6;
/// ... and averaged down to this many pixels per logical pixel.
const PNG_KEPT: u32 = 2;
/// User units of the SVG per logical pixel.
const SVG_DRAWN: u32 = 8;
/// Pixels per metre at which a logical pixel is 1/96 inch.
const PIXELS_PER_METRE: u32 = PNG_KEPT * 3780;

/// File formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Svg,
}

impl Format {
    /// The format that the extension of `path` asks for.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        match extension.to_ascii_lowercase().as_str() {
            "png" => Ok(Self::Png),
            "svg" => Ok(Self::Svg),
            _ => Err(Error::argument("path", path.display(), "a file name that ends in .png or .svg")),
        }
    }
}

/// The bytes of a picture of `size` logical pixels.
pub(super) fn render(
    format: Format,
    (width, height): (u32, u32),
    draw: impl FnOnce(&mut dyn Surface) -> Drawn,
) -> Drawn<Vec<u8>> {
    match format {
        Format::Png => {
            let size = (width * PNG_DRAWN, height * PNG_DRAWN);
            let mut buffer = vec![255; 3 * size.0 as usize * size.1 as usize];
            draw(&mut Raster::new(&mut buffer, size, PNG_DRAWN)?)?;
            let averaged = average(&buffer, size.0 as usize, (PNG_DRAWN / PNG_KEPT) as usize);
            drop(buffer);
            encode(&averaged, width * PNG_KEPT, height * PNG_KEPT).map_err(|error| error.to_string())
        }
        Format::Svg => {
            let size = (width * SVG_DRAWN, height * SVG_DRAWN);
            let mut document = String::new();
            let mut page = Vector::new(&mut document, size, SVG_DRAWN);
            draw(&mut page)?;
            page.finish()?;
            let drawn = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
            let shown = format!("width=\"{width}\" height=\"{height}\" stroke-linejoin=\"round\"");
            Ok(document.replacen(&drawn, &shown, 1).into_bytes())
        }
    }
}

/// Means over squares of `factor * factor` pixels.
fn average(pixels: &[u8], width: usize, factor: usize) -> Vec<u8> {
    let (row, count) = (3 * width, (factor * factor) as u32);
    let mut averaged = Vec::with_capacity(pixels.len() / (factor * factor));
    for rows in pixels.chunks_exact(factor * row) {
        for left in (0..row).step_by(3 * factor) {
            for channel in 0..3 {
                let at = |dx: usize, dy: usize| u32::from(rows[dy * row + left + 3 * dx + channel]);
                let sum: u32 = (0..factor)
                    .flat_map(|dy| (0..factor).map(move |dx| (dx, dy)))
                    .map(|(dx, dy)| at(dx, dy))
                    .sum();
                averaged.push(((sum + count / 2) / count) as u8);
            }
        }
    }
    averaged
}

fn encode(pixels: &[u8], width: u32, height: u32) -> std::result::Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: PIXELS_PER_METRE,
        yppu: PIXELS_PER_METRE,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// Writes beside `path` and renames, so that a reader never sees half a picture.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |reason: String| Error::File { path: path.display().to_string(), reason };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return Err(failed(format!("the directory {} does not exist", directory.display())));
    }
    let temporary = temporary_beside(path, directory);
    let outcome = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, path));
    outcome.map_err(|error| {
        // Nothing to remove if it could not be created; either way the first error is the one to tell.
        let _ = fs::remove_file(&temporary);
        failed(error.to_string())
    })
}

/// A name no other writer uses: neither another process nor another thread.
fn temporary_beside(path: &Path, directory: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    directory.join(format!(".{name}.{}-{count}.tmp", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averaging_rounds_the_mean_of_each_square() {
        let mut pixels = vec![0; 3 * 2 * 2];
        pixels[0] = 255;
        pixels[3] = 255;
        assert_eq!(average(&pixels, 2, 2), [128, 0, 0]);
    }

    #[test]
    fn the_extension_chooses_the_format() {
        assert_eq!(Format::of(Path::new("a/b.PNG")), Ok(Format::Png));
        assert_eq!(Format::of(Path::new("b.svg")), Ok(Format::Svg));
        assert!(Format::of(Path::new("svg")).is_err());
    }
}
