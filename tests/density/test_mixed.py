"""Laws with atoms: the density against counts and length, jumps of the cdf, the generalised inverse, estimates."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.density import beta, exponential, gamma, hurdle, lognormal, mixed, normal, poisson, uniform, zero_inflated
from tests.grids import DTYPE, X64

LAWS = [mixed.hurdle_lognormal, mixed.hurdle_gamma, mixed.zero_inflated_normal, mixed.zero_one_inflated_beta]
BASES = {"hurdle_lognormal": lognormal, "hurdle_gamma": gamma, "zero_inflated_normal": normal}
each_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
NUM_DRAWS = 40_000


def params_of(law, **changed):
    return {name: jnp.asarray(value, DTYPE) for name, value in (law.example_params | changed).items()}


def masses(law, params):
    return np.atleast_1d(params["prob"] if "prob" in params else params["probs"])


def base_of(law, params):
    return {name: value for name, value in params.items() if name not in ("prob", "probs")}


@each_law
def test_atoms_and_the_area_beside_them_make_one(law):
    params = params_of(law)
    base = BASES.get(law.name, beta)
    t = np.arange(-42.0, 42.01, 0.125)  # a trapezoid rule in the log odds of the cdf beside the atoms
    small, large = 1 / (1 + np.exp(np.abs(t))), 1 / (1 + np.exp(-np.abs(t)))
    own = base_of(law, params)
    x = np.where(t < 0, base.ppf(small.astype(DTYPE), **own), base.isf(small.astype(DTYPE), **own))
    weight = 0.125 * small * large / np.exp(np.asarray(base.logpdf(x, **own), float))
    density = np.exp(np.asarray(law.logdensity(x, params), float))
    # where a point rounds onto an atom its density is a mass: none of the area
    area = np.sum(np.where(np.isin(x, law.atoms), 0.0, density * weight))
    total = area + np.exp(np.asarray(law.logdensity(np.array(law.atoms), params), float)).sum()
    assert total == pytest.approx(1.0, abs=1e-10 if X64 else 1e-6)


@each_law
def test_the_cdf_jumps_by_the_masses(law):
    params = params_of(law)
    for atom, mass in zip(law.atoms, masses(law, params), strict=True):
        before = np.nextafter(DTYPE(atom), DTYPE(-1)) - DTYPE(np.finfo(DTYPE).tiny)
        jump = float(law.cdf(atom, **params)) - float(law.cdf(before, **params))
        assert jump == pytest.approx(float(mass), abs=1e-6)
        assert float(jnp.exp(law.logdensity(atom, params))) == pytest.approx(float(mass), rel=1e-6)


@each_law
def test_the_quantile_is_the_generalised_inverse(law):
    params = params_of(law)
    q = np.random.default_rng(1).uniform(0.01, 0.99, 400).astype(DTYPE)
    slack = 4 * np.finfo(DTYPE).eps
    for x, p in ((law.ppf(q, **params), q), (law.isf(1 - q, **params), q)):
        assert (np.asarray(law.cdf(x, **params)) >= p - slack).all()
        below = np.asarray(x) - 3e-4 * (1 + np.abs(x))
        assert (np.asarray(law.cdf(below, **params)) < p).all()
    for atom in law.atoms:
        assert float(law.ppf(law.cdf(atom, **params), **params)) == atom
        assert float(law.isf(law.sf(atom, **params), **params)) == atom
    tails = np.asarray(law.cdf(law.ppf(q, **params), **params)) + np.asarray(law.sf(law.ppf(q, **params), **params))
    np.testing.assert_allclose(tails, 1.0, atol=slack)
    assert np.isnan(law.ppf(np.array([-0.1, 1.1, np.nan], DTYPE), **params)).all()


@each_law
def test_draws_have_the_moments_and_the_entropy(law):
    params = params_of(law)
    x = np.asarray(law.sample(jax.random.key(7), **params, shape=(NUM_DRAWS,)), float)
    assert x.shape == (NUM_DRAWS,)
    root = NUM_DRAWS**0.5
    assert abs(x.mean() - float(law.mean(**params))) < 5 * x.std() / root
    square = (x - x.mean()) ** 2
    assert abs(square.mean() - float(law.variance(**params))) < 5 * square.std() / root
    surprise = -np.asarray(law.logdensity(x.astype(DTYPE), params), float)
    assert abs(surprise.mean() - float(law.entropy(**params))) < 5 * surprise.std() / root
    for atom, mass in zip(law.atoms, masses(law, params), strict=True):
        assert abs((x == atom).mean() - float(mass)) < 5 * 0.5 / root


def test_zero_inflation_of_a_normal_is_not_mass_plus_density():
    law, params = mixed.zero_inflated_normal, {"prob": 0.3, "loc": 0.0, "scale": 1.0}
    assert float(law.logdensity(0.0, params)) == pytest.approx(math.log(0.3), abs=1e-6)
    assert float(law.logdensity(1.5, params)) == pytest.approx(-2.400613, abs=2e-6)
    assert float(law.cdf(0.0, **params)) == pytest.approx(0.65, abs=1e-6)


def test_zero_inflation_of_counts_adds_to_their_own_zeros():
    law, params = mixed.zero_inflated_poisson, {"prob": 0.3, "rate": 2.0}
    assert float(law.logdensity(0, params)) == pytest.approx(math.log(0.3 + 0.7 * math.exp(-2.0)), abs=1e-6)
    assert float(hurdle(poisson).logdensity(0, params)) == pytest.approx(math.log(0.3), abs=1e-6)


@each_law
def test_weights_of_zero_and_one(law):
    if "probs" in law.parameters:
        assert np.isnan(law.logdensity(0.5, params_of(law, probs=(0.7, 0.7))))
        sure = params_of(law, probs=(0.25, 0.75))
        assert np.asarray(law.ppf(np.array([0.0, 0.2, 0.3, 1.0], DTYPE), **sure)).tolist() == [0.0, 0.0, 1.0, 1.0]
        assert float(law.entropy(**sure)) == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75), abs=1e-6)
        return
    base = BASES[law.name]
    never, always = params_of(law, prob=0.0), params_of(law, prob=1.0)
    x = np.array([0.5, 1.5], DTYPE)
    np.testing.assert_allclose(law.logdensity(x, never), base.logpdf(x, **base_of(law, never)), rtol=1e-6)
    np.testing.assert_allclose(law.ppf(x / 2, **never), base.ppf(x / 2, **base_of(law, never)), rtol=1e-5)
    assert float(law.logdensity(0.0, never)) == -np.inf
    assert np.asarray(law.logdensity(np.array([0.0, 1.5], DTYPE), always)).tolist() == [0.0, -np.inf]
    assert np.asarray(law.ppf(np.array([0.0, 0.5, 1.0], DTYPE), **always)).tolist() == [0.0, 0.0, 0.0]
    assert float(law.variance(**always)) == 0.0
    for params in (never, always):
        slopes = jax.jit(jax.grad(law.logdensity, 1))
        for value in (0.0, 1.5, -1.0):
            assert not any(np.isnan(g).any() for g in jax.tree.leaves(slopes(jnp.asarray(value, DTYPE), params)))


@each_law
def test_invalid_parameters_and_missing_values_are_nan(law):
    bad = [("probs", (-0.1, 0.5))] if "probs" in law.parameters else [("prob", -0.1), ("prob", 1.1), ("prob", np.nan)]
    for name, value in (*bad, (law.parameters[-1], -1.0)):
        params = params_of(law, **{name: value})
        x = np.array([*law.atoms, 0.5], DTYPE)
        assert np.isnan(law.logdensity(x, params)).all(), name
        assert np.isnan(law.cdf(x, **params)).all(), name
        assert np.isnan(law.ppf(x / 2 + 0.1, **params)).all(), name
        assert np.isnan(float(law.mean(**params)) + float(law.entropy(**params))), name
    assert np.isnan(law.logdensity(np.nan, params_of(law)))


def test_atoms_inside_outside_and_at_the_end_of_the_support():
    law = mixed.mixed((2.0, -1.0), uniform)
    params = {"probs": (0.25, 0.25), "low": 0.0, "high": 1.0}
    assert law.atoms == (-1.0, 2.0)
    assert [float(end) for end in law.support(**params)] == [-1.0, 2.0]
    x = np.array([-1.0, 0.5, 2.0, 0.0, 3.0], DTYPE)
    np.testing.assert_allclose(law.cdf(x, **params), [0.25, 0.5, 1.0, 0.25, 1.0], atol=1e-6)
    np.testing.assert_allclose(np.exp(law.logdensity(x, params)), [0.25, 0.5, 0.25, 0.5, 0.0], atol=1e-6)
    assert np.asarray(law.ppf(np.array([0.1, 0.5, 0.9], DTYPE), **params)) == pytest.approx([-1.0, 0.5, 2.0], abs=1e-6)
    inside = mixed.mixed(0.5, uniform)
    half = {"prob": 0.5, "low": 0.0, "high": 1.0}
    np.testing.assert_allclose(inside.cdf(np.array([0.499999, 0.5], DTYPE), **half), [0.25, 0.75], atol=1e-5)
    assert np.asarray(inside.ppf(np.array([0.3, 0.7], DTYPE), **half)).tolist() == [0.5, 0.5]
    assert float(inside.ppf(0.2, **half)) == pytest.approx(0.4, rel=1e-5)


@pytest.mark.parametrize("law", [mixed.hurdle_lognormal, mixed.zero_inflated_normal], ids=lambda law: law.name)
def test_estimates_in_closed_form_recover_the_truth(law):
    params = params_of(law)
    x = law.sample(jax.random.key(3), **params, shape=(NUM_DRAWS,))
    fit = law.mle(x)
    continuous = float(1 - params["prob"]) * NUM_DRAWS
    assert abs(float(fit["prob"] - params["prob"])) < 4 * 0.5 / NUM_DRAWS**0.5
    assert abs(float(fit["loc"] - params["loc"])) < 4 * float(params["scale"]) / continuous**0.5
    assert abs(float(fit["scale"] - params["scale"])) < 4 * float(params["scale"]) / (2 * continuous) ** 0.5
    double = law.mle(jnp.concatenate([x[:100], x[:100]]))
    weighted = law.mle(x[:100], jnp.full(100, 2.0))
    for name in law.parameters:
        assert float(double[name]) == pytest.approx(float(weighted[name]), rel=1e-5)


@pytest.mark.parametrize("law", [mixed.zero_inflated_poisson, mixed.hurdle_poisson], ids=lambda law: law.name)
def test_em_ends_where_the_likelihood_is_flat_and_near_the_truth(law):
    params = params_of(law, rate=1.5)
    k = law.sample(jax.random.key(4), **params, shape=(2, 5000))
    fit = law.mle(k)
    assert fit["prob"].shape == fit["rate"].shape == (2,)
    lanes = {name: value[:, None] for name, value in fit.items()}
    score = jax.jit(jax.grad(lambda p: law.logdensity(k, p).sum() / k.size))(lanes)
    for name, slope in score.items():
        assert np.abs(slope).max() < (1e-10 if X64 else 2e-5), name
    # standard errors of the least informative of the two, the zero-inflated: below .025 for either parameter
    assert np.abs(fit["prob"] - 0.3).max() < 4 * 0.02
    assert np.abs(fit["rate"] - 1.5).max() < 4 * 0.035


@each_law
def test_all_zeros_and_no_zeros(law):
    if law.mle is None:
        return
    zeros = law.mle(np.zeros(5, DTYPE))
    assert float(zeros["prob"]) == 1.0
    assert np.isnan(float(zeros["scale"]))
    none = law.mle(np.array([1.0, 2.0, 3.0], DTYPE))
    assert float(none["prob"]) == 0.0
    assert none["scale"] > 0


def test_it_compiles_batches_and_keeps_its_dtype():
    law = mixed.hurdle_lognormal
    params = {"prob": jnp.array([[0.1], [0.5]], DTYPE), "loc": DTYPE(0.0), "scale": DTYPE(1.0)}
    x = np.array([0.0, 1.0, 2.0], DTYPE)
    assert law.logdensity(x, params).shape == (2, 3)
    assert law.sample(jax.random.key(0), **params, shape=(4,)).shape == (4, 2, 1)
    one = jax.vmap(lambda prob: law.cdf(x, prob, 0.0, 1.0))(params["prob"][:, 0])
    np.testing.assert_allclose(one, law.cdf(x, **params), rtol=1e-6)
    assert law.logdensity(1, {"prob": np.float32(0.3), "loc": np.float32(0.0), "scale": np.float32(1.0)}).dtype == (
        jnp.float32
    )
    assert law.logdensity(jnp.zeros((0,)), law.example_params).shape == (0,)
    vector = mixed.zero_one_inflated_beta
    assert vector.sample(jax.random.key(0), probs=jnp.full((3, 2), 0.2), a=1.0, b=2.0, shape=(5,)).shape == (5, 3)


def test_one_family_is_made_once_for_each_set_of_arguments():
    assert hurdle(lognormal) is hurdle(lognormal.family)
    assert zero_inflated(normal) == zero_inflated(normal)
    assert zero_inflated(normal) != zero_inflated(exponential)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: mixed.mixed((), normal), "`atoms` must be finite values, each once and at least one; got"),
        (lambda: mixed.mixed((0.0, 0.0), normal), "`atoms` must be finite values, each once and at least one; got"),
        (lambda: mixed.mixed(np.inf, normal), "`atoms` must be finite values, each once and at least one; got inf"),
        (lambda: mixed.mixed(0.0, poisson), "`continuous` must be a family with a density; got poisson"),
        (lambda: hurdle(hurdle(normal)), "`family` must be a family of numbers without atoms; got hurdle_normal"),
        (lambda: hurdle(3), "`family` must be a family of jprob.density; got 3"),
        (lambda: hurdle(poisson).cdf(0, rate=1.0), "`hurdle_poisson` takes the parameters prob, rate; got rate"),
    ],
)
def test_mistakes_are_named(make, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        make()
