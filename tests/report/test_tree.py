"""Any posterior as one tree: groups, labels, and the way to a file and back."""

import arviz as az
import jax
import numpy as np
import pytest
import xarray

from jprob import ab, bayes, report
from jprob.bayes import Draws, models
from tests.bayes.cases import FULL

GROUPS = {"posterior", "sample_stats", "observed_data", "constant_data", "log_likelihood", "log_prior"}
GROUPS |= {"posterior_predictive", "prior", "prior_predictive"}


@pytest.fixture(scope="module")
def sampled():
    return bayes.nuts(jax.random.key(0), models.beta_bernoulli, [8, 3, 40, 0], [10, 12, 100, 7], **FULL)


@pytest.fixture(scope="module")
def analysed():
    return ab.analyze([20034, 20119], [44700, 45489])


def test_a_sampled_posterior_has_every_group(sampled):
    tree = report.to_datatree(sampled, coords={"arm": list("abcd")})
    assert set(tree.children) == GROUPS
    assert tree["posterior"]["p"].dims == ("chain", "draw", "arm")
    assert tree["observed_data"]["successes"].sel(arm="b").item() == 3
    assert {"diverging", "energy", "lp", "n_steps", "acceptance_rate", "tree_depth", "step_size"} == set(
        tree["sample_stats"]
    )
    np.testing.assert_array_equal(tree["posterior"]["p"], sampled.samples["p"])
    assert "chain" not in tree["constant_data"]["prior"].dims


def test_arviz_accepts_the_tree(key):
    tree = report.to_datatree(bayes.nuts(key, models.coin_bias, flips=[1, 0, 1, 1, 0], **FULL))
    assert float(az.ess(tree)["p"]) > 400
    assert az.loo(tree).n_data_points == 5  # padding is no data


def test_an_experiment_becomes_independent_draws(analysed):
    tree = report.to_datatree(analysed, coords={"arm": ["gate_30", "gate_40"]}, num_draws=2000)
    assert "sample_stats" not in tree.children
    assert dict(tree["posterior"].sizes) == {"chain": 1, "draw": 2000, "arm": 2}
    mean, error = tree["posterior"]["p"].mean(("chain", "draw")), tree["posterior"]["p"].std() / 2000**0.5
    assert (abs(mean - np.asarray(analysed.rate)) < 5 * error).all()
    assert tree["observed_data"]["successes"].sel(arm="gate_30").item() == 20034
    assert {"prior", "prior_predictive", "posterior_predictive", "log_likelihood"} <= set(tree.children)


def test_keys_are_explicit(analysed):
    one, same, other = (report.to_datatree(analysed, key=k) for k in (None, jax.random.key(0), jax.random.key(1)))
    assert one["posterior"].equals(same["posterior"])
    assert not one["posterior"].equals(other["posterior"])


def test_shapes_of_a_beta_are_a_posterior():
    tree = report.to_datatree((10.0, 4.0), num_draws=4000)
    assert float(tree["posterior"]["p"].mean()) == pytest.approx(10 / 14, abs=5 * 0.12 / 4000**0.5)
    assert report.to_datatree(tree) is tree


def test_named_dimensions(sampled):
    tree = report.to_datatree(sampled, coords={"who": list("abcd")}, dims={"p": ["who"]})
    assert tree["posterior"]["p"].dims[-1] == "who"
    assert tree["posterior"]["logit_p"].dims[-1] != "who"


@pytest.mark.parametrize("which", ["sampled", "analysed"])
def test_a_file_holds_all_of_it(which, request, tmp_path):
    tree = report.to_datatree(request.getfixturevalue(which))
    tree.to_netcdf(tmp_path / "posterior.nc")
    back = xarray.open_datatree(tmp_path / "posterior.nc")
    assert set(back.children) == set(tree.children)
    for group in tree.children:
        xarray.testing.assert_identical(back[group].to_dataset().load(), tree[group].to_dataset())
    back.close()


@pytest.mark.parametrize("bad", [None, 3, Draws], ids=str)
def test_what_is_no_posterior_is_refused(bad):
    with pytest.raises(ValueError, match="`result` must be draws, an ABResult, Beta shapes"):
        report.to_datatree(bad)
