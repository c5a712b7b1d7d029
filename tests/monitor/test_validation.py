"""What cannot be right is found, counted and said; what may well be right is left in peace; nothing bad raises."""

import numpy as np
import pytest

from jprob import monitor
from jprob.monitor import validate

N = 1000


def rng(seed=0):
    return np.random.default_rng(seed)


def healthy(seed=0, n=N):
    """Columns of every kind that models are given, none of them wrong."""
    r = rng(seed)
    return r.uniform(size=n), {
        "income": r.lognormal(size=n),
        "age": r.integers(18, 90, n),
        "spent": np.where(r.uniform(size=n) < 0.9, 0.0, r.exponential(size=n)),  # mostly zero, by nature
        "rare": (r.uniform(size=n) < 0.002).astype(float),
        "day": np.arange(n) // 100,  # in blocks, by nature
        "city": r.choice(["Rome", "Oslo", "Lima"], n),
    }


def found(problems):
    return {(p.problem, p.where): p for p in problems}


def only(validation):
    assert not validation.ok
    assert len(validation.problems) == 1, validation.problems
    return validation.problems[0]


@pytest.mark.parametrize("n", [1, 2, 9, 30, 300, 3000])
def test_nothing_is_found_where_nothing_is_wrong(n):
    for seed in range(20):
        predictions, features = healthy(seed, n)
        assert validate(predictions, features, reference=healthy(seed + 100, 3000)[1]).ok
        if n < 3000:  # without a reference nobody knows that these may stand still for so long
            del features["rare"], features["day"], features["spent"]
        assert validate(predictions, features).ok
        p = rng(seed).dirichlet(np.ones(3), n)
        assert validate(p).ok
        assert validate(p.astype(np.float32)).ok
        assert validate(rng(seed).choice([0.1, 0.4, 0.9], n, p=[0.8, 0.15, 0.05])).ok  # a tree's few values


def _missing(x):
    x[[4, 8]] = np.nan
    return x


def _infinite(x):
    x[[4, 8]] = np.inf, -np.inf
    return x


def _stuck(x):
    x[400:430] = x[400]
    return x


def _zeros(x):
    x[800:] = 0.0
    return x


def _some_zeros(x):
    x[800:][rng(5).uniform(size=200) < 0.6] = 0.0
    return x


@pytest.mark.parametrize(
    ("spoil", "problem", "count", "first"),
    [
        (_missing, "missing", 2, (4, 8)),
        (_infinite, "infinite", 2, (4, 8)),
        (_stuck, "stuck", 30, (400, 401, 402, 403, 404)),
        (_zeros, "turned to zeros", 200, (800, 801, 802, 803, 804)),
        (_some_zeros, "turned to zeros", None, None),
        (lambda x: np.full(N, 7.0), "constant", N, (0, 1, 2, 3, 4)),
        (lambda x: np.where(np.arange(N) == 17, "oops", x.astype(str)), "not numbers", 1, (17,)),
    ],
)
def test_one_spoilt_column_is_named_with_its_rows(spoil, problem, count, first):
    predictions, features = healthy()
    features["income"] = spoil(features["income"])
    said = only(validate(predictions, features))
    assert (said.problem, said.where) == (problem, "income")
    if count is not None:
        assert (said.count, said.first_rows, said.share) == (count, first, count / N)
    assert said.says.startswith("`income`: ")
    assert said.says.endswith(".")
    assert all(row >= 780 for row in said.first_rows) or problem != "turned to zeros"
    if problem in ("missing", "infinite", "stuck", "turned to zeros", "constant"):  # of predictions, too
        scores = spoil(healthy()[0]) if problem != "constant" else np.full(N, 0.7)
        assert problem in {p.problem for p in validate(scores).problems}


def test_probabilities_out_of_range_and_of_a_wrong_sum():
    p = rng().dirichlet(np.ones(3), N)
    p[3] *= 1.2
    p[5] = [1.5, -0.5, 0.0]
    p[7, 1] = np.nan
    problems = found(validate(p).problems)
    assert {name for name, _ in problems} == {"do not sum to 1", "out of range", "missing"}
    assert problems["do not sum to 1", "predictions"].first_rows == (3,)
    assert "to 1.2" in problems["do not sum to 1", "predictions"].says
    assert problems["out of range", "predictions"].first_rows == (5,)
    assert problems["missing", "predictions"].first_rows == (7,)
    rounded = np.round(rng().dirichlet(np.ones(3), N), 3)
    assert not validate(rounded).ok
    assert validate(rounded, tolerance=2e-3).ok
    scores = rng().normal(size=(N, 3))
    assert validate(scores, low=None, high=None).ok
    assert only(validate(rng().uniform(size=N), low=0.1)).problem == "out of range"


