//! Results are plain values: cloned, compared, printed, sent between threads, written and read back.

use std::fmt::Debug;

use freespectra::comparison::{Comparison, Histogram, PowerLawFit};
use freespectra::finite::{
    Batching, Entries, MonteCarlo, PolynomialMonteCarlo, SampledMeanErrors, SampledSpectrum,
    SampledTrajectories, Schedule,
};
use freespectra::law::Ensemble;
use freespectra::minibatch::{
    AveragedCurve, ErrorCurve, MeanBias, MeanError, MeanIterate, Shrinkage, Trajectory, WhiteMiniBatch,
};
use freespectra::population::Atom;
use freespectra::solver::{Pencil, Solution, SolverOptions};
use freespectra::{Error, MiniBatch, Population, SpectralLaw};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn value<T: Clone + Debug + PartialEq + Send + Sync + 'static>() {}

fn written<T: Clone + Debug + PartialEq + Send + Sync + Serialize + DeserializeOwned + 'static>() {}

#[test]
fn types_are_plain() {
    written::<SpectralLaw>();
    written::<Ensemble>();
    written::<MiniBatch>();
    written::<WhiteMiniBatch>();
    written::<Population>();
    written::<Atom>();
    written::<Comparison>();
    written::<Histogram>();
    written::<PowerLawFit>();
    written::<Batching>();
    written::<Entries>();
    written::<Schedule>();
    written::<SampledSpectrum>();
    written::<SampledMeanErrors>();
    written::<SampledTrajectories>();
    written::<MeanBias>();
    written::<MeanError>();
    written::<MeanIterate>();
    written::<ErrorCurve>();
    written::<AveragedCurve>();
    written::<Shrinkage>();
    written::<SolverOptions>();
    written::<Solution>();
    value::<Trajectory>();
    value::<MonteCarlo>();
    value::<PolynomialMonteCarlo>();
    value::<Pencil>();
    value::<Error>();
}

#[test]
fn a_mean_iterate_survives_a_file() {
    let model = MiniBatch::builder().batches(3).aspect_ratio(1.5).build().unwrap();
    let mean = MeanIterate::new(&model.white().unwrap()).unwrap();
    let back: MeanIterate = serde_json::from_str(&serde_json::to_string(&mean).unwrap()).unwrap();
    assert_eq!(mean.after(7, 1.0, 0.5).unwrap(), back.after(7, 1.0, 0.5).unwrap());
    let colored = Population::atoms(&[(0.5, 0.5), (2.0, 0.5)]).unwrap();
    let colored = MiniBatch::builder().population(colored).build().unwrap();
    assert!(serde_json::from_str::<WhiteMiniBatch>(&serde_json::to_string(&colored).unwrap()).is_err());
}
