import threading
import time

import numpy as np
import pytest

from tests.kernels.calling import called, prepared, trained, trials

CASE = [[1.0]], [[0.9]], np.random.default_rng(0).normal(size=(64, 2))


@pytest.mark.parametrize("update", ["batch", "online"])
def test_set_cell_ends_the_call_before_anything_is_done(update):
    arguments, variant = prepared(*CASE, learning_rate=1, epochs=5, update=update)
    arguments[-2][0] = True
    assert called(arguments, variant) == 0


def test_cell_set_while_the_kernel_runs_ends_the_call():
    """The trials that were done by then are whole; Python goes on meanwhile, as the kernel holds no lock of it."""
    short = 10
    arguments, variant = prepared(*CASE, learning_rate=1, epochs=[short] * 32 + [10**9] * 32)
    cancel, out = arguments[-2], arguments[-1]
    out.counts[:] = -1
    finished = []
    thread = threading.Thread(target=lambda: finished.append(called(arguments, variant)), daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not np.all(trials.columns(out)["epochs_run"][:32] == short) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not finished
    cancel[0] = True
    thread.join(60)
    assert finished == [32]
    whole = trained(CASE[0], CASE[1], CASE[2][:32], learning_rate=1, epochs=short)
    found = trials.columns(out)
    for name, array in whole.items():
        np.testing.assert_array_equal(found[name][:32], array, err_msg=name)
