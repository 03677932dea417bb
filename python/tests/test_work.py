"""Long work: interrupts, progress, threads, forks."""

import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import freespectra as fs

LONG = "fs.MiniBatch(64, 0.5, 1.0).trajectory(partition='fresh').curve(60, schedules=2000)"


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_an_interrupt_stops_and_frees_the_cores():
    script = f"""
import os, signal, threading, time, freespectra as fs
fs.semicircle(1.0)
threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    {LONG}
except KeyboardInterrupt:
    # Tables of gigabytes take a moment to be given back, on a busy machine a longer one.
    for _ in range(8):
        used = time.process_time()
        time.sleep(0.5)
        used = time.process_time() - used
        if used < 0.05:
            break
    print("stopped", used)
"""
    start = time.monotonic()
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    took = time.monotonic() - start
    assert out.stdout.startswith("stopped"), out.stdout + out.stderr
    # Work that went on would use half a second of each core every time.
    assert float(out.stdout.split()[1]) < 0.05
    assert took < 10


LONG_ONES = {
    "method": "fs.MiniBatch(64, 0.5, 0.3).trajectory(partition='fresh', method=heavy).curve(60, schedules=2000)",
    "data": "fs.Dataset(X, y).curves(60, step_size=0.05, epochs=20, partition='fixed', schedules=200, method=heavy)",
    "choice": "fs.choose(batches=[64], budget=60, tune='momentum')",
    "limit": "fs.SmallBatches(0.9, 1.0, np.arange(1, 60) / 50).stationary()",
}


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
@pytest.mark.parametrize("name", LONG_ONES)
def test_an_interrupt_stops_predictions_with_methods(name):
    script = f"""
import os, signal, threading, time, numpy as np, freespectra as fs
rng = np.random.default_rng(0)
X, y = rng.standard_normal((600, 200)), rng.standard_normal(600)
heavy = fs.Method(momentum=0.9, average="polyak")
threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    {LONG_ONES[name]}
except KeyboardInterrupt:
    # Tables take a moment to be given back.
    time.sleep(2.0)
    used = time.process_time()
    time.sleep(0.5)
    print("stopped", time.process_time() - used)
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert out.stdout.startswith("stopped"), out.stdout + out.stderr
    assert float(out.stdout.split()[1]) < 0.05


def test_progress_is_told():
    seen = []
    fs.MiniBatch(16, 0.5, 1.0).trajectory().curve(20, schedules=40, progress=lambda done, total: seen.append((done, total)))
    assert seen and all(0 <= done <= total for done, total in seen)


def test_an_error_of_the_callable_stops():
    def stop(done, total):
        raise RuntimeError("enough")

    start = time.monotonic()
    with pytest.raises(RuntimeError, match="enough"):
        fs.MiniBatch(64, 0.5, 1.0).trajectory(partition="fresh").curve(60, schedules=2000, progress=stop)
    assert time.monotonic() - start < 20


def test_threads():
    models = [fs.MiniBatch(4, 0.5, step) for step in np.linspace(0.5, 1.2, 8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda model: model.law(), models))
    assert together == [model.law() for model in models]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forks_have_threads_of_their_own():
    here = fs.MiniBatch(4, 0.5, 1.0).law()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        law = fs.MiniBatch(4, 0.5, 1.0).law()
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(law, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        law = pickle.load(pipe)
    os.waitpid(child, 0)
    assert law == here


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_an_interrupt_stops_a_draw():
    script = """
import os, signal, threading, time, freespectra as fs
model = fs.MiniBatch(8, 0.5, 1.0)
threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    fs.sample_z(model, 1000)
except KeyboardInterrupt:
    # One power of a matrix may be under way.
    time.sleep(2.0)
    used = time.process_time()
    time.sleep(0.5)
    print("stopped", time.process_time() - used)
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert out.stdout.startswith("stopped"), out.stdout + out.stderr
    assert float(out.stdout.split()[1]) < 0.05
