"""Rare events: what accuracy hides, what an alarm is worth, where to put the threshold, and data that cannot be right.

Run ``python examples/rare_events.py``; with ``--plot FILE`` it draws precision against recall.
"""

import sys

import numpy as np

from jprob import monitor

ROWS, PREVALENCE = 20_000, 0.01


def scored(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a classifier that was trained on as many of either label, and what came."""
    y = (rng.uniform(size=ROWS) < PREVALENCE).astype(int)
    z = rng.normal(size=ROWS) + np.where(y == 1, 1.1, -1.1)
    return (1 / (1 + np.exp(-2.2 * z))).astype(np.float32), y


def what_accuracy_hides(p: np.ndarray, y: np.ndarray) -> None:
    found = monitor.accuracy_paradox(p, y)
    print(f"{y.sum()} of {ROWS:,} rows are positive")
    print(f"  accuracy {found.accuracy:.3f}; who never alarms has {found.baseline:.3f}")
    low, high = 1 - found.skill_interval[1], 1 - found.skill_interval[0]
    print(f"  {1 - found.skill:.1f} times the errors of who never alarms [{low:.1f}, {high:.1f}]")
    print(f"  balanced accuracy {found.balanced:.3f}: it does know something")
    average = monitor.average_precision(p, y)
    low, high = average.interval
    print(f"  average precision {average.value:.3f} [{low:.3f}, {high:.3f}], a blind guess has {average.baseline:.3f}")


def what_an_alarm_is_worth() -> None:
    print(
        "Of alarms of a test with recall 0.90 and specificity 0.95, found on 400 rows of either label, so many are true:"
    )
    for prevalence in (0.5, 0.1, 0.01, 0.001):
        found = monitor.precision_at_prevalence(0.9, 0.95, prevalence, positives=400, negatives=400)
        print(
            f"  where {prevalence:6.1%} are positive: {found.value:.3f} [{found.interval[0]:.3f}, {found.interval[1]:.3f}]"
        )


def where_to_put_the_threshold(p: np.ndarray, y: np.ndarray) -> None:
    half = ROWS // 2  # chosen on one half, judged on the other
    for name, options in (
        ("1 % of rows may alarm", {"budget": 0.01}),
        ("a miss costs 50 false alarms", {"cost_miss": 50.0}),
    ):
        chosen = monitor.alert_threshold(p[:half], y[:half], **options)
        alarms = p[half:] >= float(chosen.threshold)
        hits = int(alarms[y[half:] == 1].sum())
        print(
            f"{name}: threshold {chosen.threshold:.3f}, then {alarms.sum()} alarms in {half:,} rows, {hits} of them true, "
            f"of {y[half:].sum()} events"
        )


def rates() -> None:
    upper = monitor.rule_of_three(3000).upper
    print(f"No event in 3,000 trials: the rate is below {upper:.5f}, or we were unlucky as one in twenty")
    found = monitor.rate_ratio_test((9, 2), (10_000, 10_000))
    print(
        f"9 events against 2: {found.rate:.1f} times, p = {found.p_value:.3f}, [{found.interval[0]:.2f}, {found.interval[1]:.1f}]"
    )


def data_that_cannot_be_right(rng: np.random.Generator, p: np.ndarray) -> None:
    p = p.astype(float).copy()
    p[[17, 300]] = np.nan, 1.2
    income = rng.lognormal(size=ROWS)
    income[15_000:] = 0.0
    found = monitor.validate(p, {"income": income, "age": rng.integers(18, 90, ROWS)})
    print(f"Can this be right? {'yes' if found.ok else 'no'}")
    for problem in found.problems:
        print(f"  {problem.says}")


def draw(p: np.ndarray, y: np.ndarray, path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    curve, average = monitor.pr_curve(p, y), monitor.average_precision(p, y)
    once = np.asarray(curve.distinct)
    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    axes.step(np.asarray(curve.recall)[once], np.asarray(curve.precision)[once], where="post", color="C0")
    axes.axhline(float(average.baseline), color="0.6", linestyle="--", label="blind guess")
    low, high = average.interval
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title(f"average precision {average.value:.2f} [{low:.2f}, {high:.2f}]", fontsize=10)
    axes.legend(frameon=False)
    figure.savefig(path)


def main() -> None:
    rng = np.random.default_rng(0)
    p, y = scored(rng)
    what_accuracy_hides(p, y)
    what_an_alarm_is_worth()
    where_to_put_the_threshold(p, y)
    rates()
    data_that_cannot_be_right(rng, p)
    if "--plot" in sys.argv:
        draw(p, y, sys.argv[sys.argv.index("--plot") + 1])


if __name__ == "__main__":
    main()
