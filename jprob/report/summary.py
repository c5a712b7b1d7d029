"""Posterior tables: numbers for programs, text for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jax import Array

from jprob._array import check_level
from jprob.report.tree import to_datatree

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["format_table", "summary"]

_COUNTS = ("ess_bulk", "ess_tail")
_MAX_DECIMALS = 12


def summary(
    result: Any,
    *,
    ci_prob: float = 0.95,
    ci_kind: Literal["eti", "hdi"] = "eti",
    var_names: str | Sequence[str] | None = None,
    coords: Mapping[str, Sequence] | None = None,
    dims: Mapping[str, Sequence[str]] | None = None,
    key: Array | None = None,
    num_draws: int = 4000,
) -> pd.DataFrame:
    """Mean, standard deviation, interval and, for chains, effective sizes and R-hat of each element; nothing rounded.

    Args:
        result: whatever :func:`jprob.report.to_datatree` takes; ``coords``, ``dims``, ``key``, ``num_draws`` go there.
        ci_prob: probability of the interval; 95 % unless asked (ArviZ's own default is 89 %).
        ci_kind: ``"eti"``, equal tails, or ``"hdi"``, highest density.
        var_names: the variables to show; all if left out.

    Returns:
        One row for each element. Columns ``mean sd eti95_lb eti95_ub`` (or ``hdi95_…``); for chains also ``ess_bulk
        ess_tail r_hat mcse_mean mcse_sd``. Exact draws have no chain to diagnose.

    Raises:
        ValueError: if ``ci_prob`` is not strictly between 0 and 1.

    Example:
        >>> table = summary((10.0, 4.0))
        >>> list(table.columns)
        ['mean', 'sd', 'eti95_lb', 'eti95_ub']
    """
    import arviz as az
    import pandas as pd

    check_level(ci_prob, "ci_prob")
    if ci_kind not in ("eti", "hdi"):
        raise ValueError(f'`ci_kind` must be "eti" or "hdi"; got {ci_kind!r}.')
    tree = to_datatree(result, coords=coords, dims=dims, key=key, num_draws=num_draws)
    kind = "all" if "sample_stats" in tree.children else "stats"
    names = [var_names] if isinstance(var_names, str) else var_names
    table = az.summary(tree, var_names=names, kind=kind, ci_prob=ci_prob, ci_kind=ci_kind, round_to="none")
    return pd.DataFrame(table)


def format_table(table: pd.DataFrame) -> str:
    """A summary as text, each row with the digits that its standard deviation bears, and enough to tell means apart.

    Two digits of the smallest standard deviation, or more where two means would read the same or the simulation error
    is smaller; R-hat with four decimals, effective sizes whole.

    >>> import pandas as pd
    >>> print(format_table(pd.DataFrame({"mean": [0.44823, 0.44228], "sd": [0.00235, 0.00233]}, index=["a", "b"])))
         mean      sd
    a  0.4482  0.0024
    b  0.4423  0.0023
    """
    decimals = _decimals(table)

    def cell(column: str, value: float) -> str:
        if column in _COUNTS:
            return f"{value:.0f}"
        return f"{value:.4f}" if column == "r_hat" else f"{value:.{decimals}f}"

    text = {column: [cell(str(column), value) for value in table[column]] for column in table.columns}
    return type(table)(text, index=table.index).to_string()


def _decimals(table: pd.DataFrame) -> int:
    """Decimals that show two digits of the smallest standard deviation or gap of means, one of the simulation error."""
    spread, gaps = np.asarray(table["sd"], float), np.diff(np.sort(np.asarray(table["mean"], float)))
    error = 10.0 * np.asarray(table.get("mcse_mean", []), float)
    scales = np.concatenate([spread, gaps, error])
    scales = scales[np.isfinite(scales) & (scales > 0)]
    if not scales.size:
        return 4
    return min(max(1 - math.floor(math.log10(scales.min())), 0), _MAX_DECIMALS)
