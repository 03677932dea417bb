//! Free-probability engine that predicts the limiting spectra of random-matrix models, made first
//! for one question: *what does mini-batching do to gradient descent?*
//!
//! ```
//! use freespectra::MiniBatch;
//! # fn main() -> Result<(), freespectra::Error> {
//! let model = MiniBatch::builder().batches(4).aspect_ratio(0.5).epoch_step(1.0).build()?;
//! let law = model.law()?; // limiting spectrum of Z
//! let full = model.full_batch().law()?; // limiting spectrum of the sample covariance W
//! let ([_, largest], [_, full_largest]) = (law.range(), full.range());
//! assert!(largest < full_largest); // batching shrinks the spectrum
//! # Ok(())
//! # }
//! ```
//!
//! The spectrum of `Z` moves the error. Averaged over the orders of the batches, the weights after `k`
//! epochs have a bias and a variance, with a limit that depends on the step, up to a critical step size
//! beyond which this average diverges:
//!
//! ```
//! use freespectra::MiniBatch;
//! use freespectra::minibatch::MeanIterate;
//! # fn main() -> Result<(), freespectra::Error> {
//! let model = MiniBatch::builder().batches(4).aspect_ratio(0.5).epoch_step(0.6).build()?;
//! let mean = MeanIterate::new(&model.white()?)?;
//! let (signal, noise) = (1.0, 0.5);
//! let early = mean.after(3, signal, noise)?;
//! let limit = mean.limit(signal, noise)?.expect("the step is below the critical one");
//! assert!(model.step_size() < model.critical_step_size()?);
//! assert!(early.risk < limit.risk); // stopping early pays
//! # Ok(())
//! # }
//! ```
//!
//! The iterates of a single run move with memory of the data they have met; their risk is predicted
//! after every step, for any order of the batches:
//!
//! ```
//! use freespectra::MiniBatch;
//! use freespectra::finite::Schedule;
//! use freespectra::minibatch::Trajectory;
//! # fn main() -> Result<(), freespectra::Error> {
//! let model = MiniBatch::builder().batches(4).aspect_ratio(0.5).epoch_step(0.6).build()?;
//! let trajectory = Trajectory::new(&model, |_| 1.0, 0.5)?;
//! let (epochs, schedules, seed) = (10, 20, 1);
//! let curve = trajectory.averaged(&Schedule::RandomReshuffling, epochs, schedules, seed, None)?;
//! assert_eq!(curve.risk.len(), 41);
//! # Ok(())
//! # }
//! ```
//!
//! Single runs have a largest step of their own, which depends on the order of the batches. From four batches
//! on they explode where the average above still converges:
//!
//! ```
//! use freespectra::MiniBatch;
//! use freespectra::minibatch::Order;
//! # fn main() -> Result<(), freespectra::Error> {
//! let model = MiniBatch::builder().batches(4).aspect_ratio(0.5).build()?;
//! let cyclic = model.stability_step(Order::Cyclic)?;
//! assert!((cyclic.epoch_step - 2.588_446).abs() < 1e-6);
//! assert!(cyclic.step_size < model.critical_step_size()?);
//! # Ok(())
//! # }
//! ```
//!
//! Single rows and other small batches are a limit of their own ([`minibatch::SmallBatches`]), other optimisers are
//! [methods](method::Method), and the best batches, steps and epochs for a model are found by [`minibatch::Tuning`].
//!
//! All of this can be moved by sliders: `web/build` in the repository makes the live page, one HTML file that runs this crate in
//! the browser.
//!
//! The engine behind is general: laws of free variables, their convolutions, and self-adjoint polynomials
//! in them, of which the model above is one:
//!
//! ```
//! use freespectra::Law;
//! use freespectra::polynomial::FreePolynomial;
//! # fn main() -> Result<(), freespectra::Error> {
//! let laws = [("x", Law::semicircle(1.0)?), ("y", Law::marchenko_pastur(0.5)?)];
//! let law = FreePolynomial::new("x*y + y*x".parse()?, &laws)?.law()?;
//! assert!((law.moment(2) - 5.0).abs() < 1e-9);
//! # Ok(())
//! # }
//! ```
//!
//! Data flows one way, and each module knows only those before it:
//!
//! * [`population`]: laws of the population covariance;
//! * [`solver`]: pencils, the matrix-valued Silverstein equation, continuation to the real axis;
//! * [`law`]: measures on the line with support, atoms, density, quantiles, moments;
//! * [`free`]: laws of free variables, their transforms and convolutions;
//! * [`polynomial`]: noncommutative polynomials in free variables and their spectra;
//! * [`finite`]: sampled data, the exact finite-size `Z` and mean iterate, gradient descent itself;
//! * [`comparison`]: distances between samples and a law;
//! * [`minibatch`]: the model of gradient descent, its laws and its error curves;
//! * [`data`]: what gradient descent does on a user's own data;
//! * `plot` (optional): figures.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod budget;
pub mod comparison;
mod control;
pub mod data;
pub mod error;
pub mod finite;
pub mod free;
pub mod law;
pub(crate) mod measure;
pub mod method;
pub mod minibatch;
pub(crate) mod numeric;
#[cfg(feature = "plot")]
pub mod plot;
pub mod polynomial;
pub mod population;
mod quadrature;
pub(crate) mod resolve;
pub mod solver;

pub use budget::Budget;
pub use control::{Control, Progress};
pub use error::{Error, Result};
pub use free::Law;
pub use law::SpectralLaw;
pub use minibatch::MiniBatch;
pub use population::Population;
