"""Drift in many columns at once: one verdict for the data set, with the share of false alarms held."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level
from jprob.monitor.anderson import anderson_darling
from jprob.monitor.categories import chi2, g_test
from jprob.monitor.discoveries import benjamini_hochberg, benjamini_yekutieli
from jprob.monitor.divergences import js, kl, psi, total_variation
from jprob.monitor.result import Drift
from jprob.monitor.smirnov import ks
from jprob.monitor.transport import energy, wasserstein

__all__ = ["CATEGORIES", "NUMERIC", "DataDrift", "drift"]

NUMERIC: dict[str, Callable[..., Drift]] = {
    "psi": psi,
    "ks": ks,
    "anderson_darling": anderson_darling,
    "kl": kl,
    "js": js,
    "wasserstein": wasserstein,
    "total_variation": total_variation,
    "energy": energy,
}
"""Statistics of columns of numbers, by name."""
CATEGORIES: dict[str, Callable[..., Drift]] = {"chi2": chi2, "g_test": g_test}
"""Statistics of columns of words, by name."""
ADJUST = {"hochberg": benjamini_hochberg, "yekutieli": benjamini_yekutieli}


class DataDrift(NamedTuple):
    """What has drifted in a data set.

    Attributes:
        drifted: some column raises an alarm, shape ``()``.
        alarm: of each column, shape ``(columns,)``: its q-value is at most the rate and its size above the limit.
        q_value: the smallest rate of false discoveries at which the column is one.
        statistic, p_value, size, interval: of :class:`Drift`. share: of the columns with an alarm, shape ``()``.
        names: of the columns. tests: the statistic of each. ignored: columns of the current sample only.
    """

    drifted: Array
    alarm: Array
    q_value: Array
    statistic: Array
    p_value: Array
    size: Array
    interval: Array
    share: Array
    names: tuple[str, ...]
    tests: tuple[str, ...]
    ignored: tuple[str, ...]


def drift(
    reference: ArrayLike | Mapping[str, Any],
    current: ArrayLike | Mapping[str, Any],
    *,
    numeric: str = "psi",
    categories: str = "chi2",
    rate: float = 0.05,
    method: str = "hochberg",
    limit: float | None = None,
    level: float = 0.95,
) -> DataDrift:
    """Compare every column of two data sets.

    Where nothing has changed the data set is called drifted with a probability of at most ``rate``; where some columns
    have, at most that share of the alarms is false, on average.

    Args:
        reference: numbers of shape ``(n, columns)``, or columns by name, each of shape ``(n,)``, numbers or words: a mapping
            or a data frame.
        current: the same columns, in any order where they have names.
        numeric: the statistic of columns of numbers, of :data:`NUMERIC`. categories: of words, of :data:`CATEGORIES`.
        rate: of false discoveries. method: ``"hochberg"`` for columns that are independent or positively dependent,
            ``"yekutieli"`` for any.
        limit: size that an alarm must exceed, by default that of each statistic. level: of the intervals for the sizes.

    Returns:
        :class:`DataDrift`.

    Raises:
        ValueError: a column that is missing, or of words in one data set and numbers in the other; no such statistic.

    Example:
        >>> before = {"age": np.arange(100.0), "city": ["a", "b"] * 50}
        >>> after = {"city": ["a", "b"] * 50, "age": 60.0 + np.arange(100.0)}
        >>> found = drift(before, after)
        >>> found.names, found.alarm.tolist()
        (('age', 'city'), [True, False])
    """
    check_level(rate, "rate")
    for name, value, known in (
        ("numeric", numeric, NUMERIC),
        ("categories", categories, CATEGORIES),
        ("method", method, ADJUST),
    ):
        if value not in known:
            raise ValueError(f"`{name}` must be one of {', '.join(known)}; got {value!r}.")
    before, after = _named("reference", reference), _named("current", current)
    if not before:
        raise ValueError("`reference` must have at least one column; got none.")
    missing = [name for name in before if name not in after]
    if missing:
        raise ValueError(f"`current` must have the columns of `reference`; got none named {missing[0]!r}.")
    names = tuple(before)
    tests = tuple(_test(name, before[name], after[name], numeric, categories) for name in names)
    found: dict[str, list[np.ndarray]] = {}
    for group in _groups(names, tests, before, after):
        statistic = (NUMERIC | CATEGORIES)[tests[names.index(group[0])]]
        x, y = (np.stack([data[name] for name in group], 1) for data in (before, after))
        options = {} if limit is None else {"limit": limit}
        result = statistic(x, y, alpha=rate, level=level, **options)
        for at, name in enumerate(group):
            found[name] = [np.asarray(field)[at] for field in result]
    statistic, p_value, size, interval, _ = (
        jnp.asarray(np.stack([found[name][k] for name in names])) for k in range(5)
    )
    q_value = ADJUST[method](p_value)
    limits = jnp.asarray([_limit(test) if limit is None else limit for test in tests], size.dtype)
    alarm = (q_value <= rate) & (size > limits)
    share = jnp.mean(alarm.astype(size.dtype))
    ignored = tuple(name for name in after if name not in before)
    return DataDrift(jnp.any(alarm), alarm, q_value, statistic, p_value, size, interval, share, names, tests, ignored)


def _named(name: str, data: Any) -> dict[str, np.ndarray]:
    if isinstance(data, Mapping) or hasattr(data, "items"):  # a data frame, too
        columns = {str(key): np.asarray(column) for key, column in data.items()}
    else:
        table = np.asarray(data)
        if table.ndim != 2:
            raise ValueError(f"`{name}` must have shape (n, columns), or columns by name; got {table.shape}.")
        columns = {str(at): column for at, column in enumerate(table.T)}
    for key, column in columns.items():
        if column.ndim != 1 or column.size == 0:
            raise ValueError(f"`{name}` must have columns of shape (n,), n at least 1; got {column.shape} for {key!r}.")
    return {key: column.astype(str) if column.dtype.kind == "O" else column for key, column in columns.items()}


def _test(name: str, x: np.ndarray, y: np.ndarray, numeric: str, categories: str) -> str:
    words = [column.dtype.kind == "U" for column in (x, y)]
    if words[0] != words[1]:
        kinds = ["words" if word else "numbers" for word in words]
        raise ValueError(f"`current` must have {kinds[0]} in column {name!r}, as `reference`; got {kinds[1]}.")
    return categories if words[0] else numeric


def _groups(
    names: tuple[str, ...], tests: tuple[str, ...], before: dict[str, np.ndarray], after: dict[str, np.ndarray]
) -> list[list[str]]:
    """Columns of one statistic, length and kind: one call each."""
    found: dict[tuple, list[str]] = {}
    for name, test in zip(names, tests, strict=True):
        kinds = before[name].dtype, after[name].dtype
        found.setdefault((test, len(before[name]), len(after[name]), *kinds), []).append(name)
    return list(found.values())


def _limit(test: str) -> float:
    return inspect.signature((NUMERIC | CATEGORIES)[test]).parameters["limit"].default
