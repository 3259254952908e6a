"""The look of the findings inbox: its colours in a light and in a dark page, and its places."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DARK", "INBOX_STYLE", "LIGHT"]

LIGHT: Mapping[str, str] = {
    "sunken": "#f6f7f8",
    "raised": "#ffffff",
    "line": "#e3e6e9",
    "line2": "#c9ced4",
    "muted": "#5b6670",
    "faint": "#68727b",
    "accent": "#1a66b8",
    "onaccent": "#ffffff",
    "up": "#0b7c8c",
    "down": "#c4472b",
    "grid": "rgba(27,33,38,.08)",
    "filled": "#3f6fb0",
    "filledbg": "rgba(63,111,176,.10)",
    "ok": "#2f7d55",
    "suspect": "#b3470f",
    "error": "#b0203a",
}
DARK: Mapping[str, str] = {
    "sunken": "#191d21",
    "raised": "#1e2328",
    "line": "#2b3137",
    "line2": "#434b53",
    "muted": "#a3adb6",
    "faint": "#8d97a0",
    "accent": "#6cb2ff",
    "onaccent": "#0b1a2a",
    "up": "#41b9c6",
    "down": "#f2805f",
    "grid": "rgba(228,232,235,.09)",
    "filled": "#86b3ee",
    "filledbg": "rgba(134,179,238,.13)",
    "ok": "#6cc493",
    "suspect": "#f79a5c",
    "error": "#ff8195",
}
"""Colours that carry a meaning; ground and text are the page's own."""

# JupyterLab, Notebook and Voila say it on the body, VS Code by a class, Colab on the root.
_DARK_PAGES = (
    '[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast",
    '[theme="dark"]',
)  # fmt: skip


def _properties(colours: Mapping[str, str]) -> str:
    return " ".join(f"--ml4t-{name}: {colour};" for name, colour in colours.items())


_HOST = """
  --ml4t-paper: var(--jp-layout-color0, var(--vscode-editor-background, {paper}));
  --ml4t-text: var(--jp-content-font-color1, var(--vscode-foreground, {text}));"""

