"""From a table to arms: guesses, exact counts, and every cell that is refused."""

import random

import pytest

from jprob.cli import arms
from jprob.cli.arms import load
from jprob.cli.console import BadInput

HEADER = "variant,trials,successes\n"


def refusal(path, **columns):
    with pytest.raises(BadInput) as caught:
        load(path, **columns)
    message = str(caught.value)
    assert message.startswith(path)
    assert "\n" not in message
    assert "\x1b" not in message
    return message.removeprefix(path)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("variant,trials,successes\nx,9,3\ny,9,4\n", ("variant", "successes", "trials", None)),
        ("Test Group,Conversions,Visitors\nx,3,9\ny,4,9\n", ("Test Group", "Conversions", "Visitors", None)),
        ("users,converted,day,version\n9,3,mon,x\n9,4,mon,y\n", ("version", "converted", "users", None)),
        ("visitor,group,converted\n1,x,1\n2,y,0\n", ("group", None, None, "converted")),
        ("test-group,retention_1\nx,True\ny,FALSE\n", ("test-group", None, None, "retention_1")),
    ],
)
def test_obvious_columns_are_guessed_and_said(csv_file, text, columns):
    found = load(csv_file(text))
    assert found.columns[:4] == columns
    assert found.names == ["x", "y"]
    assert all(repr(name) in found.notes[0] for name in columns if name)


def test_named_columns_are_taken_without_a_note(csv_file):
    path = csv_file("who,won,of,clicks\nx,3,9,1\ny,4,9,1\n")
    found = load(path, variant="who", successes=" won ", trials="of")
    assert (found.successes, found.trials, found.notes) == ([3, 4], [9, 9], [])


def test_other_separators_are_said(csv_file):
    assert "semicolons" in load(csv_file("arm;n;clicks\na;9;3\nb;9;3\n")).notes[0]


@pytest.mark.parametrize(
    ("header", "columns", "message"),
    [
        ("a,b,c", {}, "row 1: expected one obvious column of variant (or `--variant`); got 'a', 'b', 'c'."),
        ("arm,b,c", {}, "expected columns for successes and trials, or for an outcome"),
        ("arm,n,c", {}, "expected one obvious column of successes"),
        ("arm,clicks,orders,n", {}, "got 'clicks', 'orders', which could all be meant"),
        ("arm,retention_1,retention_7", {}, "got 'retention_1', 'retention_7', which could all be meant"),
        ("arm,group,n,clicks", {}, "got 'arm', 'group', which could all be meant"),
        ("arm,arm,n,clicks", {}, "expected one column 'arm'; got 2 of that name"),
        ("arm,arm ,n,clicks", {}, "expected one column 'arm'; got 2 of that name"),
        ("arm,n,clicks", {"successes": "won"}, "expected a column 'won' of successes; got 'arm', 'n', 'clicks'"),
        ("arm,n,clicks", {"variant": "\x1b[31m"}, r"expected a column '\x1b[31m' of variant"),
        ("arm,n,clicks", {"successes": "n"}, "expected two columns for successes and trials; got 'n' twice"),
        ("arm,n,clicks", {"outcome": "arm"}, "expected two columns for variant and outcome; got 'arm' twice"),
    ],
)
def test_columns_that_are_not_clear_are_refused(csv_file, header, columns, message):
    row = ",".join("1" for _ in header.split(","))
    assert message in refusal(csv_file(f"{header}\n{row}\n"), **columns)


def test_outcome_excludes_counts(csv_file):
    with pytest.raises(BadInput, match=r"`--outcome` .* must not come with"):
        load(csv_file(HEADER), outcome="x", trials="trials")


@pytest.mark.parametrize(
    "name",
    ["NA", "NaN", "null", "None", "007", "1e5", "=1+1", "<script>", "\x1b[31mred", "a\nb", "变体", "O'Neill", '"'],
)
@pytest.mark.parametrize("layout", ["aggregated", "visitors"])
def test_names_come_through_verbatim(csv_file, name, layout):
    cell = '"' + name.replace('"', '""') + '"'
    text = f"{HEADER}{cell},9,3\nB,9,3\n" if layout == "aggregated" else f"variant,converted\n{cell},1\nB,0\n"
    assert load(csv_file(text)).names == [name, "B"]


def test_names_and_counts_are_stripped(csv_file):
    found = load(csv_file("variant, trials, successes\n A , 9 ,3\nB,9, 4\n"))
    assert (found.names, found.successes, found.trials) == (["A", "B"], [3, 4], [9, 9])


