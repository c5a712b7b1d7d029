"""Maximum likelihood: at the top, with the errors that the curvature gives, and honest where there is no top."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

from jprob import density, estimate
from jprob.density import FAMILIES
from jprob.estimate import STATUS
from tests.bayes.test_nuts import compilations
from tests.grids import DTYPE, X64

SETS, N = 5, 256
TOLERANCE = 1e-9 if X64 else 1e-5
AGREE = 1e-6 if X64 else 2e-3
SEARCHED = ("gamma", "inverse_gamma", "beta", "negative_binomial", "beta_binomial", "student_t", "weibull", "cauchy")


def counts_of(family):
    return {name: family.example_params[name] for name, kind in family.constraints.items() if kind == "count"}


@functools.cache
def case(name):
    """Data of one family and the fit to them."""
    family = FAMILIES[name]
    data = np.asarray(family.sample(jax.random.key(20261122), **family.example_params, shape=(SETS, N)))
    return family, data, estimate.mle(family, data, fixed=counts_of(family))


@functools.cache
def total_log_density(family):
    return jax.jit(lambda x, params: family.logdensity(x, params).sum(-1))


@pytest.mark.parametrize("name", FAMILIES)
def test_nothing_nearby_is_likelier(name):
    family, data, fit = case(name)
    total = total_log_density(family)
    at = total(data, {n: jnp.broadcast_to(p, (SETS,))[:, None] for n, p in fit.params.items()})
    np.testing.assert_allclose(fit.log_likelihood, at, rtol=2e-5 if not X64 else 1e-11)
    truth = total(data, {n: jnp.full((SETS, 1), p, DTYPE) for n, p in family.example_params.items()})
    assert (np.asarray(truth) <= np.asarray(at) + 1e-3).all()
    rng = np.random.default_rng(1)
    for _ in range(8):
        moved = {
            n: jnp.asarray(p * np.exp(0.05 * rng.normal()) if n in fit.standard_error else p)
            for n, p in fit.params.items()
        }
        other = total(data, {n: jnp.broadcast_to(p, (SETS,))[:, None] for n, p in moved.items()})
        assert (~(np.asarray(other) > np.asarray(at) + 1e-3)).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_truth_lies_within_its_errors(name):
    family, _, fit = case(name)
    assert fit.converged.all()
    assert fit.hessian_pd.all()
    assert (np.asarray(fit.grad_norm) <= TOLERANCE).all()
    assert not fit.not_identified.any()
    for parameter, error in fit.standard_error.items():
        assert error.dtype == DTYPE
        assert error.shape == (SETS,)
        if (name, parameter) in {("uniform", "low"), ("uniform", "high"), ("pareto", "scale")}:
            assert np.isnan(error).all()
            assert fit.at_boundary.all()
            continue
        gap = np.asarray(fit.params[parameter]) - family.example_params[parameter]
        assert (np.abs(gap) < 5 * np.asarray(error)).all()
    expected = fit.fisher_information
    if expected is not None and name not in ("uniform", "pareto"):
        inverse = np.linalg.inv(np.asarray(expected, np.float64))
        np.testing.assert_allclose(inverse, fit.covariance, rtol=0.9, atol=0.2 * np.abs(inverse).max())


@pytest.mark.parametrize("name", ["normal", "poisson", "exponential", "bernoulli", "halfnormal"])
def test_search_and_closed_form_are_one(name):
    family, data, closed = case(name)
    for method in ("newton", "lbfgs") if name == "normal" else ("newton",):
        found = estimate.mle(family, data, method=method)
        assert found.converged.all()
        for parameter in closed.params:
            np.testing.assert_allclose(found.params[parameter], closed.params[parameter], rtol=AGREE)
            np.testing.assert_allclose(
                found.standard_error[parameter], closed.standard_error[parameter], rtol=10 * AGREE
            )
        np.testing.assert_allclose(found.aic, closed.aic, rtol=1e-5)


SCIPY = {
    "gamma": lambda x: (lambda a, _, s: {"concentration": a, "rate": 1 / s})(*stats.gamma.fit(x, floc=0)),
    "beta": lambda x: dict(zip("ab", stats.beta.fit(x, floc=0, fscale=1)[:2], strict=True)),
    "weibull": lambda x: (lambda k, _, s: {"concentration": k, "scale": s})(*stats.weibull_min.fit(x, floc=0)),
}


def by_simplex(density_fn, start):
    """scipy's slowest and safest, to the last digit that values show."""
    options = {"xatol": 1e-11, "fatol": 1e-13, "maxiter": 20_000, "maxfev": 20_000}
    return lambda x: (
        optimize.minimize(lambda p: -density_fn(x, *p).mean(), start, method="Nelder-Mead", options=options).x
    )


