import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from runner.errors import Stopped
from runner.sweeping.store import Store, disk, write

COLUMNS = {"loss": np.array([0.1, np.nan, np.inf, -0.0]), "epochs_run": np.array([1, 2, 3, 2**62])}
TRIALS = np.array([3, 5, 7, 2**40])
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def created(folder, fingerprint="a"):
    store = Store(folder, fingerprint)
    store.create()
    return store


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
@given(columns=columns, number=st.integers(0, 10**9), trials=st.lists(st.integers(0, 2**62)))
def test_a_chunk_comes_back_to_the_bit(tmp_path, columns, number, trials):
    store = created(tmp_path)
    store.put(number, np.array(trials, np.int64), columns)
    assert store.has(number)
    assert store.numbers() == [number]
    assert same(store.get(number), columns)
    assert store.trials(number).tolist() == trials


def test_a_chunk_is_found_again_by_the_same_sweep_only(tmp_path):
    created(tmp_path).put(3, TRIALS, COLUMNS)
    created(tmp_path, "b")
    assert Store(tmp_path, "a").has(3)
    assert not Store(tmp_path, "a").has(4)
    assert not Store(tmp_path, "b").has(3)


def test_a_store_begins_empty(tmp_path):
    created(tmp_path).put(3, TRIALS, COLUMNS)
    assert not created(tmp_path).has(3)


def test_chunks_of_shards_are_found_in_turn(tmp_path):
    for number in range(7):
        place = tmp_path / "abc"[number % 3]
        Store(place, "x").unfinished.mkdir(parents=True, exist_ok=True)
        Store(place, "x").put(number, TRIALS + number, COLUMNS)
    every = Store(tmp_path / "all", "x", [tmp_path / name for name in "abc"])
    assert every.numbers() == [*range(7)]
    assert all(every.has(number) for number in range(7))
    assert [every.trials(number)[0] for number in range(7)] == [3 + number for number in range(7)]
    assert not (tmp_path / "all").exists()


def chunk_of(store, number=0):
    return store.unfinished / f"chunk-{number:08d}.npz"


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    store = created(tmp_path_factory.mktemp("intact"))
    store.put(0, TRIALS, COLUMNS)
    return chunk_of(store).read_bytes()


def is_unharmed(store):
    """Whether the chunk reads as it was written; where it does not, its file is named."""
    named = []
    if store.has(0, named.append):
        assert not named
        return same(store.get(0), COLUMNS) and store.trials(0).tolist() == TRIALS.tolist()
    return named == [chunk_of(store)]


@settings(in_one_folder, max_examples=400)
@given(data=st.data())
def test_no_damage_goes_unnoticed(tmp_path, intact, data):
    """A flipped bit or a cut: the chunk is refused, or, where the bit says nothing, the same."""
    store, content = created(tmp_path), bytearray(intact)
    if data.draw(st.booleans()):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    chunk_of(store).write_bytes(content)
    assert is_unharmed(store)


def test_no_bit_of_the_directory_flips_unnoticed(tmp_path, intact):
    """The names and sizes in the archive's directory, which no checksum covers; every fifth bit of it."""
    store = created(tmp_path)
    for place in range(8 * intact.index(b"PK\x01\x02"), 8 * len(intact), 5):
        content = bytearray(intact)
        content[place // 8] ^= 1 << place % 8
        chunk_of(store).write_bytes(content)
        assert is_unharmed(store)


def test_a_foreign_archive_is_no_chunk(tmp_path):
    store = created(tmp_path)
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
    store = created(tmp_path)
    store.put(0, TRIALS, COLUMNS)
    chunk_of(store).rename(chunk_of(store, 1))
    assert not store.has(1)


@pytest.fixture
def watched(monkeypatch):
    """What is synced and renamed, in order: a file by its name, a folder by its own."""
    events, fsync, replace = [], os.fsync, os.replace

    def synced(descriptor):
        events.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        fsync(descriptor)

    def renamed(old, new, **_):
        events.append(("rename", Path(new).name))
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    monkeypatch.setattr(os, "rename", renamed)
    return events


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_a_chunk_is_on_disk_before_it_has_its_name_and_its_name_before_it_counts(tmp_path, watched):
    store = created(tmp_path)
    watched.clear()
    store.put(0, TRIALS, COLUMNS)
    part = f"chunk-00000000.npz.{os.getpid()}.part"
    assert watched == [("sync", part), ("rename", "chunk-00000000.npz"), ("sync", "a")]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_tables_are_on_disk_before_their_manifest_has_its_name(tmp_path, watched):
    store = created(tmp_path)
    names = ["trials.csv", "summary.csv", "manifest.json"]
    for name in names:
        (store.unfinished / name).write_text("new")
    watched.clear()
    store.publish(names)
    *_, (_, folder) = watched
    assert folder == tmp_path.name
    assert (
        watched
        == [
            *(("sync", name) for name in names),
            ("sync", folder),  # the earlier manifest is gone
            *(("rename", name) for name in names[:-1]),
            ("sync", folder),
            ("rename", "manifest.json"),
            ("sync", folder),
        ]
    )


def test_a_disk_that_refuses_keeps_what_is_finished_and_no_part_of_the_rest(tmp_path, monkeypatch):
    store = created(tmp_path)
    store.put(0, TRIALS, COLUMNS)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Stopped, match="No space left on device") as caught:
        store.put(1, TRIALS, COLUMNS)
    assert str(tmp_path) in str(caught.value)
    monkeypatch.undo()
    assert [path.name for path in store.unfinished.iterdir()] == ["chunk-00000000.npz"]
    assert (store.has(0), store.has(1)) == (True, False)
    store.put(1, TRIALS, COLUMNS)
    assert store.has(1)


def test_a_file_is_there_whole_or_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError):
        write(path, lambda file: file.write(b"half") and 1 / 0)
    assert [found.read_text() for found in tmp_path.iterdir()] == ["before"]
    write(path, lambda file: file.write(b"after"))
    assert [found.read_text() for found in tmp_path.iterdir()] == ["after"]


def test_published_tables_take_the_place_of_earlier_ones(tmp_path):
    store = created(tmp_path)
    earlier = ["manifest.json", "trials.csv", "trials.parquet", "summary.csv", "curves.csv", "weights-2-3-1.npz"]
    for name in [*earlier, "notes.txt"]:
        (tmp_path / name).write_text("earlier")
    names = ["trials.csv", "summary.csv", "manifest.json"]
    for name in names:
        (store.unfinished / name).write_text("new")
    store.put(0, TRIALS, COLUMNS)
    store.publish(names)
    found = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert found == {**dict.fromkeys(names, "new"), "notes.txt": "earlier"}
    assert store.has(0)
    store.clear()
    assert not (tmp_path / "unfinished").exists()


def test_only_what_the_disk_refuses_stops_a_sweep(tmp_path):
    with pytest.raises(Stopped, match=f"{tmp_path}: cannot be written [(]No such file .* same command"), disk(tmp_path):
        (tmp_path / "none" / "file").write_text("")
    with pytest.raises(ZeroDivisionError), disk(tmp_path):
        raise ZeroDivisionError
