"""The look of the findings inbox."""

from __future__ import annotations

__all__ = ["INBOX_STYLE"]

INBOX_STYLE = """
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
"""Everything in it is below ``.ml4t-review``."""
