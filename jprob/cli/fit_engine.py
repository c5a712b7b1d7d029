"""The computation behind ``jprob fit``."""

from __future__ import annotations

import argparse
import math
from typing import Any

import jax
import numpy as np

from jprob import estimate
from jprob.cli.console import BadInput
from jprob.cli.machine import written
from jprob.cli.numbers import read_column
from jprob.density import FAMILIES, Family, mixed
from jprob.estimate import STATUS, Fit

__all__ = ["answer", "candidates"]

KNOWN = FAMILIES | {
    family.name: family
    for family in (
        mixed.zero_inflated_poisson,
        mixed.hurdle_poisson,
        mixed.zero_inflated_negative_binomial,
        mixed.hurdle_lognormal,
        mixed.hurdle_gamma,
        mixed.zero_inflated_normal,
    )
}
"""By the name that ``--family`` takes."""

_SIMULATIONS = 199
_MOST_JUDGED = 5000  # rows for the goodness of fit: more cost minutes and reject what no one would miss


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """The fit as plain numbers, and those of the families beside it where they were compared."""
    if args.family != "auto" and args.family not in KNOWN:
        raise BadInput(f"`--family` must be auto or one of {', '.join(KNOWN)}; got {args.family!r}.")
    x, fixed = read_column(args.data, args.column), dict(args.fixed)
    if args.family == "auto":
        if fixed:
            raise BadInput(f"`--fixed` must come with a family; got {next(iter(fixed))} and auto.")
        fits = {name: _fit(KNOWN[name], x, {}) for name in candidates(x)}
        order = sorted(fits, key=lambda name: _score(fits[name]))
        name = order[0]
        table = {"candidates": [_candidate(n, fits[n], _score(fits[name])) for n in order]}
    else:
        name, table = args.family, {}
        fits = {name: _fitted(KNOWN[name], x, fixed, args)}
    fit = fits[name]
    document = {"family": name, "rows": len(x), "estimates": _estimates(KNOWN[name], x, fit, fixed, args)}
    document |= {key: np.asarray(getattr(fit, key)).item() for key in ("log_likelihood", "aic", "aicc", "bic")}
    flags = ("converged", "at_boundary", "hessian_pd", "not_identified")
    document |= {key: bool(getattr(fit, key)) for key in flags}
    document |= {"status": STATUS[int(fit.status)], "num_steps": int(fit.num_steps), "grad_norm": float(fit.grad_norm)}
    document |= {"goodness_of_fit": _goodness(KNOWN[name], x, fixed)}
    if args.plot:
        _draw(KNOWN[name], x, fixed, args)
    return document | table


def _judged(x: np.ndarray) -> np.ndarray:
    """All rows, or as many as a test needs, evenly chosen."""
    if len(x) <= _MOST_JUDGED:
        return x
    return x[np.linspace(0, len(x) - 1, _MOST_JUDGED).round().astype(int)]


def _goodness(family: Family, x: np.ndarray, fixed: dict[str, float]) -> dict[str, Any]:
    """Whether the rows may come from the family at all."""
    rows = _judged(x)
    options = {"fixed": fixed, "num_simulations": _SIMULATIONS}
    found = estimate.goodness_of_fit(jax.random.key(0), family, rows, **options)
    return {
        "statistic": "anderson_darling",
        "value": float(found.statistic),
        "p_value": float(found.p_value),
        "simulations": _SIMULATIONS - int(found.num_failed),
        "rows": len(rows),
        "tied": float(found.tied),
    }


def _fitted(family: Family, x: np.ndarray, fixed: dict[str, float], args: argparse.Namespace) -> Fit:
    try:
        fit = _fit(family, x, fixed)
    except ValueError as problem:
        raise BadInput(str(problem).replace("`fixed`", "`--fixed`")) from None
    if not np.isfinite(float(fit.log_likelihood)) and not bool(fit.at_boundary):
        raise BadInput(f"{args.data}, column {args.column!r}: expected values that {family.name} can take; got others.")
    return fit


