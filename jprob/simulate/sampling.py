"""Whatever draws: a family with parameters or a sampler of one's own, its centre and scale, and how heavy its tails are."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import check_positive_int
from jprob.density import Family, exponential, pareto, weibull
from jprob.simulate.bits import fast_key
from jprob.simulate.engine import replicate

__all__ = ["Population", "ar1", "check_sizes", "population", "running_sums", "source", "the_law"]

Sampler = Callable[..., Array]

_PILOT = (1024, 1024)  # replicates and draws of each, where centre and scale are not known
_LANES = 32
_TAIL = 256  # largest draws that Hill's estimator looks at


class Population(NamedTuple):
    """What is known of the law that is drawn from.

    Attributes:
        centre: its mean; the median where it has none.
        scale: its standard deviation; that of the normal with its quartiles where it is infinite.
        has_mean: false for a Cauchy law, say.
        has_variance: false where the tails are too heavy.
        stable_index: 2 where sums become normal; below, the index of the stable law that they become.
    """

    centre: Array
    scale: Array
    has_mean: Array
    has_variance: Array
    stable_index: Array


@functools.lru_cache(maxsize=64)
def ar1(coefficient: float) -> Sampler:
    """A sampler of a stationary first-order autoregression with mean 0 and variance 1: dependent data.

    .. math:: x_t = \\phi x_{t-1} + \\sqrt{1 - \\phi^2} \\, e_t

    The variance of a mean of n is (1 + φ) / (1 − φ) times that of independent draws, for large n.

    Args:
        coefficient: φ, strictly between −1 and 1.

    Returns:
        ``sampler(key, n)``.

    Raises:
        ValueError: no stationary law.

    Example:
        >>> path = ar1(0.5)(jax.random.key(0), 4000)
        >>> bool(abs(jnp.corrcoef(path[1:], path[:-1])[0, 1] - 0.5) < 0.07)
        True
    """
    if not -1.0 < coefficient < 1.0:
        raise ValueError(f"`coefficient` must lie strictly between -1 and 1; got {coefficient}.")

    def sampler(key: Array, n: int) -> Array:
        noise = jax.random.normal(key, (n,)) * (1.0 - coefficient**2) ** 0.5
        noise = noise.at[0].divide((1.0 - coefficient**2) ** 0.5)  # begins in its stationary law

        def join(left: tuple[Array, Array], right: tuple[Array, Array]) -> tuple[Array, Array]:
            return left[0] * right[0], left[1] * right[0] + right[1]

        return lax.associative_scan(join, (jnp.full_like(noise, coefficient), noise))[1]

    return sampler


def check_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    """Sample sizes as a tuple.

    Raises:
        ValueError: none, not whole, below two, or not increasing.
    """
    sizes = tuple(sizes)
    if not sizes:
        raise ValueError("`sizes` must be at least one; got none.")
    for size in sizes:
        check_positive_int(size, "sizes", 2)
    if any(a >= b for a, b in pairwise(sizes)):
        raise ValueError(f"`sizes` must increase; got {list(sizes)}.")
    return tuple(int(size) for size in sizes)


def the_law(what: Family | ModuleType | Sampler) -> Family | Sampler:
    """A family where its module stands for it."""
    return what.family if isinstance(what, ModuleType) and hasattr(what, "family") else what  # type: ignore[return-value]


def source(what: Family | Sampler, params: Mapping[str, Any] | None) -> tuple[Sampler, dict[str, Array]]:
    """``draw(key, n, params)``, the same object for the same law, and parameters as arrays.

    Raises:
        ValueError: neither a family nor a function; parameters that are not those of the family.
    """
    values = {name: jnp.asarray(value, jnp.result_type(float)) for name, value in (params or {}).items()}
    if isinstance(what, Family):
        if set(values) != set(what.parameters):
            raise ValueError(f"`params` must be {', '.join(what.parameters)}; got {', '.join(values) or 'none'}.")
        return _of_family(_QUICK.get(what, what.sample)), values
    if not callable(what):
        raise ValueError(f"`family_or_sampler` must be a Family or a function of a key and a size; got {what!r}.")
    return _of_sampler(what), values


def running_sums(y: Array, sizes: tuple[int, ...], num_powers: int) -> Array:
    """Sums of the first n of ``y, y², …``, for every n of ``sizes`` in one pass, shape ``(num_powers, sizes)``."""

    def sums(x: Array) -> Array:
        """Over axis 0, all powers at once: of several reductions XLA makes as many loops, and draws again in each."""
        powers = tuple(x**p for p in range(1, num_powers + 1))
        zeros = (jnp.zeros((), x.dtype),) * num_powers
        return jnp.stack(lax.reduce(powers, zeros, lambda a, b: tuple(map(lax.add, a, b)), (0,)))

    def piece(start: int, stop: int) -> Array:
        middle = start + (stop - start) % _LANES
        rest = sums(y[start:middle])
        if middle == stop:
            return rest
        return rest + jnp.sum(sums(y[middle:stop].reshape(-1, _LANES)), -1)  # side by side in the processor's lanes

    return jnp.cumsum(jnp.stack([piece(a, b) for a, b in pairwise((0, *sizes))], -1), -1)


def population(
    key: Array,
    what: Family | Sampler,
    draw: Sampler,
    params: dict[str, Array],
    mean: float | None = None,
    standard_deviation: float | None = None,
) -> Population:
    """Centre, scale and tails: as told, exact of a family, or from a pilot of a million draws of a sampler.

    Raises:
        ValueError: a standard deviation that is not positive and finite.
    """
    if standard_deviation is not None and not 0.0 < standard_deviation < np.inf:
        raise ValueError(f"`standard_deviation` must be positive and finite; got {standard_deviation}.")
    if mean is not None and standard_deviation is not None:
        law = _TOLD
    elif isinstance(what, Family):
        law = _exact(what, params)
    else:
        pilot = replicate(key, _pilot(draw), _PILOT[0], args=(params,))
        if not pilot.complete:
            raise KeyboardInterrupt
        law = _estimated(pilot.draws.reshape(-1))
    law = jax.tree.map(jnp.asarray, law)
    if mean is not None:
        law = law._replace(centre=jnp.full_like(law.centre, mean), has_mean=jnp.asarray(True))
    if standard_deviation is not None:
        scale = jnp.full_like(law.scale, standard_deviation)
        law = law._replace(scale=scale, has_variance=jnp.asarray(True), stable_index=jnp.full_like(scale, 2.0))
    return law


_ROOT_HALF = 0x3F3504F3  # bits of √½ in float32
# log(1 + m) / m between √½ - 1 and √2 - 1 to 3e-8: its interpolation at Chebyshev's nine points
_LOG1P = (
    1.0, -0.5, 0.333341926, -0.250013530, 0.199559331, -0.165779933, 0.149774015, -0.142692581, 0.0853331313,
)  # fmt: skip


def _standard_exponential(key: Array, shape: tuple[int, ...], dtype: jnp.dtype) -> Array:
    """By inversion from one word a draw, up to 22.9 means."""
    uniform = jax.random.bits(key, shape, jnp.uint32).astype(dtype) + 0.5  # times 2³²
    if dtype != jnp.float32:
        return -jnp.log(uniform * 2.0**-32)
    # u = 2^e (1 + m), 1 + m within √2 of 1: nothing here is zero, infinite or subnormal, for which jnp.log looks
    whole = lax.bitcast_convert_type(uniform, jnp.int32)
    octaves = (whole - _ROOT_HALF) >> 23
    m = lax.bitcast_convert_type(whole - (octaves << 23), jnp.float32) - 1.0
    series = functools.reduce(lambda total, c: total * m + c, _LOG1P[-2::-1], _LOG1P[-1])
    return (32 - octaves).astype(jnp.float32) * math.log(2.0) - m * series


def _exponential(key: Array, rate: Array, *, shape: tuple[int, ...]) -> Array:
    return _standard_exponential(key, shape, rate.dtype) * (1.0 / rate)


def _weibull(key: Array, concentration: Array, scale: Array, *, shape: tuple[int, ...]) -> Array:
    return scale * _standard_exponential(key, shape, scale.dtype) ** (1.0 / concentration)


def _pareto(key: Array, alpha: Array, scale: Array, *, shape: tuple[int, ...]) -> Array:
    return scale * jnp.exp(_standard_exponential(key, shape, scale.dtype) * (1.0 / alpha))


# the families' own spend three words a draw on tails of 2^-48, which no mean of a study can feel
_QUICK = {exponential.family: _exponential, weibull.family: _weibull, pareto.family: _pareto}


@functools.lru_cache(maxsize=64)
def _of_family(sample: Callable) -> Sampler:
    return lambda key, n, params: sample(fast_key(key), **params, shape=(n,))


@functools.lru_cache(maxsize=64)
def _of_sampler(sampler: Sampler) -> Sampler:
    return lambda key, n, params: sampler(fast_key(key), n, **params)


@functools.lru_cache(maxsize=64)
def _pilot(draw: Sampler) -> Callable:
    return lambda key, params: draw(key, _PILOT[1], params)


def _exact(family: Family, params: dict[str, Array]) -> Population:
    mean, variance = family.mean(**params), family.variance(**params)
    has_mean, has_variance = jnp.isfinite(mean), jnp.isfinite(variance)
    low, median, high = (family.ppf(q, **params) for q in (0.25, 0.5, 0.75))
    # the slope of the tails on log-log paper, between a millionth of a millionth and a ten-thousandth of that
    upper, lower = ([quantile(q, **params) for q in (1e-12, 1e-16)] for quantile in (family.isf, family.ppf))
    steepness = [jnp.log(1e4) / jnp.log(jnp.abs(far / near)) for near, far in (upper, lower)]
    tails = jnp.stack([jnp.where((s > 0) & (s < 2), s, 2.0) for s in steepness])
    return Population(
        centre=jnp.where(has_mean, mean, median),
        scale=jnp.where(has_variance, jnp.sqrt(variance), (high - low) / 1.349),
        has_mean=has_mean,
        has_variance=has_variance,
        stable_index=jnp.where(has_variance, 2.0, jnp.min(tails)),
    )


_TOLD = Population(*map(np.asarray, (0.0, 1.0, True, True, 2.0)))  # type: ignore[arg-type]


@jax.jit
def _estimated(values: Array) -> Population:
    """Hill's estimate of the tail index must be below 2 by three of its standard errors to count as heavy."""
    ordered = jnp.sort(jnp.abs(values - jnp.median(values)))[-_TAIL - 1 :]
    index = 1.0 / jnp.mean(jnp.log(ordered[1:] / ordered[0]))
    bound = index * (1.0 + 3.0 / _TAIL**0.5)
    low, median, high = jnp.quantile(values, np.array([0.25, 0.5, 0.75], values.dtype))
    centre = jnp.mean(values)
    # an index that may be 1 gives no mean to lean on
    has_mean, has_variance = ~(index * (1.0 - 3.0 / _TAIL**0.5) < 1.0), ~(bound < 2.0)
    return Population(
        centre=jnp.where(has_mean, centre, median),
        scale=jnp.where(has_variance, jnp.std(values), (high - low) / 1.349),
        has_mean=has_mean,
        has_variance=has_variance,
        stable_index=jnp.where(has_variance, 2.0, jnp.minimum(index, 2.0)),
    )
