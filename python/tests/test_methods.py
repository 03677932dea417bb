"""Momentum, ridge, schedules, averages, preconditioners: an independent solution of the equations, and gradient descent in numpy."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

import freespectra as fs

# Four batches in an order that is neither cyclic nor a reshuffling.
STEPS = "0,1,2,3,2,0,3,1,1,3,0,2"

# Step size, method, and risk, risk of the average, training error and that of the average after 4, 8 and 12 steps, from an
# independent implementation.
REFERENCES = {
    "plain": (0.2, fs.Method(average="polyak"), [
        [0.619344741000, 0.409094286972, 0.367579194308],
        [0.940485744840, 0.604709717970, 0.479013046070],
        [0.519035081376, 0.280514530737, 0.231645990414],
        [0.727358002823, 0.418190517348, 0.309869549399],
    ]),
    "heavy ball": (0.1, fs.Method(momentum=0.6, average=["ema:0.3"]), [
        [0.773445228028, 0.453871924680, 0.383028712143],
        [0.972856261839, 0.449351335411, 0.366516648551],
        [0.766607711959, 0.331794210429, 0.227538613031],
        [0.742607168962, 0.289761572329, 0.208697045120],
    ]),
    "Nesterov": (0.1, fs.Method(momentum=0.6, nesterov=True, average=["ema:0.3"]), [
        [0.658572179913, 0.395034695986, 0.343642501160],
        [1.031501124272, 0.451342617764, 0.351808112104],
        [0.520812025641, 0.239807941736, 0.175262945052],
        [0.821772122055, 0.281448836239, 0.188529639438],
    ]),
    "ridge": (0.2, fs.Method(ridge=0.25, zero_start=True, average="polyak"), [
        [0.626214858780, 0.453939366680, 0.418187890837],
        [0.975975000362, 0.666748485896, 0.554609533796],
        [0.512763213910, 0.328453112981, 0.297217608857],
        [0.766128261589, 0.478390745438, 0.380721958940],
    ]),
    "cosine": (0.3, fs.Method(step_schedule="cosine", average="polyak"), [
        [0.883457163363, 0.427894142394, 0.407033715254],
        [0.817871833219, 0.568390859305, 0.485479161489],
        [0.868540934021, 0.252421089198, 0.228402276492],
        [0.621547794426, 0.383785913321, 0.304584878845],
    ]),
    "preconditioned": (0.2, fs.Method(precondition=-0.5, average="polyak"), [
        [0.683936396745, 0.463617018094, 0.404057115923],
        [1.160451015240, 0.765835887730, 0.603938325476],
        [0.442248221237, 0.236311890106, 0.189770077387],
        [0.855673072112, 0.471136325970, 0.336618881847],
    ]),
}


def trajectory(step_size, method, **options):
    model = fs.MiniBatch(4, 0.7, population={0.5: 0.6, 2.0: 0.4}, step_size=step_size)
    return model.trajectory(source=[1.0, 3.0], noise=0.3, order=STEPS, method=method, **options)


@pytest.mark.parametrize("name", REFERENCES)
def test_reference_numbers(name):
    step_size, method, expected = REFERENCES[name]
    curve = trajectory(step_size, method).curve(3)
    (average,) = curve.averages.values()
    found = [values[[4, 8, 12]] for values in (curve.risk, average.risk, curve.train, average.train)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_averages_have_names():
    curve = trajectory(0.2, fs.Method(average=["polyak", "tail:12", "ema:1.0"])).curve(3)
    assert list(curve.averages) == ["polyak", "tail:12", "ema:1"]
    np.testing.assert_allclose(curve.averages["ema:1"].risk, curve.risk, rtol=1e-12)
    np.testing.assert_allclose(curve.averages["tail:12"].train[:12], curve.train[:12], rtol=1e-12)
    assert list(curve.averages["polyak"].to_frame().columns) == ["epochs", "risk", "train", "risk_error", "train_error"]
    assert curve.test_risk is None and pickle.loads(pickle.dumps(curve)) == curve
    assert trajectory(0.2, None).curve(3).averages == {}


def test_other_eigenvalues():
    own = trajectory(0.2, fs.Method(average="polyak"), test_eigenvalues=[0.5, 2.0]).curve(3)
    np.testing.assert_allclose(own.test_risk, own.risk, rtol=1e-12)
    np.testing.assert_allclose(own.averages["polyak"].test_risk, own.averages["polyak"].risk, rtol=1e-12)
    other = trajectory(0.2, None, test_eigenvalues=lambda t: t * t)
    assert abs(other.curve(3).test_risk[0] - (0.25 * 0.6 + 4.0 * 0.4 * 3.0)) < 1e-12
    assert other.sample(40, 3, draws=2).test_risk.shape == (13,)


def test_schedules_of_steps():
    plain = fs.MiniBatch(1, 0.5, 0.1).trajectory(noise=0.0)

    def first(schedule, step=1):
        method = fs.Method(step_schedule=schedule)
        return fs.MiniBatch(1, 0.5, 0.1 * step).trajectory(noise=0.0, method=method).curve(1).risk[1]

    # The first of four steps of a warm-up is a quarter of a step.
    assert abs(first("warmup:4", 4) - plain.curve(1).risk[1]) < 1e-14
    for schedule in ("constant", "cosine", "inverse-time:3"):
        assert abs(first(schedule) - plain.curve(1).risk[1]) < 1e-14


def descent(X, y, step, momentum, nesterov, ridge, epochs, orders):
    """Gradient descent in numpy from 0; training errors of the iterate and of the mean of all iterates."""
    beta, velocity, n = np.zeros(X.shape[1]), 0.0, len(y)
    total, found = beta.copy(), [[np.mean(y**2)] * 2]
    for order in orders:
        for rows in order:
            at = beta + momentum * velocity if nesterov else beta
            velocity = momentum * velocity - step * (X[rows].T @ (X[rows] @ at - y[rows]) / len(rows) + ridge * at)
            beta = beta + velocity
            total += beta
            found.append([np.mean((y - X @ b) ** 2) for b in (beta, total / (len(found) + 1))])
    return np.array(found).T


@pytest.mark.parametrize("nesterov", [False, True])
def test_against_numpy(nesterov):
    rng = np.random.default_rng(5)
    p, n, batches, epochs = 300, 600, 4, 4
    method = fs.Method(momentum=0.6, nesterov=nesterov, ridge=0.2, zero_start=True, average="polyak")
    model = fs.MiniBatch(batches, p / n, 0.4)
    curve = model.trajectory(noise=0.5, order="cyclic", method=method).curve(epochs)
    runs = []
    for _ in range(8):
        X = rng.standard_normal((n, p))
        y = X @ rng.standard_normal(p) / np.sqrt(p) + np.sqrt(0.5) * rng.standard_normal(n)
        orders = [np.array_split(np.arange(n), batches)] * epochs
        runs.append(descent(X, y, model.step_size, 0.6, nesterov, 0.2, epochs, orders))
    mean, error = np.mean(runs, 0), np.std(runs, 0) / np.sqrt(len(runs) - 1)
    for found, mean, error in zip((curve.train, curve.averages["polyak"].train), mean, error):
        assert np.all(np.abs(found - mean) < 4 * error + 0.01 * mean)


def test_data_against_numpy():
    rng = np.random.default_rng(6)
    n, p = 240, 80
    X = rng.standard_normal((n, p))
    y = X @ rng.standard_normal(p) / 9 + rng.standard_normal(n)
    method = fs.Method(momentum=0.5, ridge=0.1, average="polyak")
    curve = fs.Dataset(X, y).curves(4, step_size=0.1, epochs=5, method=method)
    runs = []
    for seed in range(60):
        shuffle = np.random.default_rng(seed)
        orders = [np.array_split(shuffle.permutation(n), 4) for _ in range(5)]
        runs.append(descent(X, y, 0.1, 0.5, False, 0.1, 5, orders))
    train, average = np.mean(runs, 0)
    np.testing.assert_allclose(curve.train, train, rtol=0.01)
    np.testing.assert_allclose(curve.averages["polyak"].train, average, rtol=0.01)
    assert curve.averages["polyak"].test.shape == curve.test.shape


def test_a_method_is_a_value():
    method = fs.Method(momentum=0.9, nesterov=True, step_schedule="inverse-time:20.0", average=["polyak", "tail:3"])
    assert repr(method) == (
        "Method(momentum=0.9, nesterov=True, step_schedule='inverse-time:20', average=('polyak', 'tail:3'))"
    )
    for same in (eval(repr(method), {"Method": fs.Method}), pickle.loads(pickle.dumps(method)), copy.deepcopy(method)):
        assert same == method and hash(same) == hash(method)
    assert dataclasses.replace(method, momentum=0.8) != method and fs.Method() == fs.Method(average=[])
    with pytest.raises(dataclasses.FrozenInstanceError):
        method.momentum = 0.5
    assert fs.Method(momentum="growing", nesterov=True).momentum == "growing"
