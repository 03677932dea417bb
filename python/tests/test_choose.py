"""Best choices for a model: an independent search, runs around the choice, and the limit of many batches."""

import math
import pickle

import numpy as np
import pytest

import freespectra as fs


def test_an_optimum_of_an_independent_search():
    # Golden sections over an independent implementation of the predictions, along three orders of its own.
    best = fs.choose(0.5, batches=[8], budget=5, stop="end")
    assert abs(best.epoch_step / 0.5710 - 1) < 0.02 and abs(best.risk - 0.21113) < 4e-4
    assert best.step_size == best.epoch_step / 8 and best.epochs == 5 and abs(best.initial - 1) < 1e-12
    low, high = best.flat_epoch_steps
    assert low < 0.95 * best.epoch_step and high > 1.05 * best.epoch_step
    assert best.method == fs.Method() and best.momentum is None and pickle.loads(pickle.dumps(best)) == best


def test_runs_agree_with_step_and_ridge():
    best = fs.choose(2.0, batches=[5], tune="ridge", method=fs.Method(zero_start=True), budget=8, stop="end")
    assert best.method == fs.Method(zero_start=True, ridge=best.ridge)

    def run(step, ridge):
        model = fs.MiniBatch(5, 2.0, step * best.epoch_step)
        method = fs.Method(zero_start=True, ridge=ridge * best.ridge)
        found = model.trajectory(method=method).sample(200, 8, draws=60, seed=3)
        return found.risk[-1], found.risk_error[-1]

    chosen, error = run(1, 1)
    assert abs(chosen - best.risk) < 3 * error + 0.01 * chosen
    for step, ridge in [(0.4, 1), (2, 1), (1, 0.2), (1, 4)]:
        assert run(step, ridge)[0] > chosen


def test_choices_among_more():
    plain = fs.choose(batches=[8], budget=5, stop="end")
    momentum = fs.choose(batches=[8], budget=5, stop="end", tune=["nesterov"])
    assert momentum.risk <= plain.risk * (1 + 1e-5) and momentum.method.momentum == momentum.momentum
    among = fs.choose(batches=[8, 64, math.inf], budget=5, stop="end").by_batches
    assert list(among.batches) == [8, 64, math.inf] and among.risk[0] == plain.risk
    assert abs(among.risk[1] / among.risk[2] - 1) < 0.005 and abs(among.epoch_step[1] / among.epoch_step[2] - 1) < 0.05
    assert np.all(np.isnan(among.momentum)) and list(among.to_frame().columns)[-2:] == ["risk", "risk_error"]
    alone = fs.choose(batches=[math.inf], budget=5)
    assert alone.batches == math.inf and alone.step_size == 0


def test_budgets():
    # 100 rows at 1 ms and 8 steps at 25 ms: 0.3 s an epoch.
    timed = fs.choose(batches=[8], budget="seconds:1.6:0.025:0.001", rows=100, stop="end")
    assert timed == fs.choose(batches=[8], budget=5, stop="end")
    with pytest.raises(ValueError, match="rows"):
        fs.choose(budget="gradients:100")


def test_risks_of_choices_are_those_along_other_orders():
    options = {"noise": 0.0, "batches": [2], "order": "replacement", "method": fs.Method(zero_start=True, average="polyak")}
    best = fs.choose(**options, schedule_error=0.03)
    assert 0 < best.risk_error < 0.031 * best.risk and best.schedules > 20
    model = fs.MiniBatch(2, 0.5, best.epoch_step)
    curve = model.trajectory(noise=0.0, order="replacement", method=best.method).curve(best.epochs, schedules=2000, seed=99)
    average = curve.averages["polyak"]
    assert abs(average.risk[-1] - best.risk) < 3 * math.hypot(best.risk_error, average.risk_error[-1])
