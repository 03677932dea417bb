"""Time and error of laws that freealg (PyPI) has as well, in one run: `python benches/against_freealg.py`.

The error is that of the density on the inner 98 % of the support against the closed form.
"""

import time

import numpy as np

import freespectra as fs


def marchenko_pastur(x, ratio):
    low, high = (1 - ratio**0.5) ** 2, (1 + ratio**0.5) ** 2
    return np.sqrt(np.clip((x - low) * (high - x), 0, None)) / (2 * np.pi * ratio * x)


def best_of(work, repeat=5):
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        value = work()
        times.append(time.perf_counter() - start)
    return min(times), value


def inner(low, high, count=1000):
    middle, half = 0.5 * (low + high), 0.49 * (high - low)
    return np.linspace(middle - half, middle + half, count)


def main():
    ratio = 0.5
    low, high = (1 - ratio**0.5) ** 2, (1 + ratio**0.5) ** 2
    x = inner(low, high)
    rows = []
    law = fs.marchenko_pastur(ratio)
    seconds, y = best_of(lambda: law.pdf(x))
    rows.append(("Marchenko-Pastur, 1000 densities", "freespectra", seconds, np.abs(y - marchenko_pastur(x, ratio)).max()))
    half = 0.5 * ratio
    y_exact = marchenko_pastur(inner((1 - half**0.5) ** 2, (1 + half**0.5) ** 2), half)
    at = inner((1 - half**0.5) ** 2, (1 + half**0.5) ** 2)
    seconds, y = best_of(lambda: (2 * law.compress(0.5).affine(0.5, 0.0)).pdf(at))
    rows.append(("its corner of half the size, law and 1000 densities", "freespectra", seconds, np.abs(y - y_exact).max()))
    try:
        import freealg
    except ImportError:
        freealg = None
    if freealg is not None:
        peer = freealg.distributions.MarchenkoPastur(ratio)
        seconds, y = best_of(lambda: peer.density(x))
        rows.append(("Marchenko-Pastur, 1000 densities", "freealg", seconds, np.abs(y - marchenko_pastur(x, ratio)).max()))
        rng = np.random.default_rng(1)
        a = rng.standard_normal((2000, 1000))
        eigenvalues = np.linalg.eigvalsh(a.T @ a / 2000)

        def corner():
            form = freealg.FreeForm(eigenvalues, support=(low, high))
            form.fit()
            return form.decompress(500, x=at)

        try:
            seconds, found = best_of(corner, 1)
            y = np.asarray(found[0] if isinstance(found, tuple) else found).ravel()
            error = np.abs(y - y_exact).max() if y.shape == y_exact.shape else float("nan")
            rows.append(("its corner of half the size, from 1000 eigenvalues", "freealg", seconds, error))
        except Exception as error:  # noqa: BLE001
            print(f"freealg's decompression was left out: {type(error).__name__}: {error}")
    else:
        print("freealg is not installed: pip install freealg")
    print("| work | package | ms | error |\n|---|---|---|---|")
    for work, package, seconds, error in rows:
        print(f"| {work} | {package} | {1e3 * seconds:.3f} | {error:.1e} |")


if __name__ == "__main__":
    main()
