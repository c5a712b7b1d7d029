"""The incident, from end to end: a classifier trained on balanced classes meets a world where 2 % are positive.

It says .95 and is right far less often. It is noticed before labels come, told apart from other failures, repaired without
a single label of the deployment, and the gate that failed passes; every figure is of held-out rows.
``python examples/incident.py [--out FOLDER]`` keeps the tables and the drawings.
"""

import argparse
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jprob import calibrate, estimate, monitor
from jprob.calibrate import prior_shift, temperature
from jprob.cli import main as jprob

KEY = jax.random.key(0)
FEATURES, TELLING, APART = 60, 8, 0.4
RARE, TRAINED = 0.02, 290


def drawn(rng, share, num):
    """Sixty features, eight of which tell the classes apart a little."""
    y = (rng.uniform(size=num) < share).astype(int)
    x = rng.normal(size=(num, FEATURES))
    x[:, :TELLING] += np.where(y[:, None], APART, -APART)
    return x.astype(np.float32), y


def logistic(beta, data):
    x, y = data
    z = x @ beta[1:] + beta[0]
    return y * z - jnp.logaddexp(0.0, z)


def trained(x, y):
    """Logistic regression without a penalty, of few rows for its features: so it is overconfident."""
    beta = estimate.fit_model(logistic, jnp.zeros(FEATURES + 1, x.dtype), (x, y.astype(x.dtype))).params
    return lambda x: np.asarray(x @ beta[1:] + beta[0])


def sure(z):
    """Probabilities of log odds, in float64, where none becomes 0 or 1."""
    return 1.0 / (1.0 + np.exp(-z.astype(float)))


def mean(each):
    half = 1.96 * np.std(each) / len(each) ** 0.5
    return f"{np.mean(each):.4f} [{np.mean(each) - half:.4f}, {np.mean(each) + half:.4f}]"


def figures(name, p, y):
    """Held-out figures with 95 % intervals."""
    hit = (p > 0.5) == (y == 1)
    right = np.where(y == 1, p, 1.0 - p)
    low, high = estimate.proportion_interval(int(hit.sum()), len(y))
    error = calibrate.ece_interval(KEY, p, y)
    rows = [
        ("confidence", f"{np.mean(np.maximum(p, 1.0 - p)):.4f}"),
        ("accuracy", f"{hit.mean():.4f} [{low:.4f}, {high:.4f}]"),
        ("log loss", mean(-np.log(right))),
        ("Brier score", mean((p - y) ** 2)),
        ("ECE", f"{error.estimate:.4f} [{error.interval[0]:.4f}, {error.interval[1]:.4f}]"),
    ]
    print(f"  {name}")
    for label, text in rows:
        print(f"    {label:<18} {text}")


def say(found):
    for finding in found.findings:
        print(f"  {finding.symptom}: {finding.says}")
        print(f"    {finding.repair}")
    if not found.findings:
        print("  nothing found")


def gate(folder, name, p, y):
    """The command of the pipeline, and its exit code."""
    path = folder / f"{name}.csv"
    rows = "\n".join(f"{a:.17g},{b}" for a, b in zip(p, y, strict=True))
    path.write_text(f"p,y\n{rows}\n")
    print(f"$ jprob check calibration {path.name} --prob p --label y")
    code = jprob(["check", "calibration", str(path), "--prob", "p", "--label", "y"])
    print(f"exit {code}\n")
    return code


def draw(folder, before, after, z, y):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from jprob.report import plot

    diagrams = [calibrate.reliability(p, y, num_bins=10) for p in (before, after)]
    plot.reliability(*diagrams, labels=("as deployed", "repaired")).savefig(folder / "reliability.png", dpi=120)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    bins = np.linspace(0.0, 1.0, 41)
    for p, label in ((before, "as deployed"), (after, "repaired")):
        axes[0].hist(p, bins, histtype="step", label=label, linewidth=1.5)
    axes[0].set(yscale="log", xlabel="probability of the rare class", ylabel="rows")
    axes[0].legend(frameon=False)
    curve = monitor.pr_curve(z, y)
    axes[1].plot(curve.recall, curve.precision, linewidth=1.5, label="both: a repair ranks nothing anew")
    axes[1].axhline(y.mean(), color="0.6", linewidth=1, label="knowing nothing")
    axes[1].set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes[1].legend(frameon=False)
    figure.savefig(folder / "incident.png", dpi=120)