@pytest.mark.parametrize("large", [2**31, 2**31 + 1, 2**32 + 1, 2**53 - 1, 2**53])
def test_large_counts_are_exact(csv_file, large):
    found = load(csv_file(f"{HEADER}A,{large},{large - 1}\nB,{large}.0,00\n"))
    assert (found.successes, found.trials) == ([large - 1, 0], [large, large])


@pytest.mark.parametrize(
    "cell",
    ["-3", "3.5", "nan", "NaN", "NA", "inf", "-inf", "1e5", "1,000", "1.000", "１２", "+5", "1_0", "0x1", "3 4", "²"],
)
@pytest.mark.parametrize("column", ["trials", "successes"])
def test_what_is_no_count_is_refused(csv_file, cell, column):
    cells = {"trials": "9", "successes": "3"} | {column: f'"{cell}"'}
    message = refusal(csv_file(f"{HEADER}A,9,3\nB,{cells['trials']},{cells['successes']}\n"))
    expected = f", row 3, column {column!r}: expected a whole number of at least 0 in plain digits; got {cell!r}."
    assert message == expected


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("B,,3", "column 'trials': expected a whole number of at least 0 in plain digits; got an empty cell."),
        ("B,9, ", "column 'successes': expected a whole number of at least 0 in plain digits; got an empty cell."),
        (" ,9,3", "column 'variant': expected the name of a variant; got an empty cell."),
        ("B,9,11", "column 'successes': expected at most the 9 of 'trials'; got '11'."),
        (f"B,{2**53 + 1},3", "column 'trials': expected a count of at most 2**53"),
        (f"B,{'9' * 5000},3", "column 'trials': expected a count of at most 2**53"),
        ("A,9,3", "column 'variant': expected one row for each variant"),
        (" A ,9,3", "column 'variant': expected one row for each variant"),
        (f"{'x' * 201},9,3", "column 'variant': expected a name of at most 200 characters"),
        ("B,9,3,1", "expected 3 cells as in the header; got 4"),
    ],
    ids=range(10),
)
def test_bad_rows_are_refused_with_their_place(csv_file, row, message):
    assert refusal(csv_file(f"{HEADER}A,9,3\n{row}\n")).startswith((f", row 3, {message}", f", row 3: {message}"))


def test_headers_alone_and_single_variants_are_refused(csv_file):
    assert "expected rows below the header; got none" in refusal(csv_file(HEADER))
    assert "at least two variants to compare; got only 'A'" in refusal(csv_file(f"{HEADER}A,9,3\n"))
    assert "at least two variants to compare; got only 'A'" in refusal(csv_file("variant,converted\nA,1\nA,0\n"))


def test_visitors_are_counted(csv_file):
    draw = random.Random(1)
    rows = [(draw.choice("xyz"), draw.choice(["0", "1", "true", "False", " 1", "0.0"])) for _ in range(1000)]
    found = load(csv_file("who,variant,converted\n" + "".join(f"me,{arm},{won}\n" for arm, won in rows)))
    wins = [(arm, won.strip().lower() in ("1", "true")) for arm, won in rows]
    assert found.names == list(dict.fromkeys(arm for arm, _ in rows))
    assert found.trials == [sum(arm == name for arm, _ in wins) for name in found.names]
    assert found.successes == [sum(won for arm, won in wins if arm == name) for name in found.names]


@pytest.mark.parametrize("cell", ["2", "-1", "yes", "", "nan", "0.5", "1e0", "１"])
def test_what_is_no_outcome_is_refused(csv_file, cell):
    message = refusal(csv_file(f"variant,converted\nA,1\nB,0\nA,{cell}\n"))
    got = repr(cell) if cell else "an empty cell"
    assert message == f", row 4, column 'converted': expected 0 or 1 (or true or false); got {got}."


def test_variants_that_differ_in_spaces_only_are_refused(csv_file):
    message = refusal(csv_file("variant,converted\nA,1\nB,0\n A,1\n"))
    assert (
        message
        == ", row 4, column 'variant': expected variants that differ in more than spaces (one is 'A'); got ' A'."
    )


def test_a_column_of_identifiers_is_not_one_of_variants(csv_file, monkeypatch):
    monkeypatch.setattr(arms, "MOST_ARMS", 3)
    full = "variant,converted\n" + "".join(f"{name},1\n{name},0\n" for name in "abc")
    assert load(csv_file(full)).trials == [2, 2, 2]
    assert "row 8, column 'variant': expected at most 3 different variants; got 'd'" in refusal(
        csv_file(f"{full}d,1\n")
    )
