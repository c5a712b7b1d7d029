"""Production against what it should be: drift of samples with its null and its size, charts with limits for a run length."""

from jprob.monitor.anderson import anderson_darling
from jprob.monitor.categories import chi2, g_test
from jprob.monitor.charts import Chart, binomial_limits, cusum, ewma, page_hinkley, shewhart
from jprob.monitor.classifier import classifier_test
from jprob.monitor.columns import DataDrift, drift
from jprob.monitor.discoveries import benjamini_hochberg, benjamini_yekutieli
from jprob.monitor.divergences import js, kl, psi, total_variation
from jprob.monitor.kernel_distance import mmd
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

__all__ = [
    "Chart",
    "DataDrift",
    "Design",
    "Drift",
    "Monitor",
    "RunLength",
    "Window",
    "anderson_darling",
    "average_run_length",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "binomial_limits",
    "chi2",
    "classifier_test",
    "cusum",
    "design_limits",
    "drift",
    "energy",
    "ewma",
    "from_json",
    "g_test",
    "js",
    "kl",
    "ks",
    "merge",
    "mmd",
    "page_hinkley",
    "psi",
    "reference",
    "score",
    "shewhart",
    "simulated_run_length",
    "slide",
    "to_json",
    "total_variation",
    "update",
    "wasserstein",
    "window",
]
