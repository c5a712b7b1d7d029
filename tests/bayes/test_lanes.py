"""Tiles of lanes: the same results as one wide ``vmap``."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.bayes.lanes import tiled


def collatz(key, start):
    """A loop of a length of its own, and a draw; as a tuple and a dictionary."""
    steps = jax.lax.while_loop(
        lambda s: s[0] > 1, lambda s: (jnp.where(s[0] % 2, 3 * s[0] + 1, s[0] // 2), s[1] + 1), (start, 0)
    )
    return {"steps": steps[1], "noise": jax.random.normal(key, (2,))}


@pytest.mark.parametrize("size", [4, 11])
def test_tiles_are_a_vmap(size, key):
    keys, starts = jax.random.split(key, size), jnp.arange(1, size + 1)
    wide, tiles = (jax.jit(jax.vmap(f))(keys, starts) for f in (collatz, tiled(collatz, tile=4)))
    for a, b in zip(jax.tree.leaves(wide), jax.tree.leaves(tiles), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_does_not_vary_is_shared_and_vmaps_nest(key):
    keys = jax.random.split(key, (3, 5))
    both = jax.vmap(jax.vmap(tiled(collatz, tile=2), in_axes=(0, None)))
    nested = jax.jit(both)(keys, jnp.asarray([6, 7, 9]))
    assert nested["steps"].tolist() == [[8] * 5, [16] * 5, [19] * 5]
    assert nested["noise"].shape == (3, 5, 2)
