"""Simulation-based calibration of every shipped model by every engine: 1,000 simulations, 99 ranks, the 99 % band.

``SBC=coin,ab`` looks at some of the models, ``ENGINES=hmc,exact`` at some of the engines.
"""

import os
import time

import jax
import numpy as np

from jprob import bayes
from jprob.cli.sbc_engine import DESIGNS

ENGINES = ("exact", "hmc", "nuts", "laplace")


def main() -> int:
    chosen = os.environ.get("SBC", ",".join(DESIGNS)).split(",")
    engines = os.environ.get("ENGINES", ",".join(ENGINES)).split(",")
    print(f"{'model':<20}{'engine':<10}{'seconds':>8}  {'verdict':<15}{'worst site':<18}{'smallest p':>10}   band")
    outside = 0
    for name in chosen:
        model, data, options = DESIGNS[name]
        for engine in engines:
            if engine == "exact" and not hasattr(model, "exact"):
                continue
            start = time.perf_counter()
            found = bayes.sbc(jax.random.key(2026), model, *data, engine=engine, **options)
            inside = all(bool(np.asarray(held).all()) for held in found.inside_band.values())
            smallest = min(float(np.asarray(p).min()) for p in found.p_value.values())
            outside += not inside
            print(
                f"{name:<20}{engine:<10}{time.perf_counter() - start:>8.1f}  {found.verdict:<15}{found.worst_site:<18}"
                f"{smallest:>10.4f}   {'inside' if inside else 'OUTSIDE'}",
                flush=True,
            )
    print(f"\noutside the band: {outside}")
    return 0
