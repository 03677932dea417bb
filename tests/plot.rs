//! Figures: complete files of the promised size, and typed errors for everything else.
#![cfg(feature = "plot")]

use freespectra::Error;
use freespectra::plot::{Colour, Figure, Layer, Panel};
use std::fs;
use std::path::PathBuf;

/// A directory of its own for each test, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("freespectra-plot-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn files(&self) -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        fs::read_dir(&self.0).unwrap().map(name).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Every kind of layer on one panel.
fn everything() -> Panel {
    let x: Vec<f64> = (0..=200).map(|k| f64::from(k) / 100.0).collect();
    let y: Vec<f64> = x.iter().map(|x| if *x == 0.0 { f64::INFINITY } else { 0.3 / x.sqrt() }).collect();
    let lower: Vec<f64> = x.iter().map(|x| 0.2 - 0.05 * x).collect();
    let upper: Vec<f64> = x.iter().map(|x| 0.3 + 0.05 * x).collect();
    Panel::new("λ", "density")
        .layer(Layer::histogram(&[0.0, 0.5, 1.0, 2.0], &[0.8, 0.4, 0.2]).label("sample"))
        .layer(Layer::band(&x, &lower, &upper).label("spread"))
        .layer(Layer::curve(&x, &y).label("law").colour(Colour::Blue))
        .layer(Layer::curve(&x, &lower).dashed().width(1.0))
        .layer(Layer::points_with_errors(&[0.5, 1.5], &[0.4, 0.2], &[0.1, 0.05]).label("draws"))
        .layer(Layer::points(&[1.0], &[0.5]))
        .layer(Layer::edges(&[0.0, 2.0]).label("edges"))
        .layer(Layer::stem(0.0, 0.5))
        .layer(Layer::vertical(1.0).label("mean").dotted())
}

fn invalid(outcome: Result<(), Error>) -> &'static str {
    match outcome {
        Err(Error::InvalidArgument { argument, .. }) => argument,
        other => panic!("expected an invalid argument, got {other:?}"),
    }
}

/// Saves one layer under a name that is never created, so that only the check can fail.
fn refused(panel: Panel) -> &'static str {
    let directory = Directory::new("refused");
    let outcome = Figure::new("").panel(panel).save(directory.0.join("refused.svg"));
    assert!(directory.files().is_empty());
    invalid(outcome)
}

fn one(layer: Layer) -> Panel {
    Panel::new("x", "y").layer(layer)
}

#[test]
fn png_has_two_pixels_per_logical_pixel_and_shows_the_data() {
    let directory = Directory::new("png");
    let path = directory.0.join("figure.png");
    Figure::new("Title").subtitle("γ = 1").panel(everything()).save(&path).unwrap();
    assert_eq!(directory.files(), ["figure.png"]);
    assert!(fs::metadata(&path).unwrap().len() < 300_000);

    let mut reader =
        png::Decoder::new(std::io::BufReader::new(fs::File::open(&path).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height), (1920, 1280));
    let coloured = |rgb: (u8, u8, u8)| pixels.chunks(3).filter(|p| (p[0], p[1], p[2]) == rgb).count();
    assert!(coloured(Colour::Blue.rgb()) > 1000, "the curve is missing");
    assert!(coloured((255, 255, 255)) > 1920 * 1280 / 4, "the page is not white");
    // The border of the page stays free: nothing is clipped.
    assert!(pixels[..3 * 1920].iter().all(|&p| p == 255));
    assert!(
        pixels.chunks(3 * 1920).all(|row| row[..6].iter().chain(&row[row.len() - 6..]).all(|&p| p == 255))
    );
}

#[test]
fn svg_is_one_document_with_the_title_and_the_logical_size() {
    let directory = Directory::new("svg");
    let path = directory.0.join("figure.svg");
    Figure::new("Law of <Z> & P").panel(everything()).save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("<svg width=\"960\" height=\"640\""));
    assert!(text.contains("viewBox=\"0 0 7680 5120\""));
    assert!(text.contains("Law of &lt;Z&gt; &amp; P"));
    assert!(text.trim_end().ends_with("</svg>"));
    assert_eq!(text.matches("<text").count(), text.matches("</text>").count());
    assert!(!text.contains("NaN") && !text.contains("inf"));
}

