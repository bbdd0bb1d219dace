import numpy as np
import pytest

from runner.errors import RunnerError
from runner.plots.groups import Most, grouped
from tests.runner.plots.frames import trials

MANY = Most(100, 100)


def test_groups_are_those_of_pandas_with_numbers_ascending_and_words_as_they_come():
    frame = trials({"hidden": [3, 2], "update": ["online", "batch"]}, 5)
    groups = grouped(frame, None, ["final_loss"], MANY)
    assert groups.by == ("hidden", "update")
    assert groups.values == [(2, "online"), (2, "batch"), (3, "online"), (3, "batch")]
    for number, (hidden, update) in enumerate(groups.values):
        expected = frame.loc[(frame["hidden"] == hidden) & (frame["update"] == update), "final_loss"]
        np.testing.assert_array_equal(groups.part(number)["final_loss"], expected)
    assert not groups.left_out
    assert groups.titled("losses") == "losses, 5 seeds each"


def test_one_configuration_is_one_group_without_a_name():
    groups = grouped(trials({}, 3), None, ["final_loss"], MANY)
    assert (groups.by, groups.values, groups.named(0)) == ((), [()], "")
    assert groups.titled("losses") == "losses, 3 seeds"


def test_of_too_many_values_evenly_chosen_ones_are_shown_and_the_title_says_so():
    frame = trials({"hidden": [1, 2, 3], "learning_rate": np.arange(1.0, 14.0), "momentum": [0.0, 0.5]}, 2)
    groups = grouped(frame, None, ["final_loss"], Most(groups=21, values=7, keys=2))
    assert groups.by == ("hidden", "learning_rate")
    assert sorted({rate for _, rate in groups.values}) == [1, 3, 5, 7, 9, 11, 13]
    assert groups.left_out == "7 of 13 values of learning rate; pooled over momentum"
    assert len(groups.rows) == 3 * 7 * 2 * 2
    assert groups.titled("losses") == "losses, 4 trials each"


def test_axes_of_a_map_are_pooled_and_not_chosen_from():
    frame = trials({"update": ["batch", "online"], "W1[0,0]": np.arange(60.0), "momentum": np.arange(60.0) / 100}, 1)
    groups = grouped(frame, None, ["final_loss"], Most(36, 36))
    assert groups.values == [("batch",), ("online",)]
    assert groups.left_out == "pooled over W1[0,0], momentum"
    assert len(groups.rows) == len(frame)


def test_a_weight_that_stayed_as_drawn_is_a_group():
    frame = trials({"W2[0,0]": [1.0, np.nan]}, 2)
    groups = grouped(frame, None, ["final_loss"], MANY)
    assert groups.values == [(1.0,), (None,)]
    assert groups.named(1) == "W2[0,0] as drawn"


@pytest.mark.parametrize(
    ("by", "wanted", "where", "sentence"),
    [
        (["hiden"], "final_loss", "", "hiden is not in this table; did you mean hidden?"),
        (None, "loss", "", "there is no column loss to draw"),
        (None, "final_loss", "hidden > 5", "there is no trial to draw where hidden > 5"),
        (["hidden"], "final_loss", "", "hidden make 3 groups, too many to draw; choose some by where"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(by, wanted, where, sentence):
    with pytest.raises(RunnerError) as refusal:
        grouped(trials({"hidden": [1, 2, 3]}, 2), by, [wanted], Most(2, 2), where)
    assert str(refusal.value) == sentence