def _fit(family: Family, x: np.ndarray, fixed: dict[str, float]) -> Fit:
    padded, weights = _padded(x)
    return estimate.mle(family, padded, weights=weights, fixed=fixed)


def _padded(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows without weight up to a power of two, so that files of other lengths find the program compiled."""
    size = max(256, 1 << (len(x) - 1).bit_length())
    rest = size - len(x)
    return np.append(x, np.full(rest, x[0])), np.append(np.ones(len(x)), np.zeros(rest))


def candidates(x: np.ndarray) -> tuple[str, ...]:
    """Families whose support holds all values: counts or real numbers, never both, for their likelihoods do not compare."""
    if (x == np.floor(x)).all() and (x >= 0).all():
        if (x <= 1).all():
            return ("bernoulli",)
        zeros = ("zero_inflated_poisson", "hurdle_poisson", "zero_inflated_negative_binomial")
        return ("poisson", "negative_binomial", *(("geometric",) if (x >= 1).all() else zeros))
    line = ("normal", "student_t", "laplace", "cauchy")
    if (x > 0).all():
        positive = ("exponential", "gamma", "lognormal", "weibull", "inverse_gamma", "halfnormal")
        return (*positive, *line, "beta") if (x < 1).all() else (*positive, *line)
    if (x == 0).sum() > 1:  # zeros that repeat have a mass of their own, which no density gives them
        return ("hurdle_lognormal", "hurdle_gamma") if (x >= 0).all() else ("zero_inflated_normal",)
    return line


def _score(fit: Fit) -> float:
    """AICc, with what did not converge or has an edge as its estimate last."""
    sound = bool(fit.converged) and not bool(fit.at_boundary | fit.not_identified)
    value = float(fit.aicc)
    return value if sound and math.isfinite(value) else math.inf


def _candidate(name: str, fit: Fit, best: float) -> dict[str, Any]:
    score = _score(fit)
    return {
        "family": name,
        "parameters": int(fit.covariance.shape[-1]),
        "log_likelihood": float(fit.log_likelihood),
        "aicc": float(fit.aicc),
        "delta": score - best if math.isfinite(score) else math.inf,
        "sound": math.isfinite(score),
    }


def _estimates(
    family: Family, x: np.ndarray, fit: Fit, fixed: dict[str, float], args: argparse.Namespace
) -> list[dict[str, Any]]:
    if args.intervals == "profile":
        padded, weights = _padded(x)
        options = {"level": args.level, "weights": weights, "fixed": fixed}
        found = {
            name: estimate.profile_interval(family, padded, name, **options).interval for name in fit.standard_error
        }
    else:
        found = estimate.wald_interval(fit, level=args.level, family=family)
    return [
        {
            "parameter": name,
            "estimate": float(fit.params[name]),
            "standard_error": float(error),
            "interval": np.asarray(found[name]).tolist(),
        }
        for name, error in sorted(fit.standard_error.items(), key=lambda item: family.parameters.index(item[0]))
    ]


def _draw(family: Family, x: np.ndarray, fixed: dict[str, float], args: argparse.Namespace) -> None:
    """Quantiles of the data against those of the fit, with the band that holds all of a right family's."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    options = {"fixed": fixed, "level": args.level, "num_simulations": _SIMULATIONS}
    plot = estimate.qq_points(jax.random.key(0), family, _judged(x), **options)
    theory, sample, lower, upper = (np.asarray(v) for v in plot[:4])
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot()
    label = f"holds all points of a {family.name.replace('_', ' ')}, {args.level:.3g}"
    axes.fill_between(theory, lower, upper, color="0.85", label=label)
    axes.plot(theory, theory, color="0.6", linewidth=1)
    axes.plot(theory, sample, ".", markersize=4)
    axes.legend(loc="upper left", frameon=False)
    axes.set(xlabel=f"quantiles of {family.name}", ylabel=f"quantiles of {args.column}".replace("$", r"\$"))
    with written(args.plot) as path:
        figure.savefig(path)
