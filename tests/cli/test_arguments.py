"""What may be typed: every refusal is one sentence that names the argument, and comes before any work."""

import os

import pytest

from jprob.cli.arguments import Parser, add_analysis, add_output, argument_count, rope
from jprob.cli.console import BadInput


@pytest.fixture
def parser():
    parser = Parser(prog="test")
    add_analysis(parser)
    add_output(parser)
    return parser


def test_what_is_meant_is_understood(parser, tmp_path):
    args = parser.parse_args(["--prior", "0.5, 2e3", "--level=.9", "--seed", "7", "--save", str(tmp_path / "a.nc")])
    assert (args.prior, args.level, args.seed, args.engine) == ((0.5, 2000.0), 0.9, 7, "exact")
    assert args.save == (tmp_path / "a.nc").resolve()


def test_rope_is_a_width_or_two_ends():
    assert rope("0.01") == (-0.01, 0.01)
    assert rope("-0.02,0.01") == (-0.02, 0.01)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "x", "1,0", "1,1", "1,nan", "1,2,3", ""])
def test_bad_ropes(text):
    with pytest.raises(BadInput, match="`--rope` must"):
        rope(text)


@pytest.mark.parametrize(
    ("option", "texts"),
    [
        ("--prior", ["0,1", "1,0", "-1,2", "nan,1", "1,inf", "1", "1,2,3", "a,b", "", "1;2"]),
        ("--level", ["0", "1", "-0.5", "95", "nan", "inf", "95%", ""]),
        ("--seed", ["-1", "1.5", "abc", "", str(2**63), "9" * 5000, "１", "1_0"]),
        ("--plot", ["figure", "figure.exe", "/nowhere/at/all.png"]),
        ("--save", ["/nowhere/at/all.nc", "/", "/dev/null", ""]),
    ],
)
def test_bad_options_are_refused_by_name(parser, option, texts):
    for text in texts:
        with pytest.raises(BadInput, match=f"^`{option}` must") as refusal:
            parser.parse_args([f"{option}={text}"])
        assert "\n" not in str(refusal.value)


def test_folders_that_cannot_be_written_are_refused(parser, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(BadInput, match="a folder that can be written"):
        parser.parse_args(["--save", str(tmp_path / "a.nc")])


@pytest.mark.parametrize("argv", [["--nonsense"], ["--engine", "fast"], ["--level"], ["--lev", ".9"], ["stray"]])
def test_usage_errors_are_sentences(parser, argv):
    with pytest.raises(BadInput, match=r"test --help` shows what may be written"):
        parser.parse_args(argv)


@pytest.mark.parametrize("text", ["-1", "1.5", "1e5", "1,000", "nan", "", "１２", str(2**53 + 1)])
def test_bad_counts_are_refused_by_name(text):
    with pytest.raises(BadInput, match="`TRIALS` must be"):
        argument_count("TRIALS")(text)
    assert argument_count("TRIALS")(str(2**53)) == 2**53