#[test]
fn a_grid_is_as_large_as_its_panels() {
    let directory = Directory::new("grid");
    let path = directory.0.join("grid.svg");
    Figure::new("Six").panels(2, 3, vec![everything(); 6]).save(&path).unwrap();
    assert!(fs::read_to_string(&path).unwrap().starts_with("<svg width=\"1410\" height=\"720\""));
    Figure::new("Small").panel(everything()).size(300, 200).save(&path).unwrap();
    assert!(fs::read_to_string(&path).unwrap().starts_with("<svg width=\"300\" height=\"200\""));
}

#[test]
fn long_data_stays_small() {
    let directory = Directory::new("long");
    let path = directory.0.join("long.svg");
    let x: Vec<f64> = (0..500_000).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| (x * 12.9898).sin() * 43_758.547).map(|v| v - v.floor()).collect();
    Figure::new("").panel(one(Layer::curve(&x, &y))).save(&path).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 300_000);
}

#[test]
fn other_extensions_are_refused() {
    for name in ["figure.pdf", "figure", "png"] {
        let outcome = Figure::new("").panel(everything()).save(std::env::temp_dir().join(name));
        assert_eq!(invalid(outcome), "path");
    }
}

#[test]
fn failures_to_write_name_the_path_and_leave_nothing() {
    let directory = Directory::new("unwritable");
    let missing = directory.0.join("no such directory").join("figure.svg");
    match Figure::new("").panel(everything()).save(&missing) {
        Err(Error::File { path, reason }) => {
            assert_eq!(path, missing.display().to_string());
            assert!(reason.contains("no such directory"), "{reason}");
        }
        other => panic!("expected a file error, got {other:?}"),
    }
    // A directory cannot be replaced by a file, which only shows when renaming.
    let taken = directory.0.join("taken.svg");
    fs::create_dir(&taken).unwrap();
    assert!(matches!(Figure::new("").panel(everything()).save(&taken), Err(Error::File { .. })));
    assert_eq!(directory.files(), ["taken.svg"]);
}

#[test]
fn data_that_cannot_be_drawn_is_refused() {
    assert_eq!(refused(one(Layer::curve(&[0.0, 1.0], &[1.0]))), "curve y");
    assert_eq!(refused(one(Layer::curve(&[], &[]))), "curve x");
    assert_eq!(refused(one(Layer::histogram(&[0.0, 1.0], &[1.0, 2.0]))), "histogram density");
    assert_eq!(refused(one(Layer::histogram(&[0.0], &[]))), "histogram density");
    assert_eq!(refused(one(Layer::histogram(&[0.0, 1.0, 1.0], &[1.0, 2.0]))), "histogram edges");
    assert_eq!(refused(one(Layer::histogram(&[0.0, f64::NAN], &[1.0]))), "histogram edges");
    assert_eq!(refused(one(Layer::histogram(&[0.0, 1.0], &[-1.0]))), "histogram density");
    assert_eq!(refused(one(Layer::band(&[0.0], &[0.0], &[]))), "band upper");
    assert_eq!(refused(one(Layer::points_with_errors(&[0.0], &[0.0], &[-1.0]))), "points errors");
    assert_eq!(refused(one(Layer::stem(0.0, 1.5))), "stem mass");
    assert_eq!(refused(one(Layer::edges(&[f64::INFINITY]))), "edges");
    assert_eq!(refused(one(Layer::vertical(1.0).width(-1.0))), "width");
    assert_eq!(refused(Panel::new("x", "y")), "layers");
}

