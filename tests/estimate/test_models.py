"""Models of one's own, priors, and errors that hold when the model does not."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import density, estimate
from tests.estimate.test_mle import case
from tests.grids import DTYPE, X64

CLOSE = 1e-7 if X64 else 2e-3
N, P = 200, 3


def logistic(beta, data):
    eta = data["x"] @ beta
    return data["y"] * eta - jnp.logaddexp(0.0, eta)


def poisson(beta, data):
    eta = data["x"] @ beta
    return data["y"] * eta - jnp.exp(eta) - jax.scipy.special.gammaln(data["y"] + 1.0)


LINKS = {
    "logistic": (logistic, lambda eta: 1 / (1 + np.exp(-eta)), lambda mu: mu * (1 - mu)),
    "poisson": (poisson, np.exp, lambda mu: mu),
}


@functools.cache
def regression(kind, seed=3):
    rng = np.random.default_rng(seed)
    x = np.c_[np.ones(N), rng.normal(size=(N, P - 1)) * [1.0, 3.0]]
    mean = LINKS[kind][1](x @ [0.3, -0.7, 0.2])
    y = rng.binomial(1, mean) if kind == "logistic" else rng.poisson(mean)
    return {"x": x.astype(DTYPE), "y": y.astype(DTYPE)}


def scoring(kind, data, ridge=0.0):
    """Fisher scoring in numpy, as a statistics package does it: estimates and covariance."""
    _, inverse_link, variance = LINKS[kind]
    x, y = data["x"].astype(float), data["y"].astype(float)
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        mu = inverse_link(x @ beta)
        information = (x * variance(mu)[:, None]).T @ x + ridge * np.eye(x.shape[1])
        beta = beta + np.linalg.solve(information, x.T @ (y - mu) - ridge * beta)
    return beta, np.linalg.inv(information), mu


def fit_of(kind, data, **options):
    return estimate.fit_model(LINKS[kind][0], np.zeros(P, DTYPE), data, **options)


@pytest.mark.parametrize("kind", LINKS)
def test_a_regression_is_that_of_the_textbook(kind):
    data = regression(kind)
    fit = fit_of(kind, data)
    beta, covariance, _ = scoring(kind, data)
    assert bool(fit.converged & fit.hessian_pd)
    assert not bool(fit.not_identified | fit.at_boundary)
    np.testing.assert_allclose(fit.params, beta, rtol=CLOSE, atol=CLOSE)
    np.testing.assert_allclose(fit.standard_error, np.sqrt(np.diag(covariance)), rtol=CLOSE)
    np.testing.assert_allclose(fit.log_likelihood, LINKS[kind][0](jnp.asarray(beta, DTYPE), data).sum(), rtol=1e-5)
    assert fit.params.dtype == DTYPE


def test_a_gaussian_prior_is_ridge_regression():
    data = regression("logistic")
    fit = fit_of("logistic", data, log_prior=lambda b: -0.5 * jnp.sum(b**2) / 0.25)
    beta, covariance, _ = scoring("logistic", data, ridge=4.0)
    np.testing.assert_allclose(fit.params, beta, rtol=CLOSE, atol=CLOSE)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=10 * CLOSE, atol=CLOSE * covariance.max())


def test_regressions_in_a_batch():
    each = [regression("logistic", seed) for seed in range(4)]
    batch = jax.tree.map(lambda *a: np.stack(a), *each)
    fits = jax.vmap(functools.partial(estimate.fit_model, logistic, jnp.zeros(P, DTYPE)))(batch)
    for i, data in enumerate(each):
        np.testing.assert_allclose(fits.params[i], scoring("logistic", data)[0], rtol=CLOSE, atol=CLOSE)


def test_separable_data_have_no_estimate():
    """The likelihood rises for ever: the MLE does not exist."""
    data = regression("logistic")
    split = data | {"y": (data["x"][:, 1] > 0.1).astype(DTYPE)}
    fit = fit_of("logistic", split)
    assert bool(fit.not_identified)
    assert np.isnan(fit.standard_error).all()
    prior = fit_of("logistic", split, log_prior=lambda b: -0.5 * jnp.sum(b**2))
    assert bool(prior.converged & ~prior.not_identified)
    assert np.isfinite(prior.standard_error).all()


def test_a_doubled_column_is_not_identified():
    data = regression("poisson")
    twice = data | {"x": np.c_[data["x"][:, :2], data["x"][:, 1]]}
    fit = fit_of("poisson", twice)
    assert bool(fit.not_identified)
    assert np.isnan(fit.standard_error).all()


def test_weights_and_any_pytree_of_parameters():
    data = regression("poisson")

    def model(params, data):
        return poisson(jnp.concatenate([params["level"][None], params["slope"]]), data)

    init = {"slope": np.zeros(2, DTYPE), "level": DTYPE(0.0)}
    weights = np.arange(N) % 3
    fit = estimate.fit_model(model, init, data, weights=weights)
    kept = jax.tree.map(lambda a: np.repeat(a, weights, axis=0), data)
    beta, covariance, _ = scoring("poisson", kept)
    np.testing.assert_allclose(fit.params["level"], beta[0], rtol=CLOSE)
    np.testing.assert_allclose(fit.standard_error["slope"], np.sqrt(np.diag(covariance))[1:], rtol=10 * CLOSE)
    np.testing.assert_allclose(fit.covariance[0, 0], covariance[0, 0], rtol=10 * CLOSE)  # level comes first
    assert float(fit.num_observations) == weights.sum()


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ({"x": np.zeros((0, P)), "y": np.zeros(0)}, {}, "`data` must hold at least one observation; got none"),
        ({"x": np.zeros((2, P)), "y": np.array([0.0, np.nan])}, {}, "`data` must not be missing; got nan in row 1"),
        ({"x": np.zeros((3, P)), "y": np.zeros(2)}, {}, "`data` must have observations along its first axis"),
        ({"x": np.zeros((2, P)), "y": np.zeros(2)}, {"weights": [1.0]}, r"`weights` must have shape \(2,\)"),
        ({"x": np.zeros((2, P)), "y": np.zeros(2)}, {"weights": [1.0, -1.0]}, "`weights` must be finite"),
    ],
)
def test_nonsense_is_a_sentence(data, options, message):
    with pytest.raises(ValueError, match=message):
        fit_of("logistic", data, **options)


def test_a_total_is_not_a_log_likelihood_of_each():
    with pytest.raises(ValueError, match=r"`log_likelihood` must have shape \(200,\); got \(\)"):
        estimate.fit_model(lambda b, d: logistic(b, d).sum(), np.zeros(P, DTYPE), regression("logistic"))


# Posterior modes

A, B = 2.0, 2.0


def beta_prior(params, a=A, b=B):
    return (a - 1.0) * jnp.log(params["p"]) + (b - 1.0) * jnp.log1p(-params["p"])


def jeffreys(params):
    return beta_prior(params, 0.5, 0.5)


def flat(params):
    return jnp.zeros_like(params["p"])


FLIPS = (np.arange(20) < np.array([[14], [0], [20], [10]])).astype(DTYPE)


def test_beta_and_bernoulli_by_hand():
    fit = estimate.map_estimate(density.bernoulli.family, FLIPS, beta_prior)
    np.testing.assert_allclose(fit.params["p"], (FLIPS.sum(-1) + 1) / 22, rtol=1e-5)
    assert fit.converged.all()
    logits = estimate.map_estimate(density.bernoulli.family, FLIPS, beta_prior, coordinates="unconstrained")
    np.testing.assert_allclose(logits.params["p"], (FLIPS.sum(-1) + 2) / 24, rtol=1e-4)
    # curvature of the log posterior in logit p is (n + a + b - 2) p (1 - p)
    p = np.asarray(fit.params["p"])
    np.testing.assert_allclose(fit.standard_error["p"], np.sqrt(p * (1 - p) / 22), rtol=1e-3)


@pytest.mark.parametrize("prior", [jeffreys, flat], ids=["jeffreys", "flat"])
def test_a_mode_at_the_edge_is_the_edge(prior):
    fit = estimate.map_estimate(density.bernoulli.family, FLIPS, prior)
    assert fit.at_boundary.tolist() == [False, True, True, False]
    assert fit.params["p"].tolist()[1:3] == [0.0, 1.0]
    inner = (14 - 0.5) / 19 if prior is jeffreys else 0.7
    np.testing.assert_allclose(fit.params["p"][0], inner, rtol=1e-5)
    assert np.isnan(fit.standard_error["p"][1:3]).all()


def test_a_gaussian_prior_shrinks_a_mean():
    family, data, _ = case("normal")

    def prior(params):
        return -0.5 * (params["loc"] / 0.5) ** 2

    fit = estimate.map_estimate(family, data, prior, fixed={"scale": 2.0})
    precision = data.shape[-1] / 4.0
    np.testing.assert_allclose(fit.params["loc"], precision * data.mean(-1) / (precision + 4.0), rtol=1e-4)
    np.testing.assert_allclose(fit.standard_error["loc"], (precision + 4.0) ** -0.5, rtol=1e-4)


def test_unknown_coordinates():
    with pytest.raises(ValueError, match="`coordinates` must be one of parameters, unconstrained; got 'logit'"):
        estimate.map_estimate(density.bernoulli.family, FLIPS, flat, coordinates="logit")


# Errors of functions, and robust ones


def test_delta_method_by_hand():
    _, _, fit = case("gamma")
    mean = estimate.delta_method(fit, lambda p: p["concentration"] / p["rate"])
    a, rate = np.asarray(fit.params["concentration"], float), np.asarray(fit.params["rate"], float)
    slope = np.stack([1 / rate, -a / rate**2], -1)
    spread = np.einsum("bi,bij,bj->b", slope, np.asarray(fit.covariance, float), slope)
    np.testing.assert_allclose(mean.value, a / rate, rtol=1e-5)
    np.testing.assert_allclose(mean.standard_error, np.sqrt(spread), rtol=1e-3)
    both = estimate.delta_method(fit, lambda p: jnp.stack([p["rate"], 2.0 * p["rate"]]))
    np.testing.assert_allclose(both.standard_error[:, 1], 2.0 * fit.standard_error["rate"], rtol=1e-5)
    family, data, _ = case("student_t")
    known = estimate.mle(family, data, fixed={"df": 5.0})
    var = estimate.delta_method(known, lambda p: p["scale"] ** 2 * p["df"] / (p["df"] - 2.0))
    expected = 2 * known.params["scale"] * 5 / 3 * known.standard_error["scale"]
    np.testing.assert_allclose(var.standard_error, expected, rtol=1e-5)


def test_sandwich_of_white_by_hand():
    data = regression("poisson")
    fit = fit_of("poisson", data)
    _, bread, mu = scoring("poisson", data)
    x, y = data["x"].astype(float), data["y"].astype(float)
    scores = x * (y - mu)[:, None]
    got = estimate.sandwich(poisson, data, fit)
    np.testing.assert_allclose(got, bread @ scores.T @ scores @ bread, rtol=10 * CLOSE, atol=CLOSE * bread.max())
    groups = np.array(list("abcdefghij"))[np.arange(N) % 10]
    sums = np.stack([scores[groups == g].sum(0) for g in np.unique(groups)])
    got = estimate.sandwich(poisson, data, fit, clusters=groups)
    expected = 10 / 9 * bread @ sums.T @ sums @ bread
    np.testing.assert_allclose(got, expected, rtol=20 * CLOSE, atol=10 * CLOSE * expected.max())
    alone = estimate.sandwich(poisson, data, fit, clusters=np.arange(N))
    np.testing.assert_allclose(alone, N / (N - 1) * estimate.sandwich(poisson, data, fit), rtol=1e-4)
    twice = jax.tree.map(lambda a: np.repeat(a, 2, 0), data)  # every row twice is no more information
    double = estimate.sandwich(poisson, twice, fit_of("poisson", twice), clusters=np.repeat(np.arange(N), 2))
    np.testing.assert_allclose(double, alone, rtol=20 * CLOSE, atol=CLOSE * bread.max())


def test_sandwich_of_a_batch_of_families():
    family, data, fit = case("gamma")
    wrong = estimate.mle(density.poisson.family, np.round(data))
    got = estimate.sandwich(density.poisson.family, np.round(data), wrong)
    np.testing.assert_allclose(got[:, 0, 0], np.round(data).astype(float).var(-1) / data.shape[-1], rtol=1e-4)
    right = estimate.sandwich(family, data, fit)
    np.testing.assert_allclose(right, fit.covariance, rtol=0.6)  # the model holds: they agree, but for noise
    known = estimate.mle(family, data, fixed={"concentration": 2.5})
    assert estimate.sandwich(family, data, known).shape == (len(data), 1, 1)


def test_clusters_are_checked():
    data = regression("poisson")
    fit = fit_of("poisson", data)
    with pytest.raises(ValueError, match=r"`clusters` must have shape \(200,\); got \(3,\)"):
        estimate.sandwich(poisson, data, fit, clusters=[1, 2, 3])
    with pytest.raises(ValueError, match="`clusters` must be at least two; got 1"):
        estimate.sandwich(poisson, data, fit, clusters=np.zeros(N))
