"""Laws that every conjugate pair obeys, over one table of pairs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.bayes import conjugate
from tests.bayes.conjugate.pairs import CASES, N
from tests.grids import DTYPE, X64

RELATIVE = 1e-11 if X64 else 2e-5
every_pair = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
VERBS = ["update", "merge", "predictive", "log_evidence", "log_likelihood", "interval", "hdi", "sample", "marginal"]
VERBS += ["effective_sample_size", "discount", "statistics", "mean", "variance"]


def same(got, want, relative=RELATIVE):
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(np.asarray(one, float), np.asarray(other, float), rtol=relative, atol=relative)


def up_to_signs(name, params):
    """A triangle is known up to the signs of its rows: a regression by its precision."""
    if name != "linear_regression":
        return params
    if len(params) == 2:
        return params[0].T @ params[0], params[1]
    return params[0], params[1].T @ params[1], *params[2:]


def test_the_table_has_every_pair():
    assert {case.name for case in CASES} == set(conjugate.__all__)


@every_pair
def test_every_pair_has_every_verb(case):
    assert set(VERBS) <= set(case.pair.__all__)


@every_pair
def test_stream_is_batch_is_merge_of_shards_in_any_order(case):
    whole = case.statistics()
    shards = [case.statistics(i, i + 8) for i in range(0, N, 8)]
    merged, reversed_ = case.pair.merge(*shards), case.pair.merge(*shards[::-1])
    stream = case.prior
    for shard in shards:
        stream = case.pair.update(stream, *shard)
    batch = case.pair.update(case.prior, *whole)
    if case.exact:
        for got in (merged, reversed_):
            assert all(np.array_equal(a, b) for a, b in zip(got, whole, strict=True))
        assert all(np.array_equal(a, b) for a, b in zip(stream, batch, strict=True))
    for got in (merged, reversed_):
        same(up_to_signs(case.name, got), up_to_signs(case.name, whole))
    same(up_to_signs(case.name, stream), up_to_signs(case.name, batch))


@every_pair
def test_weights_repeat_observations_and_zero_leaves_out_what_is_missing(case):
    x = case.x if isinstance(case.x, tuple) else (case.x,)
    twice = case.pair.statistics(*(np.repeat(part[:5], 2, 0) for part in x), **case.options)
    weights = np.full(5, 2.0, DTYPE)
    same(
        *(
            up_to_signs(case.name, s)
            for s in (case.pair.statistics(*(p[:5] for p in x), weights, **case.options), twice)
        )
    )
    holed = [part[:6].copy() for part in x]
    holed[-1][5] = np.nan
    mask = np.arange(6) < 5
    found = case.pair.statistics(*holed, mask, **case.options)
    same(*(up_to_signs(case.name, s) for s in (found, case.statistics(0, 5))))


@every_pair
def test_bayes_rule_holds_at_a_point(case):
    """likelihood x prior = evidence x posterior."""
    data = case.statistics()
    posterior = case.pair.update(case.prior, *data)
    log_prior, log_posterior = case.log_density(case.theta, case.prior), case.log_density(case.theta, posterior)
    want = case.pair.log_likelihood(*case.theta, *data) + log_prior - log_posterior
    assert float(case.pair.log_evidence(case.prior, *data)) == pytest.approx(float(want), rel=RELATIVE)


@every_pair
def test_no_data_teach_nothing(case):
    nothing = jax.tree.map(jnp.zeros_like, case.statistics())
    if case.name == "normal_known_scale":
        nothing = nothing._replace(scale=jnp.ones(()))
    same(
        up_to_signs(case.name, case.pair.update(case.prior, *nothing)),
        up_to_signs(case.name, tuple(map(jnp.asarray, case.prior))),
    )
    assert float(case.pair.log_evidence(case.prior, *nothing)) == pytest.approx(0.0, abs=RELATIVE)


@every_pair
def test_discounting(case):
    posterior = case.pair.update(case.prior, *case.statistics())
    discount = case.pair.discount
    same(discount(posterior, 1.0), posterior, 1e-7 if not X64 else 1e-15)
    by_prior = {share: up_to_signs(case.name, discount(posterior, share, case.prior)) for share in (0.0, 0.5, 1.0)}
    same(by_prior[1.0], up_to_signs(case.name, posterior))
    same(by_prior[0.0], up_to_signs(case.name, tuple(map(jnp.asarray, case.prior))))
    # half of the data seen twice, or all of it at half its weight
    x = case.x if isinstance(case.x, tuple) else (case.x,)
    if not case.exact:
        half = case.pair.statistics(*x, np.full(N, 0.5, DTYPE), **case.options)
        if case.name != "gamma_exponential" or float(half[0]).is_integer():
            same(by_prior[0.5], up_to_signs(case.name, case.pair.update(case.prior, *half)))
    else:
        same(by_prior[0.5], [0.5 * (np.asarray(a) + b) for a, b in zip(posterior, case.prior, strict=True)])


@every_pair
def test_intervals_hold_their_mass_and_the_densest_is_no_longer(case):
    posterior = case.pair.update(case.prior, *case.statistics())
    if np.ndim(posterior[-1]) == 0 and case.name != "linear_regression":  # in shapes that are compiled anyway
        lanes = 2 if case.pair.marginal(posterior).family.name == "student_t" else 4
        posterior = type(posterior)(*(jnp.broadcast_to(v, lanes) for v in posterior))
    family, params = case.pair.marginal(posterior)
    for level in (0.5, 0.95):
        widths = []
        for ends in (case.pair.hdi(posterior, level), case.pair.interval(posterior, level)):
            inside = family.cdf(ends[..., 1], **params) - family.cdf(ends[..., 0], **params)
            np.testing.assert_allclose(inside, level, rtol=1e-10 if X64 else 1e-5)
            widths.append(np.diff(np.asarray(ends, float), axis=-1))
        assert (widths[0] <= widths[1] * (1 + 1e-6)).all()
    assert np.shape(case.pair.interval(posterior)) == (*np.shape(case.pair.mean(posterior)), 2)


@every_pair
def test_draws_have_the_moments_that_are_claimed(case, key):
    posterior = case.pair.update(case.prior, *case.statistics())
    drawn = case.pair.sample(key, posterior, (4000,))
    first = np.asarray(drawn[0] if isinstance(drawn, tuple) else drawn, float)
    mean, variance = (np.asarray(v, float) for v in (case.pair.mean(posterior), case.pair.variance(posterior)))
    assert first.shape == (4000, *mean.shape)
    assert (abs(first.mean(0) - mean) < 5 * np.sqrt(variance / 4000)).all()
    fourth = np.mean((first - mean) ** 4, 0)
    assert (abs(first.var(0) - variance) < 5 * np.sqrt((fourth - variance**2) / 4000)).all()


@every_pair
def test_one_program_for_many_posteriors(case):
    data = jax.tree.map(lambda *v: jnp.stack(v), *(case.statistics(i, i + 8) for i in range(0, N, 8)))

    @jax.jit
    def summarised(*data):
        posterior = case.pair.update(case.prior, *data)
        return posterior, case.pair.mean(posterior), case.pair.log_evidence(case.prior, *data)

    for got in (summarised(*data), jax.vmap(summarised)(*data)):
        for i in range(3):
            one = summarised(*jax.tree.map(lambda v, i=i: v[i], data))
            same(
                up_to_signs(case.name, jax.tree.map(lambda v, i=i: v[i], got[0])),
                up_to_signs(case.name, one[0]),
            )
            same(jax.tree.map(lambda v, i=i: v[i], got[1:]), one[1:])


@every_pair
def test_dtype_is_kept(case):
    small = jax.tree.map(lambda v: jnp.asarray(v, jnp.float32), (case.prior, tuple(case.statistics())))
    posterior = case.pair.update(small[0], *small[1])
    ahead = tuple(jnp.asarray(v, jnp.float32) for v in case.ahead)
    size = tuple(jnp.asarray(v, jnp.float32) for v in case.size)
    found = (
        posterior,
        case.pair.log_evidence(small[0], *small[1]),
        case.pair.predictive(posterior, *ahead),
        case.pair.interval(posterior),
        case.pair.hdi(posterior),
        case.pair.discount(posterior, 0.5),
        case.pair.merge(small[1], small[1]),
        case.pair.effective_sample_size(posterior, *size),
    )
    assert {leaf.dtype for leaf in jax.tree.leaves(found)} == {jnp.dtype("float32")}


@every_pair
def test_slopes_are_those_of_finite_differences(case):
    data = tuple(case.statistics())
    prior = tuple(jnp.asarray(v, DTYPE) for v in case.prior)
    step = 1e-5 if X64 else 1e-2

    def value(prior, data):
        return case.pair.log_evidence(prior, *data)

    slopes = jax.grad(value)(prior, data)
    for i, slope in enumerate(slopes):
        moved = [
            value(
                tuple(
                    v + h * (j == i) * jnp.eye(v.shape[-1]) if v.ndim > 1 else v + h * (j == i)
                    for j, v in enumerate(prior)
                ),
                data,
            )
            for h in (-step, step)
        ]
        want = (float(moved[1]) - float(moved[0])) / (2 * step)
        got = float(jnp.trace(slope)) if slope.ndim > 1 else float(jnp.sum(slope))
        assert got == pytest.approx(want, rel=1e-6 if X64 else 2e-2, abs=1e-6 if X64 else 2e-2)


@every_pair
def test_bad_data_are_one_sentence(case):
    data, message = case.bad
    for verb in (case.pair.update, case.pair.log_evidence):
        with pytest.raises(ValueError, match=r"^[^\n]*\.$") as refused:
            verb(case.prior, *data)
        assert str(refused.value).startswith(message)


@every_pair
def test_bad_priors_are_one_sentence(case):
    data = tuple(case.statistics())
    broken = (*case.prior[:-1], -1.0) if len(case.prior) > 1 else (np.array([1.0, 0.0, 2.0]),)
    with pytest.raises(ValueError, match="must be positive and finite; got"):
        case.pair.update(broken, *data)
    with pytest.raises(ValueError, match=r"`(prior|counts|triangle)` must"):
        case.pair.update(case.prior + (1.0,) * (len(case.prior) > 1), *((np.ones(5),) if len(case.prior) < 2 else data))
    with pytest.raises(ValueError, match="`factor` must be between 0 and 1; got 2"):
        case.pair.discount(case.prior, 2.0)
    with pytest.raises(ValueError, match="`level` must lie strictly between 0 and 1"):
        case.pair.interval(case.prior, 1.0)


@every_pair
def test_a_traced_lane_that_cannot_be_is_nan_and_leaves_its_neighbour_alone(case):
    data = tuple(case.statistics())
    if case.name == "dirichlet_multinomial":
        bad = (-data[0],)
    elif case.name == "linear_regression":
        bad = (data[0], -data[1])
    else:
        bad = tuple(-v for v in data) if case.name != "normal_inverse_gamma" else (*data[:2], -data[2])
    lanes = jax.tree.map(lambda a, b: jnp.stack([jnp.asarray(a), jnp.asarray(b)]), data, bad)
    posterior, evidence = jax.jit(
        lambda *d: (case.pair.update(case.prior, *d), case.pair.log_evidence(case.prior, *d))
    )(*lanes)
    assert np.isnan(np.asarray(evidence)).tolist() == [False, True]
    assert np.isnan(np.asarray(posterior[-1][1])).any()
    assert np.isfinite(np.asarray(posterior[-1][0])).all()
