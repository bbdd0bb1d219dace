"""Every peer; the tests check what the benchmark times."""

from importlib.metadata import PackageNotFoundError, version

from benchmarks.peers import of_cpp, of_jax, of_numpy, of_scikit, of_torch, ours

OTHERS = [*of_numpy.PEERS, *of_scikit.PEERS, *of_torch.PEERS, *of_jax.PEERS, *of_cpp.PEERS]
ONE_CORE = [*ours.KERNELS, *OTHERS]
ALL_CORES = [*ours.SWEEPS, *(peer for peer in OTHERS if peer.needs != "sklearn")]


def versions() -> str:
    """The versions of the peers in one line; those that are not installed left out."""
    found = []
    for name in ("scikit-learn", "torch", "jax"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join([*found, of_cpp.compiler_version()])