def incident(folder):
    rng = np.random.default_rng(10)
    model = trained(*drawn(rng, 0.5, TRAINED))
    x_ref, y_ref = drawn(rng, 0.5, 8000)
    x_now, _ = drawn(rng, RARE, 8000)
    x_held, y_held = drawn(rng, RARE, 8000)  # labels that come later, to judge by
    z_ref, z_now, z_held = model(x_ref), model(x_now), model(x_held)
    before = sure(z_held)
    reference = monitor.Sample(sure(z_ref), y_ref)

    print("Noticed, before any label of the deployment")
    unlabelled = monitor.diagnose(reference, sure(z_now))
    say(unlabelled)
    promised = monitor.estimated_accuracy(sure(z_now), *reference[:2])
    print(
        f"  confidence promises {promised.accuracy:.3f}, yet its status is {monitor.ACCURACY_STATUS[int(promised.status)]!r}"
    )
    print("Noticed, when labels have come")
    labelled = monitor.diagnose(reference, before, y_held)
    say(labelled)
    alarms = before > 0.9
    print(f"  of what it calls {before[alarms].mean():.0%} sure, {y_held[alarms].mean():.0%} is right\n")
    codes = [gate(folder, "before", before, y_held)]

    print("Repaired, without a label of the deployment")
    fit = temperature.fit(z_ref, y_ref)
    crossed = calibrate.cross_fit(KEY, temperature, z_ref, y_ref).probs
    print(
        f"  temperature {fit.temperature:.2f} ± {fit.standard_error:.2f} on the reference, cross-fitted there: ", end=""
    )
    print(f"ECE {calibrate.ece(sure(z_ref), y_ref):.3f} -> {calibrate.ece(crossed, y_ref):.3f}")
    cool = float(fit.temperature)
    found = monitor.label_shift(crossed, y_ref, sure(z_now / cool))
    low, high = found.interval[1]
    share = float(found.prevalence[1])
    print(f"  prevalence by EM {share:.4f} [{low:.4f}, {high:.4f}], in truth {RARE}")
    after, lately = (np.asarray(prior_shift.adjust(z / cool, 0.5, share)) for z in (z_held, z_now))
    codes.append(gate(folder, "after", after, y_held))

    print("Held-out rows, 95 % intervals")
    figures("as deployed", before, y_held)
    figures("repaired", after, y_held)
    ap = monitor.average_precision(z_held, y_held)
    print(f"  average precision, before as after, {ap.value:.4f} [{ap.interval[0]:.4f}, {ap.interval[1]:.4f}]")
    paradox = monitor.accuracy_paradox(after, y_held)
    print(f"  an accuracy of {paradox.baseline:.4f} is what never alarming has: judge by the other lines")
    choice = monitor.alert_threshold(after, y_held, cost_miss=20.0)
    print(f"  where a miss costs 20 false alarms the threshold is {float(choice.threshold):.3f}, not one half")
    print("And the repaired model, diagnosed again")
    say(monitor.diagnose(lately, after, y_held))
    draw(folder, before, after, z_held, y_held)
    assert codes == [1, 0], codes
    assert unlabelled.findings[0].symptom == labelled.findings[0].symptom == "prior shift"
    assert "overconfident" in [finding.symptom for finding in labelled.findings]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="a folder for tables and drawings")
    out = parser.parse_args().out
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        incident(out)
        return
    with tempfile.TemporaryDirectory() as folder:
        incident(Path(folder))


if __name__ == "__main__":
    main()
