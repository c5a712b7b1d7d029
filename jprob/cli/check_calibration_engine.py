"""The computation behind ``jprob check calibration``."""

from __future__ import annotations

import argparse
from typing import Any

import jax
import numpy as np

from jprob import calibrate
from jprob.calibrate import platt, temperature
from jprob.cli.calibrate_rows import Predictions, options_of, read_predictions
from jprob.cli.console import BadInput
from jprob.cli.machine import written

__all__ = ["answer", "assessed", "concluded", "log_scores", "padded", "remedy", "tested"]

_MOST_GROUPS = 1000
_LABELS = 2**27  # simulated at most: fewer sets of them for longer files


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is said of the file, as plain numbers."""
    return assessed(args, read_predictions(args.data, args.prob, group=args.group, **options_of(args)))


def assessed(args: argparse.Namespace, rows: Predictions) -> dict[str, Any]:
    """The same of rows that have been read."""
    assert rows.labels is not None
    scores, labels = rows.scores, rows.labels
    probs = np.asarray(temperature.apply(1.0, scores)) if args.logits else scores
    confidence, hits = (probs, labels) if probs.ndim == 1 else (probs.max(1), (probs.argmax(1) == labels).astype(int))
    names, member = (["all"], np.zeros(len(hits), int)) if rows.groups is None else _groups(args, rows.groups)
    parts = [np.flatnonzero(member == g) for g in range(len(names))]
    if len(names) > 1:
        names, parts = ["all", *names], [np.arange(len(hits)), *parts]
    table = [
        _judged(args, confidence[part], hits[part], i) | {"group": name}
        for i, (name, part) in enumerate(zip(names, parts, strict=True))
    ]
    whole = table[0]
    p, y, w = padded(confidence, hits)
    found = whole | concluded(
        args,
        calibrate.reliability(p, y, weights=w, num_bins=args.bins, level=args.level),
        rows=len(hits),
        classes=2 if probs.ndim == 1 else probs.shape[1],
        smooth_ece=float(calibrate.smooth_ece(p, y, weights=w)),
        brier=float(calibrate.brier_score(probs, labels)),
        log_loss=float(calibrate.log_loss(probs, labels)),
        one_label=bool((labels == labels[0]).all()),
        mean_forecast=float(confidence.mean()),
        mean_label=float(hits.mean()),
        notes=rows.notes,
    )
    found.pop("group")
    found["verdict"] = _verdict([row["verdict"] for row in table])
    found["groups"] = table if rows.groups is not None else []
    return found | remedy(log_scores(scores, args.logits), labels, np.ones(len(labels)), found, args.level)


def concluded(args: argparse.Namespace, diagram: calibrate.Reliability, **figures: Any) -> dict[str, Any]:
    """Figures of all rows, and their diagram, which is drawn where it was asked for."""
    if args.plot:
        _draw(diagram, args)
    return figures | {"diagram": _diagram(diagram), "groups": []}


def padded(
    scores: np.ndarray, labels: np.ndarray, counts: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows that do not count up to a power of two, so that files of other lengths find the program compiled."""
    n = len(labels)
    rest = max(256, 1 << (n - 1).bit_length()) - n
    weights = np.append(np.ones(n) if counts is None else counts, np.zeros(rest))
    # of classes even ones, which are as good a prediction as any
    blank = np.zeros(rest) if scores.ndim == 1 else np.full((rest, scores.shape[1]), 1.0 / scores.shape[1])
    return np.concatenate([scores, blank]), np.append(labels, np.zeros(rest, int)), weights


def log_scores(scores: np.ndarray, logits: bool) -> np.ndarray:
    """Log odds or logits; 0 and 1, which have none, as the nearest numbers that have."""
    if logits:
        return scores
    held = np.clip(scores, 1e-12, 1.0 - 1e-12 if scores.ndim == 1 else 1.0)
    return np.log(held) - np.log1p(-held) if scores.ndim == 1 else np.log(held)


