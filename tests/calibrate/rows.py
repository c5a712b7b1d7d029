"""Predictions and labels of known faults, few shapes, from fixed seeds."""

import numpy as np

from tests.grids import DTYPE, X64

CLOSE = {"rtol": 1e-10, "atol": 1e-10} if X64 else {"rtol": 3e-5, "atol": 3e-6}
SIZE, CLASSES = 600, 4


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def binary(seed=0, size=SIZE, truth=lambda p: p**2):
    """Probabilities, labels of which ``truth(p)`` are one, and weights."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(size=size).astype(DTYPE)
    return p, (rng.uniform(size=size) < truth(p.astype(float))).astype(int), rng.uniform(0.5, 2, size).astype(DTYPE)


def log_odds(seed=0, size=SIZE, temperature=2.0):
    rng = np.random.default_rng(seed)
    z = (3.0 * rng.normal(size=size)).astype(DTYPE)
    return z, (rng.uniform(size=size) < sigmoid(z / temperature)).astype(int), rng.uniform(0.5, 2, size).astype(DTYPE)


def classes(seed=0, size=SIZE, temperature=2.0):
    """Logits, labels drawn at that temperature, and weights."""
    rng = np.random.default_rng(seed)
    z = (2.0 * rng.normal(size=(size, CLASSES))).astype(DTYPE)
    y = np.array([rng.choice(CLASSES, p=row) for row in softmax(z.astype(float) / temperature)])
    return z, y, rng.uniform(0.5, 2, size).astype(DTYPE)
