"""Maps against scikit-learn and their definitions; honest folds; posteriors; nothing from nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from jprob import calibrate
from jprob.calibrate import beta, histogram, isotonic, matrix, platt, temperature, vector
from tests.calibrate.rows import SIZE, binary, classes, log_odds, sigmoid, softmax
from tests.grids import DTYPE, X64

METHODS = {
    "temperature": temperature,
    "platt": platt,
    "beta": beta,
    "isotonic": isotonic,
    "histogram": histogram,
    "vector": vector,
    "matrix": matrix,
}
OF_PROBABILITIES = ("beta", "histogram")
OF_CLASSES = ("vector", "matrix")
DIGITS = 1e-6 if X64 else 1e-4


def rows(name, shape):
    z, y, w = classes() if shape == "classes" else log_odds()
    if name in OF_PROBABILITIES:
        z = softmax(z) if z.ndim == 2 else sigmoid(z)
    return z.astype(DTYPE), y, w


CASES = [(name, "binary") for name in METHODS if name not in OF_CLASSES]
CASES += [
    (name, "classes") for name in METHODS if name != "beta"
]  # class by class as Platt's line, and slow to compile


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_every_map_makes_probabilities_better_and_knows_weights_as_repeated_rows(name, shape):
    method = METHODS[name]
    z, y, _ = rows(name, shape)
    params = method.fit(z, y)
    q = np.asarray(method.apply(params, z))
    assert q.dtype == DTYPE
    assert q.shape == z.shape
    assert ((q >= 0) & (q <= 1)).all()
    if shape == "classes":
        np.testing.assert_allclose(q.sum(1), 1.0, atol=1e-5)
    plain = z if name in OF_PROBABILITIES else np.asarray(temperature.apply(1.0, z))
    assert calibrate.brier_score(q, y) < calibrate.brier_score(plain, y)
    if name != "histogram":  # whose edges are quantiles of all rows
        kept = np.arange(SIZE) < 400  # what rows without weight say does not matter
        other = np.where(kept.reshape(-1, *[1] * (z.ndim - 1)), z, z[::-1]), np.where(kept, y, y[::-1])
        ours, theirs = (method.apply(method.fit(*r, kept.astype(DTYPE)), z) for r in ((z, y), other))
        np.testing.assert_allclose(ours, theirs, atol=20 * DIGITS)


class Scores(ClassifierMixin, BaseEstimator):
    """A model whose scores are the rows themselves."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, x):
        return x[:, 0] if x.shape[1] == 1 else x

    def predict(self, x):
        return self.decision_function(x) > 0 if x.shape[1] == 1 else x.argmax(1)


def sklearn_calibrated(method, z, y):
    x = np.asarray(z, float).reshape(len(z), -1)
    frozen = FrozenEstimator(Scores().fit(x, y))
    return CalibratedClassifierCV(frozen, method=method, cv=Once()).fit(x, y).predict_proba(x)


class Once:
    """All rows are fitted on and predicted."""

    def split(self, x, y=None, groups=None):
        yield np.arange(len(x)), np.arange(len(x))

    def get_n_splits(self, x=None, y=None, groups=None):
        return 1


@pytest.mark.parametrize("shape", ["binary", "classes"])
@pytest.mark.parametrize(("ours", "theirs"), [(platt, "sigmoid"), (isotonic, "isotonic"), (temperature, "temperature")])
def test_as_sklearn(ours, theirs, shape):
    z, y, _ = rows("platt", shape)
    expected = sklearn_calibrated(theirs, z, y)
    expected = expected if shape == "classes" else expected[:, 1]
    np.testing.assert_allclose(ours.apply(ours.fit(z, y), z), expected, atol=1e-5 if X64 else 1e-4)


@pytest.mark.parametrize("shape", ["binary", "classes"])
def test_temperature_is_the_optimum_and_finds_the_truth(shape):
    z, y, w = rows("temperature", shape)
    found = temperature.fit(z, y, w)
    assert bool(found.converged)
    assert not bool(found.degenerate)
    assert abs(np.log(float(found.temperature) / 2)) < 5 * float(found.log_standard_error)

    def loss(u):
        q = temperature.apply(np.exp(u), z.astype(float))
        return float(calibrate.log_loss(np.asarray(q, DTYPE), y, weights=w))

    best = optimize.minimize_scalar(loss, bounds=(-2, 3), method="bounded", options={"xatol": 1e-9})
    assert loss(np.log(float(found.temperature))) <= best.fun + 1e-6
    np.testing.assert_allclose(np.log(float(found.temperature)), best.x, atol=1e-5 if X64 else 3e-2)
    wide = temperature.fit(z * DTYPE(1e7), y, w)
    np.testing.assert_allclose(wide.temperature, 1e7 * found.temperature, rtol=1e-4)
    assert int(wide.num_steps) < 30


