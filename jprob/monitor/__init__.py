"""Production against what it should be: drift of samples with its null and its size, charts with limits for a run length."""

from jprob.monitor.alert_threshold import AlertThreshold, CostCurve, alert_threshold, cost_curve
from jprob.monitor.anderson import anderson_darling
from jprob.monitor.calibration_drift import CalibrationDrift, calibration_drift
from jprob.monitor.categories import chi2, g_test
from jprob.monitor.changes import Changes, Evidence, Sample, what_changed
from jprob.monitor.charts import Chart, binomial_limits, cusum, ewma, page_hinkley, shewhart
from jprob.monitor.classifier import classifier_test
from jprob.monitor.columns import DataDrift, drift
from jprob.monitor.diagnosis import SYMPTOMS, Diagnosis, Finding, diagnose
from jprob.monitor.discoveries import benjamini_hochberg, benjamini_yekutieli
from jprob.monitor.divergences import js, kl, psi, total_variation
from jprob.monitor.kernel_distance import mmd
from jprob.monitor.label_shift import LabelShift, label_shift
from jprob.monitor.performance import ACCURACY_STATUS, EstimatedAccuracy, estimated_accuracy
from jprob.monitor.precision_recall import AveragePrecision, PRCurve, average_precision, pr_curve
from jprob.monitor.rare_events import (
    AccuracyParadox,
    Precision,
    RuleOfThree,
    accuracy_paradox,
    precision_at_prevalence,
    rule_of_three,
)
from jprob.monitor.rate_tests import RateTest, rate_ratio_test, rate_test
from jprob.monitor.result import Drift
from jprob.monitor.run_length import (
    Design,
    RunLength,
    average_run_length,
    design_limits,
    simulated_run_length,
)
from jprob.monitor.smirnov import ks
from jprob.monitor.state import Monitor, Window, from_json, merge, reference, score, slide, to_json, update, window
from jprob.monitor.transport import energy, wasserstein
from jprob.monitor.validation import Problem, Validation, merge_validations, validate
from jprob.monitor.vector_chart import vector_limit, vector_run_length

__all__ = [
    "ACCURACY_STATUS",
    "SYMPTOMS",
    "AccuracyParadox",
    "AlertThreshold",
    "AveragePrecision",
    "CalibrationDrift",
    "Changes",
    "Chart",
    "CostCurve",
    "DataDrift",
    "Design",
    "Diagnosis",
    "Drift",
    "EstimatedAccuracy",
    "Evidence",
    "Finding",
    "LabelShift",
    "Monitor",
    "PRCurve",
    "Precision",
    "Problem",
    "RateTest",
    "RuleOfThree",
    "RunLength",
    "Sample",
    "Validation",
    "Window",
    "accuracy_paradox",
    "alert_threshold",
    "anderson_darling",
    "average_precision",
    "average_run_length",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "binomial_limits",
    "calibration_drift",
    "chi2",
    "classifier_test",
    "cost_curve",
    "cusum",
    "design_limits",
    "diagnose",
    "drift",
    "energy",
    "estimated_accuracy",
    "ewma",
    "from_json",
    "g_test",
    "js",
    "kl",
    "ks",
    "label_shift",
    "merge",
    "merge_validations",
    "mmd",
    "page_hinkley",
    "pr_curve",
    "precision_at_prevalence",
    "psi",
    "rate_ratio_test",
    "rate_test",
    "reference",
    "rule_of_three",
    "score",
    "shewhart",
    "simulated_run_length",
    "slide",
    "to_json",
    "total_variation",
    "update",
    "validate",
    "vector_limit",
    "vector_run_length",
    "wasserstein",
    "what_changed",
    "window",
]
