"""Information against its own laws, mpmath and quadrature."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import information
from jprob.density import (
    bernoulli,
    beta,
    binomial,
    cauchy,
    exponential,
    gamma,
    geometric,
    halfnormal,
    inverse_gamma,
    laplace,
    lognormal,
    negative_binomial,
    normal,
    pareto,
    poisson,
    student_t,
    uniform,
    weibull,
)
from tests.grids import DTYPE, X64
from tests.oracles import mp

EPS = float(np.finfo(DTYPE).eps)
CLOSED = [
    bernoulli,
    binomial,
    geometric,
    poisson,
    negative_binomial,
    uniform,
    normal,
    lognormal,
    halfnormal,
    laplace,
    cauchy,
    exponential,
    gamma,
    inverse_gamma,
    weibull,
    pareto,
    beta,
]
FIXED = {"n", "r"}


def laws(seed, shape=(40, 5)):
    """Probability vectors, some of their entries zero."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(shape[-1], 0.5), shape[0]).astype(DTYPE)
    p[::4, 1] = 0.0
    return p / p.sum(-1, keepdims=True)


def mp_kl(p, q):
    """Of the laws meant: both vectors over their totals."""
    p, q = ([mp.mpf(float(v)) for v in x] for x in (p, q))
    p, q = ([v / sum(x) for v in x] for x in (p, q))
    return float(sum(a * mp.log(a / b) for a, b in zip(p, q, strict=True) if a > 0))


def close(got, true, tolerance):
    got, true = np.asarray(got, float), np.asarray(true, float)
    error = np.abs(got - true) / np.maximum(np.abs(true), 1e-300)
    assert (error <= tolerance).all(), (error.max(), got.ravel()[error.argmax()], true.ravel()[error.argmax()])


def test_entropy_lies_between_certainty_and_uniformity():
    h = np.asarray(information.entropy(laws(0)))
    assert (h >= 0).all()
    assert (h <= np.log(5) + 4 * EPS).all()
    assert float(information.entropy([0.0, 1.0, 0.0])) == 0.0
    close(information.entropy(np.full(8, 0.125)), np.log(8), 4 * EPS)


def test_divergences_are_not_negative_and_zero_of_itself():
    p, q = laws(1), laws(2)
    for divergence in (information.kl, information.reverse_kl, information.js):
        assert (np.asarray(divergence(p, q)) >= 0).all()
        assert (np.asarray(divergence(p, p)) == 0).all()


def test_kl_is_cross_entropy_less_entropy():
    p, q = laws(1), laws(2)[np.arange(40) // 4 * 4 + 1]  # no zeros in q
    gap = information.cross_entropy(p, q) - information.entropy(p)
    np.testing.assert_allclose(information.kl(p, q), gap, rtol=0, atol=40 * EPS)


@pytest.mark.parametrize("step", [1e-1, 1e-3, 1e-5 if not X64 else 1e-9])
def test_nearby_laws_keep_their_digits(step):
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.full(6, 20.0), 20).astype(DTYPE)
    q = (p * (1 + step * rng.uniform(-1, 1, p.shape))).astype(DTYPE)
    # in the direction that keeps the total: what else there is of it is not information
    q[:, 0] += (p - q).sum(-1, dtype=DTYPE)
    got = np.asarray(information.kl(p, q))
    terms = [
        [(mp.mpf(float(a)), mp.mpf(float(b))) for a, b in zip(x, y, strict=True)] for x, y in zip(p, q, strict=True)
    ]
    true = [float(sum(a * mp.log(a / b) + b - a for a, b in row)) for row in terms]
    close(got, true, 30 * EPS)
    middle = [
        float(sum(a * mp.log(2 * a / (a + b)) + b * mp.log(2 * b / (a + b)) for a, b in row) / 2) for row in terms
    ]
    close(information.js(p, q), middle, 30 * EPS)


