"""What this server lets one run be: as much as the core can do, or less where its owner said so."""

from nested_core.config import RunConfig, check

from .settings import settings


def admit(config: RunConfig) -> None:
    """Raises ConfigError, one sentence for the visitor, where the run is larger than this server allows."""
    allowed = settings()
    for field, value, most in (
        ("steps", config.stream.steps, allowed.run_steps),
        ("width", config.learner.width, allowed.run_width),
        ("tasks", config.stream.tasks, allowed.run_tasks),
    ):
        check(value <= most, field, value, f"this server allows at most {most}")
