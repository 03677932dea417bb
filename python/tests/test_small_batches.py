"""Infinitely many batches: reference numbers of an independent implementation, converged in its nodes to the digits given."""

import pickle

import numpy as np
import pytest

import freespectra as fs

WHITE, TWO = ([1.0], [1.0], [1.0]), ([0.5, 2.0], [0.7, 0.3], [2.0, 0.5])

# Step, ratio, noise, (eigenvalues, masses, source); risks in three orders; training errors and mean responses of reshuffling.
CASES = [
    (1.0, 0.5, 0.3, WHITE,
     [0.300817144134, 0.230721124183, 0.221749452675, 0.226887883652],
     [0.300817144134, 0.235516776320, 0.229207973127, 0.236241537577],
     [0.424929127, 0.308597400, 0.276511851, 0.269532100],
     [0.292657892654, 0.211878886095, 0.188655615536],
     [0.367879441171, 0.211946276871, 0.139461540922, 0.098481492412]),
    (2.0, 0.5, 0.3, WHITE,
     [0.394734698266, 0.347959958167, 0.358589362735, 0.371886042076],
     [0.394734698266, 0.371464726306, 0.394770903520, 0.414190819104],
     [0.47123535, 0.39569444, 0.38874462, 0.39614265],
     [0.394378407715, 0.315507956731, 0.300076022612],
     [0.135335283237, 0.077884523137, 0.041612718065, 0.024831398668]),
    (1.0, 1.5, 0.2, WHITE,
     [0.842612263885, 0.691782741901, 0.657568694190, 0.645785675168],
     [0.842612263885, 0.750815644047, 0.731641795343, 0.733043440434],
     [0.82048847, 0.71625110, 0.66275118, 0.63673725],
     [0.569100853293, 0.257629249812, 0.129327185230],
     [0.367879441171, 0.428415893074, 0.376468850292, 0.370119202062]),
    (0.8, 0.5, 0.3, TWO,
     [0.463230931927, 0.334816830219, 0.278140847341, 0.250930882099],
     [0.463230931927, 0.338049359288, 0.281857566143, 0.255310197791],
     [0.567161404, 0.420271629, 0.346769696, 0.307028868],
     [0.450992067838, 0.302869084312, 0.243947236941],
     [0.529792987623, 0.373047829865, 0.283449119952, 0.224327186838]),
]


def limit(step, ratio, noise, atoms, **options):
    eigenvalues, masses, source = atoms
    return fs.SmallBatches(ratio, step, list(zip(eigenvalues, masses)), source=source, noise=noise, **options)


@pytest.mark.parametrize("case", CASES)
def test_reference_numbers(case):
    step, ratio, noise, atoms, reshuffled, cyclic, replacement, train, mean = case
    made = limit(step, ratio, noise, atoms)
    curve = made.curve("reshuffle", 4)
    np.testing.assert_allclose(curve.risk[1:], reshuffled, rtol=0, atol=1e-9)
    np.testing.assert_allclose(curve.train[1:4], train, rtol=0, atol=1e-9)
    np.testing.assert_allclose(curve.mean[1:], mean, rtol=0, atol=1e-9)
    np.testing.assert_allclose(made.curve("cyclic", 4).risk[1:], cyclic, rtol=0, atol=1e-9)
    digits = 2e-9 if ratio == 0.5 and step < 2 else 2e-8
    np.testing.assert_allclose(made.curve("replacement", 4).risk[1:], replacement, rtol=0, atol=digits)
    one = made.curve("one-pass", 1)
    assert abs(one.risk[1] - reshuffled[0]) < 1e-8 and one.train is None and one.average_risk is None


def test_methods():
    method = fs.Method(ridge=0.2, zero_start=True, step_schedule="cosine", average="polyak")
    made = limit(1.2, 0.5, 0.3, TWO, method=method)
    curve = made.curve("reshuffle", 4)
    np.testing.assert_allclose(curve.risk[1:], [0.4361663, 0.3271392, 0.3025681, 0.3005336], rtol=0, atol=1e-7)
    assert abs(curve.average_risk[4] - 0.3561057392) < 1e-9
    with pytest.raises(ValueError, match="reshuffle"):
        made.curve("cyclic", 4)
    # Constant momentum is a larger step.
    momentum = fs.SmallBatches(0.5, 0.5, method=fs.Method(momentum=0.5, nesterov=True))
    np.testing.assert_allclose(momentum.curve(epochs=4).risk[1:], CASES[0][4], rtol=0, atol=1e-9)
    assert abs(momentum.stability_step - 2) < 1e-14 and abs(momentum.stationary().risk - 0.3106513251) < 1e-9
    assert abs(momentum.step_to_settle_at(0.3106513251) - 0.5) < 1e-6


@pytest.mark.parametrize("case, points, densities", [
    (CASES[0], [0.2, 0.3, 0.5], [0.900532456614, 0.908321724382, 0.912003376829]),
    (CASES[3], [0.2, 0.3, 0.5], [1.274628165157, 1.120986443500, 0.896095451429]),
])
def test_the_law_of_z(case, points, densities):
    step, mean = case[0], case[-1]
    law = limit(*case[:4]).law()
    np.testing.assert_allclose(law.pdf(points), densities, rtol=0, atol=1e-10)
    assert abs(law.expect(lambda x: (1 - step * x) ** 2) - mean[1]) < 1e-9


@pytest.mark.parametrize("atoms, step, risk, train", [
    (WHITE, 0.5, 0.3010791373, 0.1517188991),
    (WHITE, 1.0, 0.3106513251, 0.1660276517),
    (WHITE, 2.0, 0.409921501, 0.292127515),
    (WHITE, 3.0, 0.858100988, 0.778907917),
    (TWO, 0.8, 0.3077107296, 0.160211554),
])
def test_where_reshuffling_settles(atoms, step, risk, train):
    settled = limit(step, 0.5, 0.3, atoms).stationary()
    assert abs(settled.risk - risk) < 1e-9 and abs(settled.train - train) < 1e-9


def test_steps():
    white = fs.SmallBatches(0.5, 1.0)
    assert abs(white.stability_step - 4) < 1e-14
    settled = white.stationary("replacement")
    assert abs(settled.risk - 0.35) < 1e-14 and abs(settled.train - 0.2) < 1e-14
    assert white.stationary("one-pass").train is None
    for order in ("replacement", "cyclic", "one-pass"):
        assert abs(white.step_to_settle_at(white.stationary(order).risk, order) - 1) < 1e-9


def test_a_limit_is_a_value():
    made = limit(0.8, 0.5, 0.3, TWO, method=fs.Method(ridge=0.1))
    again = pickle.loads(pickle.dumps(made))
    assert again == made and hash(again) == hash(made) and again.curve(epochs=3) == made.curve(epochs=3)
    assert made != limit(0.9, 0.5, 0.3, TWO) and "ridge=0.1" in repr(made)
