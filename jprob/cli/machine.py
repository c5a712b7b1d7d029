"""What a computation needs around it: float64, compiled programs that last, and files that appear whole or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jprob.cli.console import BadInput, quoted

__all__ = ["float64", "written"]


@contextmanager
def float64() -> Iterator[None]:
    """Compute in double precision inside, and leave JAX as it was."""
    _remember_compilations()
    import jax

    with jax.enable_x64(True):
        yield


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A path to write to; what was written there becomes ``path`` in one step, or vanishes.

    Raises:
        BadInput: the disk is full, the folder has gone, and the like.
    """
    draft = path.with_name(f".{path.stem[:100]}.{os.getpid()}{path.suffix}")
    try:
        yield draft
        os.replace(draft, path)
    except OSError as error:
        raise BadInput(f"{quoted(str(path))} cannot be written: {error.strerror or error}.") from None
    finally:
        draft.unlink(missing_ok=True)


def _remember_compilations() -> None:
    """Keep compiled programs in the user's cache folder, if this process is ours and nobody has decided otherwise.

    The second run then starts in half the time. ``JAX_COMPILATION_CACHE_DIR`` chooses another folder.
    """
    if "jax" in sys.modules or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "jprob"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only, or a user without a home
        return
    if os.access(folder, os.W_OK):
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
