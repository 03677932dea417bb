//! Thresholds, recommendation, laws and curves, with what happens on the rows beside them.

use std::borrow::Cow;
use std::time::Instant;

use freespectra::data::{
    AveragedDataCurve, Curves, Dataset, IsolatedEigenvalue, MeanThreshold, PartitionLaw, Recommendation,
    ResolvedLaw, RowMajor, RunCurves, Runs, SampleSpectrum, Search, Split, StepSizes, Table,
};
use freespectra::finite::{EXACT_BATCHES, SampledSpectrum};
use freespectra::minibatch::SYMMETRIC_LIMIT;
use freespectra::{Error, Result};
use nalgebra::Complex;
use rayon::prelude::*;

use super::source::Source;
use super::{Request, Step};
use crate::outputs::Outputs;

/// Resolution of the laws in mean spacings: less shows single eigenvalues.
const SPACINGS: f64 = 2.0;

/// Schedules that curves are averaged over where the order makes a difference, and those of the search.
const SCHEDULES: usize = 20;
const SEARCH_SCHEDULES: usize = 4;

/// Most multiplications for the exact `Z` of a partition, about `2^B p^3`: some seconds.
const MOST_WORK: f64 = 1e10;

/// Most batches for which the equation for `Z` is solved without being asked for: its cost grows like the fourth power
/// of their number, and beyond it may take minutes.
const QUICK_BATCHES: usize = 16;

/// Step of curves and laws without a target to choose one for, in units of that at which runs diverge.
const CAUTION: f64 = 0.5;

pub const PROBABILITIES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/// All there is to say.
pub struct Prediction {
    pub thresholds: Vec<Threshold>,
    pub recommended: Option<Recommendation>,
    pub laws: Vec<LawOfZ>,
    pub courses: Vec<Course>,
    pub notes: Vec<String>,
    pub seconds: Seconds,
    pub spectrum: SampleSpectrum,
}

#[derive(Default)]
pub struct Seconds {
    pub thresholds: f64,
    pub search: f64,
    pub laws: f64,
    pub sampled: f64,
    pub curves: f64,
    pub runs: f64,
}

/// Epoch steps at which gradient descent starts to diverge.
pub struct Threshold {
    pub batches: usize,
    /// The mean over the orders does, if found and not left out.
    pub critical: Option<f64>,
    /// Runs do.
    pub stability: f64,
}

/// The law of `Z` for one number of batches.
pub struct LawOfZ {
    pub batches: usize,
    pub step_size: f64,
    pub resolved: ResolvedLaw,
    pub support: Vec<[f64; 2]>,
    pub moments: [f64; 4],
    pub quantiles: Vec<f64>,
    pub isolated: Vec<IsolatedEigenvalue>,
    pub cauchy: Vec<Complex<f64>>,
    pub sampled: Option<Sampled>,
}

/// `Z` of random partitions.
pub struct Sampled {
    pub spectrum: SampledSpectrum,
    pub distance: f64,
    /// Mean of the largest eigenvalue.
    pub largest: f64,
}

/// The error for one number of batches.
pub struct Course {
    pub batches: usize,
    pub step_size: f64,
    pub predicted: AveragedDataCurve,
    pub runs: Option<RunCurves>,
}

fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work();
    *seconds += start.elapsed().as_secs_f64();
    result
}

impl Prediction {
    pub fn new(request: &Request, source: &Source, notes: Vec<String>, outputs: &Outputs) -> Result<Self> {
        let mut prediction = Self {
            thresholds: Vec::new(),
            recommended: None,
            laws: Vec::new(),
            courses: Vec::new(),
            notes,
            seconds: Seconds::default(),
            spectrum: SampleSpectrum::of(&source.dataset)?,
        };
        prediction.notes.extend(request.left_to_ask_for());
        let mut seconds = Seconds::default();
        timed(&mut seconds.thresholds, || prediction.find_thresholds(request, &source.dataset, outputs))?;
        if source.dataset.target().is_some() {
            timed(&mut seconds.search, || prediction.search(request, &source.dataset, outputs))?;
        }
        let steps: Vec<(usize, f64)> =
            request.batches.iter().map(|&batches| (batches, prediction.step(request, batches))).collect();
        timed(&mut seconds.laws, || prediction.find_laws(request, &steps, outputs))?;
        timed(&mut seconds.sampled, || prediction.sample(request, source, outputs))?;
        if source.dataset.target().is_some() {
            timed(&mut seconds.curves, || prediction.find_curves(request, source, &steps, outputs))?;
            timed(&mut seconds.runs, || prediction.descend(request, source, outputs))?;
        }
        prediction.seconds = seconds;
        Ok(prediction)
    }

