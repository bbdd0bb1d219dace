"""JAX: autodiff of one training and vmap, and the same arithmetic laid by hand with trials on the last axis.

Tried on the unit of work, float64 (float32), microseconds a training on one core: laid by hand with 1 / (1 + exp(-x))
155 (57), with jax.nn.sigmoid 149 (60), with tanh 127 (52); whole arrays (samples, units, trials) instead of an
expression a weight 330 to 2,400, for exp moves into the loop of a sum and is computed again for every term. Two or four
epochs in one step of the loop and XLA's flags for 512-bit vectors or fast-math: no gain.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from benchmarks.peers.unrolled import epoch
from benchmarks.peers.work import INPUTS, TARGETS, WEIGHTS, Peer, Trained, Weights, clock, split


def sigmoids() -> dict[str, Callable[[Any], Any]]:
    """The ways to write a sigmoid that were worth measuring."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    return {"tanh": lambda x: 0.5 * jnp.tanh(0.5 * x) + 0.5, "logistic": jax.nn.sigmoid}


@cache
def _by_hand(sigmoid: str, unroll: int) -> Callable[..., Any]:
    import jax

    function = sigmoids()[sigmoid]

    def steps(_: Any, columns: Any) -> Any:
        for _ in range(unroll):
            columns = tuple(epoch(columns, function))
        return columns

    return jax.jit(lambda turns, columns: jax.lax.fori_loop(0, turns, steps, columns))


@cache
def _by_vmap(sigmoid: str, unroll: int) -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    function = sigmoids()[sigmoid]

    def loss(weights: Any) -> Any:
        X = jnp.asarray(INPUTS, weights[0].dtype)
        y = jnp.asarray(TARGETS, weights[0].dtype)[:, None]
        return jnp.sum((y - function(function(X @ weights[0]) @ weights[1])) ** 2)

    def steps(_: Any, weights: Any) -> Any:
        for _ in range(unroll):
            weights = jax.tree.map(lambda weight, slope: weight - slope, weights, jax.grad(loss)(weights))
        return weights

    return jax.jit(jax.vmap(lambda turns, weights: jax.lax.fori_loop(0, turns, steps, weights), (None, 0)))


def _placed(arrays: list[Weights], precision: str, devices: bool) -> tuple[Any, ...]:
    """The arrays on the device, or spread over all of them along the axis of trials."""
    import jax

    cast = [array.astype(precision) for array in arrays]
    if not devices:
        return tuple(jax.device_put(array) for array in cast)
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("trials",))
    return tuple(
        jax.device_put(array, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("trials"))) for array in cast
    )


def _train_part(layout: str, initial: Weights, epochs: int, precision: str, devices: bool, **settings: Any) -> Weights:
    turns = epochs // settings["unroll"]
    assert turns * settings["unroll"] == epochs
    if layout == "hand":
        step = _by_hand(**settings)  # before _placed: it turns float64 on
        placed = _placed([initial[:, k].copy() for k in range(WEIGHTS)], precision, devices)
        return np.stack(step(turns, placed), 1).astype(float)
    step = _by_vmap(**settings)
    matrices = [initial[:, :12].reshape(-1, 3, 4), initial[:, 12:].reshape(-1, 4, 1)]
    W1, W2 = step(turns, _placed(matrices, precision, devices))
    return np.concatenate([np.reshape(W1, (-1, 12)), np.reshape(W2, (-1, 4))], axis=1).astype(float)


def train(
    layout: str, initial: Weights, epochs: int, cores: int, precision: str, how: str = "", **settings: Any
) -> Trained:
    """Use the cores by XLA's own threads, by a device a core, or by a batch a thread."""
    parts = split(initial, cores if how == "a batch a thread" else 1)
    with clock() as trained, ThreadPoolExecutor(len(parts)) as pool:
        work = lambda part: _train_part(layout, part, epochs, precision, how == "a device a core", **settings)  # noqa: E731
        trained.weights = np.concatenate(list(pool.map(work, parts)))
    return trained


def by_hand(*arguments: Any, **settings: Any) -> Trained:
    """Trials on the last axis."""
    return train("hand", *arguments, **settings)


def by_vmap(*arguments: Any, **settings: Any) -> Trained:
    """Trials on the first axis, as vmap lays them."""
    return train("vmap", *arguments, **settings)


def _variants(sigmoid: str, *batches: int) -> Callable[[int], list[dict[str, Any]]]:
    def variants(cores: int) -> list[dict[str, Any]]:
        settings = {"sigmoid": sigmoid, "unroll": 1}
        if cores == 1:
            tried = [settings | {"batch": batch} for batch in batches]
            return [*tried, tried[1] | {"unroll": 2}, tried[1] | {"sigmoid": "logistic"}]
        ways = ("own threads", "a device a core", "a batch a thread")
        return [settings | {"how": how, "batch": batch * cores} for how in ways for batch in batches[1:]]

    return variants


PEERS = [
    peer
    for precision in ("float64", "float32")
    for peer in (
        Peer(
            "JAX, vmap of grad",
            precision,
            "jitted loop over epochs",
            by_vmap,
            _variants("tanh", 512, 2048),
            "jax",
        ),
        Peer(
            "JAX, laid by hand",
            precision,
            "jitted loop over epochs, an array a weight, trials on the last axis",
            by_hand,
            _variants("tanh", 1024, 2048, 4096),
            "jax",
        ),
    )
]
