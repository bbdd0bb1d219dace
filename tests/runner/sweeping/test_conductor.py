import numpy as np
import pytest

from runner.errors import Stopped
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine
from runner.sweeping.backends import workers
from runner.sweeping.conductor import Conductor
from runner.sweeping.reuse import Reuse
from runner.sweeping.run import Run, run
from runner.sweeping.store import Store
from tests.runner.running import MIXED, Counted, digests, swept

SOME = {"name": "some", "task": "xor", "training": {"epochs": 20}, "sweep": {"hidden": [2, 3, 4, 5], "seeds": 200}}


class Backwards:
    """Workers that answer the last call first; they may have a disk of their own."""

    def __init__(self, share_disk):
        self.share_disk, self.stopped = share_disk, False

    def results(self, calls):
        return iter([call() for call in calls][::-1])

    def stop(self):
        self.stopped = True


def conducted(folder, content, pool, take=lambda _: None):
    """Run the chunks of a sweep; its store, plan and conductor."""
    laid_out = plan(read(content))
    store = Store(folder, "a")
    store.create()
    conductor = Conductor(laid_out, lambda: chunks(laid_out), store, Reuse(folder, laid_out, ()), take, lambda _: None)
    conductor.run(pool, lambda *_: None, laid_out.trials, 1.0)
    return laid_out, store, conductor


@pytest.mark.parametrize("share_disk", [True, False])
def test_chunks_are_taken_in_order_whole_and_on_disk_whatever_the_order_of_answers(tmp_path, share_disk):
    taken = []
    laid_out, store, conductor = conducted(tmp_path, MIXED, Backwards(share_disk), taken.append)
    assert [chunk.number for chunk in taken] == [chunk.number for chunk in chunks(laid_out)]
    assert conductor.trials == laid_out.trials
    for chunk in chunks(laid_out):
        assert store.has(chunk.number)
        np.testing.assert_array_equal(store.trials(chunk.number), chunk.trials)
        computed, stored = engine.compute(engine.work(laid_out, chunk)), store.get(chunk.number)
        assert {*stored} == {*computed}
        assert all(stored[name].tobytes() == computed[name].tobytes() for name in computed)


def test_workers_that_do_not_see_the_folder_make_the_same_bytes(tmp_path, monkeypatch):
    alone = digests(swept(MIXED, tmp_path / "alone"))
    monkeypatch.setattr("runner.sweeping.backends._Processes.share_disk", False)
    assert digests(swept(MIXED, tmp_path, backend="processes", jobs=2)) == alone


def test_finished_chunks_are_handed_to_no_worker(tmp_path, monkeypatch):
    laid_out, store, _ = conducted(tmp_path, SOME, Backwards(True))
    counted, taken = Counted(monkeypatch), []
    again = Conductor(laid_out, lambda: chunks(laid_out), store, Reuse(tmp_path, laid_out, ()), taken.append, print)
    again.run(Backwards(False), lambda *_: None, laid_out.trials, 1.0)
    assert counted.numbers == []
    assert len(taken) == len([*chunks(laid_out)])


def refuses(_):
    raise Stopped("no space")


@pytest.mark.parametrize("backend", ["threads", "processes"])
def test_who_takes_no_chunk_ends_the_work_with_his_own_words(tmp_path, recwarn, backend):
    with workers(backend, 2) as pool, pytest.raises(Stopped, match="no space") as caught:
        conducted(tmp_path, SOME, pool, refuses)
    assert str(caught.value) == "no space"
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("error", [ZeroDivisionError(), OSError(28, "No space left on device")])
def test_an_error_of_who_watches_is_raised_as_it_is_and_nothing_is_lost(tmp_path, monkeypatch, error):
    def watch(trials, *_):
        if trials:
            raise error

    experiment, how = read(SOME), Run(tmp_path / "some", 1, "threads", "csv")
    with pytest.raises(type(error)) as caught:
        run(experiment, how, watch)
    assert caught.value is error
    kept = len([*tmp_path.glob("some/unfinished/*/chunk-*.npz")])
    counted = Counted(monkeypatch)
    folder = swept(SOME, tmp_path)
    assert kept > 0
    assert len(counted.numbers) == len([*chunks(plan(experiment))]) - kept
    assert digests(folder) == digests(swept(SOME, tmp_path / "alone"))


def test_ctrl_c_says_how_much_is_done(tmp_path, monkeypatch):
    Counted(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt) as caught:
        swept(SOME, tmp_path)
    done = sum(len(chunk.trials) for chunk in [*chunks(plan(read(SOME)))][:2])
    assert str(caught.value) == f"{done} of 800 trials ({100 * done // 800} %) are finished"


def test_the_share_is_that_of_what_is_to_be_trained(tmp_path):
    """Work that was found done counts as trials, and not as work of this run."""
    laid_out, store, _ = conducted(tmp_path, SOME, Backwards(True))
    pieces, ticks = [*chunks(laid_out)], []
    for chunk in pieces[1:]:
        store.path(chunk.number).unlink()
    again = Conductor(
        laid_out,
        lambda: iter(pieces),
        store,
        Reuse(tmp_path, laid_out, ()),
        lambda _: ticks.append((again.trials, again._share(sum(chunk.seconds for chunk in pieces)))),
        print,
    )
    with workers("threads", 1) as pool:
        again.run(pool, lambda *_: None, laid_out.trials, sum(chunk.seconds for chunk in pieces))
    trials, shares = zip(*ticks, strict=True)
    assert trials[0] == len(pieces[0].trials)
    assert shares[0] == 0.0
    assert shares[-1] == pytest.approx(1.0)
    assert sorted(shares) == list(shares)