def test_kl_of_ordinary_laws_by_mpmath():
    p, q = laws(4), laws(5)[np.arange(40) // 4 * 4 + 1]
    close(information.kl(p, q), [mp_kl(a, b) for a, b in zip(p, q, strict=True)], 100 * EPS)


def test_what_zeros_mean():
    assert float(information.kl([0.5, 0.5], [1.0, 0.0])) == np.inf
    assert float(information.kl([1.0, 0.0], [1.0, 0.0])) == 0.0
    assert float(information.cross_entropy([0.0, 1.0], [0.0, 1.0])) == 0.0
    assert float(information.cross_entropy([0.5, 0.5], [0.0, 1.0])) == np.inf
    close(information.js([1.0, 0.0, 0.0], [0.0, 0.5, 0.5]), np.log(2), 4 * EPS)
    for f in (information.kl, information.js, information.cross_entropy):
        assert np.isnan(float(f([-0.5, 1.5], [0.5, 0.5])))
        assert np.isnan(float(f([np.nan, 0.5], [0.5, 0.5])))
    assert np.isnan(float(information.entropy([-0.5, 1.5])))


def test_slopes_are_those_of_the_formula_and_finite_through_a_softmax():
    p, q = jnp.asarray([0.2, 0.3, 0.5]), jnp.asarray([0.5, 0.25, 0.25])
    np.testing.assert_allclose(jax.grad(information.kl, 1)(p, q), 1 - p / q, rtol=20 * EPS)
    np.testing.assert_allclose(jax.grad(information.kl)(p, q), jnp.log(p / q), rtol=20 * EPS)
    np.testing.assert_allclose(jax.grad(information.js)(p, q), 0.5 * jnp.log(2 * p / (p + q)), rtol=50 * EPS)
    np.testing.assert_allclose(jax.hessian(information.kl)(p, q), jnp.diag(1 / p), rtol=50 * EPS)
    np.testing.assert_allclose(jax.hessian(information.js)(p, q), jnp.diag(q / (2 * p * (p + q))), rtol=100 * EPS)
    logits = jnp.asarray([0.0, -2000.0, 1.0])  # its softmax has a zero
    other = jnp.asarray([0.2, 0.0, 0.8])
    for f in (information.kl, information.reverse_kl, information.js, information.cross_entropy):
        slopes = jax.grad(lambda x, f=f: f(jax.nn.softmax(x), other))(logits)
        assert np.isfinite(np.asarray(slopes)).all(), f
    assert np.isfinite(np.asarray(jax.grad(lambda x: information.entropy(jax.nn.softmax(x)))(logits))).all()


def test_chain_rule_of_entropy_and_information():
    joint = laws(6, (30, 12)).reshape(30, 3, 4)
    x, y = joint.sum(-1), joint.sum(-2)
    mutual = information.mutual_information(joint)
    assert (np.asarray(mutual) >= 0).all()
    whole = information.entropy(joint.reshape(30, 12))
    gap = information.entropy(x) + information.entropy(y) - whole
    np.testing.assert_allclose(mutual, gap, rtol=0, atol=60 * EPS)
    conditional = jnp.sum(x * information.entropy(joint / np.maximum(x, 1e-30)[..., None]), -1)
    np.testing.assert_allclose(information.entropy(x) + conditional, whole, rtol=0, atol=60 * EPS)
    independent = x[:, :, None] * y[:, None, :]
    assert float(np.max(information.mutual_information(independent))) < 30 * EPS**2 * 10 + 1e-13


def test_batch_is_one_at_a_time():
    p, q = laws(1), laws(2)
    for f in (information.kl, information.js):
        np.testing.assert_allclose(jax.vmap(f)(p, q), f(p, q), rtol=4 * EPS)
        np.testing.assert_allclose(jax.jit(f)(p, q), f(p, q), rtol=4 * EPS)


def near(family, step, seed):
    """Two sets of parameters, the second a relative ``step`` off; exact in the dtype."""
    rng = np.random.default_rng(seed)
    p, q = {}, {}
    for name, value in family.example_params.items():
        if name in FIXED:
            p[name] = q[name] = DTYPE(value)
            continue
        if family.name in ("pareto", "uniform") and name in ("scale", "high"):
            p[name], q[name] = DTYPE(value), DTYPE(value)  # of one support
            continue
        start = value * rng.uniform(0.7, 1.3)
        p[name] = DTYPE(start)
        q[name] = DTYPE(start * (1 + step * rng.uniform(0.5, 1)) if name != "low" else start - step)
    return p, q


# log density by mpmath and the ends of the support
def mp_log(family, x, v):
    v = {name: mp.mpf(float(value)) for name, value in v.items()}
    log, lg = mp.log, mp.loggamma
    match family.name:
        case "normal":
            return -(((x - v["loc"]) / v["scale"]) ** 2) / 2 - log(v["scale"])
        case "lognormal":
            return -(((log(x) - v["loc"]) / v["scale"]) ** 2) / 2 - log(v["scale"] * x)
        case "halfnormal":
            return -((x / v["scale"]) ** 2) / 2 - log(v["scale"])
        case "laplace":
            return -abs(x - v["loc"]) / v["scale"] - log(2 * v["scale"])
        case "cauchy":
            return -log(v["scale"] * (1 + ((x - v["loc"]) / v["scale"]) ** 2))
        case "exponential":
            return log(v["rate"]) - v["rate"] * x
        case "gamma":
            a, r = v["concentration"], v["rate"]
            return a * log(r) - lg(a) + (a - 1) * log(x) - r * x
        case "inverse_gamma":
            a, r = v["concentration"], v["rate"]
            return a * log(r) - lg(a) - (a + 1) * log(x) - r / x
        case "weibull":
            k, s = v["concentration"], v["scale"]
            return log(k / s) + (k - 1) * log(x / s) - (x / s) ** k
        case "pareto":
            return log(v["alpha"]) + v["alpha"] * log(v["scale"]) - (v["alpha"] + 1) * log(x)
        case "beta":
            a, b = v["a"], v["b"]
            return (a - 1) * log(x) + (b - 1) * mp.log1p(-x) - lg(a) - lg(b) + lg(a + b)
        case "uniform":
            return -log(v["high"] - v["low"])
        case "poisson":
            return x * log(v["rate"]) - v["rate"] - lg(x + 1)
        case "geometric":
            return (x - 1) * mp.log1p(-v["p"]) + log(v["p"])
        case "negative_binomial":
            return lg(x + v["r"]) - lg(v["r"]) - lg(x + 1) + v["r"] * log(v["p"]) + x * mp.log1p(-v["p"])
        case "binomial":
            return mp.log(mp.binomial(v["n"], x)) + x * log(v["p"]) + (v["n"] - x) * mp.log1p(-v["p"])
        case "bernoulli":
            return x * log(v["p"]) + (1 - x) * mp.log1p(-v["p"])


def mp_divergence(family, p, q):
    norm = {
        "normal": mp.sqrt(2 * mp.pi),
        "lognormal": mp.sqrt(2 * mp.pi),
        "halfnormal": mp.sqrt(mp.pi / 2),
        "cauchy": mp.pi,
    }
    low, high = (float(end) for end in family.support(**p))

    def term(x):
        own = mp_log(family, x, p)
        gain = own - mp_log(family, x, q)
        excess = gain if family.name == "uniform" else mp.expm1(-gain) + gain  # E q/p = 1: nothing cancels
        return mp.exp(own) * excess / norm.get(family.name, 1)

    with mp.workdps(25):
        if family.discrete:
            return float(mp.fsum(term(mp.mpf(k)) for k in range(int(low), int(min(high, 400)) + 1)))
        inner = [mp.mpf(float(v)) for v in family.ppf(np.asarray([1e-6, 0.01, 0.3, 0.5, 0.9, 0.999], DTYPE), **p)]
        kinks = [mp.mpf(float(v["loc"])) for v in (p, q) if family.name == "laplace"]
        return float(mp.quad(term, sorted({low, *inner, *kinks, high})))


@pytest.mark.parametrize("step", [0.3, 1e-4])
@pytest.mark.parametrize(
    "family", [m.family for m in CLOSED if m not in (beta, gamma, inverse_gamma)], ids=lambda f: f.name
)
def test_closed_forms_by_quadrature_of_mpmath(family, step):
    p, q = near(family, step, 11)
    result = information.kl_families(family, p, q)
    assert bool(result.closed_form)
    # the truth is that of mpmath's own quadrature where the law has heavy tails or a pole
    close(result.kl, mp_divergence(family, p, q), max(200 * EPS, 1e-11))


@pytest.mark.parametrize(
    "family", [m.family for m in (normal, laplace, cauchy, weibull, geometric, bernoulli)], ids=lambda f: f.name
)
def test_numerical_agrees_within_the_error_it_reports(family):
    p, q = near(family, 0.5, 12)
    exact = information.kl_families(family, p, q)
    result = information.kl_families(family, p, q, method="numerical")
    assert not bool(result.closed_form)
    assert abs(float(result.kl - exact.kl)) <= 8 * float(result.error) + 4 * float(exact.error)
    assert float(result.error) < (5e-3 if family.name == "laplace" else 1e-4) * (1 + float(exact.kl))


def test_families_without_a_formula():
    p, q = {"df": 5.0, "loc": 0.0, "scale": 1.0}, {"df": 4.0, "loc": 0.5, "scale": 1.5}
    result = information.kl_families(student_t, p, q)
    logs = [
        lambda x, v=v: (
            mp.loggamma((v["df"] + 1) / 2)
            - mp.loggamma(mp.mpf(v["df"]) / 2)
            - mp.log(v["df"] * mp.pi) / 2
            - mp.log(v["scale"])
            - (v["df"] + 1) / 2 * mp.log1p(((x - v["loc"]) / v["scale"]) ** 2 / v["df"])
        )
        for v in (p, q)
    ]
    true = mp.quad(lambda x: mp.exp(logs[0](x)) * (logs[0](x) - logs[1](x)), [-mp.inf, -3, 0, 3, mp.inf])
    assert not bool(result.closed_form)
    assert abs(float(result.kl) - float(true)) <= 4 * float(result.error) + 1e-12


def test_the_numerical_slope_is_that_of_the_formula():
    def slopes(method):
        def f(p, q):
            return information.kl_families(normal, p, q, method=method).kl

        return jax.grad(f, (0, 1))(jnp.asarray([0.5, 1.0]), jnp.asarray([0.0, 2.0]))

    np.testing.assert_allclose(slopes("numerical"), slopes("closed_form"), rtol=0, atol=100 * EPS)


def test_sizes_that_differ_are_summed_when_asked():
    p, q = {"n": 10.0, "p": 0.3}, {"n": 12.0, "p": 0.3}
    assert np.isnan(float(information.kl_families(binomial, p, q).kl))
    logs = [lambda k, v=v: mp_log(binomial.family, k, v) for v in (p, q)]
    true = float(sum(mp.exp(logs[0](k)) * (logs[0](k) - logs[1](k)) for k in range(11)))
    n, m = np.array([10.0, 12.0], DTYPE), np.array([12.0, 10.0], DTYPE)
    result = information.kl_families(binomial, (n, 0.3), (m, 0.3), method="numerical").kl
    assert abs(float(result[0]) - true) <= 100 * EPS
    assert float(result[1]) == np.inf


def test_gamma_like_laws_over_many_orders_of_magnitude():
    rng = np.random.default_rng(5)
    a = (10 ** rng.uniform(-2, 6, 60)).astype(DTYPE)
    b = (a * (1 + rng.choice([1e-3, 0.3, 8.0], 60) * rng.uniform(0.3, 1, 60))).astype(DTYPE)
    rate, other = (rng.uniform(0.5, 2, 60).astype(DTYPE) for _ in range(2))
    got = information.kl_families(gamma, (a, rate), (b, other)).kl
    back = information.kl_families(gamma, (b, rate), (a, other)).kl

    def true(a, r, b, s):
        a, r, b, s = (mp.mpf(float(v)) for v in (a, r, b, s))
        return float((a - b) * mp.digamma(a) - mp.loggamma(a) + mp.loggamma(b) + b * mp.log(r / s) + a * (s - r) / r)

    close(got, [true(*v) for v in zip(a, rate, b, other, strict=True)], 500 * EPS)
    np.testing.assert_array_equal(information.kl_families(inverse_gamma, (a, rate), (b, other)).kl, got)
    close(back, [true(*v) for v in zip(b, rate, a, other, strict=True)], 500 * EPS)


def test_dirichlet_and_beta_near_and_far():
    rng = np.random.default_rng(6)
    p = (10 ** rng.uniform(-2, 4, (60, 4))).astype(DTYPE)
    q = (p * (1 + rng.choice([1e-3, 0.3, 8.0], (60, 1)) * rng.uniform(0.3, 1, (60, 4)))).astype(DTYPE)

    def true(p, q):
        p, q = ([mp.mpf(float(v)) for v in x] for x in (p, q))
        n = sum(p)
        gammas = (
            mp.loggamma(n)
            - mp.loggamma(sum(q))
            + sum(mp.loggamma(b) - mp.loggamma(a) for a, b in zip(p, q, strict=True))
        )
        return float(gammas + sum((a - b) * (mp.digamma(a) - mp.digamma(n)) for a, b in zip(p, q, strict=True)))

    close(information.kl_dirichlet(p, q), [true(*v) for v in zip(p, q, strict=True)], 3000 * EPS)
    pair = information.kl_families(beta, (p[:, 0], p[:, 1]), (q[:, 0], q[:, 1])).kl
    np.testing.assert_allclose(pair, information.kl_dirichlet(p[:, :2], q[:, :2]), rtol=50 * EPS)
    assert np.isnan(float(information.kl_dirichlet([1.0, -1.0], [1.0, 1.0])))


@pytest.mark.parametrize("family", [m.family for m in CLOSED], ids=lambda f: f.name)
def test_slope_vanishes_at_the_truth_and_curvature_is_there(family):
    p, _ = near(family, 0.0, 13)
    p = {name: jnp.asarray(v) for name, v in p.items()}
    names = [n for n in p if n not in FIXED and family.name not in ("pareto", "uniform")]

    @jax.jit
    def slopes(moving):
        return jax.grad(lambda m: information.kl_families(family, p, {**p, **m}).kl)(moving)

    for value in slopes({name: p[name] for name in names}).values():
        assert abs(float(value)) < 1e-6
    zero = information.kl_families(family, p, p)
    assert float(zero.kl) == 0.0


def test_supports_that_do_not_nest_are_infinitely_far():
    assert float(information.kl_families(uniform, (0.0, 2.0), (0.0, 1.0)).kl) == np.inf
    close(information.kl_families(uniform, (0.0, 1.0), (0.0, 2.0)).kl, np.log(2), 4 * EPS)
    assert float(information.kl_families(pareto, (2.0, 1.0), (2.0, 1.5)).kl) == np.inf
    close(information.kl_families(pareto, (2.0, 2.0), (2.0, 1.0)).kl, 2 * np.log(2), 4 * EPS)
    assert float(information.kl_families(bernoulli, (0.5,), (1.0,)).kl) == np.inf
    close(information.kl_families(bernoulli, (1.0,), (0.5,)).kl, np.log(2), 4 * EPS)


def test_bad_parameters_are_nan_and_bad_arguments_are_sentences():
    result = information.kl_families(normal, (0.0, np.array([1.0, -1.0])), (0.0, 1.0))
    assert np.isnan(np.asarray(result.kl)).tolist() == [False, True]
    with pytest.raises(ValueError, match="`p` must give loc, scale; got loc"):
        information.kl_families(normal, {"loc": 0.0}, (0.0, 1.0))
    with pytest.raises(ValueError, match="`q` must give rate; got 2 values"):
        information.kl_families(exponential, (1.0,), (1.0, 2.0))
    with pytest.raises(ValueError, match="`method` must be one of"):
        information.kl_families(normal, (0.0, 1.0), (0.0, 1.0), method="guess")
    with pytest.raises(ValueError, match="closed form; got student_t"):
        information.kl_families(student_t, (1.0, 0.0, 1.0), (1.0, 0.0, 1.0), method="closed_form")


def test_multinomial_is_so_many_categorical():
    p, q = laws(1)[1::4], laws(2)[1::4]
    np.testing.assert_allclose(information.kl_multinomial(7, p, q), 7 * information.kl(p, q), rtol=4 * EPS)


@pytest.mark.parametrize(
    ("family", "params"),
    [
        (laplace, (0.0, 0.5**0.5)),
        (uniform, (-(3.0**0.5), 3.0**0.5)),
        (exponential, (1.0,)),
        (student_t, (5.0, 0.0, (3 / 5) ** 0.5)),
        (gamma, (4.0, 2.0)),
        (gamma, (400.0, 20.0)),
        (weibull, (1.0, 1.0)),
    ],
    ids=lambda v: getattr(v, "__name__", str(v)),
)
def test_the_normal_has_most_entropy_of_equal_variance(family, params):
    assert abs(float(family.variance(*params)) - 1.0) < 1e-5
    assert float(family.entropy(*params)) < float(normal.entropy(0.0, 1.0))


def test_max_entropy_gap_is_a_divergence():
    """H(normal) − H(f) = D(f ‖ normal of the same mean and variance)."""
    a, r = 4.0, 2.0
    gap = float(normal.entropy(0.0, 1.0)) - float(gamma.entropy(a, r))
    u = (np.arange(20000) + 0.5) / 20000
    x = np.asarray(gamma.ppf(u.astype(DTYPE), a, r))
    mean = np.mean(np.asarray(gamma.logpdf(x, a, r) - normal.logpdf(x, a / r, 1.0), float))
    assert abs(gap - mean) < 1e-3


def test_compiled_once_for_a_batch():
    f = functools.partial(information.kl_families, normal)
    p = {"loc": np.zeros(4, DTYPE), "scale": np.ones(4, DTYPE)}
    q = {"loc": np.arange(4).astype(DTYPE), "scale": np.ones(4, DTYPE)}
    np.testing.assert_allclose(jax.jit(f)(p, q).kl, [0.0, 0.5, 2.0, 4.5], rtol=4 * EPS)
    np.testing.assert_allclose(jax.vmap(f)(p, q).kl, [0.0, 0.5, 2.0, 4.5], rtol=4 * EPS)
