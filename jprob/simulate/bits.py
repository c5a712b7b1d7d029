r"""Random bits and indices at the speed of the processor, still from threefry.

The rounds of ``jax.random`` pass through memory on CPU; here the twenty rounds are one fused pass, two to eight times as
fast. The generator, its keys, ``fold_in`` and every number are JAX's own.

.. math:: (w_0, w_1) = \text{threefry}_{20}(\text{key}, (h, c)), \qquad w = w_0 \oplus w_1

with c the number of the draw and h its high word. One block gives one word: XLA's CPU backend hashes once for every
array that leaves a loop, so that both words of half as many blocks cost as much, and have to be joined. An index below n
is the high word of w · n, which is off uniform by at most n / 2³².

References:
    Salmon, J. K. et al. (2011). Parallel random numbers: as easy as 1, 2, 3. SC11.
    Lemire, D. (2019). Fast random integer generation in an interval. ACM TOMACS 29: the product instead of a modulo.
"""

from __future__ import annotations

import math

import jax
import jax.extend.random as jex_random
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import check_positive_int

__all__ = ["fast_key", "random_indices", "threefry"]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry(key_data: Array, high: Array, low: Array) -> tuple[Array, Array]:
    """Both words of the blocks ``(high, low)``: threefry-2x32 with 20 rounds, unrolled so that XLA fuses it.

    Args:
        key_data: two words, shape ``(..., 2)``. high: uint32, broadcasts with low. low: uint32.

    Returns:
        Two arrays of uint32.

    Example:
        >>> key = jnp.array([0x13198A2E, 0x03707344], jnp.uint32)  # a test vector of Random123
        >>> [hex(int(w)) for w in threefry(key, jnp.uint32(0x243F6A88), jnp.uint32(0x85A308D3))]
        ['0xc4923a9c', '0x483df7a0']
    """
    first, second = key_data[..., 0], key_data[..., 1]
    schedule = (first, second, first ^ second ^ jnp.uint32(_PARITY))
    x, y = high + first, low + second
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x = x + y
            y = x ^ ((y << rotation) | (y >> (32 - rotation)))
        x = x + schedule[(group + 1) % 3]
        y = y + (schedule[(group + 2) % 3] + jnp.uint32(group + 1))
    return x, y


def fast_key(key: Array) -> Array:
    """The same key for a faster ``jax.random`` on CPU: the same numbers, two to eight times as fast.

    Whatever takes a key takes this one: ``jax.random.normal(fast_key(key), (1000,))``. A key that is not threefry stays
    as it is.

    Args:
        key: a JAX random key.

    Returns:
        A key of the same shape.

    Example:
        >>> key = jax.random.key(0)
        >>> bool((jax.random.normal(fast_key(key), (9,)) == jax.random.normal(key, (9,))).all())
        True
    """
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.wrap_key_data(key)
    if str(jax.random.key_impl(key)) != "threefry2x32":
        return key
    return jax.random.wrap_key_data(jax.random.key_data(key), impl=_FAST)


def random_indices(key: Array, shape: tuple[int, ...], size: int) -> Array:
    """Indices from 0 to ``size - 1``, uniform up to ``size / 2³²``, without a modulo.

    Args:
        key: a JAX random key. shape: of the result.
        size: number of things to choose from, up to 2³² − 1.

    Returns:
        int32, or uint32 for a size beyond 2³¹.

    Raises:
        ValueError: a size that is none.

    Example:
        >>> dice = random_indices(jax.random.key(0), (6000,), 6)
        >>> bool((jnp.bincount(dice, length=6) > 850).all())
        True
    """
    check_positive_int(size, "size")
    if size >= 2**32:
        raise ValueError(f"`size` must be below 2**32; got {size}.")
    words = jax.random.bits(fast_key(key), shape, jnp.uint32)
    return _high_word(words, size).astype(jnp.int32 if size <= 2**31 else jnp.uint32)


def _high_word(words: Array, size: int) -> Array:
    """``words * size >> 32`` from halves of words: no step exceeds 32 bits."""
    top, bottom = words >> 16, words & 0xFFFF
    high, low = jnp.uint32(size >> 16), jnp.uint32(size & 0xFFFF)
    middle = top * low + ((bottom * low) >> 16)
    if size < 2**16:
        return middle >> 16
    cross = bottom * high + (middle & 0xFFFF)
    return top * high + (middle >> 16) + (cross >> 16)


def _random_bits(key_data: Array, bit_width: int, shape: tuple[int, ...]) -> Array:
    """What ``jax.random.bits`` calls: one block for each number."""
    if math.prod(shape) >= 2**32:
        raise ValueError(f"`shape` must be of fewer than 2**32 numbers; got {math.prod(shape)}.")
    low = lax.iota(jnp.uint32, math.prod(shape))
    first, second = threefry(key_data, jnp.uint32(0), low)
    if bit_width == 64:
        words = lax.convert_element_type(first, jnp.uint64) << np.uint64(32) | lax.convert_element_type(
            second, jnp.uint64
        )
    else:
        words = lax.convert_element_type(first ^ second, jnp.dtype(f"uint{bit_width}"))
    # what uses a word twice would hash twice
    return lax.optimization_barrier(words.reshape(shape))


def _children(key_data: Array, shape: tuple[int, ...]) -> Array:
    keys = jax.random.split(jax.random.wrap_key_data(key_data, impl="threefry2x32"), shape)
    return jax.random.key_data(keys)


def _folded(key_data: Array, data: Array | int) -> Array:
    return jax.random.key_data(jax.random.fold_in(jax.random.wrap_key_data(key_data, impl="threefry2x32"), data))


_FAST = jex_random.define_prng_impl(
    key_shape=(2,),
    seed=lambda seed: jax.random.key_data(jax.random.key(seed, impl="threefry2x32")),
    split=_children,
    random_bits=_random_bits,
    fold_in=_folded,
    name="jprob_fast_threefry",
    tag="jp3",
)
