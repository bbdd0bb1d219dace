"""A small sweep of very different trials, and its digest, which this module prints where it is run as a script.

Where Numba compiles for another CPU (NUMBA_CPU_NAME, NUMBA_CPU_FEATURES), the digest has to stay the same.
"""

import hashlib
import json
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.sweeping import kernel_cache
from tests.cases import XOR
from tests.kernels.calling import FATES, KINDS, epochs_between, trained

INPUTS = XOR[0]
TARGETS = INPUTS.max(1, keepdims=True)  # "or", which some of the trials learn in time
PROBES = [[0.5, 0.5], [30.0, -30.0]]
CURVE = [0, 1, 2, 17, 40]


def varied(count: int) -> dict[str, NDArray[Any]]:
    """What differs between trials: some converge at once, some late or never, some end in NaN, some last no epoch.

    The networks are 2-3-1 with biases; see `Trials` for the arrays. Nothing here depends on a machine's C library.
    """
    rng = np.random.default_rng(11)
    initial = np.ldexp(rng.uniform(-1, 1, (count, 13)), rng.integers(-8, 6, (count, 1)))
    rate = np.ldexp(rng.uniform(1, 2, count), rng.integers(-9, 6, count))
    rate[5::11] = 1e300  # beyond single precision: an infinite step
    initial[7::23, 0] = np.inf  # times an input of 0 it is NaN
    momentum = rng.choice([0.0, 0.5, 0.9, 1.5], count)
    momentum[5::11] = 1e20
    threshold = rng.choice([0.01, 0.1, 0.24, 0.3, 0.5], count)
    return {
        "initial": initial,
        "learning_rate": rate,
        "momentum": momentum,
        "threshold": threshold,
        "epochs": rng.choice([0, 1, 3, 20, 60], count),
    }


def outcomes(trials: dict[str, NDArray[Any]], **settings: Any) -> dict[str, NDArray[Any]]:
    """Train such trials, everything recorded.

    Where trials are trained piece by piece, `velocities` has to be said: a trial without momentum is rounded otherwise
    with them, and the program never puts it into one call with a trial that has momentum.
    """
    return trained(INPUTS, TARGETS, **trials, **{"bias": True, "probes": PROBES, "curve": CURVE, **settings})


def digest(arrays: dict[str, NDArray[Any]]) -> str:
    state = hashlib.sha256()
    for name, array in arrays.items():
        state.update(f"{name} {array.shape} {array.dtype}\n".encode() + array.tobytes())
    return state.hexdigest()[:16]


def digests() -> dict[str, str]:
    """Batch updates with momentum in double precision and their fates, online ones without in single, and draws."""
    trials = varied(100)
    seeds, order = np.arange(100, dtype=np.uint32), np.arange(13)
    streams = kernel_cache.module("streams")
    first, second = np.full(100, -0.3), np.full(100, 1.7)
    found = {
        "double": digest(outcomes(trials)),
        "single": digest(
            outcomes(trials | {"momentum": np.zeros(100)}, update="online", kind=KINDS["float32"], stop=True)
        ),
    }
    asked = outcomes(trials, fates=True)
    found["fates"] = digest({name: asked[name] for name in FATES})
    for draw in (streams.draw_uniform, streams.draw_normal):
        out = np.empty((100, 13))
        state = np.empty((streams.WORDS, streams.BLOCK), np.uint32)
        kernel_cache.compiled(draw, (seeds, first, second, order, state, out))
        draw(seeds, first, second, order, state, out)
        found[draw.__name__] = digest({"draws": out})
    return found


def instructions() -> dict[str, bool]:
    """Whether the training kernels that this process compiled multiply and add in one go, and use AVX registers."""
    code = "\n".join(epochs_between.advance.inspect_asm().values())
    return {"fma": re.search(r"\bvfn?m(add|sub)", code) is not None, "avx": "%ymm" in code or "%zmm" in code}


if __name__ == "__main__":
    print(json.dumps({"digests": digests(), "instructions": instructions()}))  # noqa: T201 - read by the test
