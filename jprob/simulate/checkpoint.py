"""Checkpoints: written whole or not at all, and read only by the run that wrote them."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

__all__ = ["Fingerprint", "digest", "load", "save"]

_MAGIC = b"jprob checkpoint 1\n"
_SHA = 32


class Fingerprint(NamedTuple):
    """What must be the same for a run to go on: each a short text, named in the refusal if it differs."""

    key: str
    experiment: str
    data: str
    reducer: str
    size: str
    versions: str


def digest(*things: Any) -> str:
    """A hash of arrays (their bytes, shape and dtype) and texts."""
    sha = hashlib.sha256()
    for leaf in jax.tree.leaves(things):
        if isinstance(leaf, str):
            sha.update(leaf.encode())
            continue
        if isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            sha.update(str(jax.random.key_impl(leaf)).encode())
            leaf = jax.random.key_data(leaf)
        array = np.asarray(leaf)
        sha.update(f"{array.dtype}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()[:32]


def save(path: Path, fingerprint: Fingerprint, arrays: list[np.ndarray]) -> None:
    """Write a checkpoint in one step: after a crash at any moment the file is the old one or the new one.

    Raises:
        OSError: the disk is full, the folder has gone, and the like; the old file is whole.
    """
    content = io.BytesIO()
    np.savez(content, *arrays, fingerprint=np.array(fingerprint))
    payload = content.getbuffer()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(draft, "wb") as stream:
            stream.write(_MAGIC + hashlib.sha256(payload).digest())
            stream.write(payload)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"`checkpoint` could not be written ({error.strerror}); the one before it, if there is one, is whole",
            str(path),
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def load(path: Path, fingerprint: Fingerprint) -> list[np.ndarray]:
    """The arrays of a checkpoint of this very run.

    Raises:
        ValueError: the file is no checkpoint, damaged, or of another run.
    """
    content = path.read_bytes()
    if not content.startswith(_MAGIC):
        raise ValueError(f"`checkpoint` must be a file that jprob wrote; got something else in {path}.")
    body = len(_MAGIC) + _SHA
    sha, payload = content[len(_MAGIC) : body], content[body:]
    if hashlib.sha256(payload).digest() != sha:
        raise ValueError(f"`checkpoint` must be whole; got a truncated or damaged file in {path}.")
    with np.load(io.BytesIO(payload), allow_pickle=False) as file:
        found = Fingerprint(*file["fingerprint"].tolist())
        arrays = [file[f"arr_{i}"] for i in range(len(file.files) - 1)]
    other = [name for name, a, b in zip(Fingerprint._fields, found, fingerprint, strict=True) if a != b]
    if other:
        raise ValueError(f"`checkpoint` must be of this run; got one with another {' and '.join(other)} in {path}.")
    return arrays
