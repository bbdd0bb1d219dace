"""The draws of initial weights in their order, and as a notebook writes them."""

from collections.abc import Iterator

from runner.checking.parameters import shapes
from runner.experiment.spec import Experiment, Skip


def draws(experiment: Experiment) -> Iterator[tuple[str, tuple[int, ...], bool]]:
    """What is drawn: a parameter ("" where draws are passed over), the shape as drawn, and whether it is transposed."""
    own = shapes(experiment)
    for entry in experiment.init.order:
        if isinstance(entry, Skip):
            yield "", (entry.skip,), False
        elif (name := entry.removesuffix(".T")) in own:
            yield (name, own[name][::-1], True) if entry.endswith(".T") else (name, own[name], False)


def notebook_lines(experiment: Experiment, seed: int) -> Iterator[str]:
    """The lines that make the initial weights in a notebook."""
    init, own, legacy = experiment.init, shapes(experiment), experiment.init.generator == "mt19937"
    if init.distribution == "given":
        yield from (f"{name} = np.array({_lists(getattr(init, name))!r})" for name in own)
        return
    yield f"np.random.seed({seed})" if legacy else f"rng = np.random.default_rng({seed})"
    uniform = init.distribution == "uniform"
    first, second = (init.low, init.high) if uniform else (init.mean, init.std)
    for name, shape, transposed in draws(experiment):
        if legacy and (first, second) == (0.0, 1.0):
            drawn = f"np.random.{'rand' if uniform else 'randn'}({', '.join(map(str, shape))})"
        else:
            stream = "np.random" if legacy else "rng"
            drawn = f"{stream}.{'uniform' if uniform else 'normal'}({first!r}, {second!r}, {shape!r})"
        yield f"{name} = {drawn}{'.T' * transposed}" if name else f"{drawn}  # passed over"
    for name in own:
        if isinstance(init.scale, str):
            yield f"{name} /= np.sqrt({own['W' + name[1]][0]})  # the values that come into a unit"
        elif init.scale != 1.0:
            yield f"{name} *= {init.scale!r}"


def _lists(rows: object) -> object:
    return [_lists(row) for row in rows] if isinstance(rows, tuple) else rows
