"""Timing peers fairly: interleaved repetitions, medians, ratios to the first."""

import statistics
import time
from collections.abc import Callable, Sequence

import jax


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call, its results waited for."""
    start = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - start


def interleaved(calls: dict[str, Callable[[], object]], repeats: int = 5) -> dict[str, float]:
    """Median seconds of each call; the calls take turns, so that a slow spell of the machine hits them all."""
    for call in calls.values():
        call()  # compile and warm the caches
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            times[name].append(seconds(call))
    return {name: statistics.median(values) for name, values in times.items()}


def table(title: str, rows: dict[str, float], unit: str = "s") -> None:
    """Print values beside their ratio to the first row."""
    print(f"\n{title}")
    reference = next(iter(rows.values()))
    for name, value in rows.items():
        print(f"  {name:<44} {value:>12.4g} {unit:<4} {value / reference:>12.4g} x")


def claims(checks: Sequence[tuple[str, bool]]) -> int:
    """Print each claim and whether it holds; the number that do not."""
    for sentence, holds in checks:
        print(f"  {'holds' if holds else 'FAILS'}: {sentence}")
    return sum(not holds for _, holds in checks)
