"""Tables: 95 %, unrounded, and text that tells arms apart."""

import re

import jax
import numpy as np
import pandas as pd
import pytest
import scipy.stats

from jprob import ab, bayes, report
from jprob.bayes import diagnostics, models
from tests.bayes.cases import FULL

STATS = ["mean", "sd", "eti95_lb", "eti95_ub"]


def test_chains_are_summarised_with_their_diagnostics():
    draws = bayes.nuts(jax.random.key(0), models.coin_bias, 8, 10, prior=(2.0, 2.0), **FULL)
    table = report.summary(draws, var_names="p")
    assert list(table.columns) == [*STATS, "ess_bulk", "ess_tail", "r_hat", "mcse_mean", "mcse_sd"]
    row = table.loc["p"]
    lower, upper = scipy.stats.beta(10, 4).interval(0.95)
    assert row["mean"] == pytest.approx(10 / 14, abs=0.02)
    assert (row["eti95_lb"], row["eti95_ub"]) == pytest.approx((lower, upper), abs=0.03)
    assert row["r_hat"] == pytest.approx(float(diagnostics.rhat(draws.samples["p"])), abs=1e-4)
    assert (
        row["mean"] == float(np.asarray(draws.samples["p"]).mean(dtype=float)) or len(str(row["mean"])) > 6
    )  # not rounded


def test_exact_draws_have_no_chain_to_diagnose():
    table = report.summary(ab.analyze([20034, 20119], [44700, 45489]), coords={"arm": ["gate_30", "gate_40"]})
    assert list(table.columns) == STATS
    assert list(table.index) == ["p[gate_30]", "p[gate_40]"]
    assert table["mean"].tolist() == pytest.approx([0.44819, 0.44228], abs=2e-4)


def test_interval_and_kind_are_as_asked():
    table = report.summary((10.0, 4.0), ci_prob=0.5, ci_kind="hdi")
    assert list(table.columns)[2:] == ["hdi50_lb", "hdi50_ub"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ci_prob": 1.0}, "`ci_prob` must lie strictly between 0 and 1; got 1.0."),
        ({"ci_kind": "wide"}, '`ci_kind` must be "eti" or "hdi"; got \'wide\'.'),
    ],
)
def test_bad_options_are_refused(options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        report.summary((10.0, 4.0), **options)


def test_close_arms_read_differently():
    table = pd.DataFrame(
        {"mean": [0.448192, 0.448195], "sd": [0.002, 0.002], "ess_bulk": [1234.5, 1.0], "r_hat": [1.0096, 1.0]}
    )
    text = report.format_table(table)
    assert "0.4481920" in text
    assert "0.4481950" in text
    assert "1.0096" in text
    assert "1234" in text


def test_a_table_without_spread_still_prints():
    assert "0.5000" in report.format_table(pd.DataFrame({"mean": [0.5], "sd": [0.0]}))
