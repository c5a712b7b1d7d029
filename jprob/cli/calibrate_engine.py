"""The computation behind ``jprob calibrate``."""

from __future__ import annotations

import argparse
import csv
import io
import json
from types import ModuleType
from typing import Any

import jax
import numpy as np

import jprob
from jprob import calibrate
from jprob.cli.calibrate_rows import options_of, read_predictions
from jprob.cli.check_calibration_engine import log_scores, padded
from jprob.cli.console import BadInput, finite, quoted
from jprob.cli.csvfile import open_table
from jprob.cli.machine import written

__all__ = ["applied", "fitted"]

FORMAT = "jprob calibrator 1"
MODULES: dict[str, ModuleType] = {
    name: getattr(calibrate, name)
    for name in ("temperature", "platt", "beta", "isotonic", "histogram", "vector", "matrix")
}
_RESULTS = {
    "temperature": calibrate.temperature.Temperature,
    "platt": calibrate.platt.Platt,
    "beta": calibrate.beta.Beta,
    "isotonic": calibrate.isotonic.Isotonic,
    "histogram": calibrate.histogram.Histogram,
    "vector": calibrate.vector.Vector,
    "matrix": calibrate.matrix.Matrix,
}
_OF_PROBABILITIES = ("beta", "histogram", "isotonic")
_FOLDS = 5


def fitted(args: argparse.Namespace) -> dict[str, Any]:
    """The map, and scores before and after on rows that it has not seen."""
    rows = read_predictions(args.data, args.prob, **options_of(args))
    assert rows.labels is not None
    if rows.scores.ndim == 1 and args.method in ("vector", "matrix"):
        raise BadInput(f"`--method {args.method}` must have a column for each class; got one column.")
    if len(rows.labels) < 2 * _FOLDS:
        raise BadInput(f"{args.data}: expected at least {2 * _FOLDS} rows; got {len(rows.labels)}.")
    method, z = MODULES[args.method], _input(args.method, rows.scores, args.logits)
    params = method.fit(z, rows.labels)
    before = _probabilities(rows.scores, args.logits)
    after = np.asarray(calibrate.cross_fit(jax.random.key(args.seed), method, z, rows.labels, num_folds=_FOLDS).probs)
    found = {
        "method": args.method,
        "rows": len(rows.labels),
        "logits": args.logits,
        "parameters": {name: np.asarray(value).tolist() for name, value in params._asdict().items()},
        "degenerate": bool(np.any(getattr(params, "degenerate", False))),
        "why": _why(args.method, params),
        "before": _scores(args, before, rows.labels),
        "after": _scores(args, after, rows.labels),
        "saved": None if args.save is None else str(args.save),
        "notes": rows.notes,
    }
    if args.save is not None:
        kept = {"format": FORMAT, "version": jprob.__version__, "columns": args.prob}
        kept |= {key: found[key] for key in ("method", "logits", "rows", "parameters")}
        with written(args.save) as path:
            path.write_text(json.dumps(finite(kept), indent=1) + "\n")
    return found


def applied(args: argparse.Namespace) -> tuple[str, dict[str, Any], list[str]]:
    """The file's rows with calibrated probabilities beside them."""
    kept = _loaded(args.calibrator)
    if len(kept["columns"]) != len(args.prob) or kept["logits"] != args.logits:
        kind = "logits" if kept["logits"] else "probabilities"
        raise BadInput(
            f"`--prob` must be {len(kept['columns'])} columns of {kind}, as the map was fitted on; got others."
        )
    if args.data == "-":
        raise BadInput("`DATA.csv` must be a file, which is read twice; got standard input.")
    rows = read_predictions(args.data, args.prob, logits=args.logits)
    fields = {name: np.asarray(value, float) for name, value in kept["parameters"].items()}
    params = _RESULTS[kept["method"]](**fields)
    probs = np.asarray(MODULES[kept["method"]].apply(params, _input(kept["method"], rows.scores, args.logits)))
    text = _table(args, probs.reshape(len(probs), -1))
    document = {"method": kept["method"], "rows": len(probs), "probs": probs.tolist()}
    if args.out is None:
        return text.rstrip("\n"), document, rows.notes
    with written(args.out) as path:
        path.write_text(text)
    return f"{len(probs):,} rows written to {args.out}", document, rows.notes


def _table(args: argparse.Namespace, probs: np.ndarray) -> str:
    added = ["calibrated"] if probs.shape[1] == 1 else [f"calibrated_{name}" for name in args.prob]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    with open_table(args.data) as table:
        taken = [name for name in added if name in table.header]
        if taken:
            raise BadInput(f"{table.name}, row 1: expected no column {taken[0]!r} yet; got one.")
        writer.writerow([*table.header, *added])
        for (_, cells), row in zip(table.rows, probs, strict=True):
            writer.writerow([*cells, *(f"{p:.9g}" for p in row)])
    return out.getvalue()


def _input(method: str, scores: np.ndarray, logits: bool) -> np.ndarray:
    """Probabilities or log odds, whichever the method is a map of."""
    return _probabilities(scores, logits) if method in _OF_PROBABILITIES else log_scores(scores, logits)


def _probabilities(scores: np.ndarray, logits: bool) -> np.ndarray:
    return np.asarray(calibrate.temperature.apply(1.0, scores)) if logits else scores


def _scores(args: argparse.Namespace, probs: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    top, hit = (probs, labels) if probs.ndim == 1 else (probs.max(1), (probs.argmax(1) == labels).astype(int))
    p, y, w = padded(top, hit)
    found = calibrate.ece_interval(jax.random.key(args.seed), p, y, weights=w)
    return {
        "ece": float(found.estimate),
        "interval": np.asarray(found.interval).tolist(),
        "brier": float(calibrate.brier_score(probs, labels)),
        "log_loss": float(calibrate.log_loss(probs, labels)),
    }


def _why(method: str, params: Any) -> str:
    if method == "temperature":
        return calibrate.temperature.STATUS[int(params.status)]
    return "labels that a threshold separates, a single label, or scores that do not vary"


def _loaded(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            kept = json.load(stream)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: expected what `jprob calibrate fit --save` kept; got {quoted(str(error))}.") from None
    if not isinstance(kept, dict) or kept.get("format") != FORMAT or kept.get("method") not in _RESULTS:
        raise BadInput(f"{path}: expected what `jprob calibrate fit --save` kept; got another document.")
    fields = kept.get("parameters")
    if not isinstance(fields, dict) or set(fields) != set(_RESULTS[kept["method"]]._fields):
        raise BadInput(f"{path}: expected the parameters of {kept['method']}; got others.")
    return kept