_PLACES = """
.ml4t-review { container-type: inline-size; color: var(--ml4t-text); font-size: 13px;
  line-height: 1.4; font-variant-numeric: tabular-nums; margin: 2px; }
.ml4t-review .widget-html, .ml4t-review .jupyter-widgets { margin: 0; }
.ml4t-review .widget-html-content { line-height: 1.4; color: var(--ml4t-text); font-size: 13px; }
.ml4t-review .ml4t-inbox { display: grid; grid-template-columns: 300px minmax(0, 1fr);
  border: 1px solid var(--ml4t-line2); border-radius: 5px; overflow: hidden;
  background: var(--ml4t-paper); }
.ml4t-review .ml4t-inbox-list { background: var(--ml4t-sunken); overflow: hidden;
  border-right: 1px solid var(--ml4t-line2); }
.ml4t-review .ml4t-inbox-top { display: flex; align-items: center;
  min-height: 38px; padding: 6px 10px;
  border-bottom: 1px solid var(--ml4t-line); }
.ml4t-review .ml4t-inbox-count { flex: 1; }
.ml4t-review .ml4t-inbox-count .widget-html-content { font-size: 14px; font-weight: 600; }
.ml4t-review .ml4t-inbox-rows { max-height: 640px; overflow-y: auto; }
.ml4t-review .ml4t-narrow { display: none; }
.ml4t-review .ml4t-inbox-group { padding: 7px 10px; font-size: 12px; font-weight: 600;
  color: var(--ml4t-muted); border-bottom: 1px solid var(--ml4t-line); }

.ml4t-review button.ml4t-inbox-item { display: grid; width: 100%;
  min-height: 66px; padding: 6px 10px;
  grid-template-columns: 14px 1fr auto; column-gap: 10px; text-align: left; font: inherit;
  color: inherit; background: transparent; cursor: pointer; border: 0; border-radius: 0;
  border-left: 3px solid transparent; border-bottom: 1px solid var(--ml4t-line); }
.ml4t-review button.ml4t-inbox-item[aria-current="true"] { background: var(--ml4t-paper);
  border-left-color: var(--ml4t-accent); }
.ml4t-review .ml4t-icon { color: var(--ml4t-suspect); margin-top: 2px; }
.ml4t-review .ml4t-icon.ml4t-is-accepted { color: var(--ml4t-ok); }
.ml4t-review .ml4t-icon.ml4t-is-rejected { color: var(--ml4t-error); }
.ml4t-review .ml4t-icon.ml4t-is-corrected { color: var(--ml4t-accent); }
.ml4t-review .ml4t-inbox-name { font-weight: 600; }
.ml4t-review .ml4t-is-decided .ml4t-inbox-name { color: var(--ml4t-muted); }
.ml4t-review .ml4t-inbox-date { color: var(--ml4t-muted); font-size: 12px; }
.ml4t-review .ml4t-inbox-what, .ml4t-review .ml4t-inbox-rule { grid-column: 2 / 4; font-size: 12px;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.ml4t-review .ml4t-inbox-rule { color: var(--ml4t-muted); }

.ml4t-review .ml4t-inbox-detail { padding: 10px 14px; overflow: hidden; }
.ml4t-review .ml4t-inbox-head { display: flex; align-items: baseline; gap: 10px; }
.ml4t-review .ml4t-inbox-sentence { flex: 1; font-size: 17px; font-weight: 600; line-height: 1.3; }
.ml4t-review .ml4t-inbox-place { color: var(--ml4t-muted); white-space: nowrap; }
.ml4t-review .ml4t-inbox-why { color: var(--ml4t-muted); margin: 2px 0 6px; min-height: 36px; }
.ml4t-review .ml4t-evidence { overflow: visible; }
.ml4t-review table.ml4t-inbox-numbers { width: 100%; table-layout: fixed;
  border-collapse: collapse; margin: 4px 0 10px;
  font-size: 12px; color: var(--ml4t-text); }
.ml4t-review .ml4t-inbox-numbers :is(th, td) { padding: 0 8px 0 0; height: 24px; border: 0;
  border-bottom: 1px solid var(--ml4t-line); text-align: left; font-weight: normal;
  background: none; white-space: nowrap; }
.ml4t-review .ml4t-inbox-numbers tbody th { white-space: normal; }
.ml4t-review .ml4t-inbox-numbers thead th { font-size: 11.5px; font-weight: 600;
  color: var(--ml4t-muted); border-bottom-color: var(--ml4t-line2); }
.ml4t-review .ml4t-inbox-numbers .ml4t-number { text-align: right; width: 12%; }
.ml4t-review .ml4t-is-doubtful { display: inline-block; min-width: 58px; padding: 0 7px;
  margin-right: -8px; line-height: 20px; border: 1.5px solid var(--ml4t-suspect);
  color: var(--ml4t-suspect); font-weight: 700; }
.ml4t-review .ml4t-is-other { color: var(--ml4t-filled); font-weight: 700; }

.ml4t-review .ml4t-inbox-actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: center;
  overflow: visible; }
.ml4t-review .ml4t-inbox-actions .ml4t-undo { margin-left: auto; }
.ml4t-review button.ml4t-key { height: 30px; line-height: 28px; width: auto;
  padding: 0 10px; margin: 0;
  font-size: 13px; border: 1px solid var(--ml4t-line2); border-radius: 4px; box-shadow: none;
  color: var(--ml4t-text); background: var(--ml4t-raised); }
.ml4t-review button.ml4t-key:disabled { opacity: .5; }
.ml4t-review .ml4t-inbox-top button.ml4t-key::after { display: none; }
.ml4t-review .ml4t-inbox-actions button.ml4t-key::after,
.ml4t-review .ml4t-inbox-top button.ml4t-key::before { display: inline-block;
  margin-left: 8px; padding: 0 4px; min-width: 8px; line-height: 16px;
  font-size: 11px; font-weight: 600; text-align: center;
  font-family: ui-monospace, Menlo, Consolas, monospace; border: 1px solid var(--ml4t-line2);
  border-bottom-width: 2px; border-radius: 3px; }
.ml4t-review button.ml4t-primary { background: var(--ml4t-accent); color: var(--ml4t-onaccent);
  border-color: var(--ml4t-accent); font-weight: 600; }
.ml4t-review button.ml4t-primary::after { border-color: var(--ml4t-onaccent); }
.ml4t-review button.ml4t-bare { background: transparent; border-color: transparent;
  color: var(--ml4t-accent); }
.ml4t-review .ml4t-inbox-top button.ml4t-bare { color: var(--ml4t-muted); padding: 0 3px; }
.ml4t-review .ml4t-inbox-top button.ml4t-key::before { margin: 0 4px 0 0; }
.ml4t-review .ml4t-next::before { content: "J"; }
.ml4t-review .ml4t-back::before { content: "K"; }
.ml4t-review :is(.ml4t-take, .ml4t-ask)::after { content: "T"; }
.ml4t-review .ml4t-accept::after { content: "A"; }
.ml4t-review .ml4t-reject::after { content: "R"; }
.ml4t-review .ml4t-undo::after { content: "U"; }
.ml4t-review :focus-visible { outline: 2px solid var(--ml4t-accent) !important;
  outline-offset: 2px; }
.ml4t-review button.ml4t-inbox-item:focus-visible { outline-offset: -3px; }
.ml4t-review .ml4t-inbox-words { margin-top: 6px; }
.ml4t-review :is(.ml4t-inbox-words, .ml4t-inbox-warning) .widget-html-content {
  color: var(--ml4t-muted); font-size: 12px; }
.ml4t-review .ml4t-inbox-words b { color: var(--ml4t-text); font-weight: 400; }
.ml4t-review .ml4t-inbox-status .widget-html-content { font-size: 12px; margin-top: 6px;
  overflow-wrap: anywhere; }
.ml4t-review .ml4t-inbox-choices { display: flex; flex-wrap: wrap; gap: 6px 14px; margin-top: 8px;
  overflow: visible; }
.ml4t-review .ml4t-inbox-choices > * { height: 26px; width: auto; overflow: visible; }
.ml4t-review .ml4t-inbox-choices label { width: auto; padding: 0 6px 0 0; font-size: 12px;
  line-height: 26px; color: var(--ml4t-muted); }
.ml4t-review .ml4t-inbox-choices :is(input, select) { height: 26px; border-radius: 4px;
  border: 1px solid var(--ml4t-line2); font-size: 12px; color: var(--ml4t-text);
  background-color: var(--ml4t-raised); }
.ml4t-review .ml4t-inbox-reason { flex: 1 1 200px; }
.ml4t-review .ml4t-provider select { width: 110px; }

@container (max-width: 719px) {
  .ml4t-review .ml4t-inbox { grid-template-columns: minmax(0, 1fr); }
  .ml4t-review .ml4t-inbox-list { border-right: 0; }
  .ml4t-review .ml4t-inbox-rows, .ml4t-review .ml4t-wide { display: none; }
  .ml4t-review .ml4t-narrow { display: inline; }
  .ml4t-review .ml4t-inbox-numbers :is(th, td) { padding-right: 4px; }
  .ml4t-review .ml4t-inbox-numbers .ml4t-number { width: 14%; }
  .ml4t-review .ml4t-is-doubtful { min-width: 0; padding: 0 3px; margin-right: -4px; }
  .ml4t-review .ml4t-inbox-detail { padding: 10px; }
}
"""

_HOST_LIGHT = _HOST.format(paper="#ffffff", text="#1b2126")
_HOST_DARK = _HOST.format(paper="#111417", text="#e4e8eb")
_IN_DARK = ", ".join(f"{page} .ml4t-review" for page in _DARK_PAGES)

INBOX_STYLE = (
    f".ml4t-review {{{_HOST_LIGHT} {_properties(LIGHT)} }}\n"
    f"{_IN_DARK} {{{_HOST_DARK} {_properties(DARK)} }}\n"
    f"{_PLACES}"
)
"""Everything in it is below ``.ml4t-review``."""