    fn find_thresholds(&mut self, request: &Request, dataset: &Dataset, outputs: &Outputs) -> Result<()> {
        let probe = dataset.spread_out()?;
        let unit = 1.0 / dataset.largest_eigenvalue();
        let bar = outputs.progress(request.batches.len(), "thresholds");
        let threshold = |&batches: &usize| -> Result<(Threshold, Option<String>)> {
            let curves =
                Curves::new(&probe, batches, StepSizes::Constant(unit))?.with_partition(request.partition);
            let factor = curves.stability_factor(&request.rule(), request.seed)?;
            let critical = request
                .takes_laws(batches)
                .then(|| critical_epoch_step(&self.spectrum, batches, unit))
                .transpose();
            let (critical, note) = critical.map_or_else(
                |error| {
                    (None, Some(format!("B = {batches}: no step found at which the mean diverges ({error})")))
                },
                |critical| (critical, None),
            );
            bar.inc(1);
            Ok((
                Threshold {
                    batches,
                    critical,
                    stability: (factor * unit).min(dataset.row_step(batches)) * batches as f64,
                },
                note,
            ))
        };
        let found = request.batches.par_iter().map(threshold).collect::<Result<Vec<_>>>()?;
        bar.finish_and_clear();
        for (threshold, note) in found {
            self.thresholds.push(threshold);
            self.notes.extend(note);
        }
        Ok(())
    }

    fn search(&mut self, request: &Request, dataset: &Dataset, outputs: &Outputs) -> Result<()> {
        let bar = outputs.progress(1, "batches and step");
        let search = Search::new(dataset, &request.batches)?
            .with_budget(request.budget)?
            .with_partition(request.partition)
            .with_schedule(request.rule(), SEARCH_SCHEDULES, request.seed)?;
        self.recommended = Some(search.run()?);
        bar.finish_and_clear();
        Ok(())
    }

    /// The step size on a batch of curves and laws.
    fn step(&self, request: &Request, batches: usize) -> f64 {
        let chosen = || {
            let best = self.recommended.iter().flat_map(|found| &found.by_batches);
            best.filter(|choice| choice.batches == batches).map(|choice| choice.step_size).next()
        };
        let cautious = || {
            let threshold = self.thresholds.iter().find(|threshold| threshold.batches == batches);
            threshold.map_or(0.0, |threshold| CAUTION * threshold.stability / batches as f64)
        };
        match request.step {
            Step::Batch(step) => step,
            Step::Epoch(step) => step / batches as f64,
            Step::Chosen => chosen().unwrap_or_else(cautious),
        }
    }

    fn find_laws(&mut self, request: &Request, steps: &[(usize, f64)], outputs: &Outputs) -> Result<()> {
        let steps: Vec<_> =
            steps.iter().copied().filter(|&(batches, _)| request.takes_laws(batches)).collect();
        let bar = outputs.progress(steps.len(), "laws");
        let law = |&(batches, step_size): &(usize, f64)| {
            // Means over the orders that do not diverge have eigenvalues of at most 1, and Z none below 0.
            let critical = self.thresholds.iter().find(|threshold| threshold.batches == batches);
            let limit = critical.and_then(|threshold| threshold.critical).unwrap_or(0.0);
            let is_positive = batches == 1 || step_size * batches as f64 <= limit;
            let law = LawOfZ::new(request, &self.spectrum, batches, step_size, is_positive);
            bar.inc(1);
            law
        };
        let laws: Vec<_> = steps.par_iter().map(law).collect();
        bar.finish_and_clear();
        for law in laws {
            match law {
                Ok(law) => self.laws.push(law),
                Err(Failed::Asked(error)) => return Err(error),
                Err(Failed::Law(batches, error)) => {
                    self.notes.push(format!("no law of Z for {batches} batches: {error}"));
                }
            }
        }
        Ok(())
    }

