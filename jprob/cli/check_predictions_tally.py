"""Predictions too many to hold: what they add to sums in fine bins, and to counts of the log odds that came.

Bins are some hundred times finer than those that are asked for, and log odds are told apart by 10⁻⁴, from -50 to 50. Classes,
whose logits have no such table, get the temperature of every so many-th row.
"""

from __future__ import annotations

import argparse
from typing import Any

import jax
import numpy as np

from jprob import calibrate, monitor
from jprob.calibrate import temperature
from jprob.cli.check_calibration_engine import concluded, log_scores, padded, remedy, tested

__all__ = ["Tally"]

_FINER = 256
_MARKS, _REACH = 2**20, 50.0  # of log odds, either way
_SIMULATIONS = 999


class Tally:
    """What is kept of rows."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.single = len(args.prob) == 1
        self.rows = 0
        self.sums: calibrate.Statistics | None = None
        self.labels: set[int] = set()
        self.marks = np.zeros((2, _MARKS), np.int64)  # rows by label and log odds
        self.odds = np.zeros(_MARKS)  # their sum
        self.called = np.zeros((2, 2), np.int64)  # rows by label, and whether they reach the threshold

    def add(self, scores: np.ndarray, labels: np.ndarray) -> None:
        """Take rows with scores that can be right, as probabilities or logits."""
        if not len(labels):
            return
        probs = np.asarray(temperature.apply(1.0, scores)) if self.args.logits else scores
        p, y, w = padded(probs, labels)
        sums = calibrate.statistics(p, y, weights=w, num_bins=_FINER * self.args.bins)
        self.sums = sums if self.sums is None else calibrate.merge(self.sums, sums)
        self.labels |= set(np.unique(labels).tolist())
        if self.single:
            self._mark(log_scores(scores, self.args.logits), probs, labels)
        self.rows += len(labels)

    def calibration(self, scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
        """What is said of calibration, as of rows that were held; a temperature of classes is that of some rows, given here."""
        args, sums = self.args, self.sums
        assert sums is not None
        coarse = calibrate.coarsen(sums, args.bins)
        keys = jax.random.split(jax.random.fold_in(jax.random.key(args.seed), 0))
        ends = calibrate.ece_interval(keys[0], coarse, level=args.level)
        options = {"num_bins": args.bins, "level": args.level, "num_simulations": _SIMULATIONS}
        judged = tested(args, self.rows, ends, calibrate.calibration_test(keys[1], sums, **options))
        found = judged | concluded(
            args,
            calibrate.reliability(coarse, level=args.level),
            rows=self.rows,
            classes=max(2, len(args.prob)),
            smooth_ece=float(calibrate.smooth_ece(sums)),
            brier=float(calibrate.brier_score(sums)),
            log_loss=float(calibrate.log_loss(sums)),
            one_label=len(self.labels) == 1,
            mean_forecast=float(sums.confidence.sum() / sums.weight.sum()),
            mean_label=float(sums.hits.sum() / sums.weight.sum()),
        )
        rows = (
            _rows(*self._marked()) if self.single else (log_scores(scores, args.logits), labels, np.ones(len(labels)))
        )
        return found | remedy(*rows, found, args.level)

    def rare_events(self) -> tuple[monitor.AveragePrecision, monitor.AccuracyParadox]:
        """How well positives are found, of a single score."""
        level = self.args.level
        scores, labels, counts = _rows(*self._marked())
        average = monitor.average_precision(scores, labels, counts=counts, level=level)
        called, labels, counts = _rows(np.array([0.0, 1.0]), self.called)
        return average, monitor.accuracy_paradox(called, labels, counts=counts, level=level)

    def _mark(self, z: np.ndarray, probs: np.ndarray, labels: np.ndarray) -> None:
        held = np.clip(z, -_REACH, _REACH)
        place = np.minimum((held + _REACH) * (_MARKS / (2.0 * _REACH)), _MARKS - 1).astype(np.int64)
        for label in (0, 1):
            self.marks[label] += np.bincount(place[labels == label], minlength=_MARKS)
            self.called[label] += np.bincount(probs[labels == label] >= self.args.threshold, minlength=2)
        self.odds += np.bincount(place, held, _MARKS)

    def _marked(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean log odds of the marks that came, and rows there by label."""
        some = self.marks.any(0)
        return self.odds[some] / self.marks[:, some].sum(0), self.marks[:, some]


def _rows(scores: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A row for each label and score, and how often it came."""
    return np.tile(scores, 2), np.repeat([0, 1], len(scores)), times.ravel()
