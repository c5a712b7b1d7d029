"""What a computation needs around it: float64, compiled programs that last, and files that appear whole or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jprob.cli.console import BadInput, quoted

__all__ = ["float64", "prepare_jax", "written"]


def prepare_jax() -> None:
    """Settings of a process that is ours, made before JAX is imported; what the user has set is left alone.

    The compiler keeps its log to itself, and compiled programs are kept in the user's cache folder: the second run takes
    half the time. ``JAX_COMPILATION_CACHE_DIR`` chooses another folder, ``JAX_ENABLE_COMPILATION_CACHE=0`` none.
    """
    if "jax" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ and (folder := _cache_folder()):
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


@contextmanager
def float64() -> Iterator[None]:
    """Double precision inside; JAX is left as it was."""
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


def _cache_folder() -> Path | None:
    """The user's cache folder for jprob, if there is one that can be written."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "jprob"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only, or a user without a home
        return None
    return folder if os.access(folder, os.W_OK) else None
