"""Every family as a value: one loop that summarises, inverts and draws from all of them, whatever they are.

A family is a tuple of pure functions, so generic code takes it as an argument and ``jit``, ``vmap`` and ``grad`` go
through. Run ``python examples/families.py``.
"""

import jax
import jax.numpy as jnp

from jprob.density import FAMILIES, Family

NUM_DRAWS = 100_000


def summary(family: Family, key: jax.Array) -> dict[str, jax.Array]:
    """Moments, entropy, the point that is exceeded once in a million, and how far draws are from the law."""
    params = family.example_params
    rare = family.isf(1e-6, **params)
    median = family.ppf(0.5, **params)
    draws = family.sample(key, **params, shape=(NUM_DRAWS,))
    below = family.cdf(median, **params)
    return {
        "mean": family.mean(**params),
        "sd": jnp.sqrt(family.variance(**params)),
        "entropy": family.entropy(**params),
        "rare": rare,
        "log_tail": family.logsf(rare, **params),
        "errors": (jnp.mean(draws <= median) - below) / jnp.sqrt(below * (1.0 - below) / NUM_DRAWS),
    }


def main() -> None:
    print(
        f"{'family':<18}{'parameters':<32}{'mean':>8}{'sd':>8}{'entropy':>9}{'one in 10^6':>13}{'log sf':>8}{'draws':>7}"
    )
    keys = jax.random.split(jax.random.key(0), len(FAMILIES))
    for key, (name, family) in zip(keys, FAMILIES.items(), strict=True):
        row = {what: float(value) for what, value in summary(family, key).items()}
        params = ", ".join(f"{parameter}={value:g}" for parameter, value in family.example_params.items())
        print(
            f"{name:<18}{params:<32}{row['mean']:>8.3g}{row['sd']:>8.3g}{row['entropy']:>9.3f}{row['rare']:>13.4g}"
            f"{row['log_tail']:>8.2f}{row['errors']:>+7.1f}"
        )
        assert abs(row["errors"]) < 5.0, f"{name}: the share of draws below the median is off"
    print(
        "\nlog sf: at the point before it, which one draw in a million exceeds (log 1e-6 is -13.82; counts jump past it)"
    )
    print("draws: share of 100,000 draws at or below the median, in standard errors from what the cdf says")


if __name__ == "__main__":
    main()
