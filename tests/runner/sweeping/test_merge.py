import itertools
import shutil
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import kernel_cache
from runner.sweeping.merge import merge
from runner.sweeping.run import Run, run_shard
from runner.sweeping.sharding import Shard, parsed_shard
from runner.tables.manifest import read_manifest
from tests.runner.running import MIXED, Counted, command, digests, interrupted, one_sentence, swept, written

ALL = {**MIXED, "record": {**MIXED["record"], "fate": True}}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return digests(swept(ALL, tmp_path_factory.mktemp("alone")))


def sharded(content, results, number, of, say=lambda _: None, **how):
    """Run a part of a sweep in this process; its folder."""
    experiment, shard = read(content), Shard(number, of)
    folder = shard.folder(results, experiment.name)
    options = {"jobs": 1, "backend": "threads", "format": "csv", **how}
    run_shard(experiment, shard, Run(folder, **options), lambda *_: None, say)
    return folder


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """The folders of three parts of ALL, never to be written in."""
    results = tmp_path_factory.mktemp("three")
    return [sharded(ALL, results, number, 3) for number in (1, 2, 3)]


@settings(deadline=None)
@given(st.integers(1, 30))
def test_parts_share_all_chunks(of):
    laid_out = plan(read(MIXED))
    parts = [[chunk.number for chunk in Shard(number, of).chunks(laid_out)] for number in range(1, of + 1)]
    assert sorted(itertools.chain(*parts)) == [chunk.number for chunk in chunks(laid_out)]
    held = [Shard(number, of).holds(laid_out) for number in range(1, of + 1)]
    assert (sum(part.astype(int) for part in held) == 1).all()


@pytest.mark.parametrize("text", ["0/4", "5/4", "0/0", "1", "a/b", "1/", "-1/4", "1/4/2", "", "1/99999999999"])
def test_what_names_no_part_is_refused(text):
    with pytest.raises(RunnerError, match="--shard"):
        parsed_shard(text)
    assert parsed_shard("3/4") == Shard(3, 4)


def test_counting_from_zero_is_explained():
    with pytest.raises(RunnerError, match="counted from 1"):
        parsed_shard("0/4")


@pytest.mark.parametrize("of", [1, 4, 25])  # 25 are more than there are chunks
def test_parts_join_into_the_bytes_of_the_whole(tmp_path, monkeypatch, alone, of):
    counted = Counted(monkeypatch)
    folders = [sharded(ALL, tmp_path, number, of) for number in range(1, of + 1)]
    assert counted.trials == 390
    assert all({path.name for path in folder.iterdir()} - {".lock"} == {"unfinished"} for folder in folders)
    merged = merge(folders[1::2][::-1] + folders[::2], results=tmp_path)
    assert merged.path == tmp_path / "mixed"
    assert digests(merged.path) == alone
    assert counted.trials == 390
    assert {name: entry["sha256"] for name, entry in read_manifest(merged.path)["files"].items()} == alone
    assert {path.name for path in merged.path.iterdir()} - {".lock", "manifest.json"} == {*alone}


def test_the_parts_stay_and_merging_again_changes_nothing(tmp_path, three):
    before = {path: path.stat().st_mtime_ns for folder in three for path in folder.rglob("chunk-*.npz")}
    merge(three, results=tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "mixed").iterdir()}
    merge(three, results=tmp_path)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "mixed").iterdir()} == stamps
    assert {path: path.stat().st_mtime_ns for folder in three for path in folder.rglob("chunk-*.npz")} == before


def test_a_sweep_that_was_merged_is_complete(tmp_path, three, alone, monkeypatch):
    merge(three, results=tmp_path)
    counted = Counted(monkeypatch)
    assert digests(swept(ALL, tmp_path)) == alone
    assert counted.numbers == []


def test_parts_of_an_edited_sweep_take_the_rows_of_the_merged_one(tmp_path, three, monkeypatch):
    merge(three, results=tmp_path)
    more = {**ALL, "sweep": [{**ALL["sweep"][0], "seeds": 24}, ALL["sweep"][1]]}
    undisturbed, said, counted = digests(swept(more, tmp_path / "alone")), [], Counted(monkeypatch)
    folders = [sharded(more, tmp_path, number, 2, said.append) for number in (1, 2)]
    assert counted.trials == 60
    assert digests(merge(folders, results=tmp_path / "again").path) == undisturbed
    assert len(said) == 2
    taken = [int(line.split(": ")[1].split()[0]) for line in said]
    assert sum(taken) == 390


def test_parts_of_an_edited_sweep_take_their_own_chunks(tmp_path, three, monkeypatch):
    shutil.copytree(three[0], tmp_path / three[0].name)
    more = {**ALL, "sweep": [{**ALL["sweep"][0], "seeds": 24}, ALL["sweep"][1]]}
    said, counted = [], Counted(monkeypatch)
    folder = sharded(more, tmp_path, 1, 3, said.append)
    trials = int(Shard(1, 3).holds(plan(read(more))).sum())
    assert 0 < counted.trials < trials
    assert said[0].startswith(f"mixed: {trials - counted.trials} trials re-used, {counted.trials} new, ")
    others = [sharded(more, tmp_path, number, 3) for number in (2, 3)]
    assert digests(merge([folder, *others], results=tmp_path).path) == digests(swept(more, tmp_path / "alone"))


