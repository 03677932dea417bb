"""Laws against closed forms, scipy and sampled matrices."""

import copy
import pickle

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

import freespectra as fs


def marchenko_pastur(x, ratio):
    low, high = (1 - ratio**0.5) ** 2, (1 + ratio**0.5) ** 2
    return np.sqrt(np.clip((x - low) * (high - x), 0, None)) / (2 * np.pi * ratio * x)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9, 1.0])
def test_marchenko_pastur_in_closed_form(ratio):
    for law in (fs.marchenko_pastur(ratio), fs.MiniBatch(1, ratio, 1.0).law()):
        low, high = law.intervals[0]
        assert abs(high - (1 + ratio**0.5) ** 2) < 1e-12
        x = np.linspace(low + 0.02, high - 1e-3, 400)
        np.testing.assert_allclose(law.pdf(x), marchenko_pastur(x, ratio), rtol=1e-11)


def test_shapes_and_kinds_of_arguments():
    law = fs.semicircle(1.0)
    exact = lambda x: np.sqrt(4 - np.asarray(x, float) ** 2) / (2 * np.pi)
    grid = np.linspace(-1.9, 1.9, 12)
    arguments = [
        list(grid),
        grid.reshape(3, 4),
        grid.reshape(3, 4).T,
        grid[::3],
        grid.astype(np.float32),
        np.asfortranarray(grid.reshape(2, 6)),
        np.arange(-1, 2),
        np.empty((0, 3)),
    ]
    for x in arguments:
        values = law.pdf(x)
        assert values.shape == np.shape(x) and values.dtype == np.float64
        np.testing.assert_allclose(values, exact(x), rtol=1e-12)
    for x in (0.5, 1, np.float64(0.5), np.float32(0.5)):
        assert isinstance(law.pdf(x), (float, np.ndarray)) and abs(law.pdf(x) - exact(x)) < 1e-12
    assert type(law.pdf(0.5)) is float
    assert law.pdf(np.array(0.5)).shape == ()
    pandas = pytest.importorskip("pandas")
    np.testing.assert_allclose(law.cdf(pandas.Series(grid)), law.cdf(grid))


def test_names_of_scipy():
    law, exact = fs.semicircle(2.0), scipy.stats.semicircular(scale=8**0.5)
    x, q = np.linspace(-2.8, 2.8, 9), np.linspace(0.01, 0.99, 9)
    for name, points in [("pdf", x), ("cdf", x), ("sf", x), ("logpdf", x), ("ppf", q), ("isf", q)]:
        np.testing.assert_allclose(getattr(law, name)(points), getattr(exact, name)(points), rtol=1e-11, atol=1e-13)
    for name in ("mean", "var", "std", "median"):
        assert abs(getattr(law, name)() - getattr(exact, name)()) < 1e-12
    np.testing.assert_allclose(law.stats("mvsk"), [float(v) for v in exact.stats("mvsk")], atol=1e-11)
    np.testing.assert_allclose(law.interval(0.9), exact.interval(0.9), rtol=1e-11)
    assert abs(law.entropy() - exact.entropy()) < 1e-9
    assert abs(law.expect(np.cos) - exact.expect(np.cos)) < 1e-9
    assert abs(law.moment(4) - 8.0) < 1e-11
    frozen = law.as_scipy()
    assert abs(frozen.cdf(0.3) - exact.cdf(0.3)) < 1e-12 and abs(frozen.kurtosis() if hasattr(frozen, "kurtosis") else -1 + 1) < 2


def test_quad_and_kstest():
    law = fs.MiniBatch(4, 0.5, 1.0).law()
    mass, _ = scipy.integrate.quad(law.pdf, *law.support(), epsabs=1e-10)
    assert abs(mass - 1) < 1e-8
    sample = law.rvs(20_000, random_state=3)
    assert scipy.stats.kstest(sample, law.cdf).pvalue > 1e-3
    assert scipy.stats.kstest(sample, fs.MiniBatch(4, 0.5, 0.8).law().cdf).pvalue < 1e-6


def test_random_numbers_have_seeds():
    law = fs.marchenko_pastur(0.5)
    assert law.rvs((2, 5), random_state=7).shape == (2, 5)
    np.testing.assert_array_equal(law.rvs(5, random_state=7), law.rvs(5, random_state=7))
    assert type(law.rvs(random_state=7)) is float
    generator = np.random.default_rng(7)
    assert not np.array_equal(law.rvs(5, random_state=generator), law.rvs(5, random_state=generator))
    law.rvs(3, random_state=np.random.RandomState(1))


