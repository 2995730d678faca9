"""python -m demos: every demo with its claim and the minutes it takes."""

from rich.console import Console
from rich.table import Table

from .claims import NAMES, load


def main() -> None:
    console, table = Console(), Table("python -m demos.NAME", "minutes", "claim of the paper")
    for demo in map(load, NAMES):
        table.add_row(demo.name, f"{demo.minutes:g}", f"{demo.claim} ({demo.source})")
    console.print(table)
    console.print("Minutes on two cores. python -m demos.claims runs them all; its --quick form proves nothing.")


if __name__ == "__main__":
    main()
