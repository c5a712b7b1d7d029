"""Bootstrap laws by theory: against enumeration, against the plain route, at the edges."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob.simulate import bootstrap, statistics
from jprob.simulate.shortcuts import order_statistic_law, saddlepoint_law
from tests.grids import DTYPE, X64

KEY = jax.random.key(5)
RNG = np.random.default_rng(12)
B = 20_000
COLUMNS = {
    "share": ((RNG.uniform(size=57) < 0.3).astype(DTYPE), statistics.mean),
    "mean": (RNG.lognormal(size=50).astype(DTYPE), statistics.mean),
    "odd median": (RNG.lognormal(size=51).astype(DTYPE), statistics.median),
    "even median": (RNG.lognormal(size=60).astype(DTYPE), statistics.median),
    "quantile": (RNG.lognormal(size=55).astype(DTYPE), statistics.quantile(0.8)),
    "tied median": (RNG.integers(0, 5, 61).astype(DTYPE), statistics.median),
}
# where two rows share a quantile the law is that of two that always go together: near, not exact
SLACK = {"mean": 0.004, "even median": 0.06}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("method", ["percentile", "basic", "normal", "bca"])
def test_theory_is_what_resampling_tends_to(name, method):
    x, statistic = COLUMNS[name]
    drawn = bootstrap(KEY, x, statistic, num_resamples=B, method=method)
    known = bootstrap(KEY, x, statistic, method=method, shortcut=True)
    assert bool(known.by_theory)
    assert not bool(drawn.by_theory)
    assert known.draws.shape == (0,)
    assert float(known.estimate) == float(drawn.estimate)
    slack = SLACK.get(name, 0.0) * float(drawn.standard_error)
    assert float(known.standard_error) == pytest.approx(float(drawn.standard_error), rel=5 / B**0.5, abs=slack)
    assert abs(float(known.bias - drawn.bias)) < 5 * float(drawn.standard_error) / B**0.5 + slack
    # an end that lies on a step may fall on either side of it
    step = np.max(np.diff(np.unique(x)), initial=0.0, where=np.diff(np.unique(x)) < 0.6) if name != "mean" else 0.0
    gap = np.abs(np.asarray(known.interval) - np.asarray(drawn.interval))
    discrete = 1.0 / 57 if name == "share" else 1.0 if name == "tied median" else 0.0 if name == "mean" else step
    assert (gap <= 5 * np.asarray(drawn.interval_error) + slack + discrete + 1e-6).all()


def test_the_median_of_five_by_enumeration():
    x = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    medians = np.array([np.median(r) for r in itertools.product(x, repeat=5)])
    law = order_statistic_law(jnp.asarray(x, DTYPE), 0.5)
    assert float(law.centre) == pytest.approx(medians.mean(), rel=1e-6 if X64 else 1e-5)
    assert float(law.spread) == pytest.approx(medians.std(), rel=1e-6 if X64 else 1e-5)
    levels = np.array([0.01, 0.1, 0.3, 0.5, 0.9, 0.99])
    inverse = [np.quantile(medians, level, method="inverted_cdf") for level in levels]
    np.testing.assert_array_equal(law.quantile(jnp.asarray(levels, DTYPE)), inverse)


def test_a_share_is_binomial():
    x = np.repeat([1.0, 0.0], [7, 13]).astype(DTYPE)
    got = bootstrap(KEY, x, statistics.mean, method="percentile", shortcut=True)
    np.testing.assert_allclose(got.interval, stats.binom.ppf([0.025, 0.975], 20, 0.35) / 20, rtol=1e-6)
    assert float(got.standard_error) == pytest.approx((0.35 * 0.65 / 20) ** 0.5, rel=1e-6)


def test_the_saddlepoint_holds_in_the_tails():
    """Against all resamples of seven skewed rows."""
    x = np.array([0.1, 0.3, 0.4, 1.0, 1.3, 2.9, 5.7])
    means = np.array([np.mean(r) for r in itertools.product(x, repeat=7)])
    law = saddlepoint_law(jnp.asarray(x, DTYPE))
    levels = np.array([0.001, 0.01, 0.025, 0.2, 0.5, 0.8, 0.975, 0.99, 0.999])
    # the law has steps; what the quantile's level is, to within them
    got = np.asarray(law.quantile(jnp.asarray(levels, DTYPE)), float)
    true = np.array([(np.mean(means <= q) + np.mean(means < q)) / 2 for q in got])
    np.testing.assert_allclose(np.minimum(true, 1 - true), np.minimum(levels, 1 - levels), rtol=0.1)
    below = np.mean(means < x.mean()) + np.mean(np.isclose(means, x.mean())) / 2
    assert float(law.below) == pytest.approx(below, abs=0.01)


@pytest.mark.parametrize("statistic", [statistics.mean, statistics.median])
def test_constants_and_single_rows(statistic):
    columns = [np.full(6, 2.5, DTYPE), np.ones(6, DTYPE), np.zeros(6, DTYPE)]
    for x in columns if statistic is statistics.mean else [*columns, np.array([3.0], DTYPE)]:
        got = bootstrap(KEY, x, statistic, method="bca", shortcut=True)
        assert np.asarray(got.interval).tolist() == [x[0], x[0]]
        assert bool(got.degenerate)


def test_under_jit_and_vmap():
    many = RNG.lognormal(size=(3, 50)).astype(DTYPE)
    law = jax.vmap(lambda x: bootstrap(KEY, x, statistics.mean, method="bca", shortcut=True).interval)(many)
    for row, ends in zip(many, law, strict=True):
        alone = bootstrap(KEY, row, statistics.mean, method="bca", shortcut=True)
        np.testing.assert_allclose(ends, alone.interval, rtol=2e-4)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"statistic": statistics.variance}, "`shortcut` is for statistics.mean and statistics.quantile"),
        ({"method": "studentized"}, "`shortcut` is for statistics.mean and statistics.quantile"),
        ({"scheme": "bayesian"}, "`shortcut` is for statistics.mean"),
        ({"data": np.ones((3, 2))}, r"`shortcut` is for one column; got shapes \[\(3, 2\)\]"),
    ],
)
def test_mistakes_are_named(changed, says):
    arguments = {"data": np.ones(3), "statistic": statistics.mean, "shortcut": True} | changed
    with pytest.raises(ValueError, match=f"^{says}"):
        bootstrap(KEY, arguments.pop("data"), arguments.pop("statistic"), **arguments)
