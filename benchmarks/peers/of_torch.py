"""PyTorch, many trainings at once by hand-written backpropagation, trials on the last axis.

Tried on the unit of work, float64 (float32), microseconds a training on one core: batches of small matrices with bmm
1,200 (860); new tensors for every result 390 (180); results written into the same tensors 290 (130).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from benchmarks.peers.unrolled import epoch
from benchmarks.peers.work import INPUTS, TARGETS, WEIGHTS, Peer, SkippedError, Trained, Weights, clock, split


def in_place(initial: Weights, epochs: int, precision: str) -> Weights:
    """Train in tensors (rows, units, trials) that are allocated once."""
    import torch

    trials, dtype = len(initial), getattr(torch, precision)
    X = torch.tensor(INPUTS, dtype=dtype)
    Y = torch.tensor(TARGETS, dtype=dtype)[:, None]
    columns = torch.tensor(initial.T.copy(), dtype=dtype)
    W1, W2 = columns[:12].reshape(3, 4 * trials), columns[12:]
    hidden, product = (torch.empty((4, 4, trials), dtype=dtype) for _ in range(2))
    output, slope, delta, step = (torch.empty((4, trials), dtype=dtype) for _ in range(4))
    with torch.inference_mode():
        for _ in range(epochs):
            torch.mm(X, W1, out=hidden.view(4, 4 * trials)).sigmoid_()
            torch.mul(hidden, W2, out=product)
            torch.sum(product, 1, out=output).sigmoid_()
            torch.sub(Y, output, out=delta)
            torch.sub(1, output, out=slope)
            delta.mul_(2).mul_(output).mul_(slope)
            torch.mul(hidden, delta[:, None], out=product)
            torch.sum(product, 0, out=step)
            product.mul_(W2).mul_(hidden.neg_().add_(1))
            W1.addmm_(X.T, product.view(4, 4 * trials))
            W2.add_(step)
    return torch.cat([W1.view(12, trials), W2]).T.double().numpy()


@cache
def _compiled(cores: int) -> Callable[..., Any]:  # noqa: ARG001 - the number of threads is compiled in
    import torch

    torch._dynamo.reset()
    return torch.compile(lambda columns: epoch(columns, torch.sigmoid), dynamic=False)


def by_compiler(initial: Weights, epochs: int, precision: str, cores: int) -> Weights:
    """Train with torch.compile's version of an epoch, one tensor a weight."""
    import torch

    step, dtype = _compiled(cores), getattr(torch, precision)
    with torch.no_grad():
        columns = [torch.tensor(initial[:, k].copy(), dtype=dtype) for k in range(WEIGHTS)]
        for _ in range(epochs):
            columns = step(columns)
    return torch.stack(list(columns), 1).double().numpy()


def eager(initial: Weights, epochs: int, cores: int, precision: str, how: str = "own threads") -> Trained:
    """Use the cores by PyTorch's own threads, or by as many threads of ours with one of its."""
    import torch

    def part(initial: Weights) -> Weights:
        torch.set_num_threads(1)
        return in_place(initial, epochs, precision)

    with clock() as trained:
        if how == "own threads":
            torch.set_num_threads(cores)
            trained.weights = in_place(initial, epochs, precision)
        else:
            with ThreadPoolExecutor(cores) as pool:
                trained.weights = np.concatenate(list(pool.map(part, split(initial, cores))))
    return trained


def compiled(initial: Weights, epochs: int, cores: int, precision: str) -> Trained:
    """Use the cores by the threads that torch.compile makes."""
    import torch

    torch.set_num_threads(cores)
    try:
        with clock() as trained:
            trained.weights = by_compiler(initial, epochs, precision, cores)
    except torch._dynamo.exc.BackendCompilerFailed as error:
        raise SkippedError(f"torch.compile found no compiler it can use: {str(error).splitlines()[0]}") from error
    return trained


def _variants(cores: int) -> list[dict[str, Any]]:
    ways = [{"how": "own threads"}, {"how": "a batch a thread"}] if cores > 1 else [{}]
    return [{"batch": batch * cores, **way} for way in ways for batch in (1024, 2048, 4096)]


PEERS = [
    peer
    for precision in ("float64", "float32")
    for peer in (
        Peer("PyTorch", precision, "eager, trials on the last axis, tensors reused", eager, _variants, "torch"),
        Peer(
            "PyTorch, torch.compile",
            precision,
            "the compiler's loop for an epoch, trials on the last axis",
            compiled,
            lambda cores: [{"batch": 8192 * cores}],
            "torch",
            slow_to_start=True,
        ),
    )
]
