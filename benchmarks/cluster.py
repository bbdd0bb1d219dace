"""A sweep on a cluster, simulated: chunks go through a scheduler, one of many workers, the network, and the client.

Scheduler, network and client serve one chunk at a time, in the order in which chunks come. Workers get the next chunk
as soon as they are through with one, whatever waits behind them: a client that is slower than they are piles up their
results in its memory.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

IN_FLIGHT = 2  # chunks a worker: what joblib hands out before the first result
JITTER = 0.1  # of the time that a chunk takes, one standard deviation


@dataclass(frozen=True)
class Costs:
    """What one chunk costs: CPU seconds where no other unit is said."""

    trials: int
    worker: float  # to draw, train and pickle
    cut: float  # to cut it out of the plan, once
    found: float  # to look up what it is made of
    put: float  # to store it
    tabled: float  # to read it back and write its rows
    checked: float  # to see that it is whole
    sent: int  # bytes to the client
    kept: int  # bytes in the store
    rows: float  # bytes of trials.csv

    @property
    def client(self) -> float:
        """All that the client does for it; it cuts the plan to hand chunks out, and again to put them in order."""
        return 2 * self.cut + self.found + self.put + self.tabled

    @property
    def merged(self) -> float:
        """All that merge does for it, which cuts the plan to check the chunks, and again to table them."""
        return 2 * self.cut + self.checked + self.tabled

    def shard(self, pieces: float, shards: int) -> float:
        """Seconds of one of so many shards of so many chunks: each of them cuts the whole plan, four times."""
        return pieces * (4 * self.cut + (self.found + self.worker + self.put) / shards)


@dataclass(frozen=True)
class Simulated:
    """What became of many chunks on so many cores."""

    rate: float  # trials a second
    busy: float  # share of the workers' time
    held: float  # share of the results that wait in the client's memory at the end of training


def simulated(costs: Costs, cores: int, task: float, network: float, pieces: int) -> Simulated:
    """Send so many chunks through scheduler, workers, network and client."""
    taken = costs.worker * np.random.default_rng(0).normal(1.0, JITTER, pieces).clip(0.5, 1.5)
    free, running, ends, scheduler = [0.0] * cores, list[float](), np.empty(pieces), 0.0
    for k in range(pieces):
        asked = heappop(running) if k >= IN_FLIGHT * cores else 0.0
        scheduler = max(scheduler, asked) + task
        ends[k] = max(scheduler, heappop(free)) + taken[k]
        heappush(free, ends[k])
        heappush(running, ends[k])
    ends.sort()
    sent = served(ends, costs.sent / network)
    done = served(sent, costs.client)
    waiting = pieces - np.searchsorted(done, ends[-1])
    return Simulated(
        rate=pieces * costs.trials / done[-1],
        busy=float(taken.sum() / (cores * ends[-1])),
        held=float(waiting / pieces),
    )


def served(arrivals: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    """When a station that serves one after another is through with each, arrivals being in order."""
    before = np.arange(len(arrivals)) * seconds
    return np.maximum.accumulate(arrivals - before) + before + seconds


def stations(costs: Costs, task: float, network: float) -> dict[str, float]:
    """How many cores keep each station busy that serves one chunk at a time."""
    return {
        "scheduler": costs.worker / task,
        "network": costs.worker / (costs.sent / network),
        "client": costs.worker / costs.client,
    }
