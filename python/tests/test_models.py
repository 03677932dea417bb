"""Models against reference numbers, each other, and gradient descent in numpy."""

import pickle

import numpy as np
import pytest

import freespectra as fs


def test_a_reference_number_of_the_law_of_z():
    # An independent implementation of the operator-valued equation, to 1e-10.
    law = fs.MiniBatch(2, 0.5, step_size=0.4).law()
    assert abs(law.pdf(0.7) - 0.6453232921464) < 1e-10


def test_sampled_z():
    model = fs.MiniBatch(3, 0.5, 1.5, {1.0: 0.5, 3.0: 0.5})
    sample = fs.sample_z(model, 300, draws=2, seed=1)
    assert sample.shape == (2, 300)
    assert model.law().compare(sample).kolmogorov_smirnov < 0.02
    assert model.full_batch().law().compare(sample).kolmogorov_smirnov > 0.03
    np.testing.assert_array_equal(sample, fs.sample_z(model, 300, draws=2, seed=1))


def test_populations():
    for population in ({1: 0.5, 4: 0.5}, [(1, 0.5), (4, 0.5)], [1, 4], np.array([1.0, 4.0])):
        assert fs.Population(population) == fs.Population({1: 0.5, 4: 0.5})
    assert fs.MiniBatch(population=[1, 4]).population.mean() == 2.5
    covariance = np.array([[2.5, 1.5], [1.5, 2.5]])
    np.testing.assert_allclose(fs.Population.from_covariance(covariance).atoms[:, 0], [1, 4], rtol=1e-12)
    assert abs(fs.Population.uniform(1, 3).mean() - 2) < 1e-12
    assert len(fs.Population.power_law(0.5, 30).atoms) == 30
    assert pickle.loads(pickle.dumps(fs.Population([1, 4]))) == fs.Population([1, 4])


def test_thresholds():
    # One batch diverges at twice the inverse of the edge.
    model = fs.MiniBatch(1, 0.5, 1.0)
    assert abs(model.critical_step() - 2 / (1 + 0.5**0.5) ** 2) < 1e-10
    found = fs.MiniBatch(2, 0.5, 1.0).stability_step("cyclic")
    assert abs(found.epoch_step - 2.0) < 1e-8 and found.step_size == found.epoch_step / 2
    assert abs(fs.MiniBatch(2, 0.5, 1.0).stability_step("one-pass").epoch_step - 2.0) < 1e-8


def test_a_sweep_is_the_laws():
    sweep = fs.Sweep()
    for step in np.linspace(1, 1.1, 5):
        model = fs.MiniBatch(4, 0.5, step)
        law, exact = sweep.law(model), model.law()
        np.testing.assert_allclose(law.intervals, exact.intervals, rtol=1e-12)
        np.testing.assert_allclose(law.ppf([0.1, 0.9]), exact.ppf([0.1, 0.9]), rtol=1e-9)


def descent(X, y, batches, step, epochs, rng, fresh):
    """Gradient descent in numpy from 0; the training error after every step."""
    n = len(y)
    beta, train = np.zeros(X.shape[1]), [np.mean(y**2)]
    order = rng.permutation(n)
    for _ in range(epochs):
        if fresh:
            order = rng.permutation(n)
        for rows in np.array_split(order, batches)[:: 1 if fresh else 1]:
            beta -= step * X[rows].T @ (X[rows] @ beta - y[rows]) / len(rows)
            train.append(np.mean((y - X @ beta) ** 2))
    return np.array(train)