    fn sample(&mut self, request: &Request, source: &Source, outputs: &Outputs) -> Result<()> {
        if request.partitions == 0 {
            return Ok(());
        }
        let features = source.dataset.features() as f64;
        let aspect_ratio = source.dataset.aspect_ratio();
        let feasible = |batches: usize| {
            batches <= EXACT_BATCHES && 2f64.powi(batches as i32) * features.powi(3) <= MOST_WORK
        };
        let count = self.laws.iter().filter(|law| feasible(law.batches)).count() * request.partitions;
        let bar = outputs.progress(count, "partitions");
        let mut left_out = Vec::new();
        let rows = with_targets(&source.train)?;
        for law in &mut self.laws {
            if !feasible(law.batches) {
                left_out.push(law.batches);
                continue;
            }
            let before = bar.position();
            let fractions = vec![1.0 / law.batches as f64; law.batches];
            let spectrum = Runs::new(&rows, None, &fractions, &vec![law.step_size; law.batches])?
                .with_runs(request.partitions)?
                .with_seed(request.seed)
                .spectra(Some(&|finished| bar.set_position(before + finished as u64)))?;
            let largest = spectrum.eigenvalues.iter().filter_map(|draw| draw.last()).sum::<f64>();
            law.sampled = Some(Sampled {
                distance: distance(&spectrum, aspect_ratio, &law.resolved)?,
                largest: largest / request.partitions as f64,
                spectrum,
            });
        }
        bar.finish_and_clear();
        if !left_out.is_empty() {
            self.notes
                .push(format!("Z itself would take long for {left_out:?} batches and was not computed"));
        }
        Ok(())
    }

    fn find_curves(
        &mut self,
        request: &Request,
        source: &Source,
        steps: &[(usize, f64)],
        outputs: &Outputs,
    ) -> Result<()> {
        let bar = outputs.progress(steps.len(), "curves");
        let course = |&(batches, step_size): &(usize, f64)| -> Result<Course> {
            let curves = Curves::new(&source.dataset, batches, StepSizes::Constant(step_size))?
                .with_partition(request.partition)
                .with_method(request.method.clone())?;
            let predicted =
                curves.averaged(&request.schedule, request.epochs, SCHEDULES, request.seed, None)?;
            bar.inc(1);
            Ok(Course { batches, step_size, predicted, runs: None })
        };
        self.courses = steps.par_iter().map(course).collect::<Result<Vec<_>>>()?;
        bar.finish_and_clear();
        Ok(())
    }

