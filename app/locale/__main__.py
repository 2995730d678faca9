"""`python -m app.locale`: brings every catalogue up to date with the texts in the code, and says what lacks words."""

import sys

from .texts import missing, update

if __name__ == "__main__":
    left = [f"{name}.po: {text!r}" for name in update() for text in missing(name)]
    print("\n".join([*left, f"{len(left)} texts to translate"]))
    sys.exit(bool(left))
