"""Drift: what a threshold of 0.1 gets wrong, what the null knows, and a stream that two machines share.

Run ``python examples/drift.py``; with ``--plot FILE`` it draws the sizes over the days.
"""

import sys

import jax
import numpy as np

from jprob import monitor


def the_threshold() -> None:
    rng = np.random.default_rng(1)
    print("Equal populations, the usual alarm at PSI > 0.1 and jprob's")
    for n in (100, 200, 1000, 10_000):
        x, y = rng.normal(size=(2, n, 500)).astype(np.float32)
        found = monitor.psi(x, y)
        usual = float(np.mean(found.statistic > 0.1))
        print(f"  n = {n:>6}: usual {usual:6.1%}, significant and above 0.1 {float(np.mean(found.alarm)):6.1%}")
    x, y = rng.normal(size=(2, 200_000)).astype(np.float32)
    trifle = monitor.ks(x, y + np.float32(0.02))
    print(
        f"  a shift of 0.02 sd in 200,000 rows: KS p = {float(trifle.p_value):.1e}, size {float(trifle.size):.4f}, ",
        end="",
    )
    print("alarm" if trifle.alarm else "no alarm")


def what_breaks_a_closed_range() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 1000)).astype(np.float32)
    cases = {
        "90 % moved to 50": np.where(np.arange(1000) < 900, np.float32(50.0), y),
        "all moved to 50": np.full(1000, 50.0, np.float32),
        "half missing": np.where(np.arange(1000) < 500, np.float32(np.nan), y),
    }
    print("What a PSI over a fixed closed range does not see")
    for name, current in cases.items():
        found = monitor.psi(x, current)
        print(f"  {name:<18} PSI {float(found.statistic):6.2f}, alarm {bool(found.alarm)}")


def a_table() -> None:
    rng = np.random.default_rng(3)
    cities = np.array(["Graz", "Linz", "Wien"])
    before = {
        "age": rng.normal(40.0, 10.0, 2000),
        "spend": rng.lognormal(size=2000),
        "city": rng.choice(cities, 2000, p=[0.3, 0.2, 0.5]),
    }
    after = {
        "city": rng.choice(cities, 1500, p=[0.1, 0.2, 0.7]),
        "age": rng.normal(40.0, 10.0, 1500),
        "spend": 1.8 * rng.lognormal(size=1500),
    }
    found = monitor.drift(before, after)
    print(f"A data set: drifted {bool(found.drifted)}, {float(found.share):.0%} of the columns")
    for at, name in enumerate(found.names):
        print(f"  {name:<6} {found.tests[at]:<5} size {float(found.size[at]):.3f}, q {float(found.q_value[at]):.4f}")


def a_week(plot: str | None) -> None:
    rng = np.random.default_rng(4)
    state = monitor.reference(rng.normal(size=5000).astype(np.float32))
    update, slide = jax.jit(monitor.update), jax.jit(monitor.slide)
    halves = [update(state, rng.normal(size=1000).astype(np.float32)) for _ in range(2)]
    both = monitor.from_json(monitor.to_json(monitor.merge(*halves)))
    print(f"Two machines, merged, through JSON: size {float(monitor.score(both).size):.4f}")
    last, sizes = monitor.window(state, 3), []
    for day in range(14):
        last = slide(last, rng.normal(0.08 * max(0, day - 5), 1.0, 1000).astype(np.float32))
        found = monitor.score(last)
        sizes.append((float(found.size), *map(float, found.interval)))
        if found.alarm:
            print(f"A drift of .08 sd a day from day 6 on: the window of three days alarms on day {day}")
            break
    if plot:
        draw(np.array(sizes), plot)


def draw(sizes: np.ndarray, path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
    days = np.arange(len(sizes))
    axes.fill_between(days, sizes[:, 1], sizes[:, 2], alpha=0.25, label="95 % interval")
    axes.plot(days, sizes[:, 0], marker="o", label="PSI beyond noise, three days")
    axes.axhline(0.1, color="0.4", linestyle="--", label="limit")
    axes.set(xlabel="day", ylabel="size")
    axes.legend()
    figure.savefig(path)


def main() -> None:
    the_threshold()
    what_breaks_a_closed_range()
    a_table()
    a_week(sys.argv[sys.argv.index("--plot") + 1] if "--plot" in sys.argv else None)


if __name__ == "__main__":
    main()
