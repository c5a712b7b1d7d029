"""jprob: functional probability on JAX.

Every number comes from a pure function you can ``jit``, ``vmap``, ``grad`` and shard, and every number says how far it
can be trusted. The rooms load on first use: ``import jprob`` imports nothing but itself.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jprob import ab, bayes, calibrate, density, estimate, event, information, monitor, report, simulate, special

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "ab",
    "bayes",
    "calibrate",
    "density",
    "estimate",
    "event",
    "information",
    "monitor",
    "report",
    "simulate",
    "special",
]


def __getattr__(name: str):
    if name in __all__:
        return importlib.import_module(f"jprob.{name}")
    raise AttributeError(f"module 'jprob' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
