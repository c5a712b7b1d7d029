"""NumPyro distributions for rates and counts that hold in float32: log odds of a Beta, log of a Gamma, counts given them.

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
from jprob.bayes import log_odds, log_rates

__all__ = [
    "BetaBinomialCounts",
    "BinomialCounts",
    "LogGamma",
    "LogOddsBeta",
    "LogOddsBetaMixture",
    "NegativeBinomialCounts",
    "PoissonCounts",
]


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


class LogGamma(dist.Distribution):
    """The logarithm of a rate that is Gamma(a, b), ``b`` a rate itself; on the whole real line."""

    arg_constraints = {"a": dist.constraints.positive, "b": dist.constraints.positive}  # noqa: RUF012

    def __init__(self, a: ArrayLike, b: ArrayLike, *, validate_args: bool | None = None):
        self.a, self.b = jnp.broadcast_arrays(*promote(a, b))
        super().__init__(self.a.shape, validate_args=validate_args)

    @property
    def support(self) -> dist.constraints.Constraint:
        """The real line."""
        return dist.constraints.real

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Array:
        """In logs throughout: exact for shapes far below one."""
        return jax.random.loggamma(key, self.a, self.shape(sample_shape), self.a.dtype) - jnp.log(self.b)

    def log_prob(self, value: ArrayLike, intermediates: object = None) -> Array:
        """Log density at the log rate ``value``."""
        return log_rates.gamma_logpdf(value, self.a, self.b)


class PoissonCounts(dist.Distribution):
    """Events over an exposure at a given log rate."""

    arg_constraints = {"exposure": dist.constraints.positive, "log_rate": dist.constraints.real}  # noqa: RUF012

    def __init__(self, exposure: ArrayLike, log_rate: ArrayLike, *, validate_args: bool | None = None):
        self.exposure, self.log_rate = jnp.broadcast_arrays(*promote(exposure, log_rate))
        super().__init__(self.exposure.shape, validate_args=validate_args)

    @property
    def support(self) -> dist.constraints.Constraint:
        """Whole numbers from 0."""
        return dist.constraints.nonnegative_integer

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Array:
        """Events, as floats."""
        return _poisson(key, self.exposure * jnp.exp(self.log_rate), self.shape(sample_shape))

    def log_prob(self, value: ArrayLike, intermediates: object = None) -> Array:
        """Log probability of ``value`` events."""
        return log_rates.poisson_logpmf(value, self.exposure, self.log_rate)


class NegativeBinomialCounts(dist.Distribution):
    """Events of the given mean at a rate drawn once from a Gamma law and integrated out."""

    arg_constraints = {"expected": dist.constraints.positive, "concentration": dist.constraints.positive}  # noqa: RUF012

    def __init__(self, expected: ArrayLike, concentration: ArrayLike, *, validate_args: bool | None = None):
        self.expected, self.concentration = jnp.broadcast_arrays(*promote(expected, concentration))
        super().__init__(self.expected.shape, validate_args=validate_args)

    @property
    def support(self) -> dist.constraints.Constraint:
        """Whole numbers from 0."""
        return dist.constraints.nonnegative_integer

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Array:
        """A rate, then events at that rate, as floats."""
        rate_key, count_key = jax.random.split(key)
        z = LogGamma(self.concentration, self.concentration).sample(rate_key, sample_shape)
        return _poisson(count_key, self.expected * jnp.exp(z), self.shape(sample_shape))

    def log_prob(self, value: ArrayLike, intermediates: object = None) -> Array:
        """Log probability of ``value`` events."""
        return log_rates.negative_binomial_logpmf(value, self.expected, self.concentration)


class LogOddsBetaMixture(dist.Distribution):
    """Log odds of a rate that has one of several Beta laws, along the last axis of ``a`` and ``b``."""

    arg_constraints = {  # noqa: RUF012
        "log_weights": dist.constraints.real_vector,
        "a": dist.constraints.independent(dist.constraints.positive, 1),
        "b": dist.constraints.independent(dist.constraints.positive, 1),
    }

    def __init__(self, log_weights: ArrayLike, a: ArrayLike, b: ArrayLike, *, validate_args: bool | None = None):
        self.log_weights, self.a, self.b = jnp.broadcast_arrays(*promote(log_weights, a, b))
        super().__init__(self.a.shape[:-1], validate_args=validate_args)

    @property
    def support(self) -> dist.constraints.Constraint:
        """The real line."""
        return dist.constraints.real

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Array:
        """One of the laws by its weight, then its draw."""
        law_key, draw_key = jax.random.split(key)
        which = jax.random.categorical(law_key, self.log_weights, shape=self.shape(sample_shape))
        a, b = (jnp.take_along_axis(jnp.broadcast_to(s, which.shape + s.shape[-1:]), which[..., None], -1)[..., 0]
                for s in (self.a, self.b))  # fmt: skip
        return LogOddsBeta(a, b).sample(draw_key)

    def components(self, value: ArrayLike) -> Array:
        """Log weight plus log density of each law at the log odds ``value``, along a last axis."""
        return self.log_weights + log_odds.beta_logpdf(jnp.asarray(value)[..., None], self.a, self.b)

    def log_prob(self, value: ArrayLike, intermediates: object = None) -> Array:
        """Log density at the log odds ``value``."""
        return jax.nn.logsumexp(self.components(value), -1)


def _poisson(key: Any, rate: Array, shape: tuple[int, ...]) -> Array:
    """Counts for predictive checks; the normal law where whole numbers of 32 bits would run out."""
    exact_key, normal_key = jax.random.split(key)
    few = jnp.minimum(rate, 2.0**20)
    counts = jax.random.poisson(exact_key, few, shape).astype(rate.dtype)
    normal = jnp.round(rate + jnp.sqrt(rate) * jax.random.normal(normal_key, shape, rate.dtype))
    return jnp.where(rate > few, normal, counts)