    fn descend(&mut self, request: &Request, source: &Source, outputs: &Outputs) -> Result<()> {
        if request.runs == 0 {
            return Ok(());
        }
        let bar = outputs.progress(self.courses.len() * request.runs, "runs");
        for course in &mut self.courses {
            let before = bar.position();
            let fractions = vec![1.0 / course.batches as f64; course.batches];
            let step_sizes = vec![course.step_size; course.batches];
            let runs = Runs::new(&source.train, source.test.as_ref(), &fractions, &step_sizes)?
                .with_runs(request.runs)?
                .with_method(request.method.clone())
                .with_seed(request.seed);
            let report = |finished| bar.set_position(before + finished as u64);
            let curves = runs.descend(request.partition, &request.schedule, request.epochs, Some(&report))?;
            course.runs = Some(curves);
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// The course of the recommended batches, or the first one.
    pub fn featured(&self) -> Option<&Course> {
        let best = self.recommended.as_ref().map(|found| found.best.batches);
        self.courses.iter().find(|course| Some(course.batches) == best).or(self.courses.first())
    }
}

impl Request {
    /// Whether the law of `Z` and the step at which the mean diverges are computed.
    fn takes_laws(&self, batches: usize) -> bool {
        self.laws || batches <= QUICK_BATCHES
    }

    fn left_to_ask_for(&self) -> Option<String> {
        let left: Vec<_> = self.batches.iter().filter(|&&batches| !self.takes_laws(batches)).collect();
        (!left.is_empty()).then(|| {
            format!(
                "the law of Z and the step at which the mean over orders diverges may take minutes for {left:?} batches; --laws computes them, up to {SYMMETRIC_LIMIT}"
            )
        })
    }
}

/// The rows with a target, 0 if they have none: their `Z` does not know it.
fn with_targets(rows: &Table) -> Result<Cow<'_, Table>> {
    if rows.targets().is_some() {
        return Ok(Cow::Borrowed(rows));
    }
    let (features, targets) = (rows.row_major(), vec![0.0; rows.len()]);
    let source = RowMajor::new(features, features.len() / rows.len().max(1), Some(&targets))?;
    Ok(Cow::Owned(Table::read(&source)?))
}

fn critical_epoch_step(spectrum: &SampleSpectrum, batches: usize, unit: f64) -> Result<f64> {
    if batches == 1 {
        return Ok(2.0 / spectrum.largest());
    }
    Ok(MeanThreshold::new(spectrum, &split(batches, unit)?)?.epoch_step)
}

fn split(batches: usize, step_size: f64) -> Result<Split> {
    if batches > SYMMETRIC_LIMIT {
        return Err(Error::argument("batches", batches, format!("at most {SYMMETRIC_LIMIT} for laws")));
    }
    Split::equal(batches, step_size)
}

/// Why there is no law.
enum Failed {
    /// It is not found for so many batches, and the others are worth having.
    Law(usize, Error),
    /// It has no answer to what was asked of it.
    Asked(Error),
}

impl LawOfZ {
    fn new(
        request: &Request,
        spectrum: &SampleSpectrum,
        batches: usize,
        step_size: f64,
        is_positive: bool,
    ) -> std::result::Result<Self, Failed> {
        let law = split(batches, step_size).and_then(|split| PartitionLaw::new(spectrum, &split));
        let law = law.map_err(|error| Failed::Law(batches, error))?;
        let cauchy = request.cauchy.iter().map(|&z| cauchy_transform(&law, z));
        let cauchy = cauchy.collect::<Result<_>>().map_err(Failed::Asked)?;
        let described = || {
            let resolved = law.resolved(SPACINGS)?;
            let resolved = if is_positive { resolved.without_negative() } else { resolved };
            Ok(Self {
                batches,
                step_size,
                support: support(&law, &resolved)?,
                moments: law.moments()?,
                quantiles: PROBABILITIES.iter().map(|&q| resolved.quantile(q)).collect::<Result<_>>()?,
                isolated: law.isolated()?,
                cauchy,
                resolved,
                sampled: None,
            })
        };
        described().map_err(|error| Failed::Law(batches, error))
    }
}

/// The Cauchy transform above the real axis, and on it where it is real.
fn cauchy_transform(law: &PartitionLaw, z: Complex<f64>) -> Result<Complex<f64>> {
    let refused = || {
        let batches = law.split().batches();
        let allowed = format!("above the real axis, or on it outside the spectrum of Z, for B = {batches}");
        Error::argument("cauchy", z, allowed)
    };
    if z.im > 0.0 {
        return law.cauchy_transform(z);
    }
    let found = law.cauchy_transform(z).map_err(|_| refused())?;
    if law.is_inside(found) { Err(refused()) } else { Ok(Complex::new(found.re, 0.0)) }
}

/// Where the nonzero eigenvalues are: from half an eigenvalue above the lower end to half of one below the upper one,
/// without the gaps.
fn support(law: &PartitionLaw, resolved: &ResolvedLaw) -> Result<Vec<[f64; 2]>> {
    let half = 0.5 / law.spectrum().features() as f64;
    let low = resolved.quantile((resolved.kernel() + half).min(1.0))?;
    let high = resolved.quantile(1.0 - half)?;
    let mut bands = Vec::new();
    let mut start = low;
    for [end, next] in law.gaps(resolved)? {
        if start < end {
            bands.push([start, end]);
        }
        start = next;
    }
    if start < high {
        bands.push([start, high]);
    }
    Ok(bands)
}

/// Kolmogorov-Smirnov distance of the nonzero eigenvalues of all partitions to the law, both at the resolution of the
/// law: single eigenvalues are steps that it does not have.
fn distance(sampled: &SampledSpectrum, aspect_ratio: f64, law: &ResolvedLaw) -> Result<f64> {
    const ROUNDING: f64 = 1e-10;
    let pooled = sampled.pooled();
    let largest = pooled.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    let nonzero = || pooled.iter().copied().filter(|x| x.abs() > ROUNDING * largest);
    // Spectra are positive; `Z` beyond the critical step is not.
    let shift = 2.0 * largest;
    let mass = 1.0 / pooled.len() as f64;
    let atoms: Vec<(f64, f64)> = nonzero().map(|x| (x + shift, mass)).collect();
    let smoothed = SampleSpectrum::weighted(&atoms, aspect_ratio, sampled.features)?;
    let apart = |x: f64| {
        let of_law = law.cdf(x) - if x >= 0.0 { law.kernel() } else { 0.0 };
        let of_samples = smoothed.cdf(x + shift, law.resolution()) - smoothed.kernel();
        (of_law - of_samples).abs()
    };
    Ok(nonzero().map(apart).fold(0.0, f64::max))
}