SEARCHES = {
    "student_t": by_simplex(lambda x, v, m, s: stats.t.logpdf(x, np.exp(v), m, np.exp(s)), [1.6, 1.5, 0.7]),
    "cauchy": by_simplex(lambda x, m, s: stats.cauchy.logpdf(x, m, np.exp(s)), [1.5, 0.7]),
    "negative_binomial": by_simplex(
        lambda x, q, r: stats.nbinom.logpmf(x, np.exp(r), 1 / (1 + np.exp(-q))), [0.4, 0.9]
    ),
}


@pytest.mark.parametrize("name", ["gamma", "beta", "student_t", "cauchy", "negative_binomial"])
def test_scipy_agrees(name):
    family, data, fit = case(name)
    for i in range(2):
        x = data[i].astype(np.float64)
        if name in SCIPY:
            theirs = SCIPY[name](x)
        else:
            free = sorted(family.parameters)
            theirs = {n: float(family.bijectors[n].forward(v)) for n, v in zip(free, SEARCHES[name](x), strict=True)}
        for parameter, value in theirs.items():
            np.testing.assert_allclose(fit.params[parameter][i], value, rtol=AGREE)


def test_errors_of_the_normal_by_hand():
    _, data, fit = case("normal")
    scale = data.astype(np.float64).std(-1)
    np.testing.assert_allclose(fit.standard_error["loc"], scale / N**0.5, rtol=1e-4 if not X64 else 1e-9)
    np.testing.assert_allclose(fit.standard_error["scale"], scale / (2 * N) ** 0.5, rtol=1e-4 if not X64 else 1e-9)
    log_likelihood = -N * (np.log(scale) + 0.5 * np.log(2 * np.pi) + 0.5)
    np.testing.assert_allclose(fit.log_likelihood, log_likelihood, rtol=1e-5)
    np.testing.assert_allclose(fit.aic, 4 - 2 * log_likelihood, rtol=1e-5)
    np.testing.assert_allclose(fit.aicc, 4 - 2 * log_likelihood + 12 / (N - 3), rtol=1e-5)
    np.testing.assert_allclose(fit.bic, 2 * np.log(N) - 2 * log_likelihood, rtol=1e-5)


@pytest.mark.parametrize("name", ["student_t", "gamma", "negative_binomial"])
def test_observed_information_by_differences(name):
    """The covariance against second differences of scipy's log density, in float64 whatever the dtype of the fit."""
    family, data, fit = case(name)
    fns = {
        "student_t": lambda x, p: stats.t.logpdf(x, *p),
        "gamma": lambda x, p: stats.gamma.logpdf(x, p[0], scale=1 / p[1]),
        "negative_binomial": lambda x, p: stats.nbinom.logpmf(x, p[1], p[0]),
    }
    names = sorted(family.parameters)
    at = np.array([float(fit.params[n][0]) for n in names])
    x, h, k = data[0].astype(np.float64), 1e-4 * np.maximum(np.abs(at), 0.1), len(names)

    def total(shift):
        return fns[name](x, at + shift * h).sum()

    eye = np.eye(k)
    information = np.array(
        [
            [
                -(total(a + b) - total(a - b) - total(b - a) + total(-a - b)) / (4 * h[i] * h[j])
                for j, b in enumerate(eye)
            ]
            for i, a in enumerate(eye)
        ]
    )
    np.testing.assert_allclose(fit.covariance[0], np.linalg.inv(information), rtol=1e-3 if X64 else 5e-2)


def test_weights_are_repetitions():
    family, data, _ = case("gamma")
    counts = np.random.default_rng(0).integers(0, 4, data.shape)
    weighted = estimate.mle(family, data, weights=counts)
    for i in range(1):
        repeated = estimate.mle(density.gamma, np.repeat(data[i], counts[i]))
        np.testing.assert_allclose(weighted.params["rate"][i], repeated.params["rate"], rtol=AGREE)
        np.testing.assert_allclose(weighted.standard_error["rate"][i], repeated.standard_error["rate"], rtol=10 * AGREE)
        assert float(weighted.num_observations[i]) == counts[i].sum()
    bad = np.where(counts == 0, -1.0, data).astype(DTYPE)  # off the support, and without a weight
    again = estimate.mle(family, bad, weights=counts)
    np.testing.assert_array_equal(again.params["rate"], weighted.params["rate"])


