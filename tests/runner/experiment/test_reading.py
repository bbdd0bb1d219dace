import json
import tomllib

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.errors import RunnerError
from runner.experiment.document import TABLES
from runner.experiment.reading import read, whole
from runner.experiment.source import shipped
from runner.experiment.spec import SWEEPABLE, Grid, Skip
from runner.experiment.starter import starter

BASE = {"name": "a", "task": "xor"}
WORDS = sorted(
    {
        "name",
        "task",
        "seeds",
        "sweep",
        "csv",
        "inputs",
        "targets",
        "every",
        "skip",
        "start",
        "stop",
        "num",
        *TABLES,
        *SWEEPABLE,
    }
)

real = st.floats(-1e30, 1e30)
positive = st.floats(1e-300, 1e30)
VALUES = {
    "hidden": st.integers(1, 64),
    "bias": st.booleans(),
    "generator": st.sampled_from(["mt19937", "pcg64"]),
    "low": st.floats(-1e30, -1),
    "high": st.floats(2, 1e30),
    "mean": real,
    "std": positive,
    "scale": real | st.just("1/sqrt(fan_in)"),
    "learning_rate": positive | st.integers(0, 9),
    "momentum": positive,
    "epochs": st.integers(0, 10**9),
    "update": st.just("batch"),
    "objective": st.sampled_from(["sse", "half-sse", "mse", "half-mse"]),
    "precision": st.sampled_from(["float64", "float32"]),
    "metric": st.sampled_from(["loss", "max-error"]),
    "threshold": positive,
    "stop": st.booleans(),
}
UNIFORM = {key: value for key, value in VALUES.items() if key not in ("mean", "std")}


def table(name, **more):
    return st.fixed_dictionaries({}, optional={k: v for k, v in UNIFORM.items() if SWEEPABLE[k] == name} | more)


seeds = st.one_of(
    st.integers(1, 2**16),
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=5, unique=True),
    st.fixed_dictionaries({"first": st.integers(0, 2**31), "count": st.integers(1, 99)}),
)
distinct = {key: st.lists(value, min_size=1, max_size=3, unique=True) for key, value in UNIFORM.items()}
sweep = st.fixed_dictionaries({"seeds": seeds}, optional=distinct)
row = st.tuples(real, real)
task = st.sampled_from(["xor", "xor-constant", "patterns", "parity-3", "encoder-2"]) | st.lists(
    row, min_size=1, max_size=3
).map(lambda rows: {"inputs": rows, "targets": [[x] for x, _ in rows], "probes": rows[:1]})
order = st.permutations(
    [
        st.sampled_from(["W1", "W1.T"]),
        st.just("b1"),
        st.sampled_from(["W2", "W2.T"]),
        st.just("b2"),
        st.just({"skip": 12}),
    ]
).flatmap(lambda entries: st.tuples(*entries))
documents = st.fixed_dictionaries(
    {"name": st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True), "task": task},
    optional={
        "description": st.text(st.characters(exclude_categories=["Cs"])),
        "network": table("network"),
        "init": table("init", order=order),
        "training": table("training"),
        "convergence": table("convergence"),
        "record": st.fixed_dictionaries(
            {},
            optional={
                "weights": st.booleans(),
                "outputs": st.booleans(),
                "curve": st.lists(st.integers(0, 2000), max_size=4) | st.just({"every": 10**6}),
            },
        ),
        "sweep": sweep | st.lists(sweep, min_size=1, max_size=3),
    },
)


@given(documents)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_a_whole_experiment_reads_back_as_itself(content):
    experiment = read(content)
    assert read(whole(experiment)) == experiment
    assert read(tomllib.loads(tomli_w.dumps(whole(experiment)))) == experiment
    assert read(json.loads(json.dumps(whole(experiment)))) == experiment
    assert whole(read(whole(experiment))) == whole(experiment)


def refusal(source, overrides=()):
    """The message, empty where the experiment reads; any other exception is a failure."""
    try:
        read(source, overrides)
    except RunnerError as error:
        return str(error)
    return ""


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(WORDS)
    | st.binary(max_size=3)
    | st.datetimes()
)
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(WORDS), junk, max_size=6), st.booleans())
@settings(max_examples=500)
def test_any_dict_reads_or_is_refused(content, sound):
    assert "\n" not in refusal(content | BASE if sound else content)


