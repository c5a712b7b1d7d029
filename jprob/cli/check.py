"""``jprob check``: gates for a pipeline, with exit codes 0 for passed, 1 for failed and 3 for too few data to tell.

A check is one module with ``SUMMARY``, ``add_arguments(parser)`` and ``run(args) -> Answer``; its name here is its sub-verb.
"""

from __future__ import annotations

import argparse

from jprob.cli import check_calibration, check_drift
from jprob.cli.arguments import Parser

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "gates for a pipeline: exit code 0 passed, 1 failed, 3 cannot tell"
CHECKS = {"calibration": check_calibration, "drift": check_drift}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob check``."""
    checks = parser.add_subparsers(title="checks", metavar="CHECK", required=True, parser_class=Parser)
    for name, check in CHECKS.items():
        sub = checks.add_parser(name, help=check.SUMMARY, description=check.SUMMARY)
        check.add_arguments(sub)
        sub.set_defaults(check=check)


def run(args: argparse.Namespace):
    """Answer the check that was asked for."""
    return args.check.run(args)
