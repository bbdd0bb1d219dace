"""A sweep in parts that know nothing of one another: every N-th chunk is run, and kept in a folder of its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.planning.chunks import Chunk, chunks
from runner.planning.plan import Plan


@dataclass(frozen=True)
class Shard:
    """Part `number` of `of` parts, counted from 1."""

    number: int
    of: int

    def folder(self, results: Path, name: str) -> Path:
        """Where it is kept, beside the tables of the whole sweep; no experiment's name holds a point."""
        return results / f"{name}.shard-{self.number}-of-{self.of}"

    def chunks(self, plan: Plan) -> Iterator[Chunk]:
        """The chunks of a plan that belong to this part."""
        return (chunk for chunk in chunks(plan) if chunk.number % self.of == self.number - 1)

    def holds(self, plan: Plan) -> NDArray[np.bool_]:
        """For each trial of a plan, whether it belongs to this part."""
        held = np.zeros(plan.trials, np.bool_)
        for chunk in self.chunks(plan):
            held[chunk.trials] = True
        return held


def parsed_shard(text: str) -> Shard:
    """The part that "I/N" means; raises `RunnerError` where it means none."""
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if not found:
        raise RunnerError(f"--shard {text}: write the number of the part and how many there are, as 1/4")
    number, of = map(int, found.groups())
    if not 1 <= number <= of:
        raise RunnerError(f"--shard {text}: parts are counted from 1, so that the first number is 1 to {max(of, 1)}")
    return Shard(number, of)