@given(documents, st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_any_change_to_a_sound_experiment_reads_or_is_refused(content, data):
    parent = content
    key = data.draw(st.sampled_from(sorted(parent)))
    while isinstance(parent[key], dict) and parent[key] and data.draw(st.booleans()):
        parent = parent[key]
        key = data.draw(st.sampled_from(sorted(parent)))
    parent[key] = data.draw(junk)
    try:
        experiment = read(content)
    except RunnerError:
        return
    assert read(whole(experiment)) == experiment


@given(
    st.lists(
        st.tuples(
            st.integers(0, 60),
            st.text(max_size=3) | st.sampled_from(["[", "]", '"', "\n", "=", "{", "0", "[[sweep]]\n"]),
        ),
        max_size=4,
    )
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_reads_or_is_refused(tmp_path, cuts):
    text = 'name = "a"\ntask = "xor"\n[sweep]\nseeds = 3\nhidden = [2, 3]\nlow = { start = -2, stop = -1, num = 3 }\n'
    for place, patch in cuts:
        text = text[:place] + patch + text[place + 1 :]
    (tmp_path / "a.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
    message = refusal(tmp_path / "a.toml")
    assert not message or str(tmp_path) in message


@given(
    st.text(max_size=30)
    | st.builds(
        "{}={}".format,
        st.sampled_from([f"{t}.{k}" for k, t in SWEEPABLE.items()] + ["sweep.seeds", "task", "name"]),
        st.text(max_size=8),
    )
)
@settings(max_examples=300)
def test_any_override_is_taken_or_refused(override):
    refusal(BASE, [override])


def test_three_lines_are_an_experiment():
    found = read({"name": "a", "task": "exam", "sweep": {"seeds": 1000}})
    assert (found.network.hidden, found.init.distribution, found.grids) == (3, "normal", (Grid((), range(1000)),))


def test_a_task_without_a_recipe_takes_general_defaults():
    found = read({"name": "a", "task": {"inputs": [[0], [1]], "targets": [[0], [1]]}})
    assert found == read(
        {"name": "a", "task": {"inputs": [[0], [1]], "targets": [[0], [1]]}} | {name: {} for name in TABLES}
    )
    assert (found.network.hidden, found.network.bias, found.training.learning_rate, found.training.epochs) == (
        4,
        True,
        0.5,
        1000,
    )
    assert (found.init.low, found.init.high, found.init.order) == (-1, 1, ("W1", "b1", "W2", "b2"))
    assert (found.task.name, found.training.objective, found.convergence.threshold) == ("custom", "mse", 0.01)


def test_a_file_goes_over_the_recipe_key_by_key():
    found = read(BASE | {"init": {"low": -1}, "training": {"epochs": 7}})
    assert (found.init.low, found.init.high, found.training.epochs, found.training.objective) == (-1, 1, 7, "sse")


@pytest.mark.parametrize(
    ("content", "order"),
    [
        ({"network": {"bias": True}}, ("W1", "b1", "W2", "b2")),
        ({"sweep": {"bias": [True, False]}}, ("W1", "b1", "W2", "b2")),
        ({"init": {"order": ["b2", "W2.T", "b1", "W1"]}}, ("W2.T", "W1")),
        ({"init": {"order": [{"skip": 3}, "W1", "W2"]}}, (Skip(skip=3), "W1", "W2")),
        ({"task": "gender", "network": {"bias": False}}, ("W1.T", "W2")),
        ({"task": "gender", "network": {"bias": False}, "sweep": {"bias": [True]}}, ("W1.T", "W2", "b1", "b2")),
    ],
)
def test_the_order_names_what_the_networks_have(content, order):
    assert read(BASE | content).init.order == order


def test_keys_without_effect_do_not_tell_experiments_apart():
    normal = read(BASE | {"init": {"distribution": "normal"}})
    assert read(BASE | {"init": {"distribution": "normal", "low": 0.25}}) == normal
    assert "low" not in whole(normal)["init"]


def test_curves_are_resolved_to_the_longest_trial():
    every = {"record": {"curve": {"every": 400}}}
    assert read(BASE | every).record.curve == (0, 400, 800, 1200)
    assert read(BASE | every | {"sweep": {"epochs": [10, 2000]}}).record.curve == (0, 400, 800, 1200, 1600, 2000)
    assert read(BASE | {"record": {"curve": [9, 3, 3, 9999]}}).record.curve == (3, 9)


def test_shipped_experiments_read_without_warnings():
    for name in shipped():
        found = read(name)
        assert found.warnings == ()
        assert read(whole(found)) == found


@pytest.mark.parametrize("name", ["xor", "xor_no_constant", "patterns", "exam", "gender"])
def test_shipped_experiments_hold_their_documents_own_configuration(name):
    found = read(name)
    assert found.name == name
    assert found == read(whole(found) | {"task": found.task.name})
    own = read({"name": name, "task": found.task.name})
    assert (found.network, found.init, found.training) == (own.network, own.init, own.training)
    for axis in found.grids[0].axes:
        assert getattr(getattr(own, axis.table), axis.key) in axis.values
    assert found.grids[0].seeds == range(1000)


def test_the_starter_survives_its_whole():
    found = read(tomllib.loads(starter("abc")))
    assert read(whole(found)) == found
