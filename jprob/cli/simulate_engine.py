"""The computation behind ``jprob simulate``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob import simulate
from jprob.cli.console import BadInput
from jprob.cli.machine import written
from jprob.cli.numbers import read_column
from jprob.density import FAMILIES, student_t
from jprob.estimate import proportion_interval
from jprob.special import normal_quantile

__all__ = ["answer"]

ROWS = (
    *("mean", "standard_deviation", "skewness", "excess_kurtosis", "coverage", "coverage_normal"),
    *("coverage_edgeworth", "ks_distance", "berry_esseen"),
)


class Law(NamedTuple):
    """What is drawn from: a family or a sampler, its parameters, and mean and standard deviation where they are known."""

    what: Any
    params: dict[str, Any]
    mean: float | None = None
    standard_deviation: float | None = None


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """The study as plain numbers."""
    law = _of_column(args) if _is_file(args) else _of_family(args)
    engine = {
        "mesh": _mesh(args.devices),
        "progress": sys.stderr is not None and sys.stderr.isatty(),
        "checkpoint": args.checkpoint,
        "resume": args.resume,
    }
    try:
        found = {"clt": _clt, "coverage": _coverage, "lln": _lln}[args.study](args, law, engine)
    except (ValueError, OSError) as problem:  # the engine's own sentences: checkpoints and memory
        raise BadInput(str(problem)) from None
    return found


def _clt(args: argparse.Namespace, law: Law, engine: dict[str, Any]) -> dict[str, Any]:
    study = simulate.clt(
        jax.random.key(args.seed),
        law.what,
        law.params,
        args.sizes,
        num_replicates=args.replicates,
        level=args.level,
        mean=law.mean,
        standard_deviation=law.standard_deviation,
        **engine,
    )
    names = [*ROWS, *(f"{name}_error" for name in ROWS), "ks_noise", "variance_inflation"]
    columns = {name: np.asarray(getattr(study, name)).tolist() for name in names}
    rows = [{"n": n} | {name: columns[name][i] for name in names} for i, n in enumerate(args.sizes)]
    needed = {}
    for of in ("coverage", "coverage_normal", "coverage_edgeworth"):
        size, within = simulate.smallest_size(study, 0.01, of=of)
        needed[of] = {"n": size, "within_sizes": within}
    if args.plot is not None:
        _draw_clt(args, study)
    return {
        "rows": rows,
        "population": _population(study.population),
        "needed_for_one_point": needed,
        "num_replicates": study.num_replicates,
        "num_nan": study.num_nan,
        "complete": study.complete,
        "cautions": _cautions(study.population),
    }


def _coverage(args: argparse.Namespace, law: Law, engine: dict[str, Any]) -> dict[str, Any]:
    of_mean = args.interval in ("t", "normal")
    if not of_mean and getattr(law.what, "name", None) != "binomial":
        raise BadInput(f"`--interval {args.interval}` must come with `binomial n=... p=...`; got {args.law}.")
    if of_mean:
        found = simulate.coverage(
            jax.random.key(args.seed),
            _mean_interval(args.interval, args.size, args.level),
            law.what,
            law.params,
            truth=law.what.mean if law.mean is None else lambda **_: jnp.asarray([law.mean]),
            size=args.size,
            num_replicates=args.replicates,
            **engine,
        )
    else:
        n = law.params["n"]
        if np.ndim(n):
            raise BadInput("`n` must be one number of trials; got several.")
        found = simulate.coverage(
            None,
            lambda k: proportion_interval(k, n, level=args.level, method=args.interval),
            law.what,
            law.params,
            truth="p",
        )
    names = ("truth", "coverage", "coverage_error", "length", "length_error", "miss_below", "miss_above")
    columns = {name: np.asarray(getattr(found, name)).tolist() for name in names}
    if args.plot is not None:
        _draw_coverage(args, found)
    return {
        "interval": args.interval,
        "size": args.size if of_mean else None,
        "exact": found.exact,
        "rows": [{name: columns[name][i] for name in names} for i in range(len(columns["truth"]))],
        "num_replicates": found.num_replicates,
        "num_nan": found.num_nan,
        "complete": found.exact or found.num_replicates == args.replicates,
        "cautions": [],
    }


def _lln(args: argparse.Namespace, law: Law, engine: dict[str, Any]) -> dict[str, Any]:
    paths = simulate.lln(
        jax.random.key(args.seed), law.what, law.params, args.sizes, num_trajectories=args.replicates, **engine
    )
    done = len(paths.running_mean)
    columns = {
        "first": np.asarray(paths.running_mean[0]) if done else np.full(len(args.sizes), np.nan),
        "lower": np.asarray(paths.lower),
        "upper": np.asarray(paths.upper),
        "standard_error": np.asarray(paths.standard_error),
    }
    rows = [{"n": n} | {name: float(values[i]) for name, values in columns.items()} for i, n in enumerate(args.sizes)]
    if args.plot is not None:
        _draw_lln(args, paths)
    return {
        "rows": rows,
        "population": _population(paths.population),
        "num_replicates": done,
        "num_nan": paths.num_nan,
        "complete": done == args.replicates,
        "cautions": _cautions(paths.population),
    }


def _mean_interval(kind: str, size: int, level: float) -> Callable[[Array], tuple[Array, Array]]:
    tail = (1.0 - level) / 2.0
    quantile = float(student_t.isf(tail, size - 1, 0.0, 1.0) if kind == "t" else normal_quantile(1.0 - tail, tail))

    def interval(x: Array) -> tuple[Array, Array]:
        half = quantile * jnp.std(x, ddof=1) / size**0.5
        return jnp.mean(x) - half, jnp.mean(x) + half

    return interval


def _is_file(args: argparse.Namespace) -> bool:
    return args.law not in FAMILIES and (args.column is not None or args.law == "-" or "." in args.law)


def _of_family(args: argparse.Namespace) -> Law:
    if args.law not in FAMILIES:
        raise BadInput(f"`LAW` must be a CSV file with `--column`, or one of {', '.join(FAMILIES)}; got {args.law!r}.")
    if args.column is not None:
        raise BadInput(f"`--column` must come with a CSV file; got the family {args.law}.")
    family, given = FAMILIES[args.law], dict(args.params)
    if set(given) != set(family.parameters) or len(given) != len(args.params):
        got = ", ".join(name for name, _ in args.params) or "none"
        raise BadInput(f"`{args.law}` must have the parameters {', '.join(family.parameters)}; got {got}.")
    params = {name: values[0] if len(values) == 1 else np.array(values) for name, values in given.items()}
    if args.study != "coverage" and any(np.ndim(value) for value in params.values()):
        raise BadInput(f"`{args.study}` must have one value of each parameter; got several.")
    if len({len(values) for values in given.values()} - {1}) > 1:
        raise BadInput("parameters must have one value or equally many; got lists of different lengths.")
    if np.isnan(np.asarray(family.ppf(0.5, **params))).any():
        shown = ", ".join(f"{name}={values[0]:g}" for name, values in given.items())
        raise BadInput(f"`{args.law}` must have valid parameters; got {shown}.")
    return Law(family, params)


def _of_column(args: argparse.Namespace) -> Law:
    if args.column is None:
        raise BadInput(f"`--column` must name a column of {args.law}; got none.")
    if args.params:
        raise BadInput(f"`NAME=VALUE` must come with a family; got {args.params[0][0]} and a CSV file.")
    values = read_column(args.law, args.column)
    if len(values) < 2 or values.std() == 0.0:
        raise BadInput(f"{args.law}, column {args.column!r}: expected at least two different numbers; got fewer.")
    return Law(_resampled(values), {}, float(values.mean()), float(values.std()))


def _resampled(values: np.ndarray) -> Callable[[Array, int], Array]:
    """Drawing with replacement: the column as the population."""

    def sampler(key: Array, n: int) -> Array:
        return jnp.asarray(values)[simulate.random_indices(key, (n,), len(values))]

    return sampler


def _mesh(num: int) -> Any:
    if num == 1:
        return None
    if num > jax.device_count():
        raise BadInput(f"`--devices` must be at most the {jax.device_count()} there are; got {num}.")
    return jax.make_mesh((num,), ("replicates",), devices=jax.devices()[:num])


def _population(law: simulate.Population) -> dict[str, Any]:
    return {name: np.asarray(value).item() for name, value in law._asdict().items()}


def _cautions(law: simulate.Population) -> list[tuple[str, str]]:
    if bool(law.has_variance):
        return []
    index = f"{float(law.stable_index):.3g}"
    if not bool(law.has_mean):
        sentence = f"the law has no mean: running means do not settle, the limit is stable of index {index}."
        return [("no mean", f"{sentence[:-1]}; coverage is that of the median.")]
    return [
        ("infinite variance", f"the law has infinite variance: means become stable of index {index}, never normal.")
    ]


def _draw_clt(args: argparse.Namespace, study: simulate.CLTStudy) -> None:
    def draw(axes: Any) -> None:
        for name, label in (
            ("coverage", "t"),
            ("coverage_normal", "normal"),
            ("coverage_edgeworth", "skewness removed (Hall)"),
        ):
            value, error = (np.asarray(getattr(study, n)) for n in (name, f"{name}_error"))
            axes.errorbar(args.sizes, value, 2 * error, marker="o", capsize=2, label=label)
        axes.axhline(args.level, color="black", linewidth=0.8)
        axes.set(xscale="log", xlabel="n", ylabel="coverage of the mean")
        axes.legend()

    _drawn(args, draw)


def _draw_coverage(args: argparse.Namespace, found: simulate.Coverage) -> None:
    def draw(axes: Any) -> None:
        axes.errorbar(found.truth, found.coverage, 2 * np.asarray(found.coverage_error), marker=".", linewidth=0.8)
        axes.axhline(args.level, color="black", linewidth=0.8)
        axes.set(xlabel="truth", ylabel=f"coverage of the {args.interval} interval")

    _drawn(args, draw)


def _draw_lln(args: argparse.Namespace, paths: simulate.LLN) -> None:
    def draw(axes: Any) -> None:
        axes.plot(args.sizes, np.asarray(paths.running_mean[:50]).T, color="tab:blue", alpha=0.3, linewidth=0.8)
        axes.plot(args.sizes, paths.lower, "k--", args.sizes, paths.upper, "k--", linewidth=0.8)
        axes.set(xscale="log", xlabel="n", ylabel="running mean")

    _drawn(args, draw)


def _drawn(args: argparse.Namespace, draw: Callable[[Any], None]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    draw(figure.subplots())
    with written(args.plot) as draft:
        figure.savefig(draft)
