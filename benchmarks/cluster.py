"""A sweep on a cluster, simulated: chunks go through a scheduler, one of many workers, the network, and the client.

Scheduler, network and client serve one chunk at a time, in the order in which chunks come. A worker gets its next chunk
when the client has room for what it brought (`runner.sweeping.room`), so that workers wait for a client that is slower
than they are.
"""

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

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
        """All that the client does for it."""
        return self.cut + self.found + self.put + self.tabled

    @property
    def merged(self) -> float:
        """All that merge does for it, which cuts the plan to check the chunks, and again to table them."""
        return 2 * self.cut + self.checked + self.tabled

    def shard(self, pieces: float, shards: int) -> float:
        """Seconds of one of so many shards of so many chunks: each of them cuts the whole plan, twice."""
        return pieces * (2 * self.cut + (self.found + self.worker + self.put) / shards)


@dataclass(frozen=True)
class Simulated:
    """What became of many chunks on so many cores."""

    rate: float  # trials a second
    busy: float  # share of the workers' time
    held: int  # results that wait in the client's memory, at most


def simulated(costs: Costs, cores: int, task: float, network: float, pieces: int) -> Simulated:
    """Send so many chunks through scheduler, workers, network and client."""
    taken = costs.worker * np.random.default_rng(0).normal(1.0, JITTER, pieces).clip(0.5, 1.5)
    free, running = [0.0] * cores, list[float]()
    asked = deque([0.0] * min(IN_FLIGHT * cores, pieces))  # when there was room for one more chunk
    come, done = np.zeros(pieces), np.zeros(pieces)
    scheduler, handed_out, client = 0.0, 0, 0.0
    for k in range(pieces):
        while asked and handed_out < pieces:
            scheduler = max(scheduler, asked.popleft()) + task
            end = max(scheduler, heappop(free)) + taken[handed_out]
            heappush(free, end)
            heappush(running, end)
            handed_out += 1
        last = heappop(running)
        come[k] = max(last, come[k - 1]) + costs.sent / network
        done[k] = client = max(come[k], client) + costs.client
        asked.append(max(come[k], done[k - cores]) if k >= cores else come[k])
    waiting = np.arange(1, pieces + 1) - np.searchsorted(done, come, side="right")
    return Simulated(
        rate=pieces * costs.trials / client,
        busy=float(taken.sum() / (cores * last)),
        held=int(waiting.max()),
    )


def stations(costs: Costs, task: float, network: float) -> dict[str, float]:
    """How many cores keep each station busy that serves one chunk at a time."""
    return {
        "scheduler": costs.worker / task,
        "network": costs.worker / (costs.sent / network),
        "client": costs.worker / costs.client,
    }
