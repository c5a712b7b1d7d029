"""Plots are drawn and saved."""

import jax
import pytest

from jprob import bayes, report
from jprob.bayes import models
from tests.bayes.cases import FULL


@pytest.mark.parametrize("draw", [report.plot.density, report.plot.forest, report.plot.trace], ids=lambda f: f.__name__)
def test_a_picture_is_saved(draw, tmp_path):
    draws = bayes.nuts(jax.random.key(0), models.beta_bernoulli, [8, 3, 40, 0], [10, 12, 100, 7], **FULL)
    figure = draw(draws, var_names=["p"], coords={"arm": list("abcd")})
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5000
