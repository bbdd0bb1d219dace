"""The usual causes for which two trainings of one network differ, alone and together."""

from collections.abc import Iterator

from runner.checking.cause import KINDS, Cause
from runner.checking.drawing_causes import biases, distributions, orders
from runner.checking.notebook import OURS
from runner.checking.setting import Setting
from runner.checking.training_causes import momenta, moments, slopes, steps, updates


def causes(setting: Setting) -> Iterator[Cause]:
    """All single causes that could be."""
    for family in (steps, moments, updates, momenta, biases, orders, distributions, slopes):
        yield from family(setting)


def pairs(setting: Setting) -> Iterator[Cause]:
    """Two causes at once; one that is no rule of ours only beside others that change numbers and nothing else."""
    for first in causes(setting):
        for second in causes(first.setting):
            if KINDS.index(first.kind) >= KINDS.index(second.kind):
                continue
            if second.setting.rule == OURS or {first.kind, second.kind} & {"step", "draws", "numbers"}:
                yield Cause(second.kind, f"{first.text}; and {second.text}", second.setting)


def triples(setting: Setting) -> Iterator[Cause]:
    """Two causes beside the most usual one, outputs from before the last update."""
    early = next(moments(setting))
    if early.setting.experiment.training.epochs < setting.experiment.training.epochs:
        for pair in pairs(early.setting):
            if pair.setting.experiment.training.epochs == early.setting.experiment.training.epochs:
                yield Cause(pair.kind, f"{early.text}; {pair.text}", pair.setting)
