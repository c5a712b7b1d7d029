"""NumPyro distributions for rates and counts that hold in float32: log odds of a Beta, counts given log odds.

NumPyro's own sample a Beta on a grid that ends at 1 − 6e-8, and add log factorials as large as the data to the energy.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import expit
from jax.typing import ArrayLike
from numpyro import distributions as dist

from jprob._array import promote
from jprob.bayes import log_odds

__all__ = ["BetaBinomialCounts", "BinomialCounts", "LogOddsBeta"]


class LogOddsBeta(dist.Distribution):
    """The log odds z = log p/(1 − p) of a rate p ~ Beta(a, b), on the whole real line."""

    arg_constraints = {"a": dist.constraints.positive, "b": dist.constraints.positive}  # noqa: RUF012 as NumPyro declares it

    def __init__(self, a: ArrayLike, b: ArrayLike, *, validate_args: bool | None = None):
        self.a, self.b = jnp.broadcast_arrays(*promote(a, b))
        super().__init__(self.a.shape, validate_args=validate_args)

    @property
    def support(self) -> dist.constraints.Constraint:
        """The real line."""
        return dist.constraints.real

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Array:
        """Log of the ratio of two gamma variables, in logs throughout: exact for shapes far below one."""
        shapes = jnp.stack([self.a, self.b])  # together: the sampler of the gamma family is slow to compile
        shapes = jnp.broadcast_to(
            jnp.expand_dims(shapes, range(1, 1 + len(sample_shape))), (2, *self.shape(sample_shape))
        )
        log_gamma = jax.random.loggamma(key, shapes, dtype=shapes.dtype)
        return log_gamma[0] - log_gamma[1]

    def log_prob(self, value: ArrayLike, intermediates: object = None) -> Array:
        """Log density at the log odds ``value``."""
        return log_odds.beta_logpdf(value, self.a, self.b)


class BinomialCounts(dist.Distribution):
    """Successes out of ``trials`` independent trials at given log odds; no trials are allowed."""

    arg_constraints = {"trials": dist.constraints.nonnegative, "logits": dist.constraints.real}  # noqa: RUF012

    def __init__(self, trials: ArrayLike, logits: ArrayLike, *, validate_args: bool | None = None):
        self.trials, self.logits = jnp.broadcast_arrays(*promote(trials, logits))
        super().__init__(self.trials.shape, validate_args=validate_args)

    @property
    def support(self) -> dist.constraints.Constraint:
        """Whole numbers from 0 to ``trials``."""
        return dist.constraints.integer_interval(0, self.trials)

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Array:
        """Successes, as floats."""
        return _binomial(key, self.trials, self.logits, sample_shape + self.batch_shape)

    def log_prob(self, value: ArrayLike, intermediates: object = None) -> Array:
        """Log probability of ``value`` successes."""
        return log_odds.binomial_logpmf(value, self.trials, self.logits)


class BetaBinomialCounts(dist.Distribution):
    """Successes out of ``trials`` at a rate drawn once from Beta(a, b) and integrated out."""

    arg_constraints = {  # noqa: RUF012
        "trials": dist.constraints.nonnegative,
        "a": dist.constraints.positive,
        "b": dist.constraints.positive,
    }

    def __init__(self, trials: ArrayLike, a: ArrayLike, b: ArrayLike, *, validate_args: bool | None = None):
        self.trials, self.a, self.b = jnp.broadcast_arrays(*promote(trials, a, b))
        super().__init__(self.trials.shape, validate_args=validate_args)

    @property
    def support(self) -> dist.constraints.Constraint:
        """Whole numbers from 0 to ``trials``."""
        return dist.constraints.integer_interval(0, self.trials)

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Array:
        """A rate from its Beta, then successes at that rate, as floats."""
        rate_key, count_key = jax.random.split(key)
        logits = LogOddsBeta(self.a, self.b).sample(rate_key, sample_shape)
        return BinomialCounts(self.trials, logits).sample(count_key)

    def log_prob(self, value: ArrayLike, intermediates: object = None) -> Array:
        """Log probability of ``value`` successes."""
        return log_odds.beta_binomial_logpmf(value, self.trials, self.a, self.b)


def _binomial(key: Any, n: Array, logits: Array, shape: tuple[int, ...]) -> Array:
    """Counts for predictive checks, in a sampler that compiles in two seconds where exact inversion takes twenty.

    ``jax.random.binomial`` where it is sound in float32, below four million trials. Above, the normal law where it is
    within 5e-4 of the exact distribution function, else as many trials as are sound with the same mean.
    """
    rare = expit(-jnp.abs(logits))  # the rarer outcome is counted
    exact_key, normal_key = jax.random.split(key)
    few = jnp.minimum(n, 2.0**22)
    counts = jax.random.binomial(exact_key, few, jnp.minimum(rare * (n / jnp.maximum(few, 1.0)), 0.5), shape, n.dtype)
    spread = jnp.sqrt(n * rare * (1.0 - rare))
    normal = jnp.clip(jnp.round(n * rare + spread * jax.random.normal(normal_key, shape, n.dtype)), 0.0, n)
    counts = jnp.where((n > few) & (spread > 300.0), normal, counts)
    return jnp.where(logits > 0, n - counts, counts)
