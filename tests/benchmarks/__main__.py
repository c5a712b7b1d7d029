"""``python -m tests.benchmarks NAME``: run one benchmark; without a name, list them."""

import importlib
import pkgutil
import sys

import tests.benchmarks

NAMES = sorted(m.name for m in pkgutil.iter_modules(tests.benchmarks.__path__) if not m.name.startswith("_"))


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in NAMES:
        print(f"usage: python -m tests.benchmarks NAME, with NAME one of: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    return importlib.import_module(f"tests.benchmarks.{arguments[0]}").main() or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