def test_one_class_that_stands_still_is_named():
    p = rng().dirichlet(np.ones(3), N)
    p[:, 2] = 0.0
    p /= p.sum(1, keepdims=True)
    assert "of class 2 are all 0" in only(validate(p)).says


def test_categories_that_cannot_be():
    predictions, features = healthy()
    features["city"] = np.where(np.arange(N) % 100 == 3, "Rmoe", features["city"])
    allowed = {"city": ["Rome", "Oslo", "Lima"], "age": range(18, 90)}
    said = only(validate(predictions, features, categories=allowed))
    assert (said.problem, said.where, said.count, said.first_rows[:2]) == ("impossible category", "city", 10, (3, 103))
    assert "'Rmoe'" in said.says
    assert only(validate(predictions, features, reference=healthy(1)[1])) == said
    features["age"][5] = 200
    assert ("impossible category", "age") in found(validate(predictions, features, categories=allowed).problems)


def test_new_words_are_no_fault_where_most_words_are_new():
    ids = [f"user{i}" for i in range(2 * N)]
    assert validate(healthy()[0], {"id": ids[:N]}, reference={"id": ids[N:]}).ok


def test_a_reference_knows_what_is_usual():
    predictions, features = healthy()
    past = healthy(1)[1]
    for columns in (past, features):
        columns["income"] = np.where(rng(len(columns)).uniform(size=N) < 0.1, np.nan, columns["income"])
        columns["version"] = np.ones(N)
    assert validate(predictions, features, reference=past).ok
    assert {p.problem for p in validate(predictions, features).problems} == {"missing", "constant"}
    features["income"] = np.where(rng(3).uniform(size=N) < 0.5, np.nan, features["income"])
    features["spent"] = np.where(rng(4).uniform(size=N) < 0.7, 0.0, features["income"])
    features["age"] = np.where(rng(4).uniform(size=N) < 0.7, 0.0, features["age"])
    features["version"] = np.full(N, 2.0)
    del features["rare"]
    problems = found(validate(predictions, features, reference=past).problems)
    assert set(problems) >= {
        ("missing", "income"),
        ("turned to zeros", "age"),
        ("constant", "version"),
        ("missing column", "rare"),
    }
    assert ("turned to zeros", "spent") not in problems


def test_rows_that_came_twice():
    predictions, features = healthy()
    features = {name: np.concatenate([column, column[10:20]]) for name, column in features.items()}
    said = only(validate(np.append(predictions, predictions[10:20]), features))
    assert (said.problem, said.where, said.count, said.first_rows[0]) == ("duplicates", "features", 10, N)
    coarse = {"age": features["age"], "city": features["city"]}  # people of one age in one city are no copies
    assert validate(np.append(predictions, predictions[10:20]), coarse).ok


def test_rounded_numbers_that_meet_by_chance_are_no_copies():
    n = 30_000
    drawn = rng().normal(size=n)
    for column in (drawn.round(3), drawn.round(4), np.exp(drawn).round(4), rng().uniform(size=n).round(5)):
        assert len(np.unique(column)) < n
        assert validate(rng().uniform(size=n), {"x": column}).ok
    copied = drawn.round(8)
    copied[20_000:21_000] = copied[:1000]
    numbered = np.arange(n, dtype=float)
    numbered[20_000:21_000] = numbered[:1000]
    for column in (copied, numbered):
        said = only(validate(rng().uniform(size=n), {"x": column}))
        assert said.problem == "duplicates"
        assert 1000 <= said.count < 1010


def test_pieces_of_one_table():
    """What rows show by themselves adds up, in the words of the whole; what holds still is told of thinned rows."""
    predictions, features = healthy()
    predictions[[3, 700]] = np.nan, 1.5
    predictions[[5, 6, 900, 910, 920, 930]] = -1.0
    features["income"][100:] = 0.0
    features["version"] = np.ones(N)
    numbers = np.arange(N)
    whole = validate(predictions, features, row_numbers=numbers)

    def part(some):
        cut = {name: column[some] for name, column in features.items()}
        return validate(predictions[some], cut, row_numbers=numbers[some])

    parts = [part(slice(start, start + 200)) for start in range(0, N, 200)]
    together = monitor.merge_validations(parts, part(slice(0, None, 4)))
    by_rows = [problem for problem in whole.problems if problem.where == "predictions"]
    assert list(together.problems[:2]) == by_rows
    assert [problem.problem for problem in by_rows] == ["missing", "out of range"]
    assert by_rows[1].first_rows == (5, 6, 700, 900, 910)
    still = {problem.where: (problem.problem, problem.first_rows[0]) for problem in together.problems[2:]}
    # a rare flag, which is in no row that was kept, is no constant
    assert still == {"income": ("turned to zeros", 100), "version": ("constant", 0)}
    assert together.rows == N
    assert {problem.problem for problem in monitor.merge_validations(parts).problems} == {"missing", "out of range"}
    with pytest.raises(ValueError, match="`parts` must be at least one"):
        monitor.merge_validations([])


