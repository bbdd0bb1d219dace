"""The peers of a table, each checked, then tuned, then measured in turns with all others."""

import statistics
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.peers.work import EPOCHS, Peer, SkippedError, check
from benchmarks.throughput import ratio, turns

LONGEST = 0.6  # seconds of a measured call, where fewer epochs can keep it so
CHECKED = 20  # epochs: every setting that may be measured is held against the reference after so many


@dataclass(frozen=True)
class Effort:
    """How much a run does."""

    rounds: int
    epochs: int = EPOCHS
    quick: bool = False


@dataclass(frozen=True)
class Chosen:
    """A peer with the setting and the epochs to measure it at."""

    peer: Peer
    variant: dict[str, Any]
    epochs: int

    def seconds(self, cores: int) -> float:
        """Seconds that one unit of work takes."""
        trained = self.peer.run(cores, self.epochs, **self.variant)
        check(self.peer, trained.weights, self.epochs)
        return trained.seconds / len(trained.weights) * EPOCHS / self.epochs

    def setting(self) -> str:
        """What the peer is and what was chosen for it, as the table says it."""
        settings = ", ".join(
            value if isinstance(value, str) else f"{name} {value}" for name, value in self.variant.items()
        )
        return f"{self.peer.what}; {settings}"


def choose(peer: Peer, cores: int, effort: Effort) -> Chosen:
    """The fastest of a peer's settings, every one checked first; raises `SkippedError`."""
    if effort.quick and peer.slow_to_start:
        raise SkippedError("left out of a quick run")
    variants = peer.variants(cores)
    if effort.quick:
        variants = [variants[0] | {"batch": min(variants[0]["batch"], 256 * cores)}]
    best, least = variants[0], float("inf")
    for variant in variants:
        took = []
        for _ in range(3):  # the first compiles
            trained = peer.run(cores, CHECKED, **variant)
            check(peer, trained.weights, CHECKED)
            took.append(trained.seconds / len(trained.weights) / CHECKED)
        if min(took) < least:
            best, least = variant, min(took)
    fits = peer.in_full or least * best["batch"] * effort.epochs < LONGEST
    epochs = effort.epochs if fits else max(CHECKED, effort.epochs // 10)
    return Chosen(peer, best, epochs)


def table(peers: list[Peer], ours: str, cores: int, effort: Effort) -> list[str]:
    """The rows of a table: microseconds a training, and how many times those of ours in the same precision."""
    chosen, skipped = {}, {}
    peers = sorted(peers, key=lambda peer: peer.precision != "float64")
    for peer in peers:
        try:
            chosen[peer] = choose(peer, cores, effort)
        except SkippedError as reason:
            skipped[peer] = str(reason)
    each = {str(peers.index(peer)): setting for peer, setting in chosen.items()}
    figures = turns(effort.rounds, **{key: partial(setting.seconds, cores) for key, setting in each.items()})
    base = {peer.precision: figures[str(index)] for index, peer in enumerate(peers) if peer.name == ours}
    rows = [
        f"| | precision | microseconds a training | times {ours} | what, and its fastest setting |",
        "|---|---|---:|---:|---|",
    ]
    for index, peer in enumerate(peers):
        if peer in skipped:
            rows.append(f"| {peer.name} | {peer.precision} | skipped | | {skipped[peer]} |")
            continue
        values = figures[str(index)]
        cost, times = statistics.median(values) * 1e6, ratio(values, base[peer.precision])
        rows.append(f"| {peer.name} | {peer.precision} | {cost:,.1f} | {times:,.2f} | {chosen[peer].setting()} |")
    return rows