def _groups(args: argparse.Namespace, groups: np.ndarray) -> tuple[list[str], np.ndarray]:
    names, member = np.unique(groups, return_inverse=True)
    if len(names) > _MOST_GROUPS:
        raise BadInput(f"{args.data}, column {args.group!r}: expected at most {_MOST_GROUPS} groups; got {len(names)}.")
    return [str(name) for name in names], member


def _judged(args: argparse.Namespace, confidence: np.ndarray, hits: np.ndarray, index: int) -> dict[str, Any]:
    """Error, interval and test of one group."""
    p, y, w = padded(confidence, hits)
    keys = jax.random.split(jax.random.fold_in(jax.random.key(args.seed), index))
    options = {"weights": w, "num_bins": args.bins, "level": args.level}
    ends = calibrate.ece_interval(keys[0], p, y, **options)
    num = int(min(999, max(99, _LABELS // len(p) // 100 * 100 - 1)))
    return tested(args, len(hits), ends, calibrate.calibration_test(keys[1], p, y, num_simulations=num, **options))


def tested(
    args: argparse.Namespace, rows: int, ends: calibrate.ErrorInterval, test: calibrate.CalibrationTest
) -> dict[str, Any]:
    """Error, interval, test and what follows."""
    low, high = (float(end) for end in ends.interval)
    verdict = "passed" if high < args.max_ece else "failed" if low > args.max_ece else "inconclusive"
    return {
        "rows": rows,
        "ece": float(ends.estimate),
        "interval": [low, high],
        "null_mean": float(test.null_mean),
        "null_quantile": float(test.null_quantile),
        "p_value": float(test.p_value),
        "simulations": len(test.null),
        "verdict": verdict,
    }


def _verdict(verdicts: list[str]) -> str:
    return next((v for v in ("failed", "inconclusive") if v in verdicts), "passed")


def _diagram(diagram: calibrate.Reliability) -> list[dict[str, Any]]:
    columns = {
        name: np.asarray(values, float).tolist() for name, values in diagram._asdict().items() if name != "edges"
    }
    edges = np.asarray(diagram.edges, float).tolist()
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [{"from": a, "to": b} | row for a, b, row in zip(edges, edges[1:], rows, strict=False)]


def remedy(
    z: np.ndarray, labels: np.ndarray, counts: np.ndarray, found: dict[str, Any], level: float
) -> dict[str, Any]:
    """What would help: a temperature, another prior, or more than either."""
    rows = padded(z, labels, counts)
    fit = temperature.fit(*rows)
    t, error = float(fit.temperature), float(fit.log_standard_error)
    parts = {"temperature": t, "log_standard_error": error, "status": temperature.STATUS[int(fit.status)]}
    advice = []
    if found["p_value"] > 1.0 - level:
        return {"temperature": parts, "advice": ["nothing: the error is no more than noise"]}
    shift = 0.0
    if z.ndim == 1:
        line = platt.fit(*rows)
        shift = float(line.intercept) / max(float(line.covariance[1, 1]) ** 0.5, 1e-12)
    if z.ndim == 1 and abs(shift) > 3.0:
        rarer = "rarer" if found["mean_label"] < found["mean_forecast"] else "commoner"
        advice.append(
            f"prior shift: label 1 is {rarer} than forecast, {found['mean_label']:.3g} against {found['mean_forecast']:.3g}; "
            "`jprob calibrate fit --method platt` moves and scales the log odds"
        )
    elif bool(fit.converged) and abs(np.log(t)) > 3.0 * error:
        too = "overconfident" if t > 1.0 else "underconfident"
        advice.append(f"{too}: divide the log odds by {t:.3g}; `jprob calibrate fit --method temperature` does")
    else:
        advice.append(
            "neither a temperature nor a prior explains it; `jprob calibrate fit --method isotonic` bends freely"
        )
    return {"temperature": parts, "advice": advice}


def _draw(diagram: calibrate.Reliability, args: argparse.Namespace) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from jprob.report import plot

    figure = plot.reliability(diagram, level=args.level)
    with written(args.plot) as path:
        figure.savefig(path)
