"""Wrong arguments: a ValueError with the argument, the value and what is allowed."""

import numpy as np
import pytest

import freespectra as fs

WRONG = [
    (lambda: fs.MiniBatch(0), "batches"),
    (lambda: fs.MiniBatch(-1), "batches"),
    (lambda: fs.MiniBatch(2.5), "batches"),
    (lambda: fs.MiniBatch(True), "batches"),
    (lambda: fs.MiniBatch(2, -0.5), "aspect_ratio"),
    (lambda: fs.MiniBatch(2, float("nan")), "aspect_ratio"),
    (lambda: fs.MiniBatch(2, 0.5, 0.0), "step"),
    (lambda: fs.MiniBatch(2, 0.5, 1.0, step_size=1.0), "epoch_step"),
    (lambda: fs.MiniBatch(2, batch_fractions=[0.5, 0.6]), "fractions"),
    (lambda: fs.MiniBatch(2, population=[-1.0, 1.0]), "eigenvalue"),
    (lambda: fs.MiniBatch(2).trajectory(noise=-1).curve(), "noise"),
    (lambda: fs.MiniBatch(2).trajectory(order="random"), "schedule"),
    (lambda: fs.MiniBatch(2).trajectory().curve(0), "epochs"),
    (lambda: fs.MiniBatch(2).stability_step("random"), "order"),
    (lambda: fs.semicircle(-1.0), "variance"),
    (lambda: fs.semicircle(1.0).ppf([0.1, 1.5]), "probabilit"),
    (lambda: fs.semicircle(1.0).interval(2.0), "confidence"),
    (lambda: fs.semicircle(1.0).moment(-1), "order"),
    (lambda: fs.semicircle(1.0).mesh(1), "points"),
    (lambda: fs.semicircle(1.0).compress(0.0), "trace"),
    (lambda: fs.atoms([(0, 0.5), (1, 0.6)]), "atoms"),
    (lambda: fs.polynomial("x*y", x=fs.semicircle(1), y=fs.semicircle(1)), "self-adjoint"),
    (lambda: fs.polynomial("x + ", x=fs.semicircle(1)), "column"),
    (lambda: fs.polynomial("x + y", x=fs.semicircle(1)), "y"),
    (lambda: fs.Dataset(np.ones(3), np.ones(3)), "X"),
    (lambda: fs.Dataset(np.full((3, 2), np.nan), np.ones(3)), "finite"),
    (lambda: fs.Dataset(np.ones((3, 2)), np.ones(4)), "target"),
    (lambda: fs.Dataset(np.eye(3), np.ones(3)).curves(4, step_size=0.1), "batches"),
    (lambda: fs.Dataset(np.eye(3), np.ones(3)).curves(2), "step_size"),
    (lambda: fs.Dataset(np.eye(3), np.ones(3)).recommend([1], budget="hours:1"), "budget"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_arguments(number):
    call, name = WRONG[number]
    with pytest.raises(ValueError, match=name) as caught:
        call()
    assert isinstance(caught.value, fs.Error) and isinstance(caught.value, fs.ArgumentError)


def test_wrong_kinds():
    for call in (
        lambda: fs.semicircle("wide"),
        lambda: fs.Law(3),
        lambda: fs.MiniBatch(2).law() + fs.semicircle(1.0),
        lambda: fs.polynomial("x", x=3),
        lambda: fs.MiniBatch(2).law(progress=3),
        lambda: fs.semicircle(1).rvs(2, random_state="seed"),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError):
        fs.semicircle(1.0).pdf("a")


def test_hierarchy():
    for error in (fs.ArgumentError, fs.NotConvergedError, fs.NotCertifiedError, fs.CancelledError):
        assert issubclass(error, fs.Error) and error.__doc__
    # Steps that diverge so much that the law spreads over more decades than numbers have digits.
    with pytest.raises(fs.Error):
        fs.MiniBatch(8, 0.5, 1.0, [1.0, 1000.0]).law()
