"""``jprob check``: gates for a pipeline, with exit codes 0 for passed, 1 for failed and 3 for too few data to tell.

A check is one module with ``SUMMARY``, ``add_arguments(parser)`` and ``run(args) -> Answer``; its name here is its sub-verb,
and its kind in a file of many checks.
"""

from __future__ import annotations

import argparse

from jprob.cli import check_calibration, check_config, check_drift, check_predictions
from jprob.cli.arguments import Parser
from jprob.cli.console import Answer, BadInput

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "gates for a pipeline: exit code 0 passed, 1 failed, 3 cannot tell"
CHECKS = {"calibration": check_calibration, "drift": check_drift, "predictions": check_predictions}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob check``."""
    parser.add_argument("--config", metavar="CHECKS.toml", help="many checks, a table [[check]] for each, in one step")
    parser.add_argument(
        "--json", action="store_true", dest="config_json", help="with --config: one JSON document on stdout"
    )
    parser.set_defaults(check=None, json=False)
    checks = parser.add_subparsers(title="checks", metavar="CHECK", parser_class=Parser)
    for name, check in CHECKS.items():
        sub = checks.add_parser(name, help=check.SUMMARY, description=check.SUMMARY)
        check.add_arguments(sub)
        sub.set_defaults(check=check)


def run(args: argparse.Namespace) -> Answer:
    """Answer the check that was asked for, or those of a file."""
    args.json = args.json or args.config_json
    if args.check is not None:
        if args.config is not None:
            raise BadInput("`--config` must stand alone; got a check as well.")
        return args.check.run(args)
    if args.config is None:
        raise BadInput(f"expected a check ({', '.join(CHECKS)}) or `--config`; got neither.")
    return check_config.run(args.config, CHECKS)
