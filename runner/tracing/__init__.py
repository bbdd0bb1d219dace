"""One trial with every intermediate of feedforward and backprop."""
