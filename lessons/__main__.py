"""`python -m lessons` lists the lessons, `python -m lessons 03` steps through one.

--handout FILE.html writes it for paper, --key FILE.html the teacher's notes and answers; both may be given.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nested_core.config import ConfigError

from . import all_lessons, terminal
from . import lesson as find
from .handout import handout, key
from .plain import plain


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m lessons", description="Lessons: predict, run, compare. Without a number: the list of them."
    )
    parser.add_argument("number", nargs="?", help="a lesson, such as 03")
    parser.add_argument("--handout", metavar="FILE.html", help="write the lesson for paper instead")
    parser.add_argument("--key", metavar="FILE.html", help="write the teacher's notes and answers instead")
    options = parser.parse_args(arguments)
    console = Console()
    if options.number is None:
        if options.handout or options.key:
            parser.error("a handout needs the number of a lesson, such as 03")
        table = Table("", "lesson", "minutes", "idea")
        for lesson in all_lessons():
            table.add_row(f"{lesson.number:02}", lesson.title, str(lesson.minutes), plain(lesson.idea))
        console.print(table)
        return 0
    import torch

    torch.set_num_threads(1)  # these networks are small
    try:
        lesson = find(options.number)
        for path, write in ((options.handout, handout), (options.key, key)):
            if path:
                Path(path).write_text(write(lesson), encoding="utf-8")
                console.print(f"Written: {path}", highlight=False)
        if not (options.handout or options.key):
            terminal.teach(lesson, console)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"handout: {error.filename} cannot be written ({error.strerror}); give another file.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