def test_what_is_known_is_not_estimated():
    family, data, free = case("student_t")
    fit = estimate.mle(family, data, fixed={"df": 5.0})
    assert set(fit.standard_error) == {"loc", "scale"}
    assert set(fit.params) == {"df", "loc", "scale"}
    assert fit.covariance.shape == (SETS, 2, 2)
    assert (np.asarray(fit.log_likelihood) <= np.asarray(free.log_likelihood) + 1e-3).all()
    fixed_at_truth = estimate.mle(density.normal.family, data, fixed={"loc": 1.5})
    np.testing.assert_allclose(fixed_at_truth.params["scale"], np.sqrt(((data - 1.5) ** 2).mean(-1)), rtol=AGREE)
    trials = np.broadcast_to(np.arange(1, 9, dtype=DTYPE), (SETS, 8))
    shares = estimate.mle(density.binomial.family, np.minimum(trials, 3.0), fixed={"n": trials})
    np.testing.assert_allclose(shares.params["p"], (1 + 2 + 3 * 6) / 36, rtol=1e-6)


def test_one_program_for_a_family_and_a_shape():
    family, data, _ = case("gamma")
    estimate.mle(family, data)
    assert compilations(lambda: estimate.mle(family, data + DTYPE(1.0)).params) == 0
    counts, data, _ = case("negative_binomial")
    estimate.mle(counts, data)
    assert compilations(lambda: estimate.mle(counts, data[::-1].copy()).params) == 0


def test_jit_and_vmap_are_the_batch():
    family, data, fit = case("gamma")
    mapped = jax.jit(jax.vmap(functools.partial(estimate.mle, family)))(data)
    np.testing.assert_allclose(mapped.params["rate"], fit.params["rate"], rtol=1e-4 if not X64 else 1e-10)
    counts, data, fit = case("geometric")  # a table eagerly, all values when traced
    mapped = jax.jit(lambda x: estimate.mle(counts, x))(data)
    np.testing.assert_allclose(mapped.params["p"], fit.params["p"], rtol=1e-5)
    np.testing.assert_allclose(mapped.log_likelihood, fit.log_likelihood, rtol=1e-5)


def test_units_do_not_matter():
    family, data, fit = case("student_t")
    for unit in (1e-3, 1e6):
        other = estimate.mle(family, (data * DTYPE(unit)).astype(DTYPE))
        assert other.converged.all()
        np.testing.assert_allclose(other.params["loc"], unit * fit.params["loc"], rtol=10 * AGREE)
        np.testing.assert_allclose(other.standard_error["scale"], unit * fit.standard_error["scale"], rtol=10 * AGREE)


def test_all_ones():
    fit = estimate.mle(density.bernoulli.family, np.ones((2, 10)))
    assert fit.params["p"].tolist() == [1.0, 1.0]
    assert fit.at_boundary.all()
    assert fit.converged.all()
    assert np.isnan(fit.standard_error["p"]).all()
    np.testing.assert_array_equal(fit.log_likelihood, 0.0)


@pytest.mark.parametrize("name", ["gamma", "beta", "student_t", "weibull", "normal", "cauchy"])
def test_constant_data_have_no_maximum(name):
    family, data, fit = case(name)
    flat = np.where(np.arange(SETS)[:, None] == 1, data[1, :1], data)
    other = estimate.mle(family, flat)
    assert bool(other.at_boundary[1] | other.not_identified[1])
    assert np.isnan(other.standard_error[family.parameters[-1]][1])
    keep = np.arange(SETS) != 1
    for parameter in family.parameters:
        np.testing.assert_allclose(other.params[parameter][keep], fit.params[parameter][keep], rtol=AGREE)
    assert other.converged[keep].all()
    assert not np.asarray(other.at_boundary)[keep].any()


