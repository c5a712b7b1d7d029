"""Rare events: curves as scikit-learn draws them, intervals that cover, exact tests, thresholds by brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, balanced_accuracy_score, precision_recall_curve

from jprob import monitor
from tests.grids import DTYPE, X64

ROUNDING = 1e-10 if X64 else 2e-6
AVERAGE = jax.jit(monitor.average_precision)


def rows(n, decimals=12, prevalence=0.1, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.uniform(size=n) < prevalence).astype(int)
    return np.round(rng.normal(size=n) + 1.5 * y, decimals).astype(DTYPE), y


def binomial(rng, n, p, size):
    return rng.binomial(n, p, size).astype(float)


@pytest.mark.parametrize(("n", "decimals"), [(1, 1), (60, 0), (60, 1), (1000, 1), (1000, 12)])
def test_the_curve_and_its_mean_are_those_of_scikit_learn(n, decimals):
    s, y = rows(n, decimals)
    y[0] = 1
    precision, recall, thresholds = precision_recall_curve(y, s)
    curve = monitor.pr_curve(s, y)
    once = np.asarray(curve.distinct)
    ours = [np.asarray(field)[once][::-1] for field in curve[:3]]
    assert np.abs(ours[0] - precision[:-1]).max() <= ROUNDING
    assert np.abs(ours[1] - recall[:-1]).max() <= ROUNDING
    assert (ours[2] == thresholds).all()
    for array in curve[:3]:  # the rows of one score show one point
        whole = np.asarray(array)
        assert (whole == whole[np.flatnonzero(once)[np.cumsum(np.append(0, once[:-1]))]]).all()
    found = monitor.average_precision(s, y)
    assert abs(float(found.value) - average_precision_score(y, s)) <= ROUNDING
    assert found.value.dtype == DTYPE
    assert int(found.positives) == y.sum()
    assert float(found.baseline) == pytest.approx(y.mean(), rel=1e-6)


def test_the_standard_error_is_what_a_little_weight_does():
    s, y = rows(60, 1, 0.3)

    def shifted(j, by):
        weight = np.ones(60)
        weight[j] += by
        return average_precision_score(y, s, sample_weight=weight)

    slopes = np.array([(shifted(j, 1e-4) - shifted(j, -1e-4)) / 2e-4 for j in range(60)])
    expected = np.sqrt((slopes**2).sum() * y.sum() / (y.sum() - 1))
    assert float(monitor.average_precision(s, y).standard_error) == pytest.approx(expected, rel=1e-4)


def test_a_row_that_came_often_is_as_many_rows():
    s, y = rows(60, 1)
    y[:2] = 1, 0
    counts = np.random.default_rng(1).integers(0, 5, 60)
    counts[np.argmax(s)] = 0
    counts[:2] = 3
    often = np.repeat(s, counts), np.repeat(y, counts)
    for call in (AVERAGE, monitor.accuracy_paradox):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=10 * ROUNDING),
            call(s, y, counts=counts),
            call(*often),
        )
    for bad in (-counts, counts + 0.5, 0 * counts):
        with pytest.raises(ValueError, match="`counts` must be whole numbers"):
            monitor.average_precision(s, y, counts=bad)
    with pytest.raises(ValueError, match=r"`counts` must have shape \(60,\)"):
        monitor.accuracy_paradox(s, y, counts=[1])


def test_only_the_ranking_counts_and_it_compiles():
    s, y = rows(300, 1)
    found = monitor.average_precision(s, y)
    order = np.random.default_rng(1).permutation(300)
    for other in (
        monitor.average_precision(s[order], y[order]),
        monitor.average_precision(2 * s - 7, y),
        AVERAGE(s, y),
    ):
        np.testing.assert_allclose(other.value, found.value, rtol=10 * np.finfo(DTYPE).eps)
        np.testing.assert_allclose(other.interval, found.interval, rtol=1e4 * np.finfo(DTYPE).eps)
    several = jax.vmap(monitor.average_precision)(jnp.stack([s, -s]), jnp.stack([y, y]))
    np.testing.assert_allclose(several.interval[0], found.interval, rtol=1e4 * np.finfo(DTYPE).eps)
    assert several.value[1] < several.value[0]
    narrow, wide = (monitor.average_precision(s, y, level=level).interval for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < found.value < narrow[1] < wide[1]


@pytest.mark.parametrize(
    "call",
    [
        monitor.pr_curve,
        lambda s, y: monitor.cost_curve(s, y, cost_miss=3.0),
        lambda s, y: monitor.alert_threshold(s, y, budget=0.1),
        lambda s, y: monitor.accuracy_paradox(s, y, threshold=0.0),
    ],
)
def test_everything_compiles_and_maps(call):
    s, y = (jnp.asarray(column) for column in rows(40, 1))
    for plain, mapped in zip(call(s, y), jax.jit(jax.vmap(call))(s[None], y[None]), strict=True):
        np.testing.assert_allclose(plain, mapped[0], rtol=100 * np.finfo(DTYPE).eps)


def test_the_interval_covers_where_positives_are_few():
    """The study of 2,000 samples of ten laws is in the benchmarks; here 500 of one, at five standard errors."""
    d, prevalence, n = 2.0, 0.05, 1000
    t = np.linspace(-9, 12, 100_001)
    found, false = stats.norm.sf(t - d), stats.norm.sf(t)
    truth = np.trapezoid(
        prevalence * found / (prevalence * found + (1 - prevalence) * false) * stats.norm.pdf(t - d), t
    )

    def one(key):
        labels, noise = jax.random.split(key)
        y = jax.random.bernoulli(labels, prevalence, (n,))
        return monitor.average_precision(d * y + jax.random.normal(noise, (n,), DTYPE), y).interval

    low, high = np.asarray(jax.lax.map(one, jax.random.split(jax.random.key(0), 500), batch_size=50)).T
    share = np.mean((low <= truth) & (truth <= high))
    assert abs(share - 0.95) < 0.02 + 5 * (0.95 * 0.05 / 500) ** 0.5


def test_edges_of_the_average():
    s = np.asarray([0.9, 0.8, 0.3, 0.1], DTYPE)
    none = monitor.average_precision(s, np.zeros(4, int))
    assert np.isnan(float(none.value))
    assert int(none.positives) == 0
    assert np.isnan(np.asarray(monitor.pr_curve(s, np.zeros(4, int)).recall)).all()
    every = monitor.average_precision(s, np.ones(4, bool))
    assert (float(every.value), float(every.interval[1])) == (1.0, 1.0)
    one = monitor.average_precision(s, [0, 1, 0, 0])
    assert float(one.value) == 0.5
    assert one.interval.tolist() == [0.0, 1.0]
    tied = monitor.average_precision(np.zeros(4, DTYPE), [0, 1, 0, 1])
    assert float(tied.value) == float(tied.baseline) == 0.5
    perfect = monitor.average_precision(s, [1, 1, 0, 0])
    assert float(perfect.value) == 1.0
    assert float(perfect.interval[0]) == pytest.approx(0.025**0.5, rel=1e-5)  # as 2 of 2
    far = np.asarray([np.inf, 5.0, -np.inf, -1e30], DTYPE)  # any order is a ranking
    assert float(monitor.average_precision(far, [1, 0, 1, 0]).value) == pytest.approx((1 + 2 / 4) / 2)
    lost = jax.jit(monitor.average_precision)(jnp.asarray([0.9, jnp.nan, 0.3, 0.1], DTYPE), jnp.asarray([1, 0, 1, 0]))
    assert np.isnan(np.asarray([lost.value, *lost.interval, lost.standard_error])).all()


def test_precision_at_a_prevalence():
    found = monitor.precision_at_prevalence(0.9, [0.9, 1.0], 0.1)
    np.testing.assert_allclose(found.value, [0.5, 1.0], rtol=1e-6)
    assert found.interval.tolist() == [[0.0, 1.0]] * 2
    assert np.isnan(float(monitor.precision_at_prevalence(0.0, 1.0, 0.1).value))
    assert float(monitor.precision_at_prevalence(0.5, 0.5, 1.0).value) == 1.0
    rng, truth = np.random.default_rng(0), 0.8 * 0.01 / (0.8 * 0.01 + 0.02 * 0.99)
    for positives, negatives in ((50, 4950), (400, 400)):
        recall = binomial(rng, positives, 0.8, 4000) / positives
        specificity = 1 - binomial(rng, negatives, 0.02, 4000) / negatives
        low, high = monitor.precision_at_prevalence(
            recall.astype(DTYPE), specificity.astype(DTYPE), 0.01, positives=positives, negatives=negatives
        ).interval.T
        share = float(np.mean((np.asarray(low) <= truth) & (truth <= np.asarray(high))))
        assert abs(share - 0.95) < 0.02 + 5 * (0.95 * 0.05 / 4000) ** 0.5
    none = monitor.precision_at_prevalence(0.5, 1.0, 0.1, positives=10, negatives=10)  # no false alarm was seen
    assert 0 < float(none.interval[0]) < 0.5
    assert float(none.interval[1]) == 1.0


def test_rule_of_three():
    found = monitor.rule_of_three([10, 300, 1_000_000_000], level=0.95)
    np.testing.assert_allclose(found.upper, [1 - 0.05 ** (1 / 10), 1 - 0.05 ** (1 / 300), 2.995732273e-9], rtol=1e-6)
    np.testing.assert_allclose(found.approximate * np.asarray([10.0, 300.0, 1e9]), 2.9957323, rtol=1e-6)
    assert (found.approximate > found.upper)[0]
    assert float(monitor.rule_of_three(1).upper) == pytest.approx(0.95)


SHAPE = 40  # of all counts, so that each law compiles once


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_a_rate_against_its_limit(alternative):
    k, n, limit = (
        np.resize([0, 1, 3, 9, 50], SHAPE),
        np.resize([100, 100, 100, 1000, 5000], SHAPE),
        np.full(SHAPE, 0.01),
    )
    found = monitor.rate_test(k, n, limit, alternative=alternative)
    if alternative == "two-sided":  # scipy adds up what is no likelier instead of doubling
        sides = [monitor.rate_test(k, n, limit, alternative=side).p_value for side in ("greater", "less")]
        np.testing.assert_allclose(found.p_value, np.minimum(1, 2 * np.minimum(*sides)), rtol=1e-6)
    else:
        exact = [
            stats.binomtest(int(a), int(b), 0.01, alternative=alternative).pvalue for a, b in zip(k, n, strict=True)
        ]
        np.testing.assert_allclose(found.p_value, exact, rtol=1e-4, atol=1e-7)
    ends = [stats.binomtest(int(a), int(b)).proportion_ci() for a, b in zip(k, n, strict=True)]
    np.testing.assert_allclose(found.interval, ends, rtol=2e-4, atol=1e-7)
    counted = monitor.rate_test(k, n, limit, law="poisson", alternative=alternative)
    if alternative == "greater":
        np.testing.assert_allclose(counted.p_value, stats.poisson.sf(k - 1, n * 0.01), rtol=1e-4)
    garwood = stats.chi2.ppf([0.025, 0.975], 2.0 * np.stack([np.maximum(k, 1e-30), k + 1], -1)) / 2 / n[:, None]
    np.testing.assert_allclose(counted.interval, garwood, rtol=2e-4, atol=1e-7)


def test_exact_tests_raise_no_more_false_alarms_than_stated():
    k, n = np.arange(SHAPE), np.full(SHAPE, 200)
    for limit in (0.001, 0.01, 0.03):
        p = np.asarray(monitor.rate_test(k, n, np.full(SHAPE, limit)).p_value)
        assert stats.binom.pmf(k, 200, limit)[p < 0.05].sum() <= 0.05
    wrong, exposures = 0.0, (np.full(SHAPE, 1000.0), np.full(SHAPE, 3000.0))
    for m in range(30):
        p = np.asarray(monitor.rate_ratio_test((k, np.full(SHAPE, m)), exposures, ratio=np.ones(SHAPE)).p_value)
        wrong += stats.poisson.pmf(k, 4.0)[p < 0.05].sum() * stats.poisson.pmf(m, 12.0)
    assert 0.01 < wrong <= 0.05


def test_two_rates():
    k, m = np.resize([0, 5, 12, 3], SHAPE), np.resize([0, 0, 4, 9], SHAPE)
    exposures = np.full(SHAPE, 100.0), np.full(SHAPE, 200.0)
    found = monitor.rate_ratio_test((k, m), exposures, ratio=np.ones(SHAPE))
    tails = [
        min(stats.binom.sf(a - 1, a + b, 1 / 3), stats.binom.cdf(a, a + b, 1 / 3)) for a, b in ((5, 0), (12, 4), (3, 9))
    ]
    np.testing.assert_allclose(found.p_value[:4], [1.0, *(min(2 * tail, 1) for tail in tails)], rtol=1e-4)
    assert np.isnan(float(found.rate[0]))
    assert np.isinf(float(found.rate[1]))
    assert float(found.rate[2]) == pytest.approx(6.0)
    assert found.interval[0].tolist() == [0.0, np.inf]
    inside = (found.interval[:, 0] <= 1) & (found.interval[:, 1] >= 1)
    assert (inside == (found.p_value > 0.05)).all()
    moved = monitor.rate_ratio_test((k, m), exposures, ratio=np.full(SHAPE, 6.0), alternative="greater")
    assert float(moved.p_value[2]) > 0.5


def brute(s, y, budget, false, miss):
    """Cost, number of alarms and threshold of every choice that is allowed, the best first."""
    options = []
    for t in [np.inf, *np.unique(s)[::-1]]:
        called = s >= t
        if called.sum() <= budget * len(s):
            options.append(
                ((false * (called & (y == 0)).sum() + miss * (~called & (y == 1)).sum()) / len(s), called.sum(), t)
            )
    return min(options)


@pytest.mark.parametrize(("false", "miss"), [(1.0, 1.0), (1.0, 20.0), (0.0, 1.0), (5.0, 1.0)])
@pytest.mark.parametrize("budget", [None, 0.07])
def test_thresholds_by_brute_force(false, miss, budget):
    s, y = rows(100, 1)
    found = monitor.alert_threshold(s, y, budget=budget, cost_false_alarm=false, cost_miss=miss)
    cost, alerts, threshold = brute(s, y, 1.0 if budget is None else budget, false, miss)
    assert float(found.cost) == pytest.approx(cost, rel=1e-5)
    assert (int(found.alerts), float(found.threshold)) == (alerts, pytest.approx(threshold))
    curve = monitor.cost_curve(s, y, cost_false_alarm=false, cost_miss=miss)
    assert float(curve.cost[0]) == pytest.approx(miss * y.mean(), rel=1e-5)
    assert float(curve.cost[-1]) == pytest.approx(false * (1 - y.mean()), rel=1e-5)
    if budget is None:
        assert float(jnp.min(curve.cost[curve.distinct])) == pytest.approx(cost, rel=1e-5)


def test_a_budget_of_alarms():
    s, y = rows(100, 12)
    for share in (0.0, 0.07, 0.29, 1.0):
        found = monitor.alert_threshold(s, y, budget=share)
        assert int(found.alerts) == (s >= float(found.threshold)).sum() == round(100 * share)
        blind = monitor.alert_threshold(s, budget=share)
        assert float(blind.threshold) == float(found.threshold)
        assert np.isnan(np.asarray([blind.precision, blind.recall, blind.cost])).all()
    assert np.isinf(float(monitor.alert_threshold(s, y, budget=0.0).threshold))
    tied = monitor.alert_threshold(np.asarray([1, 1, 1, 0], DTYPE), budget=0.5)
    assert (int(tied.alerts), float(tied.threshold)) == (0, np.inf)
    calibrated = 1 / (1 + np.exp(-np.linspace(-4, 4, 2000)))  # of least cost is c0 / (c0 + c1)
    y = (np.random.default_rng(0).uniform(size=2000) < calibrated).astype(int)
    best = monitor.alert_threshold(calibrated.astype(DTYPE), y, cost_miss=4.0)
    assert float(best.threshold) == pytest.approx(0.2, abs=0.1)
    assert float(best.recall_interval[0]) < float(best.recall) < float(best.recall_interval[1])


def test_how_misleading_accuracy_is():
    rng = np.random.default_rng(0)
    y = (rng.uniform(size=5000) < 0.02).astype(int)
    never = monitor.accuracy_paradox(np.zeros(5000, DTYPE), y)
    assert float(never.accuracy) == float(never.baseline) > 0.97
    assert (float(never.skill), float(never.balanced), bool(never.beaten)) == (0.0, 0.5, False)
    s = np.where(rng.uniform(size=5000) < 0.5, y, rng.uniform(size=5000) < 0.01).astype(DTYPE)
    found = monitor.accuracy_paradox(s, y)
    errors = (s != y).sum()
    assert float(found.accuracy) == pytest.approx(1 - errors / 5000, rel=1e-6)
    assert float(found.skill) == pytest.approx(1 - errors / y.sum(), rel=1e-4)
    assert float(found.balanced) == pytest.approx(balanced_accuracy_score(y, s), rel=1e-5)
    swapped = monitor.accuracy_paradox(1 - s, 1 - y)  # neither class is called positive by nature
    for name in ("skill", "skill_interval", "accuracy", "baseline", "balanced", "balanced_interval"):
        np.testing.assert_allclose(getattr(swapped, name), getattr(found, name), rtol=2e-4)
    one = monitor.accuracy_paradox(s, np.zeros(5000, int))
    assert np.isnan(np.asarray([one.skill, one.balanced])).all()
    assert not bool(one.beaten)


def test_the_intervals_of_skill_and_balanced_accuracy_cover():
    rng, n, ones = np.random.default_rng(1), 1000, 50
    y = np.append(np.ones(ones, int), np.zeros(n - ones, int))
    called = rng.uniform(size=(2000, n)) < np.where(y == 1, 0.7, 0.02)
    found = jax.vmap(lambda s: monitor.accuracy_paradox(s, y))(called.astype(DTYPE))
    for ends, truth in ((found.skill_interval, 0.7 - 0.02 * 19), (found.balanced_interval, 0.84)):
        share = float(np.mean((np.asarray(ends)[:, 0] <= truth) & (truth <= np.asarray(ends)[:, 1])))
        assert abs(share - 0.95) < 0.015 + 5 * (0.95 * 0.05 / 2000) ** 0.5


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: monitor.pr_curve([], []), "`scores` must have shape"),
        (lambda: monitor.pr_curve([0.1, 0.2], [1]), r"`labels` must have shape \(2,\)"),
        (lambda: monitor.pr_curve(["a"], [1]), "`scores` must be numbers"),
        (lambda: monitor.average_precision([0.1, np.nan], [1, 0]), "`scores` must not be missing; got nan in row 1"),
        (lambda: monitor.average_precision([0.1, 0.2], [1, 2]), "`labels` must be 0 or 1; got 2 in row 1"),
        (lambda: monitor.average_precision([0.1, 0.2], ["yes", "no"]), "say which class counts"),
        (lambda: monitor.average_precision([0.1], [1], level=1.0), "`level` must lie"),
        (lambda: monitor.precision_at_prevalence(1.1, 0.5, 0.1), r"`recall` must lie in \[0, 1\]"),
        (lambda: monitor.precision_at_prevalence(0.5, 0.5, 0.1, positives=3), "`negatives` must come with `positives`"),
        (
            lambda: monitor.precision_at_prevalence(0.5, 0.5, 0.1, positives=0, negatives=1),
            "`positives` must be at least 1",
        ),
        (lambda: monitor.rule_of_three(0), "`trials` must be positive"),
        (lambda: monitor.rate_test(3, 2, 0.1), "`exposure` must be whole numbers"),
        (lambda: monitor.rate_test(0.5, 2, 0.1), "`events` must be whole numbers"),
        (lambda: monitor.rate_test(1, 2, 1.0), "`limit` must be strictly between 0 and 1"),
        (lambda: monitor.rate_test(1, 2.5, -1.0, law="poisson"), "`limit` must be positive"),
        (lambda: monitor.rate_test(1, 2, 0.1, law="normal"), "`law` must be one of binomial, poisson"),
        (lambda: monitor.rate_test(1, 2, 0.1, alternative="more"), "`alternative` must be one of"),
        (lambda: monitor.rate_ratio_test((1, 2), (0.0, 1.0)), "`exposures` must be positive"),
        (lambda: monitor.cost_curve([0.1], [1], cost_miss=-1.0), "`cost_miss` must not be negative"),
        (lambda: monitor.alert_threshold([0.1], [1]), "`budget` or `cost_miss` must be given"),
        (lambda: monitor.alert_threshold([0.1], cost_miss=1.0), "`labels` must be given"),
        (lambda: monitor.alert_threshold([0.1], budget=1.5), "`budget` must be a share of rows from 0 to 1"),
        (lambda: monitor.accuracy_paradox([np.nan], [1]), "`scores` must not be missing"),
    ],
)
def test_bad_input_is_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        call()
    assert str(caught.value).endswith(".")
