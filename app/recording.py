"""Finished traces from elsewhere, in the place of a comparison that trains."""

from nested_core.trace import Trace


class Recording:
    """Finished traces from elsewhere, with the reading side of a Comparison."""

    status, busy, error, ahead = "recorded", False, "", 0

    def __init__(self, traces: list[Trace], source: str):
        self.traces, self.source = traces, source
        self.total = traces[0].meta["steps"]
        self.cursor = min(t.steps for t in traces)
        self.seed = traces[0].meta["seed"]

    def view(self) -> list[Trace]:
        return self.traces

    def touch(self) -> None:
        """Nothing is running that would stop."""

    def close(self) -> None:
        """Nothing to give back."""
