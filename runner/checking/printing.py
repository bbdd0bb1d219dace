"""What `verify` prints: a line a seed as it is done, then the verdict in words."""

from collections.abc import Iterator, Sequence

import typer

from runner.checking.diagnosis import Explanation
from runner.checking.verify import Comparison, Verification, verify
from runner.experiment.spec import Experiment

_LONG = 5.0  # seconds; what takes longer says so


def print_verification(function: str, experiment: Experiment, seeds: int) -> Verification:
    """Verify FILE:FUNCTION against an experiment, and print what is found."""
    seen: list[Comparison] = []

    def line(comparison: Comparison) -> None:
        if not seen:
            typer.echo(f"{_described(experiment)}; np.random is seeded before each call")
        if not seen or seen[-1].epochs != comparison.epochs:
            names = ["outputs"] + ["weights"] * (comparison.weights is not None)
            names += ["loss"] * (comparison.loss is not None)
            typer.echo(f"largest differences after {comparison.epochs:,} epochs")
            typer.echo(f"{'seed':>6}{''.join(f'{name:>10}' for name in names)}")
            if comparison.seconds * (seeds - 1) > _LONG:
                typer.echo(f"about {comparison.seconds * (seeds - 1):.0f} s to go", err=True)
        seen.append(comparison)
        numbers = [comparison.outputs, comparison.weights, comparison.loss]
        cells = "".join(f"{number:>10.1e}" for number in numbers if number is not None)
        typer.echo(f"{comparison.seed:>6}{cells}  {_word(comparison)}")

    found = verify(function, experiment, seeds=seeds, progress=line)
    typer.echo("")
    for sentence in sentences(found):
        typer.echo(sentence)
    return found


def _described(experiment: Experiment) -> str:
    network, training, task = experiment.network, experiment.training, experiment.task
    momentum = f"momentum {training.momentum:g}, " if training.momentum else ""
    return (
        f"{experiment.name}: {len(task.inputs[0])}-{network.hidden}-{len(task.targets[0])}, "
        f"{'with' if network.bias else 'no'} biases, learning rate {training.learning_rate:g}, {momentum}"
        f"{training.update}, {training.objective}"
    )


def _word(comparison: Comparison) -> str:
    if comparison.verdict == "rounding" and not comparison.telling:
        return f"rounding or not: here it may grow to {comparison.rounding:.0e}"
    return comparison.verdict


def sentences(found: Verification) -> Iterator[str]:
    """The verdict in words, and what explains it."""
    name, experiment = found.function, found.experiment.name
    if found.verdict == "same bits":
        yield f"The same: {name} and {experiment} give the same bits."
    elif found.verdict == "rounding":
        yield (
            f"The same but for rounding: {name} and {experiment} differ by no more than what the last bits of the "
            "initial weights come to."
        )
    else:
        yield _another(found)
        if any(comparison.outputs > comparison.rounding for comparison in found.seeds):
            yield from _explained(found.explanations)
    yield from (f"Note: {note}." for note in found.notes)


def _another(found: Verification) -> str:
    name, experiment = found.function, found.experiment.name
    apart = [comparison for comparison in found.seeds if comparison.verdict == "another algorithm"]
    worst = max(apart, key=lambda comparison: comparison.outputs / comparison.rounding)
    if worst.outputs <= worst.rounding:
        weights = max(comparison.weights or 0.0 for comparison in apart)
        return (
            f"Another algorithm: {name} and {experiment} have the same outputs, but weights up to {weights:.1e} apart."
        )
    return (
        f"Another algorithm: in {len(apart)} of {len(found.seeds)} seeds {name} ends further from {experiment} than "
        f"rounding can take it (seed {worst.seed}: {worst.outputs:.1e}, where rounding makes at most "
        f"{worst.rounding:.0e})."
    )


def _explained(explanations: Sequence[Explanation]) -> Iterator[str]:
    if not explanations:
        yield "None of the usual causes explains every seed, alone or with others."
        return
    yield f"What explains every seed{', each of these alone' if len(explanations) > 1 else ''}:"
    for explanation in explanations:
        sets = " ".join(f"--set '{override}'" for override in explanation.overrides or ())
        yield f"  {explanation.text}{f' (ours does so with {sets})' if sets else ''}"
