"""Calibration on held-out rows of scikit-learn's own data: who is overconfident, what a temperature does, and what it does not.

The brackets hold the calibration error without the noise that so few rows add to it, so they may end below it.
Naive Bayes multiplies evidence that comes twice, and so is far too sure; logistic regression is not. Every figure is of
rows that neither the model nor the map has seen. ``python examples/calibration.py [diagram.png]`` draws as well.
"""

import sys

import jax
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jprob import calibrate
from jprob.calibrate import isotonic, platt, prior_shift, temperature

KEY = jax.random.key(0)


def shared(x, y, share):
    """Rows for the model, for the map, and to judge both."""
    order = np.random.default_rng(0).permutation(len(y))
    cut = int(share * len(y))
    parts = np.split(order, [cut, (cut + len(y)) // 2])
    return [(x[part], y[part]) for part in parts]


def scores_of(model, x):
    """Log odds, or logs of probabilities of classes."""
    log = model.predict_log_proba(x)
    return log[:, 1] - log[:, 0] if log.shape[1] == 2 else np.maximum(log, -1e6)


def line(name, probs, labels):
    found = calibrate.ece_interval(KEY, probs, labels)
    test = calibrate.calibration_test(KEY, probs, labels)
    low, high = found.interval
    loss = calibrate.log_loss(probs, labels)
    print(
        f"    {name:<24} ECE {found.estimate:.3f} [{low:.3f}, {high:.3f}]  p {test.p_value:.3f}  "
        f"Brier {calibrate.brier_score(probs, labels):.4f}  log loss {loss:.4f}"
    )


def judge(title, model, data, share=0.4):
    (x, y), (x_map, y_map), (x_held, y_held) = shared(data[0], data[1], share)
    model.fit(x, y)
    z_map, z = scores_of(model, x_map), scores_of(model, x_held)
    print(f"  {title}: {np.mean(model.predict(x_held) == y_held):.1%} right of {len(y_held)} held-out rows")
    before = np.asarray(temperature.apply(1.0, z))
    line("as it is", before, y_held)
    fit = temperature.fit(z_map, y_map)
    after = np.asarray(temperature.apply(fit, z))
    line(f"temperature {fit.temperature:.3g} ± {fit.standard_error:.2g}", after, y_held)
    if z.ndim == 1:
        line("Platt's line", platt.apply(platt.fit(z_map, y_map), z), y_held)
        line("isotonic", isotonic.apply(isotonic.fit(z_map, y_map), z), y_held)
    return before, after, y_held


def incident():
    """Trained on balanced classes, deployed where one in twenty is positive."""
    rng = np.random.default_rng(3)

    def drawn(share, n):
        y = (rng.uniform(size=n) < share).astype(int)
        return 2.0 * (rng.normal(size=n) + 2.0 * y - 1.0), y  # log odds under balanced classes

    z, y = drawn(0.05, 4000)
    print("The incident: calibrated on balanced classes, deployed where 5 % are positive")
    stated = np.asarray(temperature.apply(1.0, z))
    sure = stated > 0.9
    print(f"    of what it calls {stated[sure].mean():.0%} sure, {y[sure].mean():.0%} is right")
    shift = prior_shift.em(stated, 0.5)
    low, high = shift.interval
    print(f"    positives by the predictions alone: {shift.prior:.3f} [{low:.3f}, {high:.3f}]; in truth {y.mean():.3f}")
    line("as stated", stated, y)
    line("under that prior", prior_shift.adjust(z, 0.5, float(shift.prior)), y)


def main() -> None:
    cancer, digits = load_breast_cancer(return_X_y=True), load_digits(return_X_y=True)
    print("Breast cancer, 569 tumours, two classes")
    before, after, labels = judge("naive Bayes", GaussianNB(), cancer)
    judge("logistic regression", make_pipeline(StandardScaler(), LogisticRegression()), cancer)
    print("Digits, 1,797 images, ten classes")
    judge("naive Bayes, default smoothing", GaussianNB(), digits)
    judge("naive Bayes, smoothing .01", GaussianNB(var_smoothing=0.01), digits)
    judge("logistic regression", make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)), digits)
    incident()
    if len(sys.argv) > 1:
        from jprob.report import plot

        diagrams = [calibrate.reliability(p, labels, num_bins=8) for p in (before, after)]
        plot.reliability(*diagrams, labels=("naive Bayes", "with a temperature")).savefig(sys.argv[1])


if __name__ == "__main__":
    main()
