"""Chunks on the workers of a Dask cluster: columns come back over the network, as no worker sees the results folder."""

import logging
import multiprocessing
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from runner.errors import RunnerError, Stopped
from runner.sweeping import kernel_cache
from runner.sweeping.backends import deaf
from runner.sweeping.room import Room

_REACHED, _STAFFED = 10, 60  # seconds for a scheduler to answer, and for a first worker to be there
_KEPT = "what is finished is kept, run the same command again"
# Made on a worker out of names that every worker knows, so that one without this program answers and says so.
_LOOK = (
    "(__import__('numba'), __import__('runner.sweeping.engine'), "
    "__import__('runner.sweeping.kernel_cache', fromlist=['_']).kernel_hash())[-1]"
)


@contextmanager
def dask_workers(jobs: int, scheduler: str | None) -> Iterator["DaskWorkers"]:
    """The workers of the scheduler at an address; without one, so many processes of this machine.

    Raises `RunnerError` where Dask is not installed, no scheduler answers, it has no workers, or a worker lacks this
    program, a package, or these very kernels.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise RunnerError(
            f"--backend dask needs Dask ({error}); install it with: pip install 'seedsweep[dask]'"
        ) from None
    with _quiet():
        made = _connected(Client, LocalCluster, jobs, scheduler)
        try:
            made.check()
            yield made
        except BaseException:
            made.abandon()
            raise
        made.close()


def _connected(Client: Any, LocalCluster: Any, jobs: int, scheduler: str | None) -> "DaskWorkers":
    cluster = None
    try:
        if scheduler is None:
            with deaf():
                cluster = LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    dashboard_address="127.0.0.1:0",  # any port: with None it takes 8787, and says if it cannot
                    silence_logs=logging.CRITICAL,
                )
        return DaskWorkers(Client(cluster or scheduler, timeout=_REACHED, set_as_default=False), cluster, scheduler)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).partition("\n")[0]
        raise RunnerError(
            f"--scheduler {scheduler}: no Dask scheduler answers there ({reason}); start one with `dask scheduler` and "
            "give the address that it prints"
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own account of what it lost, pages of it, from the user, who gets one sentence."""
    handlers = logging.getLogger("distributed").handlers
    levels = [handler.level for handler in handlers]
    for handler in handlers:
        handler.setLevel(logging.CRITICAL + 1)
    yield
    for handler, level in zip(handlers, levels, strict=True):  # not after an error, when Dask tells of it until the end
        handler.setLevel(level)


class DaskWorkers:
    """Workers of one Dask client."""

    share_disk = False

    def __init__(self, client: Any, cluster: Any, scheduler: str | None) -> None:
        self._client, self._cluster, self._scheduler = client, cluster, scheduler

    def check(self) -> None:
        """Raise `RunnerError` unless there is a worker, and every one has this program with these kernels."""
        try:
            self._client.wait_for_workers(1, timeout=_STAFFED)
        except TimeoutError:
            raise RunnerError(
                f"--scheduler {self._scheduler}: it has no workers; start some with: dask worker {self._scheduler}"
            ) from None
        for worker, found in self._client.run(eval, _LOOK, on_error="return").items():
            _judge(f"worker {worker}", found)

    def results(self, calls: Iterable[Any]) -> Iterator[Any]:
        """Make the calls on the workers; what they return, in any order (see `backends.Workers`).

        Where who takes it is slower than the workers, these wait: some two results for each of them, and as many more
        as there are, are in this process at most.
        """
        from concurrent.futures import CancelledError

        from distributed import KilledWorker
        from joblib import Parallel, delayed, parallel_config

        kernels, room = kernel_cache.kernel_hash(), Room(sum(self._client.ncores().values()))
        with parallel_config(backend=_bounded(self._client, room)):
            answers = Parallel(return_as="generator_unordered", batch_size=1)(
                delayed(_OnWorker(call, kernels))() for call in calls
            )
        try:
            for answer in answers:
                yield answer
                room.taken()
        except KilledWorker:
            raise Stopped(f"Dask lost worker after worker on one chunk, as where memory is short; {_KEPT}") from None
        except ImportError as error:
            raise Stopped(
                f"a Dask worker cannot load this program ({error}); install seedsweep there; {_KEPT}"
            ) from None
        except (CancelledError, OSError, TimeoutError):
            where = f" at {self._scheduler}" if self._scheduler else ""
            raise Stopped(f"the Dask scheduler{where} was lost; {_KEPT} once there is one") from None

    def stop(self) -> None:
        """Nothing: what workers are at ends with its chunk, or with `abandon`."""

    def abandon(self) -> None:
        """End the processes that were started here, and drop what the scheduler has left, without waiting."""
        for child in multiprocessing.active_children() if self._cluster else ():
            if child.name.startswith("Dask Worker process"):
                child.kill()
        threading.Thread(target=self._client.close, args=(1,), daemon=True).start()

    def close(self) -> None:
        """Part from the scheduler, and end the processes that were started here."""
        self._client.close()
        if self._cluster:
            self._cluster.close()


def _bounded(client: Any, room: Room) -> Any:
    """The backend of joblib for a Dask client, whose results come into a room."""
    from joblib._dask import DaskDistributedBackend

    class Bounded(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no types
        def submit(self, func: Any, callback: Any = None) -> Any:
            return super().submit(func, lambda result: room.come(partial(callback, result)))

    return Bounded(client=client)


class _OnWorker:
    """A call that is made by these kernels or not at all: a worker may join a cluster at any time."""

    def __init__(self, call: Any, kernels: str) -> None:
        self._call, self._kernels = call, kernels

    def __call__(self) -> Any:
        if (own := kernel_cache.kernel_hash()) != self._kernels:
            raise ImportError(f"its kernels are {own}, these are {self._kernels}")
        return self._call()


def _judge(worker: str, found: Any) -> None:
    """Raise `RunnerError` where a worker answered with an error, or with the hash of other kernels."""
    ours = kernel_cache.kernel_hash()
    if isinstance(found, Exception):
        raise RunnerError(
            f"{worker}: cannot load this program ({found}); install there the same seedsweep, with the same versions"
        )
    if found != ours:
        raise RunnerError(f"{worker}: has kernels {found}, this process {ours}; install the same seedsweep on both")
