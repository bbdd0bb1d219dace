"""scikit-learn's MLPRegressor, as near to the unit of work as it comes.

It differs in what it trains: its output is the weighted sum itself, without a sigmoid, its loss is half the mean
squared error, and it always has biases (here they start at 0). So it is held against that rule in NumPy, and its
figure is the price of an epoch of its full-batch gradient descent, from the same initial weights, not of our training.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.work import INPUTS, TARGETS, Peer, Trained, Weights, clock, initial_weights

X, Y = np.array(INPUTS, float), np.array(TARGETS, float)


def own_rule(seed: int, epochs: int) -> NDArray[np.float64]:
    """The weights W1, W2, b1, b2 that its rule gives."""
    initial = initial_weights(seed + 1)[seed]
    W1, W2, b1, b2 = initial[:12].reshape(3, 4), initial[12:].reshape(4, 1), np.zeros(4), np.zeros(1)
    for _ in range(epochs):
        hidden = 1 / (1 + np.exp(-(X @ W1 + b1)))
        delta = hidden @ W2 + b2 - Y[:, None]
        back = delta @ W2.T * hidden * (1 - hidden)
        W2, b2 = W2 - hidden.T @ delta / 4, b2 - delta.mean(axis=0)
        W1, b1 = W1 - X.T @ back / 4, b1 - back.mean(axis=0)
    return np.concatenate([W1.ravel(), W2.ravel(), b1, b2])


def train(initial: Weights, epochs: int, cores: int, precision: str) -> Trained:  # noqa: ARG001 - one core, float64
    """Fit a regressor for each trial; what is timed is its fit over all epochs."""
    from sklearn.neural_network import MLPRegressor

    trained, found = Trained(), []
    for weights in initial:
        network = MLPRegressor(
            hidden_layer_sizes=(4,),
            activation="logistic",
            solver="sgd",
            alpha=0.0,
            batch_size=4,
            learning_rate_init=1.0,
            momentum=0.0,
            nesterovs_momentum=False,
            shuffle=False,
            tol=0.0,
            max_iter=1,
            n_iter_no_change=epochs + 1,
            warm_start=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that an optimizer of so many epochs has not converged is no news
            network.fit(X, Y)
            network.coefs_ = [weights[:12].reshape(3, 4).copy(), weights[12:].reshape(4, 1).copy()]
            network.intercepts_ = [np.zeros(4), np.zeros(1)]
            network.set_params(max_iter=epochs)
            with clock() as timed:
                network.fit(X, Y)
        trained.seconds += timed.seconds
        found.append(np.concatenate([np.ravel(each) for each in (*network.coefs_, *network.intercepts_)]))
    trained.weights = np.array(found)
    return trained


PEERS = [
    Peer(
        "scikit-learn, MLPRegressor",
        "float64",
        "its own loss and a linear output; one training at a time",
        train,
        lambda _: [{"batch": 2}],
        "sklearn",
        own_rule,
    )
]
