"""The commented file that `new NAME` writes: an experiment that runs as it is."""

from pydantic import TypeAdapter

from runner.experiment.spec import Slug
from runner.messages import checked

_TEXT = """\
# Run it:              python -m runner sweep {name}.toml      (results land in results/{name}/)
# See every value:     python -m runner show {name}.toml
# The tasks on offer:  python -m runner tasks

name = "{name}"
description = "XOR from many initial weights"
task = "xor"                         # or a [task] table of your own, as at the end of this file

[network]
hidden = 4
bias = true                          # in the hidden and in the output layer

[init]
generator = "mt19937"                # seed s gives what NumPy gives after np.random.seed(s); or "pcg64", default_rng(s)
distribution = "uniform"             # or "normal" with mean and std
low = -1.0
high = 1.0
order = ["W1", "b1", "W2", "b2"]     # of the draws

[training]
learning_rate = 1.0
momentum = 0.0
epochs = 2000
update = "batch"                     # one step an epoch; "online" takes one step a sample
objective = "sse"                    # half-sse, mse, half-mse only rescale the learning rate of a batch update

[convergence]
metric = "loss"                      # mean squared error; or "max-error", or "classification"
threshold = 0.01
stop = false                         # true ends a trial where it converges

[record]
outputs = true
weights = false                      # true keeps the final weights of every trial
curve = []                           # epochs at which to keep the loss, or {{ every = 10 }}

# Every key here is an axis of the grid; every point of the grid is trained from every seed.
[sweep]
seeds = 100                          # 0 to 99; or [0, 7, 99]; or {{ first = 1000, count = 500 }}
hidden = [2, 3, 4]
learning_rate = {{ start = 0.1, stop = 10.0, num = 5, spacing = "log" }}

# A task of your own: remove `task` above, and write one row a sample.
# [task]
# inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
# targets = [[0], [1], [1], [0]]
#
# Or from a CSV file beside this one:
# [task]
# csv = "scores.csv"
# input_columns = ["studied", "slept"]
# target_columns = ["score"]
"""


def starter(name: str) -> str:
    """Return the text of a commented experiment file. Raises `RunnerError` where `name` is no slug."""
    return _TEXT.format(name=checked(TypeAdapter(Slug), name, "name"))
