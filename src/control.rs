//! Stopping long work from outside, watching it, and saying beforehand how much of it there may be.
//!
//! Whatever solves, samples or follows a trajectory inside of [`Control::run`] asks now and then whether it is to go on, on
//! whatever thread it works: at every evaluation of a fixed-point map, every step of a walk or a trajectory, every draw.
//!
//! ```
//! use freespectra::{Control, Error, MiniBatch};
//! # fn main() -> Result<(), freespectra::Error> {
//! let control = Control::new();
//! let stop = control.clone(); // for another thread, a signal, a button
//! stop.cancel();
//! let model = MiniBatch::builder().batches(4).build()?;
//! assert_eq!(control.run(|| model.law()), Err(Error::Cancelled));
//! # Ok(())
//! # }
//! ```

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::error::{Error, Result};

/// How much of a piece of work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is done.
    pub done: usize,
    /// How much there is, or may be: a law ends long before the evaluations that it may take.
    pub total: usize,
}

/// A handle to stop what runs in its [scope](Control::run), from any thread, and to watch it. Clones are the same handle.
#[derive(Clone, Default)]
pub struct Control {
    shared: Arc<Shared>,
    budget: Option<Arc<Budget>>,
}

/// Evaluations of equations.
struct Budget {
    limit: usize,
    spent: AtomicUsize,
}

impl Budget {
    fn is_exceeded(&self) -> bool {
        self.spent.load(Ordering::Relaxed) > self.limit
    }
}

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    watcher: Option<Box<dyn Fn(Progress) + Send + Sync>>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Control>> = const { RefCell::new(None) };
}

impl Control {
    /// A handle that only stops.
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle whose `watcher` is told of progress: for a law the evaluations of its map, about every solve, out of those it
    /// may take; for a trajectory its steps. It is called from the threads that work, so it should be quick, and it may cancel.
    pub fn watched(watcher: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        let shared = Shared { cancelled: AtomicBool::new(false), watcher: Some(Box::new(watcher)) };
        Self { shared: Arc::new(shared), budget: None }
    }

    /// The same with so many evaluations of equations for all laws of the scope together, as their
    /// [certificates](crate::law::Certificate) count them. They take the place of what a law may take by itself, so that they may
    /// be fewer or more.
    ///
    /// ```
    /// use freespectra::{Control, Error, MiniBatch};
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let model = MiniBatch::builder().batches(4).build()?;
    /// let stopped = Control::new().with_budget(100).run(|| model.law());
    /// assert_eq!(stopped, Err(Error::BudgetSpent { argument: "budget", limit: 100 }));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_budget(self, evaluations: usize) -> Self {
        let budget = Budget { limit: evaluations, spent: AtomicUsize::new(0) };
        Self { budget: Some(Arc::new(budget)), ..self }
    }

    /// Stops what runs in the scope of this handle, and lets nothing start there again.
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether [`Control::cancel`] has been called.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Relaxed)
    }

    /// Does `work` in the scope of this handle, in place of the one it may be in already.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if the handle has been cancelled by the end of it, [`Error::BudgetSpent`] if more than the budget
    /// has been spent; else those of the work.
    pub fn run<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let scope = Scope::enter(Some(self.clone()));
        let result = check().and_then(|()| work());
        drop(scope);
        // Whatever has been stopped half-way, its result is none.
        self.allows().and(result)
    }

    fn allows(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::Cancelled);
        }
        match &self.budget {
            Some(budget) if budget.is_exceeded() => {
                Err(Error::BudgetSpent { argument: "budget", limit: budget.limit })
            }
            _ => Ok(()),
        }
    }
}

/// The scope of a thread until it is dropped.
struct Scope {
    before: Option<Control>,
}

impl Scope {
    fn enter(control: Option<Control>) -> Self {
        Self { before: CURRENT.replace(control) }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}

/// Takes the scope along to the threads that `work` is shared out to.
pub(crate) fn carried<A, R>(work: impl Fn(A) -> R + Sync + Send) -> impl Fn(A) -> R + Sync + Send {
    let here = CURRENT.with_borrow(Option::clone);
    move |part| {
        let _scope = Scope::enter(here.clone());
        work(part)
    }
}

/// Both of two pieces of work, each in the scope, also where neither is done by this thread.
pub(crate) fn join<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    let [here, there] = CURRENT.with_borrow(|control| [control.clone(), control.clone()]);
    rayon::join(
        move || {
            let _scope = Scope::enter(here);
            first()
        },
        move || {
            let _scope = Scope::enter(there);
            second()
        },
    )
}

/// Whether to go on.
///
/// # Errors
/// [`Error::Cancelled`] or [`Error::BudgetSpent`] if not.
pub(crate) fn check() -> Result<()> {
    CURRENT.with_borrow(|control| control.as_ref().map_or(Ok(()), Control::allows))
}

/// Takes evaluations from the budget, if there is one.
///
/// # Errors
/// As for [`check`].
pub(crate) fn spend(evaluations: usize) -> Result<()> {
    CURRENT.with_borrow(|control| {
        if let Some(budget) = control.as_ref().and_then(|control| control.budget.as_ref()) {
            budget.spent.fetch_add(evaluations, Ordering::Relaxed);
        }
    });
    check()
}

/// Evaluations that the budget, if there is one, is in all.
pub(crate) fn budget() -> Option<usize> {
    CURRENT.with_borrow(|control| control.as_ref()?.budget.as_ref().map(|budget| budget.limit))
}

/// Tells the watcher, if there is one.
pub(crate) fn report(done: usize, total: usize) {
    // The watcher may look at the scope itself.
    let control = CURRENT.with_borrow(Option::clone);
    if let Some(watcher) = control.as_ref().and_then(|control| control.shared.watcher.as_ref()) {
        watcher(Progress { done, total });
    }
}
