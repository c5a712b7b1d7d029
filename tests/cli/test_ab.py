"""The A/B answer: numbers against the library and by hand, warnings, files, and what is refused."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from jprob.cli import ab_engine, main

COUNTS = "variant,trials,successes\n"


@pytest.fixture
def ask(capsys):
    """Run a command that must answer: its stdout and stderr."""

    def run(*argv):
        code = main(list(map(str, argv)))
        out, err = capsys.readouterr()
        assert code == 0, err
        return out, err

    return run


@pytest.fixture
def ask_json(ask):
    return lambda *argv: json.loads(ask(*argv, "--json")[0])


@pytest.fixture
def refused(capsys):
    """Run a command that must refuse: its one sentence."""

    def run(*argv):
        assert main(list(map(str, argv))) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("jprob: ")
        assert err.count("\n") == 1
        assert "\x1b" not in err
        return err

    return run


def test_sixteen_of_twenty_one(csv_file, ask_json):
    found = ask_json("ab", csv_file(f"{COUNTS}A,10,1\nB,10,0\n"))
    assert [arm["prob_best"] for arm in found["arms"]] == pytest.approx([16 / 21, 5 / 21], abs=1e-12)
    assert [arm["rate"] for arm in found["arms"]] == pytest.approx([2 / 12, 1 / 12])
    assert [arm["name"] for arm in found["arms"]] == ["A", "B"]
    assert found["columns"] == {"variant": "variant", "successes": "successes", "trials": "trials"}


def test_visitors_and_counts_answer_the_same(csv_file, ask_json):
    counts = ask_json("ab", csv_file(f"{COUNTS}A,20,8\nB,30,18\n"))
    rows = "A,1\n" * 8 + "B,true\n" * 18 + "A,0\n" * 12 + "B,false\n" * 12
    visitors = ask_json("ab", csv_file(f"variant,converted\n{rows}"))
    assert visitors["arms"] == counts["arms"]


def test_control_only_changes_the_reference(csv_file, ask_json):
    path = csv_file(f"{COUNTS}A,20,8\nB,30,18\n")
    first, second = ask_json("ab", path, "--control", "A"), ask_json("ab", path, "--control", "B")
    for one, other in zip(first["arms"], second["arms"], strict=True):
        assert one["name"] == other["name"]
        assert one["prob_best"] == pytest.approx(other["prob_best"], abs=1e-12)
        assert one["rate_interval"] == pytest.approx(other["rate_interval"])
    assert first["arms"][0]["lift"] == second["arms"][1]["lift"] == 0.0
    assert 1 + second["arms"][0]["lift"] == pytest.approx(1 / (1 + first["arms"][1]["lift"]))


@pytest.mark.parametrize(
    ("names", "control", "why"),
    [
        ("B,A", "A", "by its name"),
        ("new,Control", "Control", "by its name"),
        ("x,y", "x", "the first in the file"),
        ("A,baseline", "baseline", "by its name"),
    ],
)
def test_control_is_guessed_and_said(csv_file, ask, names, control, why):
    rows = "".join(f"{name},20,8\n" for name in names.split(","))
    _, err = ask("ab", csv_file(COUNTS + rows))
    assert f"note: control is `{control}`, {why}" in err


def test_text_tells_arms_apart_and_claims_no_certainty(csv_file, ask):
    out, _ = ask("ab", csv_file(f"{COUNTS}A,1000000,100000\nB,1000000,103000\n"))
    assert "0.1000" in out
    assert "0.1030" in out
    assert ">0.9999" in out
    assert "1.0000" not in out
    assert "`B` is best with probability >0.9999." in out


def test_equal_arms_are_not_told_apart(csv_file, ask):
    out, _ = ask("ab", csv_file(f"{COUNTS}A,20,8\nB,20,8\n"))
    assert "Nothing tells `A` and `B` apart." in out


def test_rope(csv_file, ask, ask_json):
    path = csv_file(f"{COUNTS}A,20,8\nB,20,8\n")
    out, _ = ask("ab", path, "--rope", "0.1")
    assert "That change lies in [-10 %, +10 %], where it makes no difference, with probability 0." in out
    wide = ask_json("ab", path, "--rope=-0.999999,1e9")
    assert wide["arms"][1]["rope_mass"] == pytest.approx(1.0, abs=1e-5)
    assert "rope_mass" not in ask_json("ab", path)["arms"][1]


@pytest.mark.parametrize(
    ("rows", "title", "sentence"),
    [
        ("A,1000,100\nB,1200,130\n", "sample-ratio mismatch", "trials split 1000 : 1200"),
        ("A,0,0\nB,40,20\n", "zero trials", "`A` without trials"),
        ("A,20,2\nB,20,18\n", "tiny counts", "`A` and `B` with fewer than 5 successes or failures"),
    ],
)
def test_unsound_data_are_warned_of(csv_file, ask, ask_json, rows, title, sentence):
    path = csv_file(COUNTS + rows)
    out, err = ask("ab", path)
    assert f"warning: {sentence}" in err
    assert f"Read this with care: {title}" in out or f", {title}" in out
    assert any(warning.startswith(sentence) for warning in ask_json("ab", path)["warnings"])


def test_sound_data_are_not(csv_file, ask):
    out, err = ask("ab", csv_file(f"{COUNTS}A,1000,100\nB,1010,130\n"))
    assert "warning" not in err
    assert "care" not in out


def test_large_counts_are_exact(csv_file, ask_json):
    large = 2**53
    found = ask_json("ab", csv_file(f"{COUNTS}A,{large},{large // 2}\nB,{2**31 + 1},{2**31}\n"))
    assert [arm["trials"] for arm in found["arms"]] == [large, 2**31 + 1]
    assert found["arms"][1]["rate"] == pytest.approx((2**31 + 1) / (2**31 + 3), rel=1e-15)
    assert found["arms"][1]["prob_best"] == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["NA", "007", "=1+1", "<script>", "$x_$", "\x1b[31mred", "变体"])
def test_names_reach_json_verbatim_and_text_escaped(csv_file, ask, ask_json, name):
    path = csv_file(f'variant,trials,successes\n"{name}",20,8\nB,20,8\n')
    assert ask_json("ab", path)["arms"][0]["name"] == name
    out, err = ask("ab", path)
    assert "\x1b" not in out + err
    assert name.replace("\x1b", "\\x1b") in out


def test_both_engines_agree_and_the_draws_are_kept(csv_file, ask, ask_json, tmp_path):
    import xarray

    path, saved, drawn = (
        csv_file(f"{COUNTS}$x_$,500,210\n变\x1b,480,230\n"),
        tmp_path / "post.nc",
        tmp_path / "post.png",
    )
    found = ask_json("ab", path, "--engine", "both", "--seed", "3", "--save", saved, "--plot", drawn)
    sampled = found["sampled"]
    assert sampled["ok"]
    assert sampled["worst"]["p_value"] > 1e-3
    assert sampled["prob_best_gap"] < 0.05
    for exact, estimate in zip(found["arms"], sampled["arms"], strict=True):
        assert estimate["rate"] == pytest.approx(exact["rate"], abs=5e-3)
        assert estimate["lift_interval"] == pytest.approx(exact["lift_interval"], abs=0.05)
    with xarray.open_datatree(saved, engine="h5netcdf") as tree:
        assert tree["posterior"]["p"].dims == ("chain", "draw", "arm")
        assert tree["posterior"]["arm"].values.tolist() == ["$x_$", "变\x1b"]
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.csv", "post.nc", "post.png"]

    out, _ = ask("ab", path, "--engine", "nuts", "--seed", "3")
    assert "posterior sampled by NUTS" in out
    assert "The draws can be trusted." in out
    assert "r_hat" in out


def test_exact_posterior_can_be_saved(csv_file, ask, tmp_path):
    import xarray

    ask("ab", csv_file(f"{COUNTS}A,20,8\nB,20,9\n"), "--save", tmp_path / "post.nc")
    with xarray.open_datatree(tmp_path / "post.nc", engine="h5netcdf") as tree:
        assert float(tree["posterior"]["p"].sel(arm="B").mean()) == pytest.approx(10 / 22, abs=0.01)
        assert tree["observed_data"]["successes"].values.tolist() == [8, 9]


def test_precision_is_left_as_it_was(csv_file, ask, x64):
    ask("ab", csv_file(f"{COUNTS}A,20,8\nB,20,9\n"))
    assert bool(jax.config.jax_enable_x64) == x64
    assert jax.numpy.ones(()).dtype == (np.float64 if x64 else np.float32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--control", "C"], "`--control` must be one of `A` and `B`; got 'C'."),
        (["--control", "\x1b[31m"], r"got '\x1b[31m'."),
        (["--prior", "0,1"], "`--prior` must have positive a and b"),
        (["--level", "1"], "`--level` must lie strictly between 0 and 1; got '1'."),
        (["--rope", "0"], "`--rope` must be a positive half-width"),
        (["--seed", "-1"], "`--seed` must be a whole number"),
        (["--variant", "missing"], "expected a column 'missing' of variant"),
        (["--outcome", "x", "--trials", "y"], "must not come with"),
        (["--engine", "magic"], "invalid choice: 'magic'"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_bad_options_are_refused(csv_file, refused, options, message, form):
    assert message in refused("ab", csv_file(f"{COUNTS}A,20,8\nB,20,9\n"), *options, *form)


def test_the_data_are_never_overwritten(csv_file, refused):
    path = csv_file(f"{COUNTS}A,20,8\nB,20,9\n", "data.nc")
    assert "`--save` must not name the data" in refused("ab", path, "--save", path)
    assert "A,20,8" in Path(path).read_text()


def test_files_that_cannot_be_written_leave_nothing_behind(csv_file, refused, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    path = csv_file(f"{COUNTS}A,20,8\nB,20,9\n")
    monkeypatch.setattr("jprob.cli.machine.os.replace", full)
    assert "cannot be written: No space left on device" in refused("ab", path, "--save", tmp_path / "post.nc")
    assert [p.name for p in tmp_path.iterdir()] == ["data.csv"]


def test_interruption_is_quiet(csv_file, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ab_engine, "answer", interrupt)
    assert main(["ab", csv_file(f"{COUNTS}A,20,8\nB,20,9\n")]) == 130
    assert capsys.readouterr() == ("", "jprob: interrupted.\n")
