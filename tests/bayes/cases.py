"""Data and settings that the tests share, so that few programs are compiled."""

import csv
from pathlib import Path

import numpy as np

DATA = Path(__file__).parents[2] / "examples" / "data"
FULL = {"num_warmup": 500, "num_samples": 1000}
LEAN = {**FULL, "predictive": False}


def columns(name, *fields):
    with (DATA / name).open() as file:
        rows = list(csv.DictReader(file))
    return [np.array([float(row[field]) for row in rows]) for field in fields]


PLAYERS = columns("efron_morris.csv", "hits", "at_bats")
RATS = columns("rat_tumours.csv", "tumours", "rats")