@pytest.fixture
def typed(monkeypatch):
    """Let this process be one of a command line."""

    def type_(*words):
        monkeypatch.setattr(sys, "argv", ["/somewhere/runner/__main__.py", *map(str, words)])

    return type_


@pytest.mark.parametrize("harm", ["gone", "cut"])
def test_a_part_that_lacks_chunks_is_named_with_the_command_that_completes_it(tmp_path, typed, harm):
    words = ["sweep", written(ALL, tmp_path), "--results", tmp_path, "--shard"]
    folders = []
    for number in (1, 2):
        typed(*words, f"{number}/2", "-q")
        folders.append(sharded(ALL, tmp_path, number, 2))
    victim = sorted(folders[1].rglob("chunk-*.npz"))[1]
    content = victim.read_bytes()
    victim.unlink() if harm == "gone" else victim.write_bytes(content[:-7])
    with pytest.raises(RunnerError, match="lacks 1 of its ") as caught:
        merge(folders, results=tmp_path)
    assert str(caught.value).startswith(f"{folders[1]}: ")
    assert str(caught.value).endswith(f"; run python -m runner {' '.join(map(str, words))} 2/2 -q")
    said = []
    sharded(ALL, tmp_path, 2, 2, said.append)
    assert said == [f"{victim}: damaged, or of another sweep; it is computed again"] * (harm == "cut")
    assert victim.read_bytes()[-7:] == content[-7:]
    merge(folders, results=tmp_path)


def test_a_part_that_is_missing_is_named_with_the_command_that_runs_it(tmp_path, typed):
    typed("sweep", "x y.toml", "--shard=2/3", "-q")
    folder = sharded(ALL, tmp_path, 2, 3)
    with pytest.raises(RunnerError) as caught:
        merge([folder], results=tmp_path)
    assert str(caught.value) == (
        "part 1 of 3 is not among these folders, nor are 1 others; run python -m runner sweep 'x y.toml' --shard=1/3 -q"
    )


def test_the_commands_run_parts_and_merge_them(tmp_path, alone):
    path, results = written(ALL, tmp_path), tmp_path / "results"
    first = command("sweep", path, "--results", results, "--shard", "1/2")
    assert first.returncode == 0
    assert first.stdout.startswith("part 1 of 2 is complete: ")
    assert first.stdout.endswith(f"merge {results}/mixed.shard-*-of-2 --results {results}\n")
    words = ("merge", *results.iterdir(), "--results", results)
    lacking = command(*words)
    assert (lacking.returncode, lacking.stdout) == (2, "")
    assert "part 2 of 2 is not among these folders" in one_sentence(lacking.stderr)
    sharded(ALL, results, 2, 2)
    done = command("merge", *results.iterdir(), "--results", results, "--format", "parquet")
    assert done.returncode == 0
    assert done.stdout.startswith("390 trials of ")
    assert {name: digest for name, digest in digests(results / "mixed").items() if name != "trials.parquet"} == {
        name: digest for name, digest in alone.items() if name != "trials.csv"
    }


def test_what_does_not_belong_together_is_not_joined(tmp_path, three, monkeypatch):
    other = {**ALL, "training": {"epochs": 31}}
    odd = {
        "their experiments differ": sharded(other, tmp_path / "epochs", 2, 3),
        "it is one of 2 parts, that one of 3": sharded(ALL, tmp_path / "two", 2, 2),
        "is the same part of the sweep": sharded(ALL, tmp_path / "same", 1, 3),
        "holds no part of a sweep": swept(ALL, tmp_path / "whole"),
        "no part of a sweep": tmp_path / "none",
    }
    monkeypatch.setattr(kernel_cache, "kernel_hash", lambda: "0" * 12)
    odd["other kernels made it"] = sharded(ALL, tmp_path / "kernels", 2, 3)
    monkeypatch.undo()
    for why, folder in odd.items():
        with pytest.raises(RunnerError, match=why) as caught:
            merge([three[0], folder, three[2]], results=tmp_path)
        assert str(caught.value).startswith(f"{folder}: ")
    for nothing in ([], str(three[0])):
        with pytest.raises(RunnerError, match="folders"):
            merge(nothing, results=tmp_path)
    assert not (tmp_path / "mixed").exists()


def test_parts_of_other_kernels_are_not_merged_by_these(tmp_path, three, monkeypatch):
    monkeypatch.setattr(kernel_cache, "kernel_hash", lambda: "0" * 12)
    with pytest.raises(RunnerError, match="another version of this program"):
        merge(three, results=tmp_path)


def test_an_unfinished_sweep_in_the_place_of_the_merged_one_can_go_on(tmp_path, three, monkeypatch):
    more = {**ALL, "sweep": [{**ALL["sweep"][0], "seeds": 24}, ALL["sweep"][1]]}
    first = interrupted(more, tmp_path, monkeypatch, 3)
    merge(three, results=tmp_path)
    counted = Counted(monkeypatch)
    swept(more, tmp_path)
    assert counted.trials == 450 - first.trials
