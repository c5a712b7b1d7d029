"""The coin against the worked example, and at its edges."""

import json

import pytest

from jprob.cli import main


@pytest.fixture
def ask_json(capsys):
    def run(*argv):
        assert main(["coin", *map(str, argv), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_eight_heads_in_ten(ask_json, capsys):
    found = ask_json(8, 10, "--prior", "2,2")
    assert found["posterior"] == {"a": 10.0, "b": 4.0}
    assert found["mean"] == found["prob_next_success"] == pytest.approx(5 / 7)
    assert found["mode"] == pytest.approx(9 / 12)
    assert found["interval"] == pytest.approx([0.46187, 0.90908], abs=1e-5)
    assert found["log_evidence"] == pytest.approx(-2.36015, abs=1e-5)
    assert found["hdi"][1] - found["hdi"][0] < found["interval"][1] - found["interval"][0]
    assert main(["coin", "8", "10", "--prior", "2,2"]) == 0
    assert "0.7143" in capsys.readouterr().out


def test_bayes_factor_by_hand(ask_json):
    import math

    assert ask_json(10, 10)["log_bayes_factor"] == pytest.approx(math.log(2**10 / 11))


def test_no_trials_give_the_prior_and_a_warning(ask_json, capsys):
    found = ask_json(0, 0)
    assert found["posterior"] == {"a": 1.0, "b": 1.0}
    assert found["mode"] is None
    assert found["warnings"] == ["without trials, what is said is the prior's alone."]
    assert main(["coin", "0", "0"]) == 0
    assert "no single peak" in capsys.readouterr().out


def test_a_few_biases_that_it_may_have(ask_json, capsys):
    found = ask_json(8, 10, "--hypotheses", ".5:.8,.7:.2")["hypotheses"]
    assert [row["bias"] for row in found["rows"]] == [0.5, 0.7]
    assert found["rows"][1]["posterior"] == pytest.approx(0.5705, abs=5e-5)
    assert main(["coin", "8", "10", "--hypotheses", ".5,.7"]) == 0
    assert "p = 0.7        0.5  0.8416" in capsys.readouterr().out


def test_a_density_that_is_highest_at_both_ends_has_two_pieces(ask_json, capsys):
    found = ask_json(0, 0, "--prior", "0.5,0.5", "--level", "0.5")
    assert found["mode"] is None
    (low, first), (second, high) = found["hdi_pieces"]
    assert (low, high) == (0.0, 1.0)
    assert first == pytest.approx(0.146447, abs=1e-6)
    assert second == pytest.approx(0.853553, abs=1e-6)
    assert main(["coin", "0", "0", "--prior", "0.5,0.5"]) == 0
    assert "two pieces" in capsys.readouterr().out


def test_large_counts_do_not_wrap(ask_json):
    found = ask_json(2**31 + 1, 2**32 + 2)
    assert (found["successes"], found["posterior"]["a"]) == (2**31 + 1, 2**31 + 2)
    assert found["mean"] == pytest.approx(0.5, rel=1e-15)


def test_nuts_is_held_against_the_exact_posterior(capsys, tmp_path):
    argv = ["coin", "8", "10", "--engine", "both", "--save", str(tmp_path / "a.nc"), "--plot", str(tmp_path / "a.svg")]
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "highest density" in out
    assert "The draws can be trusted. Largest gap to the exact distribution function" in out
    assert (tmp_path / "a.nc").read_bytes().startswith(b"\x89HDF")
    assert "<svg" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["11", "10"], "`SUCCESSES` must be at most `TRIALS`; got 11 > 10."),
        (["-1", "10"], "`SUCCESSES` must be a whole number of at least 0 in plain digits; got '-1'."),
        (["1.5", "10"], "`SUCCESSES` must be a whole number"),
        (["1", "nan"], "`TRIALS` must be a whole number"),
        (["1", "inf"], "`TRIALS` must be a whole number"),
        (["1", str(2**53 + 1)], "`TRIALS` must be a count of at most 2**53"),
        (["1", "10", "--prior", "0,0"], "`--prior` must have positive a and b"),
        (["8", "10", "--hypotheses", ".5:.8,.7:.3"], "`--hypotheses` must have priors that sum to one; got 1.1."),
        (["8", "10", "--hypotheses", "0:.5,1:.5"], "`--hypotheses` must hold one that allows 8 of 10; got none"),
        (["8", "10", "--hypotheses", ".5:.5,1.7:.5"], "`--hypotheses` must be probabilities from 0 to 1"),
        (["8", "10", "--hypotheses", ".5:.5,.7"], "`--hypotheses` must be biases and their priors"),
        (["8", "10", "--hypotheses", ".5,.5"], "`--hypotheses` must be different biases"),
        (["8", "10", "--hypotheses", "a"], "`--hypotheses` must be made of finite numbers; got 'a'."),
        (["1", "10", "--save", "/nowhere/a.nc"], "`--save` must lie in an existing folder"),
    ],
)
def test_bad_input_is_one_sentence(capsys, argv, message):
    assert main(["coin", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_an_interrupted_sampler_answers_with_what_it_has(capsys, monkeypatch):
    import jax

    from jprob.cli import posterior

    sample = posterior.by_nuts
    monkeypatch.setattr(
        posterior, "by_nuts", lambda *args: jax.tree.map(lambda x: x[:, :400] if x.ndim > 1 else x, sample(*args))
    )
    assert main(["coin", "8", "10", "--engine", "nuts", "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    assert found["sampled"]["num_samples"] == 400
    assert any("interrupted after 400 draws of each chain" in warning for warning in found["warnings"])
    assert found["mean"] == pytest.approx(0.75)
