"""The computation behind ``jprob fit``."""

from __future__ import annotations

import argparse
import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from jprob import estimate
from jprob.cli.console import BadInput
from jprob.cli.machine import written
from jprob.cli.numbers import read_column
from jprob.density import FAMILIES, Family
from jprob.estimate import STATUS, Fit

__all__ = ["answer", "candidates"]


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """The fit as plain numbers, and those of the families beside it where they were compared."""
    if args.family != "auto" and args.family not in FAMILIES:
        raise BadInput(f"`--family` must be auto or one of {', '.join(FAMILIES)}; got {args.family!r}.")
    x, fixed = read_column(args.data, args.column), dict(args.fixed)
    if args.family == "auto":
        if fixed:
            raise BadInput(f"`--fixed` must come with a family; got {next(iter(fixed))} and auto.")
        fits = {name: _fit(FAMILIES[name], x, {}) for name in candidates(x)}
        order = sorted(fits, key=lambda name: _score(fits[name]))
        name = order[0]
        table = {"candidates": [_candidate(n, fits[n], _score(fits[name])) for n in order]}
    else:
        name, table = args.family, {}
        fits = {name: _fitted(FAMILIES[name], x, fixed, args)}
    fit = fits[name]
    document = {"family": name, "rows": len(x), "estimates": _estimates(FAMILIES[name], x, fit, fixed, args)}
    document |= {key: np.asarray(getattr(fit, key)).item() for key in ("log_likelihood", "aic", "aicc", "bic")}
    flags = ("converged", "at_boundary", "hessian_pd", "not_identified")
    document |= {key: bool(getattr(fit, key)) for key in flags}
    document |= {"status": STATUS[int(fit.status)], "num_steps": int(fit.num_steps), "grad_norm": float(fit.grad_norm)}
    if args.plot:
        _draw(FAMILIES[name], x, fit, args)
    return document | table


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
        return ("poisson", "negative_binomial", *(("geometric",) if (x >= 1).all() else ()))
    line = ("normal", "student_t", "laplace", "cauchy")
    if (x > 0).all():
        positive = ("exponential", "gamma", "lognormal", "weibull", "inverse_gamma", "halfnormal")
        return (*positive, *line, "beta") if (x < 1).all() else (*positive, *line)
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


def _draw(family: Family, x: np.ndarray, fit: Fit, args: argparse.Namespace) -> None:
    """Quantiles of the data against those of the fit."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    ranks = (jnp.arange(len(x)) + 0.5) / len(x)
    theory = np.asarray(family.ppf(ranks, **fit.params))
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot()
    ends = [float(np.nanmin([theory.min(), x.min()])), float(np.nanmax([theory.max(), x.max()]))]
    axes.plot(ends, ends, color="0.7", linewidth=1)
    axes.plot(theory, np.sort(x), ".", markersize=4)
    axes.set(xlabel=f"quantiles of {family.name}", ylabel=f"quantiles of {args.column}".replace("$", r"\$"))
    with written(args.plot) as path:
        figure.savefig(path)
