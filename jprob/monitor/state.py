"""A reference that is frozen and a current sample that streams: counts that add up exactly, in any order.

``reference`` cuts the bins once; ``update`` counts a batch into them; ``merge`` adds what others have counted; ``score``
compares. Counts are whole numbers in two words, so a stream, a batch and merged shards agree to the bit, up to 2⁶⁴ rows.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_positive_int, concrete
from jprob.monitor._cells import cell_counts, frozen_cuts, untied
from jprob.monitor._inputs import check_judgement, numbers, rows
from jprob.monitor.categories import judge_table
from jprob.monitor.divergences import BINNED, judge_counts
from jprob.monitor.result import Drift
from jprob.simulate.counts import Count, added, as_float, counted, exact

__all__ = ["Monitor", "Window", "from_json", "merge", "reference", "score", "slide", "to_json", "update", "window"]

LIMITS = {"psi": 0.1, "kl": 0.05, "js": 0.0125, "total_variation": 0.1, "chi2": 0.1, "g_test": 0.1}
"""The sizes that alarms must exceed, by the statistics of counts."""


class Monitor(NamedTuple):
    """Frozen bins and what has fallen into them.

    Attributes:
        cuts: between the bins, shape ``(bins − 1,)`` or ``(columns, bins − 1)``.
        reference: rows of the reference in each bin, those that are missing last; shape ``(..., bins + 1)``.
        current: rows since. drawn: whether the bins are quantiles of an untied reference, shape ``(...)``.
    """

    cuts: Array
    reference: Count
    current: Count
    drawn: Array


class Window(NamedTuple):
    """The last few batches of a monitor.

    Attributes:
        monitor: whose ``current`` is the sum of the batches. panes: the counts of each, the oldest at ``at``;
            shape ``(panes, ..., bins + 1)``. at: where the next batch goes.
    """

    monitor: Monitor
    panes: Array
    at: Array


def reference(sample: ArrayLike, *, num_bins: int = 10) -> Monitor:
    """Freeze the bins and counts of a reference sample.

    Args:
        sample: shape ``(n,)`` or ``(n, columns)``; nan is counted in a bin of its own.
        num_bins: of about equal shares of the reference, as :func:`psi` cuts them.

    Returns:
        :class:`Monitor`, nothing counted yet.

    Raises:
        ValueError: no rows or numbers.

    Example:
        >>> state = update(reference(jnp.arange(100.0)), 10.0 + jnp.arange(100.0))
        >>> round(float(score(state).statistic), 3)  # the bins hold 0 (a half), 10, ..., 10 and 20 of a hundred
        0.354
    """
    check_positive_int(num_bins, "num_bins", 2)
    x, _ = rows(sample, sample)
    cuts = frozen_cuts(x, num_bins)
    found = cell_counts(x, cuts)
    drawn = untied(cuts, found, x.shape[0])
    if np.ndim(sample) == 1:
        cuts, found, drawn = cuts[0], found[0], drawn[0]
    return Monitor(cuts, counted(found), counted(jnp.zeros_like(found)), drawn)


def update(state: Monitor, batch: ArrayLike) -> Monitor:
    """Count the rows of a batch, any number of them.

    Args:
        state: of :func:`reference` or an earlier update. batch: shape ``(m,)`` or ``(m, columns)``, as the reference was.

    Returns:
        :class:`Monitor`.

    Raises:
        ValueError: other columns, no numbers.

    Example:
        >>> from jprob.simulate.counts import exact
        >>> state = reference(jnp.arange(10.0), num_bins=2)  # up to 4, above, missing
        >>> exact(update(update(state, [1.0, jnp.nan]), [7.0]).current).tolist()
        [1, 1, 1]
    """
    return state._replace(current=added(state.current, counted(_counts(state, batch))))


def merge(first: Monitor, second: Monitor) -> Monitor:
    """Everything that two monitors of one reference have counted.

    Args:
        first, second: of the same reference.

    Returns:
        :class:`Monitor`.

    Raises:
        ValueError: the references differ.

    Example:
        >>> from jprob.simulate.counts import exact
        >>> state = reference(jnp.arange(10.0), num_bins=2)
        >>> exact(merge(update(state, [1.0]), update(state, [2.0, 8.0])).current).tolist()
        [2, 1, 0]
    """
    frozen = [(state.cuts, state.reference) for state in (first, second)]
    mine, theirs = (jax.tree.leaves(part) for part in frozen)
    differ = (a.shape != b.shape or not bool((a == b).all()) for a, b in zip(mine, theirs, strict=True))
    if concrete(*mine, *theirs) and any(differ):
        raise ValueError("`second` must have the reference of `first`; got another.")
    return first._replace(current=added(first.current, second.current))


def score(
    state: Monitor | Window,
    statistic: str = "psi",
    *,
    alpha: float = 0.05,
    limit: float | None = None,
    level: float = 0.95,
) -> Drift:
    """How far what was counted is from the reference.

    Args:
        state: a monitor, or a window of one.
        statistic: ``"psi"``, ``"kl"``, ``"js"``, ``"total_variation"``, ``"chi2"`` or ``"g_test"``: those of counts.
        alpha: significance of an alarm. limit: size that an alarm must exceed, by default that of the statistic.
        level: of the interval for the size.

    Returns:
        :class:`Drift`, as the function of that name gives for all rows at once; p-value 1 before any row has come.

    Raises:
        ValueError: no such statistic, a level outside (0, 1).
    """
    if statistic not in LIMITS:
        raise ValueError(f"`statistic` must be one of {', '.join(LIMITS)}; got {statistic!r}.")
    limit = LIMITS[statistic] if limit is None else limit
    check_judgement(alpha, level, limit)
    monitor = state.monitor if isinstance(state, Window) else state
    dtype = monitor.cuts.dtype
    x, y = (as_float(part, dtype) for part in (monitor.reference, monitor.current))
    single = x.ndim == 1
    x, y, drawn = (jnp.atleast_2d(x), jnp.atleast_2d(y), jnp.atleast_1d(monitor.drawn))
    if statistic in BINNED:
        result = judge_counts(statistic, x, y, drawn, alpha, limit, level)
    else:
        result = judge_table(statistic, x, y, alpha, limit, level)
    return jax.tree.map(lambda a: a[0], result) if single else result


def window(state: Monitor, num_batches: int) -> Window:
    """A monitor that forgets: it counts the last ``num_batches`` batches.

    Args:
        state: whose reference to keep. num_batches: at least 1.

    Returns:
        :class:`Window`, empty.

    Raises:
        ValueError: a number of batches that is no positive integer.

    Example:
        >>> from jprob.simulate.counts import exact
        >>> last = window(reference(jnp.arange(10.0), num_bins=2), 2)
        >>> for batch in ([1.0, 2.0], [8.0], [9.0]):
        ...     last = slide(last, batch)
        >>> exact(last.monitor.current).tolist()
        [0, 2, 0]
    """
    check_positive_int(num_batches, "num_batches")
    empty = jnp.zeros_like(state.current.low)
    panes = jnp.zeros((num_batches, *empty.shape), jnp.int32)
    return Window(state._replace(current=Count(empty, empty)), panes, jnp.asarray(0, jnp.int32))


def slide(last: Window, batch: ArrayLike) -> Window:
    """Count a batch and forget the oldest.

    Args:
        last: of :func:`window`. batch: as for :func:`update`.

    Returns:
        :class:`Window`.
    """
    panes = last.panes.at[last.at].set(_counts(last.monitor, batch))

    def add(total: Count, pane: Array) -> tuple[Count, None]:
        return added(total, counted(pane)), None

    empty = counted(jnp.zeros_like(panes[0]))
    current, _ = jax.lax.scan(add, empty, panes)
    return Window(last.monitor._replace(current=current), panes, (last.at + 1) % panes.shape[0])


def to_json(state: Monitor) -> str:
    """A monitor as text that :func:`from_json` reads back to the bit.

    Args:
        state: a monitor.

    Returns:
        JSON: the cuts as hexadecimal floats, the counts as whole numbers.
    """
    cuts = np.asarray(state.cuts)
    document = {
        "format": "jprob monitor 1",
        "dtype": cuts.dtype.name,
        "cuts": _mapped(lambda c: float(c).hex(), cuts.tolist()),
        "reference": np.asarray(exact(state.reference)).tolist(),
        "current": np.asarray(exact(state.current)).tolist(),
        "drawn": np.asarray(state.drawn).tolist(),
    }
    return json.dumps(document, allow_nan=False)


def from_json(text: str) -> Monitor:
    """The monitor that :func:`to_json` has written.

    Args:
        text: JSON.

    Returns:
        :class:`Monitor`; its cuts in float32 where JAX has no float64.

    Raises:
        ValueError: other text.

    Example:
        >>> state = update(reference(jnp.arange(10.0)), [1.0, 2.0])
        >>> bool((from_json(to_json(state)).current.low == state.current.low).all())
        True
    """
    try:
        document = json.loads(text)
        cuts = np.asarray(_mapped(float.fromhex, document["cuts"]), document["dtype"])
        mine, theirs = (_count(np.asarray(document[name], np.uint64)) for name in ("reference", "current"))
        state = Monitor(jnp.asarray(cuts), mine, theirs, jnp.asarray(document["drawn"], bool))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ValueError(f"`text` must be a monitor as `to_json` writes it; got {problem!r}.") from None
    cells = (*cuts.shape[:-1], cuts.shape[-1] + 2)
    if state.reference.low.shape != cells or state.current.low.shape != cells or state.drawn.shape != cells[:-1]:
        raise ValueError(f"`text` must have counts of shape {cells}; got {state.reference.low.shape}.")
    return state


def _counts(state: Monitor, batch: ArrayLike) -> Array:
    numbers("batch", batch)
    values = jnp.asarray(np.asarray(batch) if isinstance(batch, list | tuple) else batch).astype(state.cuts.dtype)
    if values.ndim != state.cuts.ndim or values.shape[1:] != state.cuts.shape[:-1]:
        expected = "(m,)" if state.cuts.ndim == 1 else f"(m, {state.cuts.shape[0]})"
        raise ValueError(f"`batch` must have shape {expected}, as the reference; got {values.shape}.")
    if values.ndim == 1:
        return cell_counts(values[:, None], state.cuts[None])[0]
    return cell_counts(values, state.cuts)


def _count(number: np.ndarray) -> Count:
    low = np.uint64(2**32)
    return Count(jnp.asarray((number // low).astype(np.uint32)), jnp.asarray((number % low).astype(np.uint32)))


def _mapped(function: Any, values: Any) -> Any:
    return [_mapped(function, value) for value in values] if isinstance(values, list) else function(values)
