"""Six demonstrations for a class, 5 to 15 minutes each: data only. Measured numbers come from recorded.json.

Each is one file: predict first, then run, then explain; a step's notes are for the teacher's own screen.
"""

from .break_it import BREAK_IT
from .build import BUILD
from .clocks import CLOCKS
from .dial import DIAL
from .forget import FORGET
from .momentum import MOMENTUM

ALL = {activity.name: activity for activity in (FORGET, DIAL, MOMENTUM, CLOCKS, BUILD, BREAK_IT)}


def links() -> tuple[str, ...]:
    """Every configuration that a demonstration opens, once."""
    return tuple(dict.fromkeys(link for activity in ALL.values() for link in activity.links))
