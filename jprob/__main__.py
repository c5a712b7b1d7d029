"""``python -m jprob`` is the command ``jprob``."""

import sys

from jprob.cli import main

if __name__ == "__main__":
    sys.exit(main())
