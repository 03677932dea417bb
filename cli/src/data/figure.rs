//! The figure: spectrum, errors, and what every choice would reach.

use std::path::Path;

use freespectra::Result;

use super::Request;
use super::predict::Prediction;
use super::source::Source;

#[cfg(not(feature = "plot"))]
pub fn draw(_: &Path, _: &Request, _: &Source, _: &Prediction) -> Result<()> {
    Ok(())
}

#[cfg(feature = "plot")]
pub fn draw(path: &Path, request: &Request, source: &Source, prediction: &Prediction) -> Result<()> {
    panels::draw(path, request, source, prediction)
}

#[cfg(feature = "plot")]
mod panels {
    use freespectra::data::Recommendation;
    use freespectra::finite::Partition;
    use freespectra::plot::{Colour, Figure, Layer, Panel};

    use super::super::predict::{Course, LawOfZ};
    use super::*;
    use crate::drawing::{drawable, is_wild, points};

    /// Points of a density.
    const POINTS: usize = 600;

    /// Bins of a histogram.
    const BINS: usize = 40;

    /// Part of the eigenvalues that is shown: a few far ones would leave nothing of the others.
    const SHOWN: f64 = 0.97;

    /// Half the width of the band about expected counts, in standard deviations.
    const DEVIATIONS: f64 = 2.0;

    const COLOURS: [Colour; 6] = [
        Colour::Black,
        Colour::Blue,
        Colour::BluishGreen,
        Colour::Orange,
        Colour::ReddishPurple,
        Colour::SkyBlue,
    ];

    pub fn draw(path: &Path, request: &Request, source: &Source, prediction: &Prediction) -> Result<()> {
        let mut panels = Vec::new();
        panels.extend(featured_law(prediction).map(|law| spectrum(law, prediction)).transpose()?);
        panels.extend(prediction.featured().map(|course| errors(course, prediction)));
        panels.extend(prediction.recommended.as_ref().map(|found| choices(found, prediction)));
        let dataset = &source.dataset;
        let subtitle = format!(
            "{}: {} rows to train on, {} features{}, batches split {}",
            source.path.file_name().unwrap_or_default().to_string_lossy(),
            dataset.rows(),
            dataset.features(),
            if source.standardized { ", standardized" } else { "" },
            match request.partition {
                Partition::Fixed => "once",
                Partition::Fresh => "anew every epoch",
                Partition::Replacement => "anew at every step",
            }
        );
        let count = panels.len();
        Figure::new("Mini-batch gradient descent on these data")
            .subtitle(subtitle)
            .panels(1, count, panels)
            .size(520 * count as u32 + 40, 560)
            .save(path)
    }

    /// The law of the recommended batches if it has been sampled and is not that of the full batch, else of the most
    /// batches that were sampled.
    fn featured_law(prediction: &Prediction) -> Option<&LawOfZ> {
        let best = prediction.recommended.as_ref().map_or(1, |found| found.best.batches);
        let laws = &prediction.laws;
        let is_sampled = |law: &&LawOfZ| law.sampled.is_some();
        let recommended = laws.iter().find(|law| law.batches == best && best > 1 && is_sampled(law));
        recommended.or(laws.iter().rfind(is_sampled)).or(laws.last())
    }

    /// Histogram of `Z` over the counts that a single partition may have, and the laws of `Z` and `W` at the resolution
    /// of its bins.
    fn spectrum(law: &LawOfZ, prediction: &Prediction) -> Result<Panel> {
        let resolution = law.resolved.resolution();
        let high = law.resolved.quantile(SHOWN)?;
        let bin = high / BINS as f64;
        // What the features do not reach is at 0 and no part of the density.
        let lowest = 1e-10 * high;
        let x: Vec<f64> = (0..=POINTS).map(|i| high * i as f64 / POINTS as f64).collect();
        let mean = |cdf: &dyn Fn(f64) -> f64| -> Vec<f64> {
            let between = |x: f64| {
                let low = (x - 0.5 * bin).max(lowest);
                (cdf(x + 0.5 * bin) - cdf(low)) / (x + 0.5 * bin - low)
            };
            x.iter().map(|&x| between(x)).collect()
        };
        let of_z = mean(&|x| law.resolved.cdf(x));
        let of_w = mean(&|x| prediction.spectrum.cdf(x, resolution));
        let mut panel = Panel::new("eigenvalue", "density").x_range(0.0, high);
        if let Some(sampled) = &law.sampled {
            let pooled = sampled.spectrum.pooled();
            let edges: Vec<f64> = (0..=BINS).map(|i| bin * i as f64).collect();
            let inside = |low: f64, high: f64| {
                pooled.iter().filter(|&&x| x > lowest && (low..high).contains(&x)).count() as f64
            };
            let density: Vec<f64> = edges
                .windows(2)
                .map(|edges| inside(edges[0], edges[1]) / (pooled.len() as f64 * bin))
                .collect();
            let label = format!("Z of {} random partitions", sampled.spectrum.draws());
            panel = panel.layer(Layer::histogram(&edges, &density).label(label)).layer(band(
                law,
                &edges,
                prediction.spectrum.features() as f64,
            )?);
        }
        Ok(panel
            .title(format!("spectrum of Z, B = {}, step {:.4}", law.batches, law.step_size))
            .layer(Layer::curve(&x, &of_w).colour(Colour::Black).dashed().label("full batch, W"))
            .layer(Layer::curve(&x, &of_z).colour(Colour::Vermillion).label("predicted law of Z")))
    }

