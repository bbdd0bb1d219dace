import io
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from runner.errors import RunnerError, Stopped
from runner.sweeping.store import Store, locked

COLUMNS = {"loss": np.array([0.1, np.nan, np.inf, -0.0]), "epochs_run": np.array([1, 2, 3, 2**62])}
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def same(found, columns):
    return found.keys() == columns.keys() and all(
        (found[name].dtype, found[name].shape, found[name].tobytes()) == (array.dtype, array.shape, array.tobytes())
        for name, array in columns.items()
    )


columns = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=8),
    arrays.arrays(
        st.sampled_from([np.float64, np.int64, np.bool_, np.uint8]), arrays.array_shapes(min_dims=1, min_side=0)
    ),
    min_size=1,
    max_size=4,
)


@in_one_folder
@given(columns=columns, number=st.integers(0, 10**9))
def test_a_chunk_comes_back_to_the_bit(tmp_path, columns, number):
    store = Store(tmp_path, "a")
    store.put(number, columns)
    assert store.has(number)
    assert same(store.get(number), columns)


def test_a_chunk_is_found_again_by_the_same_sweep_only(tmp_path):
    Store(tmp_path, "a").put(3, COLUMNS)
    assert Store(tmp_path, "a").has(3)
    assert not Store(tmp_path, "a").has(4)
    assert not Store(tmp_path, "b").has(3)
    assert not Store(tmp_path, "a").has(3)


def test_a_fresh_store_is_empty(tmp_path):
    Store(tmp_path, "a").put(3, COLUMNS)
    assert not Store(tmp_path, "a", fresh=True).has(3)


@pytest.mark.parametrize("plan", [b"", b"{", b"[]", b"1", b'{"fingerprint": 1}', b"\xff"])
def test_chunks_beside_a_damaged_plan_are_cleared_away(tmp_path, plan):
    Store(tmp_path, "a").put(0, COLUMNS)
    (tmp_path / "unfinished" / "plan.json").write_bytes(plan)
    assert not Store(tmp_path, "a").has(0)


def chunk_of(store, number=0):
    return store.unfinished / f"chunk-{number:08d}.npz"


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("intact"), "a")
    store.put(0, COLUMNS)
    return chunk_of(store).read_bytes()


@settings(in_one_folder, max_examples=400)
@given(data=st.data())
def test_no_damage_goes_unnoticed(tmp_path, intact, data):
    """A flipped bit or a cut: the chunk is gone, or, where the bit says nothing, the same."""
    store, content = Store(tmp_path, "a"), bytearray(intact)
    if data.draw(st.booleans()):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    chunk_of(store).write_bytes(content)
    if store.has(0):
        assert same(store.get(0), COLUMNS)
    else:
        assert not chunk_of(store).exists()


def test_no_bit_of_the_directory_flips_unnoticed(tmp_path, intact):
    """The names and sizes in the archive's directory, which no checksum covers."""
    store = Store(tmp_path, "a")
    for place in range(8 * intact.index(b"PK\x01\x02"), 8 * len(intact)):
        content = bytearray(intact)
        content[place // 8] ^= 1 << place % 8
        chunk_of(store).write_bytes(content)
        assert not store.has(0) or same(store.get(0), COLUMNS)


def test_a_foreign_archive_is_no_chunk(tmp_path):
    store = Store(tmp_path, "a")
    np.savez(chunk_of(store), allow_pickle=False, **COLUMNS)
    assert not store.has(0)
    with chunk_of(store).open("wb") as file:
        np.savez(file, loss=np.array([{}], object))
    assert not store.has(0)
    buffer = io.BytesIO()
    np.save(buffer, COLUMNS["loss"])
    chunk_of(store).write_bytes(buffer.getvalue())
    assert not store.has(0)


def test_a_chunk_in_the_place_of_another_is_none(tmp_path):
    store = Store(tmp_path, "a")
    store.put(0, COLUMNS)
    chunk_of(store).rename(chunk_of(store, 1))
    assert not store.has(1)


def test_a_chunk_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    store, synced, fsync = Store(tmp_path, "a"), [], os.fsync

    def watched(descriptor):
        synced.append(sorted(path.suffix for path in store.unfinished.glob("chunk*")))
        assert os.fstat(descriptor).st_size > 100
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    store.put(0, COLUMNS)
    assert synced == [[".part"]]
    assert [path.suffix for path in store.unfinished.glob("chunk*")] == [".npz"]


def test_a_disk_that_refuses_keeps_what_is_finished(tmp_path, monkeypatch):
    store = Store(tmp_path, "a")
    store.put(0, COLUMNS)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Stopped, match="No space left on device") as caught:
        store.put(1, COLUMNS)
    assert str(tmp_path) in str(caught.value)
    monkeypatch.undo()
    again = Store(tmp_path, "a")
    assert (again.has(0), again.has(1)) == (True, False)
    again.put(1, COLUMNS)
    assert again.has(1)


def test_published_tables_take_the_place_of_earlier_ones(tmp_path):
    store = Store(tmp_path, "a")
    earlier = ["manifest.json", "trials.csv", "trials.parquet", "summary.csv", "curves.csv", "weights-2-3-1.npz"]
    for name in [*earlier, "notes.txt"]:
        (tmp_path / name).write_text("earlier")
    for name in ("trials.csv", "summary.csv"):
        (store.unfinished / name).write_text("new")
    store.put(0, COLUMNS)
    store.publish(["trials.csv", "summary.csv"])
    found = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert found == {"trials.csv": "new", "summary.csv": "new", "notes.txt": "earlier"}
    assert store.has(0)
    store.clear()
    assert not store.unfinished.exists()


def test_a_folder_is_locked_once(tmp_path):
    again = locked(tmp_path / "a")
    with (
        locked(tmp_path / "a"),
        locked(tmp_path / "b"),
        pytest.raises(RunnerError, match="another sweep is writing here"),
        again,
    ):
        pass
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "a"):
        raise ZeroDivisionError
    with locked(tmp_path / "a"):
        pass


def test_a_place_for_no_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    for refused in (lambda: Store(tmp_path / "file", "a"), locked(tmp_path / "file").__enter__):
        with pytest.raises(Stopped, match="cannot be written") as caught:
            refused()
        assert "\n" not in str(caught.value)
