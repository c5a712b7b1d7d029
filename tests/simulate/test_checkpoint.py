"""Checkpoints: killed at random points and resumed, refused where they do not fit, whole where the disk is full."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import simulate
from jprob.simulate import engine
from tests.simulate import study
from tests.simulate.study import NUM, REDUCE, TILE, experiment, fingerprint, run
from tests.simulate.test_engine import interrupting


def start(what, *rest, **environment):
    command = [sys.executable, "-m", "tests.simulate.study", what, *map(str, rest)]
    return subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)


def words(process):
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return out.split()


def test_killed_and_resumed_is_the_same(tmp_path):
    path, reference = tmp_path / "state", fingerprint(run())
    rng, seen = random.Random(1), []
    for _ in range(3):
        process = start("run", path)
        while not path.exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        seen.append(path.read_bytes())
    assert words(start("run", path)) == [reference]
    assert fingerprint(run(checkpoint=path, resume=True)) == reference
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == ["state"]


def test_any_number_of_devices_gives_the_same_bits():
    found = words(start("devices", XLA_FLAGS="--xla_force_host_platform_device_count=8"))
    assert found == [
        *[fingerprint(run(reduce=study.LEAN))] * 5,
        fingerprint(run(reduce=None)),
        study.resampled(),
    ]


def test_two_processes_give_the_same_bits():
    example = Path(__file__).parents[2] / "examples" / "two_hosts.py"
    done = subprocess.run([sys.executable, example], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "the same bits" in done.stdout


@pytest.mark.parametrize("reduce", [REDUCE, None], ids=["reduced", "draws"])
def test_resuming_after_an_interruption(tmp_path, monkeypatch, reduce):
    path, done = tmp_path / "state", []
    with monkeypatch.context() as patch:
        interrupting(patch, 4)
        part = run(checkpoint=path, tiles_per_dispatch=20, reduce=reduce)
    assert part.num_replicates == 60 * TILE
    with monkeypatch.context() as patch:
        step = engine._Run.step
        patch.setattr(engine._Run, "step", lambda self, *a: done.append(1) or step(self, *a))
        resumed = run(checkpoint=path, resume=True, tiles_per_dispatch=20, reduce=reduce)
    assert fingerprint(resumed) == fingerprint(run(reduce=reduce))
    assert len(done) == -(-(NUM - 60 * TILE) // (20 * TILE))  # nothing is done twice


def test_a_file_that_does_not_fit_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "state"
    run(checkpoint=path, stop=TILE)
    content = path.read_bytes()
    with pytest.raises(ValueError, match="`checkpoint` must not exist yet, or `resume` be True"):
        run(checkpoint=path, stop=TILE)
    others = {
        "size": {"stop": 2 * TILE},
        "reducer": {"reduce": {**REDUCE, "histogram": simulate.histogram(0.0, 5.0, 16)}, "stop": TILE},
        "experiment": {},
        "key": {},
        "data": {},
    }
    for name, options in others.items():
        key = jax.random.key(4 if name == "key" else 3)
        args = (jnp.float32(0.25 if name == "data" else 0.5),)
        what = (lambda k, s: experiment(k, s * 2.0)) if name == "experiment" else experiment
        options = {"stop": TILE, "reduce": REDUCE} | options
        with pytest.raises(ValueError, match=f"`checkpoint` must be of this run; got one with another {name} in"):
            simulate.replicate(key, what, NUM, args=args, tile=TILE, checkpoint=path, resume=True, **options)
    for damage in (content[:-1], content[:60], content[:-9] + b"x" + content[-8:]):
        path.write_bytes(damage)
        with pytest.raises(ValueError, match="`checkpoint` must be whole; got a truncated or damaged file"):
            run(checkpoint=path, stop=TILE, resume=True)
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(ValueError, match="`checkpoint` must be a file that jprob wrote"):
        run(checkpoint=path, stop=TILE, resume=True)
    assert path.read_bytes() == b"a,b\n1,2\n"


def test_a_full_disk_leaves_the_last_checkpoint_whole(tmp_path, monkeypatch):
    path = tmp_path / "state"

    def full(_):
        if path.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(
            OSError, match=r"`checkpoint` could not be written \(No space left on device\); the one before"
        ):
            run(checkpoint=path, tiles_per_dispatch=20)
    assert os.listdir(tmp_path) == ["state"]
    assert fingerprint(run(checkpoint=path, resume=True)) == fingerprint(run())


def test_a_closure_over_other_data_is_another_experiment(tmp_path, key):
    path = tmp_path / "state"

    def study_of(values):
        return lambda k: jax.random.choice(k, values)

    simulate.replicate(key, study_of(jnp.arange(5.0)), 100, checkpoint=path)
    with pytest.raises(ValueError, match="another experiment"):
        simulate.replicate(key, study_of(jnp.arange(5.0) + np.float32(1.0)), 100, checkpoint=path, resume=True)
    assert study.NUM == NUM
