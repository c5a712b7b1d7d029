"""May these draws be trusted? Yes or no, and why, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from jprob.bayes import compare_exact
from jprob.bayes.diagnostics import ebfmi, ess_bulk, ess_tail, rhat
from jprob.bayes.draws import Draws

__all__ = ["Verdict", "verdict"]

MAX_RHAT = 1.01
MIN_ESS = 400
MIN_EBFMI = 0.3
MIN_P_VALUE = 1e-3
MIN_PRIOR_SHAPE = 0.5


class Verdict(NamedTuple):
    """Whether draws may be trusted.

    Attributes:
        ok: no check failed.
        findings: a sentence for each check that failed; empty when ``ok``.
        worst: the worst value met, by check: ``r_hat ess_bulk ess_tail divergences e_bfmi max_gap p_value``, those that
            apply.
    """

    ok: bool
    findings: tuple[str, ...]
    worst: dict[str, float]


def verdict(result: Draws, exact: Any = None) -> Verdict:
    """Judge draws by R-hat, effective sample sizes, divergences, energy, and the exact posterior where there is one.

    At most 1.01 for R-hat (not rounded), at least 400 effective draws in bulk and tails, no divergence, an energy
    fraction of at least 0.3 in every chain, and a Kolmogorov p-value of at least 0.001 divided by the number of
    elements. A Beta prior with a shape below 0.5 is flagged unless the exact posterior confirms the draws: samplers
    have been seen clean by every other check and wrong there. Exact draws have no chain; only the last two apply.

    Args:
        result: draws from :mod:`jprob.bayes`.
        exact: the exact posterior, as :func:`jprob.bayes.compare_exact` takes it.

    Example:
        >>> import jax.numpy as jnp
        >>> stuck = Draws({"p": jnp.zeros((4, 100)) + jnp.arange(4)[:, None]}, {"diverging": jnp.zeros((4, 100), bool)})
        >>> verdict(stuck).ok
        False
    """
    worst: dict[str, float] = {}
    findings = list(_chain_findings(result, worst)) if result.stats else []
    agreement = list(_exact_findings(result, exact, worst)) if exact is not None else []
    confirmed = exact is not None and not agreement
    findings += agreement + ([] if confirmed else list(_prior_findings(result)))
    return Verdict(not findings, tuple(findings), worst)


def _chain_findings(draws: Draws, worst: dict[str, float]) -> Iterator[str]:
    chains = next(iter(draws.samples.values())).shape[0]
    if chains < 2:
        yield "A single chain cannot show whether chains agree; run four."
    else:
        site, value = _worst(draws, rhat, max)
        worst["r_hat"] = value
        if not value <= MAX_RHAT:
            yield f"The chains disagree: R-hat of `{site}` is {value:.4f}, more than {MAX_RHAT}; run longer."
    for name, diagnostic, part in (("ess_bulk", ess_bulk, "centre"), ("ess_tail", ess_tail, "tails")):
        site, value = _worst(draws, diagnostic, min)
        worst[name] = value
        if not value >= MIN_ESS:
            yield f"Too few effective draws for the {part}: {value:.0f} of `{site}`, fewer than {MIN_ESS}; run longer."
    diverging = np.asarray(draws.stats.get("diverging", False))
    worst["divergences"] = float(diverging.sum())
    if diverging.any():
        yield (
            f"{diverging.sum()} of {diverging.size} transitions diverged, so part of the posterior may be missing; "
            "raise `target_accept` or change the model's parameters."
        )
    if "energy" in draws.stats:
        worst["e_bfmi"] = float(np.min(np.asarray(ebfmi(draws.stats["energy"]))))
        if not worst["e_bfmi"] >= MIN_EBFMI:
            yield (
                f"The energy is explored slowly: E-BFMI is {worst['e_bfmi']:.2f}, less than {MIN_EBFMI}; "
                "change the model's parameters."
            )


def _exact_findings(draws: Draws, exact: Any, worst: dict[str, float]) -> Iterator[str]:
    comparison = compare_exact(draws, exact)
    p_values = {site: np.asarray(p) for site, p in comparison.p_value.items()}
    elements = sum(p.size for p in p_values.values())
    worst["max_gap"] = max(float(np.max(np.asarray(gap))) for gap in comparison.max_gap.values())
    worst["p_value"] = min(float(p.min()) for p in p_values.values())
    for site, p in p_values.items():
        if not p.min() >= MIN_P_VALUE / elements:
            gap = float(np.max(np.asarray(comparison.max_gap[site])))
            yield f"The draws of `{site}` are not from the exact posterior: gap {gap:.3f}, p-value {p.min():.1e}."


def _prior_findings(draws: Draws) -> Iterator[str]:
    for name, shapes in (draws.constant_data or {}).items():
        smallest = float(np.min(np.asarray(shapes))) if name.endswith("prior") else MIN_PRIOR_SHAPE
        if smallest < MIN_PRIOR_SHAPE:
            yield (
                f"A Beta prior has the shape {smallest:g}, below {MIN_PRIOR_SHAPE}, and puts its mass at 0 and 1, "
                "where sampling has gone wrong unseen; compare with the exact posterior."
            )


def _worst(draws: Draws, diagnostic: Callable[[Any], Any], pick: Callable) -> tuple[str, float]:
    """The site of the worst value and the value; a site that never moves in any chain has none, if another has."""
    values = {}
    for site, x in draws.samples.items():
        found = np.asarray(diagnostic(x), float)
        constant = np.ptp(np.asarray(x), axis=(0, 1)) == 0
        found = found[~constant]
        if found.size:
            values[site] = float("nan") if np.isnan(found).any() else float(pick(found))
    if not values:
        return next(iter(draws.samples)), float("nan")
    site = max(values, key=lambda s: (np.isnan(values[s]), values[s] if pick is max else -values[s]))
    return site, values[site]