def test_a_trajectory_against_numpy():
    model = fs.MiniBatch(4, 0.5, 0.8, {1.0: 0.5, 3.0: 0.5})
    curve = model.trajectory(noise=0.5, source=1.0, order="cyclic").curve(6)
    p, n = 300, 600
    runs = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n, p)) * np.sqrt(np.repeat([1.0, 3.0], p // 2))
        signal = rng.standard_normal(p) / np.sqrt(p)
        y = X @ signal + np.sqrt(0.5) * rng.standard_normal(n)
        runs.append(descent(X, y, 4, model.step_size, 6, rng, fresh=False))
    mean, error = np.mean(runs, 0), np.std(runs, 0) / np.sqrt(len(runs) - 1)
    assert curve.train.shape == mean.shape == curve.epochs.shape
    assert np.all(np.abs(curve.train - mean) < 4 * error + 0.01 * mean)
    sampled = fs.monte_carlo(model, 200, 6, draws=10, noise=0.5, order="cyclic")
    assert np.all(np.abs(sampled.risk - curve.risk) < 4 * sampled.risk_error + 0.02 * curve.risk)


def test_the_mean_iterate():
    model = fs.MiniBatch(2, 0.5, 0.8)
    found = model.mean_iterate(10, signal=1.0, noise=0.2)
    assert abs(found.risk[0] - 1) < 1e-10 and len(found.risk) == 11
    np.testing.assert_allclose(found.risk, found.bias + found.variance, rtol=1e-12)
    assert model.mean_iterate(400, noise=0.2).risk[-1] == pytest.approx(found.limit, rel=1e-3)


def test_data_against_numpy():
    rng = np.random.default_rng(3)
    n, p = 240, 80
    X = rng.standard_normal((n, p)) * np.arange(1, p + 1) ** -0.3
    y = X @ rng.standard_normal(p) / 3 + rng.standard_normal(n)
    data = fs.Dataset(X, y)
    np.testing.assert_allclose(data.eigenvalues, np.linalg.eigvalsh(X.T @ X / n), rtol=1e-9)
    assert data.certificate["verdict"] and (data.rows, data.features) == (n, p)
    step = 0.5 * data.thresholds(4).runs
    curve = data.curves(4, step_size=step, epochs=8)
    runs = [descent(X, y, 4, step, 8, np.random.default_rng(seed), fresh=True) for seed in range(100)]
    np.testing.assert_allclose(curve.train, np.mean(runs, 0), rtol=0.01)
    law = data.law(4, step_size=step)
    assert abs(law.cdf(law.ppf(0.4)) - 0.4) < 1e-9 and law.pdf([0.1, 0.2]).shape == (2,)
    best = data.recommend([1, 4], budget=12)
    assert best.epochs <= 12 and best.test <= best.initial and len(best.by_batches) == 2
    again = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(again.curves(4, step_size=step).test, data.curves(4, step_size=step).test)


def test_thresholds_of_data_are_where_numpy_diverges():
    rng = np.random.default_rng(4)
    X, y = rng.standard_normal((120, 30)), rng.standard_normal(120)
    runs = fs.Dataset(X, y).thresholds(3).runs
    below = descent(X, y, 3, 0.8 * runs, 100, np.random.default_rng(1), fresh=True)
    above = descent(X, y, 3, 1.3 * runs, 100, np.random.default_rng(1), fresh=True)
    assert below[-1] < 10 * below[0] and above[-1] > 100 * above[0]


def test_polynomials():
    x, y = fs.variables("x y")
    text = "x*y + y*x"
    assert x * y + y * x == fs.Polynomial.parse(text) and x * y != y * x
    assert (x + y) ** 2 - x**2 - y**2 == fs.Polynomial.parse(text) and (1j * (x * y - y * x)).H == 1j * (x * y - y * x)
    laws = {"x": fs.semicircle(1), "y": fs.semicircle(1)}
    model = fs.polynomial(x * y + y * x, **laws)
    law = model.law()
    # m_2 = 2, m_4 = 10: the anticommutator of two free semicirculars (Nica and Speicher, Duke Math. J. 92, 1998).
    np.testing.assert_allclose(model.moments(4), [0, 2, 0, 10], atol=1e-12)
    np.testing.assert_allclose([law.moment(k) for k in (2, 4)], [2, 10], rtol=1e-9)
    assert law.compare(model.sample(400, seed=2)).kolmogorov_smirnov < 0.03
    assert pickle.loads(pickle.dumps(model)).law() == law
    single = fs.variables("z")
    assert str(single) == "z"


def test_results():
    curve = fs.MiniBatch(2, 0.5, 0.5).trajectory().curve(2, schedules=3, seed=5)
    assert curve["risk"] is curve.risk and "risk" in dir(curve) and curve.schedules == 3
    assert pickle.loads(pickle.dumps(curve)) == curve
    frame = curve.to_frame()
    assert list(frame.columns)[:2] == ["epochs", "risk"] and len(frame) == 5
    with pytest.raises(AttributeError):
        curve.loss
    with pytest.raises(AttributeError):
        curve.risk = 1


def test_the_advisor():
    from sklearn.base import clone

    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 20))
    y = X @ rng.standard_normal(20) + rng.standard_normal(80)
    advisor = fs.MiniBatchAdvisor(batches=(1, 2, 8), epochs=10).fit(X, y)
    best = advisor.best_params_
    assert best["batch_size"] * best["batches"] >= 80 and best["epochs"] <= 10
    other = clone(advisor).set_params(epochs=3)
    assert other.get_params()["epochs"] == 3 and other.fit(X, y).best_params_["epochs"] <= 3
    with pytest.raises(ValueError):
        advisor.set_params(momentum=1)


@pytest.mark.filterwarnings("ignore")
def test_the_advisor_is_an_estimator():
    from sklearn.utils.estimator_checks import check_estimator

    found = check_estimator(fs.MiniBatchAdvisor(), on_fail=None, on_skip=None)
    failed = [check["check_name"] for check in found if check["status"] == "failed"]
    assert not failed and sum(check["status"] == "passed" for check in found) > 35
