"""One small study, run here or in a process of its own, and a hash of all that it returns.

``python -m tests.simulate.study devices`` prints the hash for meshes of 1, 2, 4 and 8 devices, ``... run FILE`` keeps a
checkpoint in FILE and goes on from it.
"""

import hashlib
import sys

import jax
import jax.numpy as jnp
import numpy as np

from jprob import simulate

NUM = 10_000 - 7
TILE = 64
REDUCE = {
    "moments": simulate.moments(),
    "extremes": simulate.extremes(),
    "histogram": simulate.histogram(0.0, 4.0, 16),
    "quantiles": simulate.quantiles((0.1, 0.5, 0.9), 64),
}
LEAN = simulate.moments()


def experiment(key, scale):
    x = scale * jax.random.exponential(key, (20,))
    return {"x": jnp.stack([x.mean(), jnp.where(x[0] > 3.0 * scale, jnp.nan, x.min()), x.max()])}


def run(**options):
    options = {"reduce": REDUCE, "tile": TILE} | options
    return simulate.replicate(jax.random.key(3), experiment, NUM, args=(jnp.float32(0.5),), **options)


def fingerprint(replicates):
    sha = hashlib.sha256()
    for leaf in jax.tree.leaves((replicates.draws, replicates.reduced, replicates.num_nan)):
        sha.update(np.asarray(leaf).tobytes())
    return sha.hexdigest()


def resampled(**options):
    data = jnp.arange(50.0) ** 2
    found = simulate.bootstrap(jax.random.key(4), data, simulate.statistics.mean, num_resamples=5_000, **options)
    return hashlib.sha256(np.asarray(found.draws).tobytes() + np.asarray(found.interval).tobytes()).hexdigest()


def main(what, *rest):
    if what == "devices":
        for size in (1, 2, 4, 8):
            mesh = jax.make_mesh((size,), ("replicates",), devices=jax.devices()[:size])
            print(fingerprint(run(mesh=mesh, reduce=LEAN)))
        print(fingerprint(run(mesh=jax.make_mesh((4, 2), ("a", "b")), reduce=LEAN, tiles_per_dispatch=11)))
        print(fingerprint(run(mesh=mesh, reduce=None, tiles_per_dispatch=5)))
        print(resampled(mesh=mesh))
    else:
        print(fingerprint(run(checkpoint=rest[0], resume=True, tiles_per_dispatch=1)))


if __name__ == "__main__":
    main(*sys.argv[1:])
