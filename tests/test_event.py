"""Finite spaces against the laws of probability, over random spaces, and at their edges."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob import event, information
from tests.grids import DTYPE, X64

EPS = float(np.finfo(DTYPE).eps)
CLOSE = {"rtol": 0, "atol": 40 * EPS}
NUM, SIZE = 50, 7


@pytest.fixture(scope="module")
def spaces():
    """Random laws, some with outcomes of no mass."""
    rng = np.random.default_rng(7)
    p = rng.dirichlet(np.full(SIZE, 0.7), NUM)
    p[::5, 2] = 0.0
    return event.space(range(SIZE), (p / p.sum(-1, keepdims=True)).astype(DTYPE))


@pytest.fixture(scope="module")
def masks():
    return np.random.default_rng(8).uniform(size=(3, NUM, SIZE)) < 0.5


prob, conditional = jax.jit(event.prob), jax.jit(event.conditional)


def test_additivity_complement_and_inclusion_exclusion(spaces, masks):
    a, b, _ = masks
    p = functools.partial(prob, spaces)
    np.testing.assert_allclose(p(a) + p(b & ~a), p(a | b), **CLOSE)
    np.testing.assert_allclose(p(~a), 1 - p(a), **CLOSE)
    np.testing.assert_allclose(p(a) + p(b) - p(a & b), p(a | b), **CLOSE)
    np.testing.assert_allclose(p(a ^ b), p(a | b) - p(a & b), **CLOSE)
    assert (p(a & b) <= p(a)).all()


def test_total_probability_is_the_marginal_and_bayes_is_conditioning(spaces, masks):
    evidence = masks[0]
    parts = event.partition(spaces, [lambda o, r=r: o % 3 == r for r in range(3)])
    np.testing.assert_allclose(event.total_probability(spaces, evidence, parts), prob(spaces, evidence), **CLOSE)
    prior = np.stack([prob(spaces, part) for part in parts], -1)
    likelihood = np.stack([conditional(spaces, evidence, part) for part in parts], -1)
    np.testing.assert_allclose(event.total_probability(prior, likelihood), prob(spaces, evidence), **CLOSE)
    direct = np.stack([conditional(spaces, part, evidence) for part in parts], -1)
    np.testing.assert_allclose(jax.jit(event.bayes)(prior, likelihood), direct, rtol=0, atol=100 * EPS)


def test_chain_rule_multiplies_to_the_intersection(spaces, masks):
    a, b, c = (m | (np.arange(SIZE) == 0) for m in masks)
    factors = event.chain_rule(spaces, a, b, c)
    assert factors.shape == (NUM, 3)
    np.testing.assert_allclose(np.prod(factors, -1), prob(spaces, a & b & c), **CLOSE)


def test_conditioning_is_a_law_of_its_own(spaces, masks):
    a, b, _ = masks
    b = b | (np.arange(SIZE) == 0)
    given = event.condition(spaces, b)
    np.testing.assert_allclose(prob(given, a), conditional(spaces, a, b), **CLOSE)
    assert bool(event.axioms(given).holds.all())
    assert not bool(given.degenerate.any())


def test_a_null_event_is_nan_with_a_flag_and_leaves_its_neighbours():
    space = event.space("abc", np.array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]], DTYPE))
    null = event.where(space, lambda o: o == "c")
    a = event.where(space, lambda o: o != "a")

    @jax.jit
    def inside(space):
        return event.conditional(space, a, null), event.is_null(space, null), event.condition(space, null).degenerate

    value, flag, degenerate = inside(space)
    assert np.isnan(value).tolist() == flag.tolist() == degenerate.tolist() == [True, False]
    assert float(value[1]) == 1.0
    slopes = jax.grad(lambda p: jnp.nansum(event.conditional(event.Space(p, None, space.labels), a, null)))(space.probs)
    assert np.isfinite(np.asarray(slopes)).all()
    posterior = event.bayes(np.array([[0.5, 0.5], [0.5, 0.5]], DTYPE), np.array([[0.0, 0.0], [0.0, 1.0]], DTYPE))
    np.testing.assert_array_equal(posterior, [[np.nan, np.nan], [0.0, 1.0]])


def test_bayes_neither_underflows_nor_overflows():
    small, large = float(np.finfo(DTYPE).tiny) * 16, float(np.finfo(DTYPE).max) / 16
    for scale in (small, 1.0, large):
        likelihood = np.array([3.0, 1.0], DTYPE) * DTYPE(scale)
        np.testing.assert_allclose(event.bayes(np.array([0.25, 0.75], DTYPE), likelihood), [0.5, 0.5], rtol=4 * EPS)
    prior = np.array([1.0, small, 0.0], DTYPE)
    np.testing.assert_allclose(event.bayes(prior, np.array([0.0, small, 1.0], DTYPE)), [0.0, 1.0, 0.0])
    np.testing.assert_allclose(event.bayes(prior, np.array([1.0, np.inf, 1.0], DTYPE))[2], np.nan)
    np.testing.assert_allclose(event.bayes([0.5, 0.5, 0.0], [1.0, 1.0, np.nan]), [0.5, 0.5, 0.0])
    assert np.isnan(np.asarray(event.bayes([0.5, 0.5], [-1.0, 1.0]))).all()
    assert np.isnan(np.asarray(event.bayes([0.5, 0.5], [np.nan, 1.0]))).all()
    # a part without prior gains its posterior at the rate of its likelihood over the evidence
    slopes = jax.jacobian(event.bayes)(jnp.asarray([0.0, 1.0]), jnp.asarray([0.5, 0.25]))
    np.testing.assert_allclose(slopes, [[2.0, 0.0], [-2.0, 0.0]], atol=10 * EPS)
    wide = np.full(500, 1.0, DTYPE)
    np.testing.assert_allclose(event.bayes(wide, wide), np.full(500, 0.002), rtol=10 * EPS)


def test_bayes_maps_and_batches():
    prior, likelihood = np.full((4, 3), 1 / 3, DTYPE), np.arange(12).reshape(4, 3).astype(DTYPE)
    np.testing.assert_allclose(jax.vmap(event.bayes)(prior, likelihood), event.bayes(prior, likelihood), rtol=4 * EPS)


def test_independence_of_coordinates_and_bernstein():
    dice = event.product(event.space(range(1, 7)), event.space(range(1, 7)))
    even, high = event.where(dice, lambda o: o[0] % 2 == 0), event.where(dice, lambda o: o[1] > 4)
    seven = event.where(dice, lambda o: sum(o) == 7)
    result = event.independent(dice, even, high, seven)
    assert bool(result.pairwise)
    assert bool(event.independent(dice, even, high).mutual)
    assert not bool(event.independent(dice, even, even).mutual)
    assert float(event.independent(dice, even, even).gap) == pytest.approx(0.25)
    assert not bool(event.conditionally_independent(dice, even, high, given=lambda o: sum(o) > 9).mutual)
    assert not bool(event.conditionally_independent(dice, even, high, given=lambda o: False).mutual)
    with pytest.raises(ValueError, match="`events` must be 2 to 10 events; got 1"):
        event.independent(dice, even)


def test_product_joint_and_marginal(spaces):
    urn = event.space("AB", np.array([0.25, 0.75], DTYPE))
    ball = event.space(["red", "blue"], np.array([[0.5, 0.5], [1.0, 0.0]], DTYPE))
    both = event.joint(urn, ball)
    assert both.outcomes == (("A", "red"), ("A", "blue"), ("B", "red"), ("B", "blue"))
    np.testing.assert_allclose(event.marginal(both, 0).probs, urn.probs, **CLOSE)
    np.testing.assert_allclose(event.marginal(both, 1).probs, [0.125, 0.875], **CLOSE)
    assert event.marginal(both, 1).outcomes == ("blue", "red")
    assert event.marginal(both, 1, 0).outcomes[0] == ("blue", "A")
    three = event.product(event.space("HT"), event.space("HT"), spaces)
    assert three.outcomes[0] == ("H", "H", 0)
    assert three.probs.shape == (NUM, 4 * SIZE)
    np.testing.assert_allclose(event.marginal(three, 2).probs, spaces.probs, **CLOSE)
    rows = event.product(event.space(np.arange(2)), event.space(np.arange(3)))
    assert np.asarray(rows.outcomes).tolist() == [list(row) for row in itertools.product(range(2), range(3))]
    np.testing.assert_allclose(event.prob(rows, lambda o: o[0] == o[1]), 1 / 3, **CLOSE)
    degenerate = event.Space(jnp.asarray([[0.5, 0.5], [jnp.nan, jnp.nan]]), None, ("x", "y"))
    assert np.isfinite(event.joint(event.space("AB", [1.0, 0.0]), degenerate).probs).all()


def test_pushforward_keeps_mass_and_moments(spaces):
    law = event.pushforward(spaces, lambda o: (o - 3) ** 2)
    assert law.outcomes == (0, 1, 4, 9)
    np.testing.assert_allclose(law.probs.sum(-1), 1.0, **CLOSE)
    mean = event.expectation(spaces, lambda o: (o - 3) ** 2)
    np.testing.assert_allclose(event.expectation(law, lambda x: x), mean, rtol=20 * EPS)
    values = np.array([2.0, 1.0, 2.0, 1.0, 1.0, 3.0, 3.0])
    assert event.pushforward(spaces, values).outcomes == (1.0, 2.0, 3.0)
    points = event.space(np.arange(4.0))
    traced = jax.jit(lambda x: event.pushforward(points, x, support=[0.0, 1.0]).probs)
    np.testing.assert_allclose(traced(jnp.asarray([0.0, 1.0, 1.0, 5.0])), [0.25, 0.5])  # what is elsewhere is left out
    with pytest.raises(ValueError, match="`support` must be given"):
        jax.jit(lambda x: event.pushforward(points, x).probs)(jnp.arange(4.0))


def test_moments_by_hand(spaces):
    p, x = np.asarray(spaces.probs, float), np.arange(SIZE)
    mean = p @ x
    np.testing.assert_allclose(event.expectation(spaces, lambda o: o), mean, rtol=20 * EPS)
    variance = (p * (x - mean[:, None]) ** 2).sum(-1)
    np.testing.assert_allclose(event.variance(spaces, lambda o: o), variance, rtol=50 * EPS, atol=10 * EPS)
    np.testing.assert_allclose(event.covariance(spaces, lambda o: o, lambda o: -2 * o), -2 * variance, rtol=1e-4)
    free = event.space("ab", [1.0, 0.0])
    assert float(event.expectation(free, [1.0, np.inf])) == 1.0
    np.testing.assert_allclose(
        jax.grad(lambda q: event.expectation(event.Space(q, None, (0, 1)), [2.0, 3.0]))(jnp.asarray([1.0, 0.0])),
        [2.0, 3.0],
    )


def test_cumulants_are_slopes_of_the_cgf(spaces):
    one = event.Space(spaces.probs[1], None, spaces.labels)
    k = functools.partial(event.cgf, one, lambda o: o)
    assert abs(float(k(0.0))) < 4 * EPS
    np.testing.assert_allclose(jax.grad(k)(0.0), event.expectation(one, lambda o: o), rtol=20 * EPS)
    np.testing.assert_allclose(jax.grad(jax.grad(k))(0.0), event.variance(one, lambda o: o), rtol=100 * EPS)
    assert np.isfinite(float(k(1e4)))


def test_chernoff_bounds_the_tail_and_is_a_divergence(spaces):
    bound = jax.jit(lambda s, a: event.chernoff(s, lambda o: o, a))
    for a in (-1.0, 1.5, 3.0, 5.5, 6.0, 7.0):
        tail = prob(spaces, np.arange(SIZE) >= a)
        got = bound(spaces, a)
        assert (np.asarray(got.bound) >= np.asarray(tail) * (1 - 20 * EPS) - EPS).all(), a
        np.testing.assert_allclose(got.bound, np.exp(got.log_bound), rtol=10 * EPS)
    assert (np.asarray(bound(spaces, 7.0).bound) == 0).all()
    assert (np.asarray(bound(spaces, -1.0).bound) == 1).all()
    # of coins it is exp(−n D(a ‖ p))
    coins = event.space(range(21), stats.binom.pmf(range(21), 20, 0.3).astype(DTYPE), normalise=True)
    got = event.chernoff(coins, lambda k: k, 15.0)
    rate = information.kl([0.75, 0.25], [0.3, 0.7])
    np.testing.assert_allclose(got.log_bound, -20 * rate, rtol=1e-5 if not X64 else 1e-12)
    slope = jax.grad(lambda a: event.chernoff(coins, lambda k: k, a).log_bound)(15.0)
    np.testing.assert_allclose(slope, -got.tilt, rtol=1e-4)
    assert np.isnan(float(event.chernoff(coins, lambda k: k, np.nan).bound))


def test_axioms_of_a_softmax_and_of_what_is_none():
    logits = np.random.default_rng(0).normal(size=(30, 11)).astype(DTYPE)
    report = jax.jit(event.axioms)(jax.nn.softmax(jnp.asarray(logits)))
    assert report.holds.shape == (30,)
    assert report.holds.all()
    broken = np.array([[0.5, 0.5, 0.0], [0.6, 0.6, -0.2], [0.2, 0.2, 0.2], [np.nan, 0.5, 0.5]], DTYPE)
    report = event.axioms(broken)
    assert report.holds.tolist() == [True, False, False, False]
    np.testing.assert_allclose(report.unit_total, [0, 0, 0.4, np.nan], atol=4 * EPS)
    np.testing.assert_allclose(report.non_negativity, [0, 0.2, 0, np.nan], atol=4 * EPS)
    np.testing.assert_allclose(report.monotonicity, [0, 0.2, 0, np.nan], atol=4 * EPS)
    given = event.axioms(broken, events=np.array([[True, True, False], [True, True, True]]))
    np.testing.assert_allclose(given.monotonicity, [0, 0.2, 0, np.nan], atol=4 * EPS)
    assert (np.asarray(given.additivity[:3]) < 4 * EPS).all()
    assert (np.asarray(given.inclusion_exclusion[:3]) < 4 * EPS).all()
    for dtype in (jnp.float16, jnp.bfloat16):
        assert event.axioms(jax.nn.softmax(jnp.asarray(logits, dtype))).holds.all()
    assert bool(event.axioms(event.space(range(6)), [lambda o: o < 3, lambda o: o > 1]).holds)
    assert bool(event.axioms(np.full(10**6, 1e-6, DTYPE)).holds)
    with pytest.raises(ValueError, match="`events` must be at least two; got 1"):
        event.axioms([0.5, 0.5], [[True, False]])


@pytest.mark.parametrize(
    ("outcomes", "probs", "message"),
    [
        ("ab", [0.5, 0.4], r"`probs` must sum to one; got 0.9."),
        ("ab", [[0.5, 0.5], [0.5, 0.4]], r"`probs` must sum to one; got 0.9 at index 1."),
        ("ab", [1.5, -0.5], r"`probs` must not be negative; got -0.5 at index 1."),
        ("ab", [np.nan, 0.5], r"`probs` must be finite; got nan at index 0."),
        ("ab", [0.5, 0.25, 0.25], r"`probs` must have 2 masses on its last axis; got shape \(3,\)."),
        ("", None, r"`outcomes` must not be empty; got none."),
        (np.zeros((0, 2)), None, r"`outcomes` must not be empty; got shape \(0, 2\)."),
        ("aba", None, r"`outcomes` must be distinct; got 'a' at indices 0 and 2."),
        (np.array([1, 2, 1]), None, r"`outcomes` must be distinct"),
        ([[1], [2]], None, r"`outcomes` must be hashable"),
        (3, None, r"`outcomes` must be a sequence or an array; got 3."),
    ],
)
def test_bad_spaces_are_sentences(outcomes, probs, message):
    with pytest.raises(ValueError, match=message):
        event.space(outcomes, probs)


def test_weights_are_normalised_on_request_only():
    np.testing.assert_allclose(event.space("abc", [1, 2, 1], normalise=True).probs, [0.25, 0.5, 0.25])
    huge = float(np.finfo(DTYPE).max)
    np.testing.assert_allclose(event.space("ab", np.array([huge, huge], DTYPE), normalise=True).probs, [0.5, 0.5])
    with pytest.raises(ValueError, match="`probs` must have a positive total; got 0"):
        event.space("ab", [0.0, 0.0], normalise=True)


def test_masses_inside_jit_are_not_refused():
    total = jax.jit(lambda p: event.axioms(event.space("ab", p)).unit_total)(jnp.asarray([0.5, 0.25]))
    assert float(total) == 0.25


def test_bad_events_and_partitions_are_sentences():
    die = event.space(range(1, 7))
    with pytest.raises(ValueError, match="`event` must be a boolean mask over 6 outcomes; got bool of shape"):
        event.prob(die, [True, False])
    with pytest.raises(ValueError, match="`event` must be a boolean mask"):
        event.prob(die, np.ones(6))
    with pytest.raises(ValueError, match="`parts` must be disjoint and cover the space; got outcome 2 in 0 parts"):
        event.partition(die, [lambda f: f < 3, lambda f: f > 3])
    with pytest.raises(ValueError, match="got outcome 0 in 2 parts"):
        event.partition(die, [lambda f: f < 7, lambda f: f == 1])
    with pytest.raises(ValueError, match="`variable` must have 6 outcomes on its last axis"):
        event.expectation(die, [1.0, 2.0])
    with pytest.raises(ValueError, match="`variable` must give a number"):
        event.expectation(die, str)


def test_many_outcomes_in_the_dtype():
    space = event.space(np.arange(10**6), np.full(10**6, 1e-6, DTYPE))
    np.testing.assert_allclose(event.prob(space, np.arange(10**6) < 250_000), 0.25, rtol=20 * EPS)


def test_a_space_is_a_pytree(spaces):
    moved = jax.tree.map(lambda v: v, spaces)
    assert moved.outcomes == tuple(range(SIZE))
    each = jax.vmap(lambda s: event.prob(s, lambda o: o > 2))(spaces)
    np.testing.assert_allclose(each, event.prob(spaces, lambda o: o > 2), **CLOSE)
    slopes = jax.grad(lambda s: event.prob(s, lambda o: o > 2).sum())(spaces)
    np.testing.assert_array_equal(slopes.probs[0], np.arange(SIZE) > 2)


def sampler(key):
    return jax.random.uniform(key, (2,))


def inside(point):
    return (point**2).sum() < 1


def test_empirical_is_the_same_however_tiled_and_covers(key):
    one = event.empirical(key, sampler, inside, 5000)
    assert int(one.hits) == int(event.empirical(key, sampler, inside, 5000, tile=333).hits)
    assert abs(float(one.estimate) - np.pi / 4) < 5 * float(one.standard_error)
    draws = jax.vmap(lambda i: inside(sampler(jax.random.fold_in(key, i))))(jnp.arange(5000))
    assert int(one.hits) == int(draws.sum())
    k, n = int(one.hits), 5000
    reference = stats.binomtest(k, n)
    for method, got in (("wilson", one.wilson), ("exact", one.clopper_pearson)):
        ci = reference.proportion_ci(0.95, method)
        np.testing.assert_allclose(got, [ci.low, ci.high], rtol=1e-4 if not X64 else 1e-9)


@pytest.mark.parametrize("always", [False, True])
def test_empirical_at_the_ends(key, always):
    result = event.empirical(key, sampler, (lambda _: True) if always else (lambda _: False), 10, level=0.9)
    ci = stats.binomtest(10 * always, 10).proportion_ci(0.9, "exact")
    np.testing.assert_allclose(result.clopper_pearson, [ci.low, ci.high], rtol=1e-4)
    ci = stats.binomtest(10 * always, 10).proportion_ci(0.9, "wilson")
    np.testing.assert_allclose(result.wilson, [ci.low, ci.high], rtol=1e-4, atol=1e-7)
    assert float(result.standard_error) == 0.0
    assert float(result.estimate) == float(always)


def test_empirical_refuses_nonsense(key):
    for num in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="`num_samples` must be an integer of at least 1"):
            event.empirical(key, sampler, inside, num)
    with pytest.raises(ValueError, match="must not exceed"):
        event.empirical(key, sampler, inside, 2**32)
    with pytest.raises(ValueError, match="`level` must lie strictly between"):
        event.empirical(key, sampler, inside, 10, level=1.0)
    assert int(event.empirical(key, sampler, inside, 1).num_samples) == 1
