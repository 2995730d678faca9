"""Settings as a JSON file: what the link holds, and the texts that no link can hold."""

import json

from nested_core.config import MAX_TEXT_BYTES, TASK_LIMITS, ConfigError, decode_text
from nested_core.phrase import phrase

from . import share
from .share import Choice, Wanted

FORM = "nested learning playground settings"
VERSION = 1
MAX_BYTES = TASK_LIMITS["own_text"][1] * 2 * MAX_TEXT_BYTES


def dump(choice: Choice, wanted: Wanted | None) -> bytes:
    """The file that Save settings downloads."""
    texts = wanted.configs[0].stream.texts if wanted else ()
    content = {"form": FORM, "version": VERSION, "settings": choice.query(), "texts": [text for _, text in texts]}
    return json.dumps(content, indent=1).encode()


def read(name: str, data: bytes) -> tuple[Choice, list[str], list[str]]:
    """(choice, texts, sentences about settings that could not be used) of such a file; ConfigError for any other."""
    if len(data) > MAX_BYTES:
        size = len(data) / 2**20
        raise ConfigError(
            phrase("{name}: {size:.0f} MB is too large; open settings of at most 100 MB.", name=name, size=size)
        )
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise ConfigError(phrase("{name}: not a JSON file; open one that Save settings wrote.", name=name)) from None
    if not isinstance(content, dict) or content.get("form") != FORM:
        raise ConfigError(
            phrase("{name}: not settings of this program; open a file that Save settings wrote.", name=name)
        )
    if content.get("version") != VERSION:
        raise ConfigError(
            phrase(
                "{name}: version {found!r:.20} is not the {version} of this program.",
                name=name,
                found=content.get("version"),
                version=VERSION,
            )
        )
    settings, texts = content.get("settings"), content.get("texts", [])
    if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
        raise ConfigError(
            phrase("{name}: its field settings must hold texts by name; save the settings again.", name=name)
        )
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ConfigError(
            phrase("{name}: its field texts must be a list of texts; save the settings again.", name=name)
        )
    texts = [decode_text(f"text {i}", text.encode("utf-8", "replace")) for i, text in enumerate(texts, start=1)]
    choice, notices = share.read(settings)
    return choice, texts, [] if texts else notices