def test_a_wigner_matrix():
    rng = np.random.default_rng(5)
    a = rng.standard_normal((600, 600))
    eigenvalues = np.linalg.eigvalsh((a + a.T) / np.sqrt(2 * 600))
    found = fs.semicircle(1.0).compare(eigenvalues)
    assert found.kolmogorov_smirnov < 0.01 and found.wasserstein < 0.02
    assert abs(found.largest[0] - 2) < 0.1 and found.largest[1] == 2
    b = rng.standard_normal((1200, 600))
    covariance = b.T @ b / 1200
    sum_of_both = np.linalg.eigvalsh((a + a.T) / np.sqrt(2 * 600) + covariance)
    law = fs.semicircle(1.0) + fs.marchenko_pastur(0.5)
    assert law.compare(sum_of_both).kolmogorov_smirnov < 0.01
    assert fs.semicircle(1.3).compare(sum_of_both).kolmogorov_smirnov > 0.05


def test_operations():
    a, b = fs.semicircle(1.0), fs.marchenko_pastur(0.5)
    np.testing.assert_allclose((a + b).free_cumulants(4), [1, 1.5, 0.25, 0.125], atol=1e-10)
    assert abs((b * fs.atoms({1: 0.5, 5: 0.5})).mean() - 3) < 1e-10
    assert abs((2 * a).var() - 4) < 1e-12 and abs((a / 2).var() - 0.25) < 1e-12
    assert abs((a + 3).mean() - 3) < 1e-12 and abs((3 - a).mean() - 3) < 1e-12
    assert abs((a - b).mean() + 1) < 1e-10 and abs((-b).mean() + 1) < 1e-12
    # Two free signs make the arcsine law.
    signs = fs.bernoulli() + fs.bernoulli()
    assert abs(signs.pdf(0.5) - 1 / (np.pi * np.sqrt(4 - 0.25))) < 1e-9
    # A corner of half the size has twice the power, scaled.
    np.testing.assert_allclose(b.compress(0.5).mean(), 1, atol=1e-10)
    np.testing.assert_allclose(a.power(3).var(), 3, atol=1e-10)
    assert fs.marchenko_pastur(2.0).atoms.tolist() == [[0.0, 0.5]]
    assert fs.marchenko_pastur(2.0).cdf(0.0) == 0.5 and fs.marchenko_pastur(2.0).cdf(-1e-9) == 0
    with pytest.raises(TypeError):
        a + "b"


def test_the_cauchy_transform():
    law = fs.semicircle(1.0)
    z = np.array([[1j, 1 + 1j], [3, -3]])
    exact = (z - np.sqrt(z - 2) * np.sqrt(z + 2)) / 2
    np.testing.assert_allclose(law.cauchy_transform(z), exact, rtol=1e-11)
    assert isinstance(law.cauchy_transform(2j), complex)


@pytest.mark.parametrize(
    "law",
    [
        fs.semicircle(1.0),
        fs.semicircle(1.0) + fs.marchenko_pastur(0.5),
        2 * fs.atoms([(1, 0.25), (2, 0.75)]) - 1,
        fs.marchenko_pastur(2.0).compress(0.5),
        fs.MiniBatch(3, 1.4, 1.0).law(),
        fs.polynomial("x*y + y*x", x=fs.semicircle(1), y=fs.semicircle(1)).law(),
    ],
    ids=["named", "sum", "atoms", "compressed", "batches", "polynomial"],
)
def test_pickles_are_exact(law):
    x = np.linspace(*law.support(), 50)
    for other in (pickle.loads(pickle.dumps(law)), copy.copy(law), copy.deepcopy(law)):
        assert other == law and hash(other) == hash(law)
        np.testing.assert_array_equal(other.pdf(x), law.pdf(x))
        np.testing.assert_array_equal(other.ppf([0.1, 0.5, 0.9]), law.ppf([0.1, 0.5, 0.9]))
    assert law != fs.semicircle(1.1) and law != 1


def test_pictures():
    law = fs.marchenko_pastur(2.0)
    x, y = law.mesh(300)
    assert abs(np.trapezoid(y, x) - 0.5) < 1e-3
    html = law._repr_html_()
    assert html.startswith("<svg") and "polyline" in html and "nan" not in html
    assert "support" in repr(law)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    assert law.plot(ax, hist=law.rvs(500, random_state=1)) is ax
    figure.canvas.draw()
    # Nothing is cut off, whatever is drawn first.
    fs.marchenko_pastur(0.1).plot(ax)
    fs.semicircle(4.0).plot(ax)
    assert ax.get_ylim()[1] > max(fs.marchenko_pastur(0.1).mesh()[1])
    plt.close(figure)


def test_no_memory_is_lost():
    import resource

    law, x = fs.semicircle(1.0), np.linspace(-2, 2, 1000)

    def work():
        for _ in range(10_000):
            law.pdf(x), law.ppf(0.3), law.intervals

    work()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096
