from collections import Counter

import pytest

from runner.estimating import groups as grouping
from runner.estimating.groups import groups, worth_measuring
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan


def laid_out(**sweep):
    return plan(read({"name": "a", "task": "xor", "training": {"epochs": 300}, "sweep": sweep}))


def test_groups_are_the_shapes_of_a_plan_as_it_is_cut():
    whole = laid_out(hidden=[5, 2], epochs=[10, 20], momentum=[0.0, 0.3, 0.6], seeds=2000)
    found, seconds = groups(whole)
    cut, trials = Counter(), Counter()
    for chunk in chunks(whole):
        cut[chunk.shape] += 1
        trials[chunk.shape] += len(chunk.trials)
    assert {group.shape: (group.chunks, round(group.count)) for group in found} == {
        shape: (cut[shape], trials[shape]) for shape in cut
    }
    assert sorted(trial for group in found for trial in group.trials) == list(range(whole.trials))
    for group in found:
        assert group.size == pytest.approx(group.count / group.chunks, abs=1)
        assert group.epochs.mean() == 15
    assert seconds >= 0


def test_groups_of_a_long_plan_are_those_of_some_of_its_trials(monkeypatch):
    monkeypatch.setattr(grouping, "_LOOKED_AT", 20_000)
    monkeypatch.setattr(grouping, "_CUTTING", 0.0)
    whole = laid_out(hidden=[2, 5, 2**10], seeds=100_000_000)
    found, _ = groups(whole)
    assert {group.shape.hidden for group in found} == {2, 5, 1024}
    for group in found:
        assert group.count == pytest.approx(1e8, rel=0.05)
        assert len(group.trials) == pytest.approx(20_000 / 3, rel=0.05)
        assert group.chunks > 1000


def test_the_smallest_and_the_largest_network_of_each_variant_are_measured():
    found, _ = groups(laid_out(hidden=list(range(3, 40)), precision=["float64", "float32"], seeds=3))
    chosen = worth_measuring(found)
    for precision in ("float64", "float32"):
        hidden = [group.shape.hidden for group in chosen if group.shape.precision == precision]
        assert hidden == [3, 21, 39]
    one, _ = groups(laid_out(seeds=3))
    assert worth_measuring(one) == one


def test_the_largest_group_stands_for_those_that_cost_the_same():
    grids = [{"seeds": 10, "metric": ["loss"]}, {"seeds": 500, "metric": ["max-error"]}]
    found, _ = groups(plan(read({"name": "a", "task": "xor", "sweep": grids})))
    assert len(found) == 2
    (chosen,) = worth_measuring(found)
    assert chosen.shape.metric == "max-error"