@pytest.mark.parametrize("name", ["gamma", "normal", "exponential", "cauchy"])
def test_one_observation(name):
    fit = estimate.mle(FAMILIES[name], np.asarray([2.0], DTYPE))
    assert np.isinf(fit.aicc)
    if name == "exponential":
        assert (float(fit.params["rate"]), float(fit.standard_error["rate"])) == (0.5, 0.5)
        assert not bool(fit.at_boundary)
    else:
        assert bool(fit.at_boundary | fit.not_identified)
        assert all(np.isnan(error) for error in fit.standard_error.values())


def test_counts_without_overdispersion_are_poisson():
    """The likelihood of the negative binomial rises up to its Poisson limit."""
    family, data, fit = case("negative_binomial")
    even = data.copy()
    even[2] = np.tile([2.0, 3.0], N // 2)
    other = estimate.mle(family, even)
    assert other.at_boundary.tolist() == [False, False, True, False, False]
    assert np.isnan(other.standard_error["r"][2])
    r, p = float(other.params["r"][2]), float(other.params["p"][2])
    np.testing.assert_allclose(r * (1 - p) / p, 2.5, rtol=5e-2 if not X64 else 1e-4)
    poisson = estimate.mle(density.poisson.family, even[2])
    np.testing.assert_allclose(other.log_likelihood[2], poisson.log_likelihood, rtol=1e-3)
    np.testing.assert_allclose(other.params["r"][0], fit.params["r"][0], rtol=AGREE)


def test_a_data_set_off_the_support_is_flagged():
    family, data, fit = case("gamma")
    bad = data.copy()
    bad[3, 7] = -1.0
    other = estimate.mle(family, bad)
    assert other.converged.tolist() == [True, True, True, False, True]
    assert STATUS[int(other.status[3])] == "non_finite"
    keep = np.arange(SETS) != 3
    np.testing.assert_array_equal(other.params["rate"][keep], fit.params["rate"][keep])


def test_no_weight_at_all():
    weights = np.ones((SETS, N))
    weights[0] = 0.0
    for name in ("gamma", "normal"):
        family, data, fit = case(name)
        other = estimate.mle(family, data, weights=weights)
        assert not bool(other.converged[0])
        assert bool(other.not_identified[0])
        assert float(other.num_observations[0]) == 0.0
        parameter = family.parameters[0]
        np.testing.assert_allclose(other.params[parameter][1:], fit.params[parameter][1:], rtol=AGREE)


def test_zero_steps_say_so():
    family, data, _ = case("beta")
    fit = estimate.mle(family, data, max_steps=0)
    assert not fit.converged.any()
    assert {STATUS[int(s)] for s in fit.status} == {"max_steps"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": []}, r"`data` must hold at least one observation; got shape \(0,\)"),
        ({"data": 3.0}, r"`data` must have at least 1 axes for gamma; got shape \(\)"),
        ({"data": [1.0, 2.0, np.nan]}, "`data` must not be missing; got nan at row 2"),
        ({"data": [[1.0, 2.0], [np.nan, 1.0]]}, r"`data` must not be missing; got nan at index \(1, 0\)"),
        ({"weights": [1.0, -1.0]}, "`weights` must be finite and not negative; got -1.0 at row 1"),
        ({"weights": [1.0, np.nan]}, "`weights` must be finite and not negative; got nan at row 1"),
        ({"weights": [1.0, 1.0, 1.0]}, r"`weights` must broadcast against \(2,\); got shape \(3,\)"),
        ({"fixed": {"shape": 1.0}}, "`fixed` must name parameters of gamma; got 'shape'"),
        ({"fixed": {"rate": 1.0, "concentration": 1.0}}, "`fixed` must leave a parameter of gamma"),
        ({"method": "bfgs"}, "`method` must be one of auto, closed_form, newton, lbfgs; got 'bfgs'"),
        ({"method": "closed_form"}, "`method` must be an optimiser for gamma"),
        ({"tolerance": -1.0}, "`tolerance` must not be negative; got -1.0"),
        ({"family": density.binomial.family}, "`fixed` must give `n` of binomial, which is not estimated; got none"),
        ({"family": "gamma"}, "`family` must be a family of jprob.density, as density.gamma; got 'gamma'"),
    ],
)
def test_nonsense_is_a_sentence(arguments, message):
    given = {"family": density.gamma.family, "data": [1.0, 2.0]} | arguments
    with pytest.raises(ValueError, match=message):
        estimate.mle(given.pop("family"), given.pop("data"), **given)
