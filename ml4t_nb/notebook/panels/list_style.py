"""The look of panels that are a list beside a picture: gaps, runs, two providers."""

from __future__ import annotations

__all__ = ["LIST_STYLE"]

_PANELS = ":is(.ml4t-gaps, .ml4t-runs, .ml4t-compare)"
_LISTS = ":is(.ml4t-gap-list, .ml4t-run-list, .ml4t-compare-list) select"

LIST_STYLE = f"""
{_PANELS} {{ color: var(--ml4t-text); font-size: 13px; font-variant-numeric: tabular-nums; }}
{_LISTS}, .ml4t-gap-heading {{
  font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px; }}
{_LISTS} {{ margin: 0; color: var(--ml4t-text); background: var(--ml4t-paper);
  border: 1px solid var(--ml4t-line2); border-radius: 4px; }}
{_LISTS} option {{ padding: 1px 3px; }}
{_LISTS} option:checked {{ color: var(--ml4t-text);
  background: linear-gradient(var(--ml4t-accentbg), var(--ml4t-accentbg));
  box-shadow: inset 3px 0 var(--ml4t-accent); }}
{_PANELS} :is(.widget-dropdown select, .widget-text input, .widget-combobox input) {{
  height: 26px; color: var(--ml4t-text); background-color: var(--ml4t-raised);
  border: 1px solid var(--ml4t-line2); border-radius: 4px; font-size: 13px; }}
{_PANELS} button.jupyter-button:not(.ml4t-fold-head) {{ height: 26px; line-height: 24px;
  padding: 0 10px; font-size: 13px; border: 1px solid var(--ml4t-line2); border-radius: 4px;
  box-shadow: none; color: var(--ml4t-text); background: var(--ml4t-raised); }}
{_PANELS} button.jupyter-button:disabled {{ opacity: .5; }}
{_PANELS} .ml4t-fold {{ border-color: var(--ml4t-line); border-radius: 4px; }}
{_PANELS} button.ml4t-fold-head {{ color: var(--ml4t-text); background: var(--ml4t-sunken); }}

.ml4t-gap-heading .widget-html-content {{
  font-size: 12px; padding-left: 3px; overflow: hidden; white-space: pre;
  color: var(--ml4t-muted); }}
.ml4t-gap-story .widget-html-content {{ white-space: pre-wrap; line-height: 1.4; }}
.ml4t-gaps .ml4t-chart {{ overflow: hidden; }}
.ml4t-gap-steps {{ align-items: center; overflow: visible; }}
.ml4t-gap-place {{ flex: 1; }}
.ml4t-gap-place .widget-html-content {{ font-weight: 600; }}
.ml4t-gap-words .widget-html-content {{ color: var(--ml4t-muted); font-size: 12px;
  line-height: 1.4; }}
.ml4t-gaps .ml4t-gap-steps button.jupyter-button {{ border-color: transparent;
  background: transparent; color: var(--ml4t-muted); padding: 0 4px; }}
.ml4t-gaps :is(.ml4t-gap-next, .ml4t-gap-back, .ml4t-refetch, .ml4t-refill, .ml4t-close,
  .ml4t-gap-undo)::after {{ display: inline-block; margin-left: 8px; padding: 0 4px;
  min-width: 8px; line-height: 15px; font-size: 11px; font-weight: 600; text-align: center;
  font-family: ui-monospace, Menlo, Consolas, monospace; border: 1px solid var(--ml4t-line2);
  border-bottom-width: 2px; border-radius: 3px; }}
.ml4t-gaps .ml4t-gap-next::after {{ content: "J"; }}
.ml4t-gaps .ml4t-gap-back::after {{ content: "K"; }}
.ml4t-gaps .ml4t-refetch::after {{ content: "A"; }}
.ml4t-gaps .ml4t-refill::after {{ content: "F"; }}
.ml4t-gaps .ml4t-close::after {{ content: "C"; }}
.ml4t-gaps .ml4t-gap-undo::after {{ content: "U"; }}

.ml4t-runs button.ml4t-copy {{ margin-left: 8px; padding: 0 8px; font-size: 12px;
  line-height: 18px; color: var(--ml4t-text); background: var(--ml4t-raised);
  border: 1px solid var(--ml4t-line2); border-radius: 4px; cursor: pointer; }}
.ml4t-runs .ml4t-run-acts {{ justify-content: flex-end; overflow: visible; }}
.ml4t-runs .ml4t-run-picture {{ margin: 8px 2px 0; }}
"""
"""Everything in it is of the classes of these panels."""
