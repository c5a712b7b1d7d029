"""The engine: the same bits however the work is cut, one compilation, and every edge a sentence or a flag."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import simulate
from jprob.simulate.reducers import together
from jprob.simulate.tiles import planned
from tests.grids import X64
from tests.simulate import study
from tests.simulate.study import NUM, TILE, experiment, fingerprint, run

REDUCE = together({"ends": simulate.extremes(), "tally": simulate.tally()})


def compilations(call):
    """How many programs XLA compiles while ``call`` runs."""
    seen = []

    def listen(event, *_, **__):
        if event == "/jax/core/compile/backend_compile_duration":
            seen.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        jax.block_until_ready(call())
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    return len(seen)


def interrupting(monkeypatch, at):
    """Ctrl-C in the ``at``-th dispatch."""
    from jprob.simulate import engine

    advance, calls = engine.advance, []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == at:
            raise KeyboardInterrupt
        return advance(*args)

    monkeypatch.setattr(engine, "advance", interrupted)


@pytest.fixture(scope="module")
def whole():
    return run()


@pytest.fixture(scope="module")
def draws():
    return run(reduce=None)


@pytest.mark.parametrize("budget", [1, 3, 64])
def test_the_budget_does_not_change_a_bit(whole, draws, budget):
    assert fingerprint(run(tiles_per_dispatch=budget)) == fingerprint(whole)
    assert fingerprint(run(tiles_per_dispatch=budget, reduce=None)) == fingerprint(draws)


def test_replicate_i_is_a_function_of_i_alone(draws):
    key = jax.random.key(3)
    for i in (0, TILE, NUM - 1):
        alone = jax.jit(experiment)(jax.random.fold_in(key, i), jnp.float32(0.5))
        np.testing.assert_array_equal(alone["x"], draws.draws["x"][i])
    assert draws.draws["x"].shape == (NUM, 3)
    assert (draws.num_replicates, draws.complete, draws.start) == (NUM, True, 0)


@pytest.mark.parametrize("cuts", [(0, 1, 2, 5, 150), (0, 3), (0, 64, 65, 129)])
def test_parts_join_to_the_same_bits_in_any_order(whole, draws, cuts):
    ends = [min(NUM, TILE * c) for c in (*cuts, 10**6)]
    for reduce, reference in ((study.REDUCE, whole), (None, draws)):
        parts = [run(start=a, stop=b, reduce=reduce) for a, b in itertools.pairwise(ends)]
        joined = simulate.join(parts[::-1], reduce=reduce)
        assert fingerprint(joined) == fingerprint(reference)
        assert (joined.num_replicates, joined.complete) == (NUM, True)
        for some in (parts[:2], parts[-2:]):  # joined in stages
            rest = [p for p in parts if all(p is not q for q in some)]
            again = simulate.join([simulate.join(some, reduce=reduce), *rest], reduce=reduce)
            assert fingerprint(again) == fingerprint(reference)


def test_parts_that_do_not_fit_are_refused():
    a, b, c = (run(start=TILE * i, stop=TILE * (i + 1)) for i in range(3))
    with pytest.raises(ValueError, match="`parts` must be neighbours; got one that ends at 64 and one that begins at"):
        simulate.join([a, c], reduce=study.REDUCE)
    with pytest.raises(ValueError, match="`parts` must be of one key"):
        simulate.join([a, b._replace(key=b.key + 1)], reduce=study.REDUCE)
    with pytest.raises(ValueError, match="`parts` must be at least one"):
        simulate.join([])


def test_shares_cover_everything_once():
    for num, parts in ((0, 3), (1, 3), (10**6, 1), (10**6, 7), (2**31, 64)):
        ranges = simulate.shares(num, parts)
        assert len(ranges) == parts
        assert ranges[0][0] == 0
        assert ranges[-1][1] == num
        assert all(a[1] == b[0] for a, b in itertools.pairwise(ranges))
        assert all(start % 2**16 == 0 or start == num for start, _ in ranges)


def test_a_study_of_equal_shape_compiles_nothing(whole):
    assert compilations(lambda: jax.jit(lambda x: x + 1)(1)) > 0  # the counter counts

    def again(num, seed, scale):
        options = {"reduce": study.REDUCE, "tile": TILE, "args": (jnp.float32(scale),)}
        return simulate.replicate(jax.random.key(seed), experiment, num, **options).reduced

    jax.block_until_ready((jax.random.key(1), jnp.float32(2.0)))
    again(3 * TILE, 5, 1.0)
    assert compilations(lambda: again(500 * TILE + 1, 4, 2.0)) == 0
    fresh = simulate.moments(), simulate.extremes(), simulate.histogram(0.0, 4.0, 16)
    assert fresh == tuple(study.REDUCE[name] for name in ("moments", "extremes", "histogram"))


def number(key):
    """The low bits of the key: which replicate this is."""
    return jax.random.key_data(key)


def test_indices_beyond_a_word_have_keys_of_their_own(key):
    folded = functools.partial(jax.random.fold_in, key)

    def at(start):
        found = simulate.replicate(key, number, start + TILE, start=start, stop=start + TILE, tile=TILE)
        return np.asarray(found.draws)

    np.testing.assert_array_equal(at(2**31)[5], jax.random.key_data(folded(np.uint32(2**31 + 5))))
    np.testing.assert_array_equal(at(2**32 - TILE)[-1], jax.random.key_data(folded(np.uint32(2**32 - 1))))
    beyond = jax.random.fold_in(jax.random.fold_in(folded(np.uint32(2**32 - 1)), 1), 5)
    np.testing.assert_array_equal(at(2**32)[5], jax.random.key_data(beyond))
    several = np.concatenate([at(start) for start in (0, 2**31, 2**32, 2**33, 3 * 2**32)])
    assert len(np.unique(several, axis=0)) == len(several)


def test_two_to_the_31_replicates_are_planned_and_too_many_refused(key):
    part = simulate.replicate(key, number, 2**31, start=2**31 - 2 * TILE, tile=TILE, reduce=simulate.extremes())
    assert (part.num_replicates, part.complete) == (2 * TILE, True)
    with pytest.raises(ValueError, match=r"`num_replicates` must be at most 2\*\*32 tiles of 64"):
        simulate.replicate(key, number, 2**40, tile=TILE, reduce=simulate.extremes())


def test_no_replicates():
    nothing = run(start=0, stop=0)
    moments = nothing.reduced["moments"]["x"]
    assert (nothing.num_replicates, nothing.complete, nothing.num_nan) == (0, True, 0)
    assert moments.num_values.tolist() == [0, 0, 0]
    assert np.isnan([moments.mean, moments.mean_error, moments.variance, moments.skewness]).all()
    assert np.isnan(nothing.reduced["quantiles"]["x"].value).all()
    empty = simulate.replicate(jax.random.key(3), experiment, 0, args=(jnp.float32(0.5),), tile=TILE)
    assert empty.draws["x"].shape == (0, 3)


def test_nan_replicates_are_counted_and_left_out(whole, draws):
    bad = np.isnan(draws.draws["x"]).any(-1)
    assert 300 < bad.sum() < 700  # P = exp(-3)
    assert whole.num_nan == draws.num_nan == bad.sum()
    count = whole.reduced["moments"]["x"].num_values
    assert count.tolist() == [NUM, NUM - bad.sum(), NUM]
    assert count.dtype == np.uint64
    assert np.isfinite(whole.reduced["moments"]["x"].mean).all()


def test_reducers_agree_with_the_draws(whole, draws):
    x = np.asarray(draws.draws["x"], np.float64)
    found = {name: result["x"] for name, result in whole.reduced.items()}
    tight = {"rtol": 1e-5 if not X64 else 1e-9}
    away = x - np.nanmean(x, 0)
    sd = np.nanstd(x, 0)
    np.testing.assert_allclose(found["moments"].mean, np.nanmean(x, 0), **tight)
    np.testing.assert_allclose(found["moments"].variance, np.nanvar(x, 0, ddof=1), **tight)
    np.testing.assert_allclose(found["moments"].skewness, np.nanmean(away**3, 0) / sd**3, rtol=1e-4)
    np.testing.assert_allclose(found["moments"].excess_kurtosis, np.nanmean(away**4, 0) / sd**4 - 3, rtol=1e-3)
    np.testing.assert_array_equal(found["extremes"].minimum, np.nanmin(x, 0))
    np.testing.assert_array_equal(found["extremes"].maximum, np.nanmax(x, 0))
    for i, column in enumerate(x.T):
        column = column[~np.isnan(column)]
        np.testing.assert_array_equal(found["histogram"].counts[i], np.histogram(column[column < 4], 16, (0, 4))[0])
        assert (int(found["histogram"].below[i]), int(found["histogram"].above[i])) == (0, (column >= 4).sum())
        for p, value in zip((0.1, 0.5, 0.9), found["quantiles"].value[:, i], strict=True):
            assert abs((column <= float(value)).mean() - p) <= float(found["quantiles"].rank_error[i])


def test_a_reducer_of_ones_own(draws):
    largest = simulate.Reducer(
        init=lambda draw: jnp.zeros((), draw["x"].dtype),
        update=lambda state, d, counted: jnp.maximum(state, jnp.max(jnp.where(counted, d["x"][:, 0], 0.0))),
        merge=jnp.maximum,
    )
    assert float(run(reduce=largest).reduced) == float(draws.draws["x"][:, 0].max())
    with pytest.raises(ValueError, match="`reduce` must be a Reducer or a dict of them; got"):
        run(reduce=[largest])


def test_ctrl_c_leaves_a_valid_partial_result(draws, monkeypatch):
    for reduce in (None, study.REDUCE):
        with monkeypatch.context() as patch:
            interrupting(patch, 3)
            part = run(reduce=reduce, tiles_per_dispatch=10)
        assert (part.num_replicates, part.complete) == (20 * TILE, False)
        rest = run(reduce=reduce, start=part.num_replicates)
        assert fingerprint(simulate.join([part, rest], reduce=reduce)) == fingerprint(run(reduce=reduce))
        if reduce is None:
            np.testing.assert_array_equal(part.draws["x"], draws.draws["x"][: 20 * TILE])


def test_progress_is_on_stderr(capsys):
    run(progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "replicate" in err
    assert "100%" in err


def varying(key):
    return jnp.arange(jax.random.randint(key, (), 1, 5))


def branching(key):
    return 1.0 if jax.random.uniform(key) < 0.5 else 2.0


@pytest.mark.parametrize("bad", [varying, branching])
def test_a_shape_or_branch_that_depends_on_the_key_is_refused(key, bad):
    with pytest.raises(ValueError, match="whose shapes and branches do not depend on its key; got"):
        simulate.replicate(key, bad, 10)


def test_refusals_are_sentences(key):
    refuse = functools.partial(simulate.replicate, key, jax.random.normal)
    for num in (-1, 2.5, True):
        with pytest.raises(ValueError, match="`num_replicates` must be an integer of at least 0"):
            refuse(num)
    with pytest.raises(ValueError, match="`start` must be a multiple of the tile, 64; got 3"):
        refuse(640, start=3, tile=64)
    with pytest.raises(ValueError, match="`stop` must be a multiple of the tile"):
        refuse(640, stop=65, tile=64)
    with pytest.raises(ValueError, match="`start` and `stop` must be in order and within"):
        refuse(640, stop=704, tile=64)
    with pytest.raises(ValueError, match="`tile` must be a power of two up to 65536; got 48"):
        refuse(640, tile=48)
    with pytest.raises(ValueError, match="`experiment` must return at least one array"):
        simulate.replicate(key, lambda _: None, 10)


def test_memory_is_estimated_before_anything_is_allocated(key):
    with pytest.raises(ValueError, match=r"`max_bytes` must be at least the [\d,]+ .* `reduce`.*; got 4,294,967,296"):
        simulate.replicate(key, jax.random.normal, 10**12, tile=2**16)
    with pytest.raises(ValueError, match="`max_bytes` must be at least"):
        simulate.replicate(key, lambda k: jax.random.normal(k, (10**5, 10**5)).mean(), 1, reduce=simulate.moments())
    with pytest.raises(ValueError, match="got 1,000"):
        run(max_bytes=1000)


def solved(key):
    """Two loops, one in the other: much work, little memory."""

    def root(_, x):
        return jax.lax.while_loop(lambda y: y * y < 100.0, lambda y: y + jnp.sin(y) ** 2 + 0.01, x)

    return jax.lax.fori_loop(0, 1000, root, jax.random.uniform(key))


def test_the_largest_array_and_the_work_decide_the_batch(key):
    def sizes(experiment, reduce=REDUCE):
        plan, _, _ = planned(experiment, reduce, key, (), None, None)
        return plan.tile, plan.batch

    def wide(k):
        return jax.random.normal(k, (5000,)).mean()

    assert sizes(jax.random.normal) == (2**16, 2**16)
    tile, batch = sizes(wide)
    assert batch < 300
    assert tile == 8 * batch
    assert sizes(wide, None) == (batch, batch)
    assert sizes(solved)[1] < 2**12
    assert sizes(lambda k: jax.random.normal(k, (2**19,))) == (2, 2)  # what is kept of a tile is bounded too


def test_batches_of_a_tile_are_those_of_the_draws(key):
    def wide(k, low):
        x = jax.random.uniform(k, (100_000,), minval=low)
        return {"x": x[:3], "above": x[0] > 0.5}

    low = jnp.float32(0.25)
    tile, batch = (getattr(planned(wide, REDUCE, key, (low,), None, None)[0], name) for name in ("tile", "batch"))
    assert tile == 8 * batch
    for num in (tile, tile + 1, tile + 3 * batch + 1):  # the last tile full, with one batch, with four
        draws = simulate.replicate(key, wide, num, args=(low,)).draws
        reduced = simulate.replicate(key, wide, num, args=(low,), reduce=REDUCE).reduced
        np.testing.assert_array_equal(reduced["ends"]["x"].minimum, draws["x"].min(0))  # not the zeros of empty batches
        np.testing.assert_array_equal(reduced["ends"]["x"].maximum, draws["x"].max(0))
        assert int(reduced["tally"]["above"]) == int(draws["above"].sum())


def test_integers_and_booleans_are_averaged(key):
    mean = simulate.replicate(key, lambda k: jax.random.uniform(k) < 0.25, 4000, reduce=simulate.moments()).reduced
    assert abs(float(mean.mean) - 0.25) < 5 * float(mean.mean_error)
    assert float(mean.mean_error) == pytest.approx((0.25 * 0.75 / 4000) ** 0.5, rel=0.1)