#[test]
fn logarithmic_axes_need_positive_data() {
    assert_eq!(refused(one(Layer::curve(&[0.0, 1.0], &[1.0, 1.0])).log_x()), "curve x");
    assert_eq!(refused(one(Layer::curve(&[1.0, 2.0], &[1.0, 0.0])).log_y()), "curve y");
    assert_eq!(refused(one(Layer::stem(0.0, 0.5)).log_x()), "stem location");
    let directory = Directory::new("log");
    let panel = one(Layer::histogram(&[0.1, 1.0, 10.0, 100.0], &[1.0, 0.0, 1e-3])).log_x().log_y();
    let panel = panel.layer(Layer::points_with_errors(&[1.0, 2.0], &[0.1, 0.2], &[0.5, 0.1]));
    Figure::new("").panel(panel).save(directory.0.join("log.svg")).unwrap();
}

#[test]
fn densities_in_the_logarithm() {
    // 1 / x has the density 1 in log x, whatever the bins.
    let x = [-1.0, 0.0, 0.5, 2.0, 1e6];
    let curve = Layer::curve(&x, &x.map(|x| 1.0 / x)).per_logarithm();
    assert_eq!(curve, Layer::curve(&[0.5, 2.0, 1e6], &[1.0, 1.0, 1.0]));
    let edges = [-2.0, 0.0, 0.5, 1.0, 2.0];
    let mass = |pair: &[f64]| (pair[1] / pair[0]).ln() / (pair[1] - pair[0]);
    let density: Vec<f64> =
        edges.windows(2).map(|pair| if pair[0] > 0.0 { mass(pair) } else { 3.0 }).collect();
    let histogram = Layer::histogram(&edges, &density).per_logarithm();
    assert_eq!(histogram, Layer::histogram(&[0.5, 1.0, 2.0], &[1.0, 1.0]));
    let band = Layer::band(&[-1.0, 2.0], &[1.0, 1.0], &[2.0, 2.0]).per_logarithm();
    assert_eq!(band, Layer::band(&[2.0], &[2.0], &[4.0]));
    assert_eq!(Layer::edges(&[-1.0, 0.0, 3.0]).per_logarithm(), Layer::edges(&[3.0]));
}

#[test]
fn ranges_and_sizes_are_checked() {
    let panel = || one(Layer::curve(&[1.0, 2.0], &[1.0, 2.0]));
    assert_eq!(refused(panel().x_range(2.0, 1.0)), "x_range");
    assert_eq!(refused(panel().y_range(0.0, f64::NAN)), "y_range");
    assert_eq!(refused(panel().log_y().y_range(0.0, 1.0)), "y_range");
    let path = std::env::temp_dir().join("never.svg");
    assert_eq!(invalid(Figure::new("").panel(panel()).size(10, 640).save(&path)), "width");
    assert_eq!(invalid(Figure::new("").save(&path)), "panels");
    assert_eq!(invalid(Figure::new("").panels(1, 1, vec![panel(), panel()]).save(&path)), "panels");
    assert_eq!(invalid(Figure::new("").panels(0, 1, vec![panel()]).save(&path)), "rows");
}

#[test]
fn extreme_numbers_do_not_panic() {
    let directory = Directory::new("extreme");
    let path = directory.0.join("extreme.svg");
    let panels = [
        one(Layer::curve(&[0.0, 1e-300], &[1e300, -1e300])),
        one(Layer::curve(&[1.0, 1.0], &[5.0, 5.0])),
        one(Layer::curve(&[f64::NAN], &[f64::NAN])),
        one(Layer::curve(&[1e-300, 1e300], &[1e-5, 1.0])).log_y(),
        one(Layer::curve(&[0.0, 1.0], &[0.0, 1e12])).y_range(0.0, 1e-12),
        one(Layer::points(&[1.0], &[0.0])),
        one(Layer::stem(3.0, 1.0)),
        one(Layer::edges(&[])),
        one(Layer::vertical(0.0).label("a label that is far too long for the plot ".repeat(20))),
        one(Layer::curve(&[0.0, 1.0], &[0.0, 1.0]).label("a line of the legend, far too long ".repeat(20))),
    ];
    for panel in panels {
        Figure::new("word ".repeat(200)).panel(panel).save(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }
}