    /// Where the bins of a single partition are expected: two standard deviations of the counts about their means.
    fn band(law: &LawOfZ, edges: &[f64], features: f64) -> Result<Layer> {
        let (mut x, mut lower, mut upper) = (Vec::new(), Vec::new(), Vec::new());
        for (count, bin) in law.resolved.expected_counts(edges)?.iter().zip(edges.windows(2)) {
            let density = |count: f64| count.max(0.0) / (features * (bin[1] - bin[0]));
            x.extend(bin);
            lower.extend([density(count.mean - DEVIATIONS * count.deviation); 2]);
            upper.extend([density(count.mean + DEVIATIONS * count.deviation); 2]);
        }
        Ok(Layer::band(&x, &lower, &upper).label(format!("one partition: GOE band, {DEVIATIONS} sd")))
    }

    fn errors(course: &Course, prediction: &Prediction) -> Panel {
        let (train, test) = (&course.predicted.train, &course.predicted.test);
        let epochs: Vec<f64> = (0..train.len()).map(|s| s as f64 / course.batches as f64).collect();
        let log = is_wild(train[0], &[train, test]);
        let mut panel = Panel::new("epochs", "mean square error")
            .title(format!("errors, B = {}, step {:.4}", course.batches, course.step_size));
        if log {
            panel = panel.log_y();
        }
        for (values, colour, label) in
            [(test, Colour::Vermillion, "test, predicted"), (train, Colour::Blue, "train, predicted")]
        {
            let (x, y) = drawable(&epochs, values, log);
            if !x.is_empty() {
                panel = panel.layer(Layer::curve(&x, &y).colour(colour).label(label));
            }
        }
        if let Some(runs) = &course.runs {
            let every = (epochs.len() / 30).max(1);
            let pick = |values: &[f64]| -> Vec<f64> { values.iter().step_by(every).copied().collect() };
            let count = runs.runs;
            let sampled = [
                (&runs.test, &runs.test_error, Colour::Vermillion, format!("rows set aside, {count} runs")),
                (&runs.train, &runs.train_error, Colour::Blue, format!("rows trained on, {count} runs")),
            ];
            for (values, errors, colour, label) in sampled {
                let layer = points(&pick(&epochs), &pick(values), &pick(errors), log);
                panel = layer
                    .into_iter()
                    .fold(panel, |panel, layer| panel.layer(layer.colour(colour).label(label.as_str())));
            }
        }
        let best = prediction.recommended.as_ref().map(|found| found.best);
        let stop = best.filter(|best| best.batches == course.batches && best.step_size == course.step_size);
        stop.into_iter().fold(panel, |panel, best| {
            panel.layer(Layer::vertical(best.epochs as f64).dotted().colour(Colour::Grey).label("stop here"))
        })
    }

    /// The best test error along the steps, a curve for each number of batches, each up to where runs diverge.
    fn choices(found: &Recommendation, prediction: &Prediction) -> Panel {
        let mut panel = Panel::new("epoch step, B times the step size", "smallest test error")
            .title("what each choice reaches (dotted: runs diverge)")
            .log_x();
        for (index, threshold) in prediction.thresholds.iter().enumerate() {
            let batches = threshold.batches;
            let cells: Vec<_> = found.grid.iter().filter(|cell| cell.batches == batches).collect();
            let x: Vec<f64> = cells.iter().map(|cell| cell.step_size * batches as f64).collect();
            let y: Vec<f64> = cells.iter().map(|cell| cell.test).collect();
            let colour = COLOURS[index % COLOURS.len()];
            panel = panel
                .layer(Layer::curve(&x, &y).colour(colour).label(format!("B = {batches}")))
                .layer(Layer::vertical(threshold.stability).colour(colour).dotted());
        }
        let best = &found.best;
        let x = best.step_size * best.batches as f64;
        let label = format!("recommended: B = {}, {} epochs", best.batches, best.epochs);
        panel.layer(Layer::points(&[x], &[best.test]).colour(Colour::Vermillion).label(label))
    }
}
