"""Time and error of the laws that freealg (PyPI) has as well, in one run: `python benches/against_freealg.py`.

The error is that of 1000 densities on the inner 98 % of the support against the closed form, relative to the largest.
freealg evaluates these closed forms; here they come out of the representation that every law has.
"""

import time

import numpy as np

import freespectra as fs


def best_of(work, repeat=200):
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        value = work()
        times.append(time.perf_counter() - start)
    return 1e6 * min(times), value


def laws():
    """Name, law here, name and arguments there, support, closed form."""
    ratio, degree = 0.5, 3
    low, high = (1 - ratio**0.5) ** 2, (1 + ratio**0.5) ** 2
    yield (
        "Marchenko-Pastur, ratio 0.5",
        fs.marchenko_pastur(ratio),
        ("MarchenkoPastur", (ratio,)),
        (low, high),
        lambda x: np.sqrt((x - low) * (high - x)) / (2 * np.pi * ratio * x),
    )
    yield (
        "semicircle on [-2, 2]",
        fs.semicircle(1.0),
        ("Wigner", (2.0,)),
        (-2.0, 2.0),
        lambda x: np.sqrt(4 - x * x) / (2 * np.pi),
    )
    edge = 2 * np.sqrt(degree - 1)
    yield (
        "Kesten-McKay, degree 3",
        fs.kesten_mckay(degree),
        ("KestenMcKay", (degree,)),
        (-edge, edge),
        lambda x: degree * np.sqrt(4 * (degree - 1) - x * x) / (2 * np.pi * (degree**2 - x * x)),
    )


def main():
    try:
        import freealg
    except ImportError:
        freealg = None
        print("freealg is not installed: pip install freealg")
    print("| law | freespectra, us | error | freealg, us | error |\n|---|---|---|---|---|")
    for name, law, (peer, arguments), (low, high), exact in laws():
        x = 0.5 * (low + high) + 0.49 * (high - low) * np.linspace(-1, 1, 1000)
        error = lambda y: np.abs(np.asarray(y) - exact(x)).max() / exact(x).max()
        here, y = best_of(lambda: law.pdf(x))
        row = f"| {name} | {here:.0f} | {error(y):.0e}"
        if freealg is not None:
            other = getattr(freealg.distributions, peer)(*arguments)
            there, z = best_of(lambda: other.density(x))
            row += f" | {there:.0f} | {error(z):.0e}"
        print(row + " |")


if __name__ == "__main__":
    main()