def test_sorted_rows_and_blocks_are_no_faults_and_a_clock_that_stops_is():
    p = np.sort(np.round(rng().beta(0.3, 5, size=5000), 3))
    assert validate(p).ok
    assert validate(p[::-1]).ok
    spent = np.sort(np.where(rng().uniform(size=N) < 0.4, 0.0, rng().lognormal(size=N)))[::-1]
    assert validate(rng().uniform(size=N), {"spent": spent}).ok
    lengths = np.ceil(rng(3).pareto(1.2, size=300) * 3).astype(int)  # rows of a customer, some of whom have very many
    customers = np.repeat(rng().normal(size=300), lengths)
    assert validate(rng().uniform(size=len(customers)), {"age": customers}).ok
    clock = np.minimum(np.arange(N), 900.0)
    said = only(validate(rng().uniform(size=N), {"clock": clock}))
    assert (said.problem, said.first_rows[0]) == ("stuck", 900)


def test_rows_are_told_by_their_numbers():
    predictions, features = healthy()
    features["income"][800:] = 0.0
    said = only(validate(predictions, features, row_numbers=np.arange(N) + 2))
    assert said.first_rows[0] == 802
    assert (
        said.says
        == "`income`: 200 of 1,000 values (20 %) are 0 from row 802 on, all of those rows against none before."
    )


def test_edges():
    empty = only(validate([]))
    assert (empty.problem, empty.count, empty.first_rows) == ("empty", 0, ())
    assert only(validate(np.zeros((0, 3)), {"a": []})).problem == "empty"
    assert validate([0.5], {"a": [1.0]}).ok
    assert validate([[0.5], [0.4]]).ok
    assert validate(np.array([True, False])).ok
    mixed = found(validate(np.array(["0.1", "x", None, 0.2, b"0.3"], object)).problems)
    assert mixed["not numbers", "predictions"].first_rows == (1,)
    assert mixed["missing", "predictions"].first_rows == (2,)
    assert only(validate(["a", "b"])).says == "`predictions`: 2 of 2 values (100 %) are not numbers, first in row 0."
    assert only(validate([np.nan] * 20)).count == 20
    dates = np.array(["2026-01-01", "NaT"] * 8, "datetime64[D]") + np.arange(16)
    assert found(validate(rng().uniform(size=16), {"when": dates}).problems)["missing", "when"].count == 8
    assert only(validate([0.1, 0.2], np.array([[1, 2], [3, np.nan]]), names=["a", "b"])).where == "b"
    assert only(validate([0.1, 0.2], np.array([1.0, np.inf]))).where == "0"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: validate(0.5), r"`predictions` must have shape \(n,\) or \(n, k\); got \(\)"),
        (lambda: validate(np.zeros((2, 2, 2))), "`predictions` must have shape"),
        (lambda: validate([[0.1], [0.2, 0.8]]), "got rows of several lengths"),
        (lambda: validate(np.zeros((3, 0))), "`predictions` must have shape"),
        (
            lambda: validate([0.1, 0.2], {"a": [1.0]}),
            r"`features` must have columns of shape \(2,\); got \(1,\) for 'a'",
        ),
        (lambda: validate([0.1], np.zeros((1, 1, 1))), "`features` must have shape"),
        (lambda: validate([0.1], [[1.0, 2.0]], names=["a"]), "`names` must be 2, one for each column; got 1"),
        (lambda: validate([0.1, 0.2], row_numbers=[1]), r"`row_numbers` must have shape \(2,\)"),
        (lambda: validate([0.1], {"a": [1.0]}, categories={"b": []}), "`categories` must be named after columns"),
    ],
)
def test_only_a_shape_that_cannot_be_understood_raises(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_it_is_public():
    assert monitor.validate is validate
    assert {"Problem", "Validation", "validate"} <= set(monitor.__all__)
