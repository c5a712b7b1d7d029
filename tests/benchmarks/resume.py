"""A study killed at twenty random moments and resumed each time: the same bits, and at most a dispatch done again."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks._timing import claims
from tests.simulate.study import fingerprint, run

KILLS = 20


def started(path):
    command = [sys.executable, "-m", "tests.simulate.study", "run", str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def main() -> int:
    rng, alive, whole = random.Random(0), 0, fingerprint(run())
    with tempfile.TemporaryDirectory() as folder:
        path, sizes = Path(folder) / "state", []
        for _ in range(KILLS):
            before = path.stat().st_mtime_ns if path.exists() else 0
            process = started(path)
            while process.poll() is None and not (path.exists() and path.stat().st_mtime_ns != before):
                time.sleep(0.002)
            time.sleep(rng.uniform(0.0, 0.02))
            alive += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.communicate()
            sizes.append(os.path.getsize(path))
        last = started(path)
        out, _ = last.communicate(timeout=300)
    print(f"killed {KILLS} times, {alive} of them at work; checkpoint of {max(sizes):,} bytes")
    return claims([("resumed to the same hash as in one piece", out.split() == [whole])])
