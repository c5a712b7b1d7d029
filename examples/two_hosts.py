"""One study on two hosts: two processes on this machine, each with its own devices, and the same bits as in one.

Run ``python examples/two_hosts.py``. On a cluster every host runs what ``one_host`` does, with the address of one of them.
"""

import socket
import subprocess
import sys

import jax

NUM_REPLICATES = 200_000


def waiting_time(key):
    """Ten exponential waiting times: how long in all, and the longest."""
    times = jax.random.exponential(key, (10,))
    return {"total": times.sum(), "longest": times.max()}


def study(mesh=None):
    from jprob import simulate  # after ``initialize``, which must come before anything that touches a device

    done = simulate.replicate(
        jax.random.key(7), waiting_time, NUM_REPLICATES, reduce=simulate.moments(), tile=2048, mesh=mesh
    )
    total = done.reduced["total"]
    return total.mean.item().hex(), total.variance.item().hex(), done.reduced["longest"].skewness.item().hex()


def one_host(address: str, rank: int) -> None:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")  # of no effect on other platforms
    jax.distributed.initialize(address, num_processes=2, process_id=rank)
    print(*study(jax.make_mesh((jax.device_count(),), ("replicates",))))


def main() -> None:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    hosts = [
        subprocess.Popen([sys.executable, __file__, address, str(rank)], stdout=subprocess.PIPE, text=True)
        for rank in (0, 1)
    ]
    found = [tuple(host.communicate(timeout=240)[0].split()[-3:]) for host in hosts]
    alone = study()
    print(f"{NUM_REPLICATES:,} replicates: mean {float.fromhex(alone[0]):.4f} (10), ", end="")
    print(f"variance {float.fromhex(alone[1]):.4f} (10), skewness of the longest {float.fromhex(alone[2]):.4f}")
    if found != [alone, alone]:
        sys.exit(f"two hosts differ from one: {found} {alone}")
    print("two hosts: the same bits")


if __name__ == "__main__":
    main() if len(sys.argv) == 1 else one_host(sys.argv[1], int(sys.argv[2]))
