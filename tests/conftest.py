"""What every test shares: one compilation cache and one key."""

import os
import tempfile
from pathlib import Path

import pytest

# Before jax is imported: a suite of many small programs spends its time compiling them.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(tempfile.gettempdir()) / "jprob-test-compilation-cache"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
os.environ.setdefault("MPLBACKEND", "Agg")

import jax


@pytest.fixture
def key():
    return jax.random.key(20261122)


@pytest.fixture
def x64():
    return bool(jax.config.jax_enable_x64)


@pytest.fixture(autouse=True, scope="module")
def _forget():
    """Compiled programs of finished modules are of little use to the next one, and in time fill gigabytes."""
    yield
    if _resident() > _ENOUGH:
        jax.clear_caches()


def _resident():
    """Bytes of memory in use; infinite where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return float("inf")


_ENOUGH = 2 * 2**30
