//! Long work: on threads of its own, without the interpreter's lock, stopped by Ctrl-C, watched by a callable.
//!
//! A process that has been forked has none of the threads of its parent, so every process has a pool of its own.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use freespectra::{Control, Progress, Result};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::errors::OrRaise as _;

/// How often signals and progress are looked at.
const SLICE: Duration = Duration::from_millis(30);

/// The pool of the process with this number.
static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

fn pool() -> PyResult<Arc<ThreadPool>> {
    let mut pool = POOL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let process = std::process::id();
    match pool.take() {
        Some((owner, threads)) if owner == process => {
            *pool = Some((owner, threads.clone()));
            return Ok(threads);
        }
        // The threads of the parent are not here to be waited for.
        Some(of_parent) => std::mem::forget(of_parent),
        None => {}
    }
    let threads =
        ThreadPoolBuilder::new().build().map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    let threads = Arc::new(threads);
    *pool = Some((process, threads.clone()));
    Ok(threads)
}

/// Does `work` and waits for it; `progress` is told what is done and how much there is.
pub fn run<T: Send + 'static>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let latest: Arc<Mutex<Option<Progress>>> = Arc::default();
    let control = match progress {
        None => Control::new(),
        Some(_) => {
            let latest = latest.clone();
            Control::watched(move |now| {
                if let Ok(mut latest) = latest.try_lock() {
                    *latest = Some(now);
                }
            })
        }
    };
    let (sender, receiver) = channel();
    let inside = control.clone();
    pool()?.spawn(move || {
        // Nobody may be waiting any more.
        let _ = sender.send(inside.run(work));
    });
    let receiver = Mutex::new(receiver);
    let wait = || match receiver.lock() {
        Ok(receiver) => receiver.recv_timeout(SLICE),
        Err(_) => Err(RecvTimeoutError::Disconnected),
    };
    loop {
        match py.detach(wait) {
            Ok(result) => return result.or_raise(py),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("the work has failed unexpectedly"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let told = || -> PyResult<()> {
            py.check_signals()?;
            let now = latest.lock().ok().and_then(|mut latest| latest.take());
            if let (Some(progress), Some(now)) = (progress, now) {
                progress.call1((now.done, now.total))?;
            }
            Ok(())
        };
        if let Err(error) = told() {
            control.cancel();
            return Err(error);
        }
    }
}
