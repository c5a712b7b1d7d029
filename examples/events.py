"""The classical problems as arrays: dice, two children, a disease test, Monty Hall, and a classifier's outputs.

Run ``python examples/events.py``: every line is computed, and the empirical ones say how far to trust them.
"""

import jax
import jax.numpy as jnp

from jprob import event, information


def dice() -> None:
    two = event.product(event.space(range(1, 7)), event.space(range(1, 7)))
    law = event.pushforward(two, sum)
    seven = event.where(two, lambda o: sum(o) == 7)
    six_first = event.where(two, lambda o: o[0] == 6)
    print(f"Two dice: the sum has mean {event.expectation(law, lambda s: s):.4f} (7), ", end="")
    print(f"variance {event.variance(law, lambda s: s):.4f} (35/6), P(7) = {event.prob(two, seven):.4f} (1/6)")
    print(f"  a sum of 7 is independent of the first die: {bool(event.independent(two, seven, six_first).mutual)}")
    bound = event.chernoff(law, lambda s: s, 11).bound
    print(f"  P(sum >= 11) = {event.prob(law, lambda s: s >= 11):.4f} (3/36), Chernoff's bound {bound:.4f}")

    def throw(key):
        return jax.random.randint(key, (2,), 1, 7).sum()

    tried = event.empirical(jax.random.key(0), throw, lambda s: s >= 11, 1_000_000)
    low, high = tried.clopper_pearson
    print(f"  a million throws: {tried.estimate:.4f}, 95 % interval [{low:.4f}, {high:.4f}]")


def two_children() -> None:
    family = event.product(event.space("BG"), event.space("BG"))
    both = event.where(family, lambda o: o == ("B", "B"))
    elder = event.where(family, lambda o: o[0] == "B")
    some = event.where(family, lambda o: "B" in o)
    print(f"Two children, both boys: {event.conditional(family, both, elder):.4f} given that the elder is (1/2),")
    print(f"  {event.conditional(family, both, some):.4f} given that at least one is (1/3)")


def disease() -> None:
    prior, positive = jnp.array([0.01, 0.99]), jnp.array([0.90, 0.09])  # ill and well
    sick = event.bayes(prior, positive)[0]
    twice = event.bayes(event.bayes(prior, positive), positive)[0]
    print(
        f"A test that finds 90 % of the ill and 9 % of the well, illness in 1 %: P(ill | positive) = {sick:.4f} (1/10.9)"
    )
    slope = jax.grad(lambda false: event.bayes(prior, jnp.array([0.90, false]))[0])(0.09)
    print(f"  after a second, independent one {twice:.4f}; one point more of false alarms costs {-slope / 100:.4f}")


def monty_hall() -> None:
    doors = event.space((1, 2, 3))  # the car; we choose door 1, the host opens another without it
    opens = event.space((2, 3), jnp.array([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]))
    game = event.joint(doors, opens)
    three = event.where(game, lambda o: o[1] == 3)
    stay, switch = (event.where(game, lambda o, d=d: o[0] == d) for d in (1, 2))
    print(
        f"Monty Hall: the host opens door 3; the car is behind ours with {event.conditional(game, stay, three):.4f} (1/3), "
    )
    print(f"  behind the other with {event.conditional(game, switch, three):.4f} (2/3)")


def softmax() -> None:
    logits = jax.random.normal(jax.random.key(1), (1000, 10)) * 4
    probs = jax.nn.softmax(logits)
    broken = probs.at[7, 3].add(0.01).at[11, 0].set(-0.02)
    for name, matrix in (("A softmax", probs), ("Spoilt in two rows", broken)):
        report = event.axioms(matrix)
        rows = [int(i) for i in jnp.flatnonzero(~report.holds)]
        print(f"{name}: {int(report.holds.sum())} of 1000 rows are laws, others {rows}; ", end="")
        print(f"total off by {report.unit_total.max():.1e}, negative by {report.non_negativity.max():.1e}")
    cooler = jax.nn.softmax(logits * 1.0001)
    print(f"  mean entropy {information.entropy(probs).mean():.4f} nats;", end=" ")
    print(f"a temperature 0.01 % lower moves it by {information.kl(probs, cooler).mean():.2e} nats")


def main() -> None:
    dice()
    two_children()
    disease()
    monty_hall()
    softmax()


if __name__ == "__main__":
    main()
