"""The loss surface of a run: asked for by a person, computed in a worker of its own, drawn when it is there."""
