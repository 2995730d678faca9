"""Lesson text without Markdown and LaTeX: for a terminal and for paper."""

import re

_SIGNS = {
    r"\leftarrow": "←", r"\eta": "η", r"\beta": "β", r"\alpha": "α", r"\theta": "θ", r"\lVert": "|", r"\rVert": "|",
    r"\top": "T", r"\cdot": "·", r"\tfrac12": "1/2", r"\sum": "Σ", r"\Rightarrow": "⇒", r"\rightarrow": "→",
    r"\times": "×", r"\lfloor": "⌊", r"\rfloor": "⌋", r"\hat v": "v̂", r"\nabla": "∇", r"\lambda": "λ", r"\infty": "∞",
    r"\dots": "…", r"\approx": "≈", r"\Big(": "(", r"\Big)": ")", r"\big(": "(", r"\big)": ")", r"\left": "",
    r"\right": "", r"\quad": "  ", r"\qquad": "  ", r"\,": " ", r"\;": " ", r"\ ": " ", "{": "", "}": "",
}  # fmt: skip
_ORDER = sorted(_SIGNS, key=len, reverse=True)


def math(latex: str) -> str:
    """An equation as one line of text, good enough to be read."""
    text = re.sub(r"\\(?:text|mathrm|mathcal)\{([^{}]*)\}", r"\1", latex)
    text = re.sub(r"\^\{?\\top\}?", "ᵀ", text)
    text = re.sub(r"\^\{([^{}]*)\}", r"^(\1)", text)
    for sign in _ORDER:
        text = text.replace(sign, _SIGNS[sign])
    return re.sub(r" {2,}", "  ", text).replace("^(n)", "^n").strip()


def terms(text: str) -> str:
    """[[term]] and [[term|shown]] as the words alone."""
    return re.sub(r"\[\[(?:[^\]|]+\|)?([^\]]+)\]\]", r"\1", text)


def plain(text: str) -> str:
    """Without bold, links of terms and dollars."""
    text = re.sub(r"\$([^$]+)\$", lambda m: math(m[1]), terms(text))
    return re.sub(r"\*{1,2}([^*]+)\*{1,2}", r"\1", text).replace("  \n", "\n")


def names(text: str) -> list[str]:
    """The glossary words that a text uses."""
    return re.findall(r"\[\[([^\]|]+)(?:\|[^\]]+)?\]\]", text)
