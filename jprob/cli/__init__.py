"""The command line: argparse -> load -> pure call -> report -> exit code.

A verb is one module with ``SUMMARY``, ``add_arguments(parser)`` and ``run(args) -> Answer``. Importing this package
and asking for help import neither jax nor numpy; a verb imports what it needs when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import jprob
from jprob.cli import ab, calibrate, check, coin, diagnose, fit, rate, sbc, simulate
from jprob.cli.arguments import Parser
from jprob.cli.console import BadInput, abandon, say, show

__all__ = ["main"]

VERBS = {
    "ab": ab,
    "calibrate": calibrate,
    "check": check,
    "coin": coin,
    "diagnose": diagnose,
    "fit": fit,
    "rate": rate,
    "sbc": sbc,
    "simulate": simulate,
}
ANSWERED, BAD_INPUT, INTERRUPTED = 0, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``jprob`` with the given arguments, those of the process by default, and return its exit code."""
    try:
        args = _parser().parse_args(argv)
        answer = args.run(args)
        show(answer, as_json=args.json)
        return INTERRUPTED if answer.interrupted else answer.code
    except BadInput as problem:
        say(f"jprob: {problem}")
        return BAD_INPUT
    except KeyboardInterrupt:
        say("jprob: interrupted.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough, as in `jprob ... | head -1`
        abandon(sys.stdout)
    return ANSWERED


def _parser() -> Parser:
    parser = Parser(prog="jprob", description="Bayesian answers that say how far they can be trusted.")
    parser.add_argument("--version", action="version", version=f"jprob {jprob.__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        sub = verbs.add_parser(name, help=verb.SUMMARY, description=verb.SUMMARY)
        verb.add_arguments(sub)
        sub.set_defaults(run=verb.run)
    return parser
