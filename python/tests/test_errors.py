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
    (lambda: fs.MiniBatch(2).trajectory(source=[1.0, 2.0]), "source"),
    (lambda: fs.MiniBatch(2).trajectory(test_eigenvalues=-1.0), "test_covariance"),
    (lambda: fs.MiniBatch(2).trajectory(test_eigenvalues=[1.0, 2.0]), "test_eigenvalues"),
    (lambda: fs.Method(momentum=1.0), "momentum"),
    (lambda: fs.Method(momentum=float("nan")), "momentum"),
    (lambda: fs.Method(momentum="large"), "momentum"),
    (lambda: fs.Method(nesterov=True), "momentum"),
    (lambda: fs.Method(ridge=-0.1), "ridge"),
    (lambda: fs.Method(decay=float("inf")), "decay"),
    (lambda: fs.Method(precondition=float("nan")), "precondition"),
    (lambda: fs.Method(step_schedule="warmup:0"), "step_schedule"),
    (lambda: fs.Method(step_schedule="linear"), "step_schedule"),
    (lambda: fs.Method(average="ema:2"), "average"),
    (lambda: fs.Method(average=["polyak", "mean"]), "average"),
    (lambda: fs.Method(average=["polyak"] * 9), "average"),
    (lambda: fs.SmallBatches(0.0), "aspect_ratio"),
    (lambda: fs.SmallBatches(epoch_step=-1.0), "epoch_step"),
    (lambda: fs.SmallBatches(source=-1.0), "source"),
    (lambda: fs.SmallBatches(method=fs.Method(average="tail:3")), "average"),
    (lambda: fs.SmallBatches().curve("shuffled"), "schedule"),
    (lambda: fs.SmallBatches().curve(epochs=0), "epochs"),
    (lambda: fs.SmallBatches(1.5).stationary(), "aspect_ratio"),
    (lambda: fs.SmallBatches(epoch_step=4.5).stationary(), "epoch_step"),
    (lambda: fs.SmallBatches().step_to_settle_at(0.29, "replacement"), "risk"),
    (lambda: fs.choose(batches=[]), "batches"),
    (lambda: fs.choose(batches=[2.5]), "batches"),
    (lambda: fs.choose(batches=[1000]), "batches"),
    (lambda: fs.choose(budget=0), "budget"),
    (lambda: fs.choose(tune="step"), "tune"),
    (lambda: fs.choose(tune=["momentum", "nesterov"]), "tune"),
    (lambda: fs.choose(tune="ridge"), "tune"),
    (lambda: fs.choose(rows=3), "batches"),
    (lambda: fs.choose(source=0.0), "source"),
    (lambda: fs.choose(stop="never"), "stop"),
    (lambda: fs.choose(order="0,1"), "schedule"),
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
    (lambda: fs.Dataset(np.eye(3), np.ones(3)).curves(2, step_size=0.1, method=fs.Method(precondition=1.0)), "preconditioner"),
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
        lambda: fs.MiniBatch(2).trajectory(method="nesterov"),
        lambda: fs.choose(method={"momentum": 0.9}),
        lambda: fs.Method(ridge=None),
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
