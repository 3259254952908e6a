"""The colours of every face, by what they stand for, in a light page and in a dark one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "STYLED", "TOKENS", "Token", "custom_properties", "token"]


@dataclass(frozen=True, slots=True)
class Token:
    """A colour in both themes; ``host`` is what a front end calls its own of the kind."""

    light: str
    dark: str
    host: tuple[str, ...] = ()


TOKENS: Mapping[str, Token] = {
    # Surfaces and borders.
    "paper": Token("#ffffff", "#111417", ("--jp-layout-color0", "--vscode-editor-background")),
    "sunken": Token("#f6f7f8", "#191d21"),
    "raised": Token("#ffffff", "#1e2328"),
    "line": Token("#e3e6e9", "#2b3137"),
    "line2": Token("#c9ced4", "#434b53"),
    "grid": Token("rgba(27,33,38,.08)", "rgba(228,232,235,.09)"),
    # Three ranks of text.
    "text": Token("#1b2126", "#e4e8eb", ("--jp-content-font-color1", "--vscode-foreground")),
    "muted": Token("#5b6670", "#a3adb6"),
    "faint": Token("#68727b", "#8d97a0"),
    # What can be pressed, is chosen, or has the focus.
    "accent": Token("#1a66b8", "#6cb2ff"),
    "accentbg": Token("#e8f1fb", "#17314d"),
    "onaccent": Token("#ffffff", "#0b1a2a"),
    # Prices. Down is vermilion, since a purple red is teal to many a reader.
    "up": Token("#0b7c8c", "#41b9c6"),
    "down": Token("#c4472b", "#f2805f"),
    "ontag": Token("#ffffff", "#10151a"),
    # Gaps: what is open, filled (also: of a second provider), and declared closed.
    "gap": Token("#c98a00", "#e5b02f"),
    "gapbg": Token("rgba(233,176,32,.16)", "rgba(229,176,47,.16)"),
    "filled": Token("#3f6fb0", "#86b3ee"),
    "filledbg": Token("rgba(63,111,176,.10)", "rgba(134,179,238,.13)"),
    "closed": Token("#7d8790", "#929ca5"),
    "closedbg": Token("rgba(125,135,144,.12)", "rgba(146,156,165,.14)"),
    # States, as an icon and as words.
    "ok": Token("#2f7d55", "#6cc493"),
    "stale": Token("#8a6100", "#e5b84b"),
    "incomplete": Token("#7a4fb5", "#bd9bf0"),
    "suspect": Token("#b3470f", "#f79a5c"),
    "error": Token("#b0203a", "#ff8195"),
    # States as an area: never under words.
    "strip": Token("#6aa6a9", "#468489"),
    "f_stale": Token("#dca534", "#c99a35"),
    "f_incomplete": Token("#a987d8", "#9a7ac9"),
    "f_suspect": Token("#d9722e", "#e08448"),
    "f_error": Token("#c2334d", "#e2677b"),
    # What is shown over the rest: of the other theme's ground, so that it stands off.
    "tip": Token("#1f262c", "#eef1f3"),
    "tiptext": Token("#f3f5f7", "#14181b"),
}

LIGHT: Mapping[str, str] = {name: each.light for name, each in TOKENS.items()}
DARK: Mapping[str, str] = {name: each.dark for name, each in TOKENS.items()}

# JupyterLab, Notebook and Voila say it on the body, VS Code by a class, Colab on the root.
_LIGHT = ('[data-jp-theme-light="true"]', ".vscode-light", '[theme="light"]')
_DARK = ('[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast", '[theme="dark"]')

STYLED = "ml4t"
"""The class of an element below which the tokens are known."""


def token(name: str) -> str:
    """The colour as a style sheet names it."""
    if name not in TOKENS:
        raise KeyError(name)
    return f"var(--ml4t-{name})"


def custom_properties() -> str:
    """The style sheet that gives the tokens to elements of the class `STYLED`.

    The theme is the front end's where it says which it is, else that of the page around it.
    """
    lines = "".join(f"--ml4t-{name}:{_both(each)};" for name, each in TOKENS.items())
    light, dark = (",".join(f"{page} .{STYLED}" for page in pages) for pages in (_LIGHT, _DARK))
    return (
        f".{STYLED}{{{lines}color:{token('text')};}}\n"
        f"{light}{{color-scheme:light;}}\n{dark}{{color-scheme:dark;}}\n"
    )


def _both(each: Token) -> str:
    value = f"light-dark({each.light},{each.dark})"
    for name in reversed(each.host):
        value = f"var({name},{value})"
    return value
