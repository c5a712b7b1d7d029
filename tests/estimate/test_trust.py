"""Whether to believe a family: dispersion, goodness of fit, probability plots, tails, and the recommendation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob.density import beta, cauchy, exponential, gamma, lognormal, mixed, normal, poisson, student_t
from jprob.estimate import (
    STATISTICS,
    dispersion_test,
    goodness_of_fit,
    pp_points,
    qq_points,
    quantile_residuals,
    recommend,
    tail_check,
)
from tests.grids import DTYPE

KEY = jax.random.key(20261122)
RNG = np.random.default_rng(3)


def test_dispersion_is_the_chi_square_of_the_counts():
    x = RNG.poisson(3.0, (4, 50))
    got = dispersion_test(x)
    statistic = ((x - x.mean(1, keepdims=True)) ** 2).sum(1) / x.mean(1)
    np.testing.assert_allclose(got.statistic, statistic, rtol=1e-5)
    np.testing.assert_allclose(got.p_over, stats.chi2(49).sf(statistic), rtol=1e-4)
    np.testing.assert_allclose(got.ratio, x.var(1, ddof=1) / x.mean(1), rtol=1e-5)
    assert float(dispersion_test(RNG.negative_binomial(2, 0.4, 200)).p_over) < 1e-4
    assert float(dispersion_test(np.tile([2, 3], 40)).p_under) < 1e-4
    assert np.isnan(float(dispersion_test(np.zeros(5)).p_value))
    for bad in ([1.5, 2.0], [-1, 2], [np.nan, 1]):
        with pytest.raises(ValueError, match=r"^`counts` must be whole and not negative; got"):
            dispersion_test(bad)
    with pytest.raises(ValueError, match=r"^`counts` must hold at least two along the last axis; got shape \(1,\)"):
        dispersion_test([3])


def test_a_false_alarm_is_as_rare_as_the_level_says_with_estimated_parameters():
    """600 data sets: the rate at 5 % stands within five standard errors; a table for known parameters gives .1 %."""
    x = RNG.normal(3.0, 2.0, (600, 50)).astype(DTYPE)
    for statistic in ("anderson_darling", "kolmogorov_smirnov"):
        result = goodness_of_fit(KEY, normal, x, statistic=statistic, num_simulations=99)
        rate = float((result.p_value <= 0.05).mean())
        assert abs(rate - 0.05) < 5 * (0.05 * 0.95 / 600) ** 0.5, statistic
        assert int(result.num_failed.sum()) == 0


@pytest.mark.parametrize("statistic", STATISTICS)
def test_statistics_are_the_textbooks(statistic):
    x = np.sort(RNG.normal(0.0, 1.0, 40)).astype(DTYPE)
    params = {"loc": DTYPE(0.0), "scale": DTYPE(1.0)}
    got = float(goodness_of_fit(KEY, normal, x, statistic=statistic, params=params, num_simulations=9).statistic)
    u, i = stats.norm.cdf(x.astype(float)), np.arange(1, 41)
    cells = np.histogram(u, np.linspace(0, 1, 10))[0]
    expected = {
        "kolmogorov_smirnov": stats.kstest(x.astype(float), "norm").statistic,
        "cramer_von_mises": stats.cramervonmises(x.astype(float), "norm").statistic,
        "anderson_darling": -40 - np.mean((2 * i - 1) * (np.log(u) + np.log1p(-u[::-1]))),
        "chi_square": ((cells - 40 / 9) ** 2).sum() / (40 / 9),
    }[statistic]
    assert got == pytest.approx(expected, rel=2e-4)


def test_misfits_are_found_and_lanes_are_their_own():
    heavy = student_t.sample(jax.random.key(1), 2.0, 0.0, 1.0, shape=(200,))
    fine = normal.sample(jax.random.key(2), 0.0, 1.0, shape=(200,))
    result = goodness_of_fit(KEY, normal, jnp.stack([heavy, fine]), num_simulations=99)
    assert float(result.p_value[0]) == pytest.approx(0.01)
    assert float(result.p_value[1]) > 0.01
    assert result.params["loc"].shape == (2,)
    counts = RNG.negative_binomial(1, 0.2, 150)
    assert float(goodness_of_fit(KEY, poisson, counts, num_simulations=99).p_value) == pytest.approx(0.01)


def test_laws_with_atoms_are_tested_too():
    law = mixed.hurdle_lognormal
    x = law.sample(jax.random.key(3), **law.example_params, shape=(150,))
    result = goodness_of_fit(KEY, law, x, num_simulations=99)
    assert float(result.p_value) > 0.01
    assert float(result.tied) == 0.0  # zeros are no ties
    assert float(goodness_of_fit(KEY, normal, x, num_simulations=99).tied) > 0.2


def test_data_off_the_support_are_a_misfit_and_mistakes_are_named():
    x = np.array([0.5, 1.0, 2.5], DTYPE)
    outside = goodness_of_fit(KEY, beta, x, params={"a": 2.0, "b": 2.0}, num_simulations=9)
    assert float(outside.p_value) == pytest.approx(0.1)
    with pytest.raises(ValueError, match=r"^`statistic` must be one of anderson_darling"):
        goodness_of_fit(KEY, normal, x, statistic="lilliefors")
    with pytest.raises(ValueError, match=r"^`num_simulations` must be an integer of at least 1; got 0"):
        goodness_of_fit(KEY, normal, x, num_simulations=0)
    with pytest.raises(ValueError, match=r"^`data` must not be missing; got nan at row 1"):
        goodness_of_fit(KEY, normal, [0.0, np.nan, 1.0])


def test_a_band_holds_all_points_of_a_right_family_as_often_as_it_says():
    inside = []
    for i in range(40):
        x = RNG.normal(5.0, 3.0, 60).astype(DTYPE)
        plot = qq_points(jax.random.fold_in(KEY, i), normal, x, num_simulations=199, level=0.8)
        holds = bool(((plot.lower <= plot.sample) & (plot.sample <= plot.upper)).all())
        assert holds == (float(plot.p_value) > 0.2 - 0.01) or abs(float(plot.p_value) - 0.2) < 0.02
        inside.append(holds)
    assert abs(np.mean(inside) - 0.8) < 5 * (0.16 / 40) ** 0.5


def test_the_plot_unmasks_what_is_not_normal():
    x = lognormal.sample(jax.random.key(5), 0.0, 1.0, shape=(60,))
    plot = qq_points(KEY, normal, x, num_simulations=199, level=0.8)
    assert float(plot.p_value) == pytest.approx(1 / 200)
    np.testing.assert_array_equal(plot.sample, np.sort(x))
    assert (np.diff(plot.theoretical) > 0).all()
    pp = pp_points(KEY, normal, x, num_simulations=199, level=0.8)
    assert ((pp.sample >= 0) & (pp.sample <= 1)).all()
    many = qq_points(KEY, normal, RNG.normal(size=2000).astype(DTYPE), num_simulations=20, max_points=50)
    assert many.sample.shape == (50,)
    with pytest.raises(ValueError, match=r"^`data` must have one axis; got shape \(2, 2\)"):
        qq_points(KEY, normal, np.ones((2, 2)))


def test_residuals_are_standard_normal_if_the_law_is_right():
    for family, params in (
        (gamma, {"concentration": 2.0, "rate": 3.0}),
        (poisson, {"rate": 1.5}),
        (mixed.hurdle_lognormal, mixed.hurdle_lognormal.example_params),
    ):
        law = getattr(family, "family", family)
        x = law.sample(jax.random.key(6), **params, shape=(3000,))
        z = np.asarray(quantile_residuals(KEY, family, x, params), float)
        assert np.isfinite(z).all()
        assert stats.kstest(z, "norm").pvalue > 1e-5, law.name


def test_the_farthest_value_is_judged_against_so_many():
    x = np.append(RNG.normal(size=99), 6.0).astype(DTYPE)
    check = tail_check(normal, x, {"loc": 0.0, "scale": 1.0})
    assert (float(check.farthest), int(check.place)) == (6.0, 99)
    assert float(check.p_value) == pytest.approx(-np.expm1(100 * np.log1p(-2 * stats.norm.sf(6.0))), rel=1e-3)
    lanes = tail_check(normal, np.stack([x, x / 6]), {"loc": np.zeros(2), "scale": np.ones(2)})
    assert float(lanes.p_value[1]) > 0.3


def test_amounts_get_a_ranking_with_reasons():
    x = np.asarray(gamma.sample(jax.random.key(8), 3.0, 1.0, shape=(300,)))
    got = recommend(x, [gamma, normal, exponential, beta], num_simulations=99)
    assert got.best == "gamma"
    assert got.excluded["beta"].startswith("takes no value above 1; got")
    assert sum(c.weight for c in got.candidates) == pytest.approx(1.0)
    assert [c.aicc for c in got.candidates] == sorted(c.aicc for c in got.candidates)
    assert "Of 3 families gamma describes these 300 values best" in got.sentence
    negative = recommend(np.append(x, -0.5), [gamma, normal], num_simulations=19)
    assert negative.excluded["gamma"] == "takes no value below 0; got -0.5 at row 300"


def test_counts_with_too_many_zeros_and_amounts_that_are_often_zero():
    counts = np.where(RNG.uniform(size=400) < 0.4, 0, RNG.poisson(4.0, 400))
    got = recommend(counts, [poisson, mixed.zero_inflated_poisson], num_simulations=99)
    assert got.best == "zero_inflated_poisson"
    plain = next(c for c in got.candidates if c.name == "poisson")
    assert any(reason.startswith("counts vary more than a Poisson's") for reason in plain.failed)
    amounts = np.where(RNG.uniform(size=200) < 0.4, 0.0, RNG.lognormal(1.0, 0.5, 200))
    got = recommend(amounts, [mixed.hurdle_lognormal, lognormal, normal], num_simulations=99)
    assert got.best == "hurdle_lognormal"
    assert got.excluded["lognormal"].startswith("takes no value of 0; got one at row")
    assert got.excluded["normal"].startswith("gives 0 no mass, and")


def test_a_bad_best_is_called_bad():
    x = np.asarray(cauchy.sample(jax.random.key(9), 0.0, 1.0, shape=(150,)))
    got = recommend(x, [normal, exponential], num_simulations=99)
    assert got.best == "normal"
    assert "exponential" in got.excluded
    assert "is too far out" in got.sentence
    whole = recommend(np.round(RNG.normal(50.0, 5.0, 300)), [normal], num_simulations=99)
    assert "are tied" in whole.sentence
    none = recommend([-1.0, -2.0, -3.0], [exponential])
    assert none.best is None
    for bad, says in (
        ([1.0, 2.0], "must be one axis of at least three"),
        ([1.0, np.inf, 2.0], "must be finite; got inf"),
    ):
        with pytest.raises(ValueError, match=f"^`data` {says}"):
            recommend(bad)
