"""A thousand data sets of a thousand rows: one call of ``mle`` beside loops of scipy's fits and of scipy's L-BFGS-B.

The loops run over fewer data sets and their time is scaled up; the share is printed. ``JAX_ENABLE_X64=1`` for float64,
which the claims are about.
"""

import os

import jax
import jax.numpy as jnp
import numpy as np
from scipy import optimize, stats

from jprob import estimate
from jprob.density import FAMILIES
from tests.benchmarks._peers import PEERS
from tests.benchmarks._timing import claims, interleaved, table
from tests.grids import DTYPE, X64

SETS, ROWS = 1000, 1000
LOOPED, FITTED = 50, 8  # data sets of the loops
TOLERANCE = 1e-9 if X64 else 1e-5

SCIPY_FITS = {
    "student_t": stats.t.fit,
    "gamma": lambda x: stats.gamma.fit(x, floc=0),
    "beta": lambda x: stats.beta.fit(x, floc=0, fscale=1),
}
AT_LEAST = {"student_t": 20, "gamma": 10, "beta": 10, "negative_binomial": 6}


def loop_of_lbfgsb(family, data):
    """scipy's L-BFGS-B from the same rough estimates, values and gradients of jax.scipy's density compiled by JAX."""
    log_density, names = PEERS[family.name].jax_scipy, family.parameters

    @jax.jit
    def value_and_grad(u, x):
        def loss(u):
            return -jnp.mean(log_density(x, *(family.bijectors[n].forward(u[i]) for i, n in enumerate(names))))

        return jax.value_and_grad(loss)(u)

    rough = jax.jit(family.start)(data)
    starts = np.stack([np.asarray(family.bijectors[n].inverse(rough[n])) for n in names], -1)

    def run():
        ends = []
        for x, start in zip(data, starts, strict=True):
            end = optimize.minimize(
                lambda u, x=x: tuple(np.asarray(v, np.float64) for v in value_and_grad(u.astype(DTYPE), x)),
                start,
                jac=True,
                method="L-BFGS-B",
                options={"gtol": TOLERANCE, "ftol": 1e-15},
            )
            ends.append(end.x)
        return np.array(ends)

    return run


def main() -> int:
    checks = []
    print(
        f"load {os.getloadavg()[0]:.1f}; loops over {LOOPED} and scipy's fit over {FITTED} of {SETS} data sets, scaled up"
    )
    for name, at_least in AT_LEAST.items():
        family = FAMILIES[name]
        data = np.asarray(family.sample(jax.random.key(7), **family.example_params, shape=(SETS, ROWS)))
        loop = loop_of_lbfgsb(family, data[:LOOPED])
        calls = {
            "jprob, all sets": lambda f=family, d=data: estimate.mle(f, d).params,
            "optax.lbfgs on the same batch": lambda f=family, d=data: estimate.mle(f, d, method="lbfgs").params,
            "loop of scipy's L-BFGS-B": loop,
        }
        if name in SCIPY_FITS:
            calls["loop of scipy's fit"] = lambda n=name, d=data: [SCIPY_FITS[n](x) for x in d[:FITTED].astype(float)]
        times = interleaved(calls, repeats=3)
        times["loop of scipy's L-BFGS-B"] *= SETS / LOOPED
        if name in SCIPY_FITS:
            times["loop of scipy's fit"] *= SETS / FITTED
        table(f"{name}, {SETS} data sets of {ROWS} rows, {np.dtype(DTYPE).name}", times)
        ours, _, *loops = times.values()
        ratio = min(loops) / ours
        fit = estimate.mle(family, data)
        norm = float(fit.grad_norm.max())
        theirs = [np.asarray(family.bijectors[n].forward(u)) for n, u in zip(family.parameters, loop().T, strict=True)]
        gap = max(
            float(np.max(np.abs(np.asarray(fit.params[n])[:LOOPED] / t - 1.0)))
            for n, t in zip(family.parameters, theirs, strict=True)
        )
        checks += [
            (f"{name}: {ratio:.0f} times as fast as the faster loop, at least {at_least}", ratio >= at_least),
            (
                f"{name}: largest gradient norm {norm:.1e}, all converged",
                norm <= TOLERANCE and bool(fit.converged.all()),
            ),
            (f"{name}: estimates within {gap:.0e} of L-BFGS-B's", gap < (1e-5 if X64 else 5e-2)),
        ]
    return claims(checks)