@pytest.mark.parametrize("true", [3.3, 5.0, 8.0, 20.0])
def test_gross_overconfidence_is_found(true):
    """Newton's step from one end of the bracket may land on the other: it must not go to and fro."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        z = 2.0 * rng.normal(size=(2000, 3))
        p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        y = (p.cumsum(1) > rng.random((2000, 1))).argmax(1)
        fit = calibrate.temperature.fit((true * z).astype(DTYPE), y)
        assert bool(fit.converged)
        assert float(fit.temperature) == pytest.approx(true, rel=0.15)


def test_temperature_never_changes_the_first_class():
    z, _, _ = classes()
    for t in (0.05, 0.7, 3.0, 1e3):
        q = np.asarray(temperature.apply(t, z))
        assert (q[np.arange(SIZE), z.argmax(1)] == q.max(1)).all()


@pytest.mark.parametrize(
    ("logits", "labels", "status"),
    [
        ([-1.0, -2.0, 1.0], [0, 0, 1], "separable"),
        ([-1.0, -2.0, 1.0], [1, 1, 0], "uninformative"),
        ([0.0, 0.0, 0.0], [1, 1, 0], "constant"),
        ([2.0, 2.0, 2.0], [1, 1, 0], "constant"),
        ([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]], [0, 1, 1], "separable"),
        ([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]], [1, 0, 0], "uninformative"),
        ([[3.0, 3.0], [1.0, 1.0], [2.0, 2.0]], [1, 0, 0], "constant"),
    ],
)
def test_no_temperature_is_said_and_not_invented(logits, labels, status):
    found = temperature.fit(logits, labels)
    assert temperature.STATUS[int(found.status)] == status
    assert bool(found.degenerate)
    assert not bool(found.converged)
    assert float(found.temperature) == 1.0
    assert np.isnan(found.standard_error)


def test_a_bad_lane_does_not_stop_its_neighbours():
    z, y, _ = log_odds()
    lanes = jax.vmap(temperature.fit)(np.stack([z, z, 0 * z]), np.stack([y, (z > 0).astype(int), y]))
    assert lanes.converged.tolist() == [True, False, False]
    np.testing.assert_allclose(lanes.temperature[0], temperature.fit(z, y).temperature, rtol=1e-5)
    lost = jax.jit(temperature.fit)(jnp.asarray(z).at[0].set(jnp.nan), y)
    assert not bool(lost.converged)


def test_a_thousand_groups_at_once():
    rng = np.random.default_rng(0)
    z = (3 * rng.normal(size=(1000, 200))).astype(DTYPE)
    y = rng.uniform(size=z.shape) < sigmoid(z / 2)
    found = jax.jit(jax.vmap(temperature.fit))(z, y)
    assert bool(found.converged.all())
    pull = (np.log(np.asarray(found.temperature)) - np.log(2)) / np.asarray(found.log_standard_error)
    assert abs(pull.mean()) < 0.2
    assert abs(pull.std() - 1) < 0.15


@pytest.mark.parametrize("smooth", [True, False])
def test_platt_of_separable_constant_and_single_labels(smooth):
    for z, y in (([-1.0, -2.0, 1.0], [0, 0, 1]), ([1.0, 1.0, 1.0], [0, 1, 1]), ([-1.0, 0.0, 1.0], [1, 1, 1])):
        found = platt.fit(z, y, smooth=smooth)
        assert bool(found.degenerate)
        q = np.asarray(platt.apply(found, z))
        assert ((q >= 0) & (q <= 1)).all()
    constant = platt.fit([1.0, 1.0, 1.0, 1.0], [0, 1, 1, 1], smooth=False)
    np.testing.assert_allclose(platt.apply(constant, [1.0, 5.0]), [0.75, 0.75], atol=1e-5)


def test_beta_map_as_a_logistic_regression_of_its_features():
    z, y, w = log_odds()
    p = sigmoid(z.astype(float)).astype(DTYPE)
    found = beta.fit(p, y, w)
    x = np.stack([np.log(p), -np.log1p(-p)], 1).astype(float)
    oracle = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(x, y, sample_weight=w)
    np.testing.assert_allclose([found.a, found.b], oracle.coef_[0], atol=2e-4 if X64 else 2e-3)
    np.testing.assert_allclose(found.c, oracle.intercept_[0], atol=2e-4 if X64 else 2e-3)
    assert (np.linalg.eigvalsh(found.covariance) > 0).all()


def test_beta_map_is_monotone_where_the_free_one_is_not():
    p = np.linspace(0.05, 0.95, SIZE).astype(DTYPE)
    y = (np.random.default_rng(0).uniform(size=SIZE) < 4 * p * (1 - p)).astype(int)  # likely in the middle only
    found = beta.fit(p, y)
    assert min(found.a, found.b) == 0
    assert np.all(np.diff(beta.apply(found, p)) >= -1e-6)
    none = beta.fit(p, (p > 0.5).astype(int))
    assert bool(none.degenerate)
    np.testing.assert_allclose(beta.apply(none, p), p, atol=1e-5)
    assert np.isfinite(beta.apply(found, [0.0, 1.0])).all()


def test_isotonic_with_ties_weights_and_outside():
    rng = np.random.default_rng(1)
    x = np.round(rng.uniform(size=SIZE), 2)
    y, w = (rng.uniform(size=SIZE) < x**2).astype(int), rng.integers(0, 3, SIZE).astype(DTYPE)
    kept = w > 0
    oracle = IsotonicRegression(out_of_bounds="clip").fit(x[kept], y[kept], w[kept])
    found = isotonic.fit(x.astype(DTYPE), y, w)
    points = rng.uniform(-0.5, 1.5, 200)
    np.testing.assert_allclose(isotonic.apply(found, points.astype(DTYPE)), oracle.predict(points), atol=1e-5)
    assert np.all(np.diff(found.probs) >= 0)
    assert bool(isotonic.fit(x.astype(DTYPE), np.zeros(SIZE, int)).degenerate)


def test_isotonic_regression_satisfies_its_conditions():
    """Each block is its mean, and no beginning of a block lies below it: what pooling must have left."""
    p, y, w = binary()
    found = isotonic.fit(p, y, w)
    order = np.argsort(p)
    fitted, y, w = np.asarray(found.probs, float), y[order], w[order].astype(float)
    for value in np.unique(np.round(fitted, 6)):
        inside = abs(fitted - value) < 2e-6
        part = np.cumsum(w[inside] * (y[inside] - value))
        assert part.min() > -1e-3
        assert abs(part[-1]) < 1e-3


def test_histogram_bins_are_frequencies():
    p, y, w = binary()
    found = histogram.fit(p, y, w, num_bins=5, strategy="uniform")
    place = np.clip(np.ceil(p * 5).astype(int) - 1, 0, 4)
    expected = np.bincount(place, w * y) / np.bincount(place, w)
    np.testing.assert_allclose(found.probs, expected, rtol=1e-4)
    np.testing.assert_allclose(histogram.apply(found, p), expected[place], rtol=1e-4)
    empty = histogram.fit([0.1, 0.9], [0, 1], num_bins=5, strategy="uniform")
    np.testing.assert_allclose(empty.probs, [0, 0.3, 0.5, 0.7, 1], atol=1e-6)


def test_matrix_as_multinomial_regression():
    z, y, w = classes()
    oracle = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(z.astype(float), y, sample_weight=w)
    expected = oracle.predict_proba(z)
    np.testing.assert_allclose(matrix.apply(matrix.fit(z, y, w), z), expected, atol=1e-5 if X64 else 2e-3)
    held = matrix.fit(z, y, w, penalty=1e4)
    np.testing.assert_allclose(held.weight, np.eye(z.shape[1]), atol=1e-3)


def test_vector_is_the_optimum():
    z, y, w = classes()
    found = vector.fit(z, y, w)

    def loss(u):
        q = softmax(u[:4] * z.astype(float) + u[4:])
        return -np.average(np.log(q[np.arange(SIZE), y]), weights=w)

    best = optimize.minimize(loss, np.r_[np.ones(4), np.zeros(4)])
    assert loss(np.r_[found.scale, found.shift].astype(float)) == pytest.approx(best.fun, abs=1e-6)
    right = vector.fit(z, z.argmax(1))
    assert bool(right.degenerate)
    np.testing.assert_array_equal(right.scale, np.ones(4))
    with pytest.raises(ValueError, match=r"shape \(n, k\)"):
        vector.fit(z[:, 0], (y > 0).astype(int))


@pytest.mark.parametrize("method", [temperature, isotonic, histogram], ids=lambda m: m.__name__.split(".")[-1])
def test_no_row_is_calibrated_by_itself(key, method):
    z, y, _ = log_odds()
    scores = sigmoid(z) if method is histogram else z
    found = calibrate.cross_fit(key, method, scores, y, num_folds=4)
    assert sorted(np.bincount(found.fold)) == [150] * 4
    fold = np.asarray(found.fold)
    here = method.apply(method.fit(scores, y, (fold != 2).astype(DTYPE)), scores)
    np.testing.assert_allclose(found.probs[fold == 2], here[fold == 2], atol=1e-5)
    other = y.copy()
    other[fold == 2] = 1 - other[fold == 2]  # its own labels do not matter to a fold
    again = calibrate.cross_fit(key, method, scores, other, num_folds=4)
    np.testing.assert_array_equal(found.probs[fold == 2], again.probs[fold == 2])


def test_groups_stay_together(key):
    z, y, _ = log_odds()
    groups = np.arange(SIZE) // 3
    fold = np.asarray(calibrate.cross_fit(key, temperature, z, y, groups=groups).fold)
    assert (fold.reshape(-1, 3) == fold[::3, None]).all()
    with pytest.raises(ValueError, match="kinds"):
        calibrate.cross_fit(key, temperature, z, y, groups=np.zeros(SIZE, int))


def test_posterior_is_the_exact_one_on_a_grid(key):
    z, y, _ = log_odds(size=60)
    found = calibrate.posterior(key, temperature, z, y, num_draws=4000)
    u = np.linspace(-3, 5, 4001)
    log = [np.sum(stats.bernoulli.logpmf(y, sigmoid(z.astype(float) * np.exp(-v)))) - 0.5 * (v / 3) ** 2 for v in u]
    mass = np.exp(log - np.max(log))
    cdf = np.cumsum(mass) / mass.sum()
    draws = np.log(np.asarray(found.draws.samples["temperature"])[0])
    gap = stats.kstest(draws, lambda v: np.interp(v, u, cdf)).statistic
    assert gap < 5 / (2 * 4000**0.5)
    assert float(found.ess) > 0.5
    assert bool(found.converged)


@pytest.mark.parametrize(("method", "site"), [(platt, "slope"), (beta, "a")])
def test_posterior_agrees_with_the_curvature_where_rows_are_many(key, method, site):
    z, y, _ = log_odds()
    scores = sigmoid(z.astype(float)).astype(DTYPE) if method is beta else z
    found = calibrate.posterior(key, method, scores, y, num_draws=4000)
    fit = method.fit(scores, y) if method is beta else method.fit(scores, y, smooth=False)
    draws = np.asarray(found.draws.samples[site])[0]
    deviation = float(fit.covariance[0, 0]) ** 0.5
    assert draws.mean() == pytest.approx(float(getattr(fit, site)), abs=0.5 * deviation)
    assert draws.std() == pytest.approx(deviation, rel=0.25)
    seen = calibrate.predict(found, scores[:5])
    assert (seen.interval[:, 0] < seen.probs).all()
    assert (seen.probs < seen.interval[:, 1]).all()


def test_posterior_of_separable_labels_is_finite_and_wide(key):
    z = np.array([-2.0, -1.0, 1.0, 2.0], DTYPE)
    found = calibrate.posterior(key, temperature, z, (z > 0).astype(int))
    assert np.isfinite(np.log(np.asarray(found.draws.samples["temperature"]))).all()
    with pytest.raises(ValueError, match="`method` must be"):
        calibrate.posterior(key, isotonic, z, (z > 0).astype(int))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite(bad):
    with pytest.raises(ValueError, match=r"`logits` must be finite; got -?(nan|inf) in row 1"):
        temperature.fit([0.0, bad], [0, 1])
