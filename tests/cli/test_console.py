"""What reaches a terminal: escaped, finite, and quiet when nobody reads."""

import io
import json
import sys

import pytest

from jprob.cli import console
from jprob.cli.console import Answer, BadInput, Caution, finite, printable, quoted, show


@pytest.mark.parametrize("text", ["\x1b[31m", "\x9b31m", "\r", "\n", "\0", "\u202e", "\u2028", "\x7f", "\udce9"])
def test_nothing_printable_steers_a_terminal(text):
    assert printable(text).isascii()
    assert printable(text).startswith("\\")
    assert quoted(text).isascii()


def test_ordinary_text_is_left_alone():
    text = "naïve 变体 <b> =1+1 'x' 100 % 🎉"
    assert printable(text) == text


def test_long_values_are_cut():
    assert quoted("x" * 1000) == repr("x" * 40 + "...")


def test_json_has_neither_nan_nor_infinity():
    assert finite({"a": [float("nan"), (1.0, float("inf"))], "b": True}) == {"a": [None, [1.0, None]], "b": True}


def test_json_is_ascii_and_says_what_stderr_says(capsys):
    show(Answer("text", {"name": "变\x1b"}, ["assumed"], [Caution("title", "unsound")]), as_json=True)
    out, err = capsys.readouterr()
    assert out.isascii()
    assert "\x1b" not in out
    assert json.loads(out) == {"name": "变\x1b", "notes": ["assumed"], "warnings": ["unsound"]}
    assert err == "note: assumed\nwarning: unsound\n"


def test_what_an_encoding_lacks_is_escaped(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    show(Answer("变", {}, [], []), as_json=False)
    assert stream.buffer.getvalue() == b"\\u53d8\n"


def test_closed_streams_are_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    show(Answer("text", {}, ["note"], []), as_json=False)


def test_a_full_disk_behind_stdout_is_a_sentence(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(console, "print", full, raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with pytest.raises(BadInput, match="standard output cannot be written: No space left on device"):
        show(Answer("text", {}, [], []), as_json=False)
