"""Predictions and labels to scores, verdicts and better predictions, for classes and for numbers."""

from jprob.calibrate import beta, histogram, isotonic, matrix, platt, prior_shift, temperature, vector
from jprob.calibrate.calibration_tests import (
    CalibrationTest,
    GroupedTest,
    ZTest,
    calibration_test,
    hosmer_lemeshow,
    spiegelhalter,
)
from jprob.calibrate.corp import Corp, corp
from jprob.calibrate.cross import CrossFit, cross_fit
from jprob.calibrate.crps import crps, interval_score, pinball
from jprob.calibrate.decompositions import Decomposition, brier_decomposition, log_loss_decomposition
from jprob.calibrate.error_interval import ErrorInterval, ece_bootstrap, ece_interval
from jprob.calibrate.losses import class_weighted_loss, focal_loss, undo_class_weights, undo_focal
from jprob.calibrate.quantiles import (
    Conformal,
    Coverage,
    QuantileMap,
    central_coverage,
    conformal,
    quantile_coverage,
    quantile_map,
    quantiles_of,
)
from jprob.calibrate.reliability import Reliability, reliability
from jprob.calibrate.scores import (
    Scores,
    adaptive_ece,
    brier_score,
    ece,
    log_loss,
    mce,
    mean_entropy,
    score,
    sharpness,
)
from jprob.calibrate.smooth import smooth_ece
from jprob.calibrate.statistics import Statistics, coarsen, merge, statistics
from jprob.calibrate.uncertainty import Posterior, Predicted, posterior, predict
from jprob.calibrate.uniformity import PitHistogram, UniformityTest, pit, pit_histogram, pit_test

__all__ = [
    "CalibrationTest",
    "Conformal",
    "Corp",
    "Coverage",
    "CrossFit",
    "Decomposition",
    "ErrorInterval",
    "GroupedTest",
    "PitHistogram",
    "Posterior",
    "Predicted",
    "QuantileMap",
    "Reliability",
    "Scores",
    "Statistics",
    "UniformityTest",
    "ZTest",
    "adaptive_ece",
    "beta",
    "brier_decomposition",
    "brier_score",
    "calibration_test",
    "central_coverage",
    "class_weighted_loss",
    "coarsen",
    "conformal",
    "corp",
    "cross_fit",
    "crps",
    "ece",
    "ece_bootstrap",
    "ece_interval",
    "focal_loss",
    "histogram",
    "hosmer_lemeshow",
    "interval_score",
    "isotonic",
    "log_loss",
    "log_loss_decomposition",
    "matrix",
    "mce",
    "mean_entropy",
    "merge",
    "pinball",
    "pit",
    "pit_histogram",
    "pit_test",
    "platt",
    "posterior",
    "predict",
    "prior_shift",
    "quantile_coverage",
    "quantile_map",
    "quantiles_of",
    "reliability",
    "score",
    "sharpness",
    "smooth_ece",
    "spiegelhalter",
    "statistics",
    "temperature",
    "undo_class_weights",
    "undo_focal",
    "vector",
]
