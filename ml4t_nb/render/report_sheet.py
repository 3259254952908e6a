"""What a report brings to its page: a style sheet, and the script of its buttons."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ml4t_nb.render.tokens import custom_properties, token

__all__ = ["report_script", "report_style"]

# Lab has rules of its own for the tables of an output, which only a longer selector outweighs.
_OWN = ".ml4t-report.ml4t-report.ml4t-report"
_COLUMNS = "16px 16px 190px minmax(0,1fr) 84px 96px"


def _rules() -> str:
    line, muted, sunken = token("line"), token("muted"), token("sunken")
    return f"""
{_OWN} {{font-size:13px;line-height:1.4;color:{token("text")};max-width:1100px;
  font-variant-numeric:tabular-nums;}}
{_OWN} .ml4t-headline {{font-size:17px;margin:2px 0;}}
{_OWN} strong {{font-weight:600;}}
{_OWN} .ml4t-about {{color:{muted};margin:0 0 10px;}}
{_OWN} table {{border-collapse:collapse;border:0;margin:6px 0;font-size:13px;table-layout:auto;
  color:{token("text")};}}
{_OWN} tr, {_OWN} tr:nth-child(even), {_OWN} tr:hover {{background:none;}}
{_OWN} th, {_OWN} td {{padding:3px 14px 3px 0;text-align:left;vertical-align:top;border:0;
  border-bottom:1px solid {line};max-width:none;white-space:normal;}}
{_OWN} th {{font-size:11.5px;font-weight:600;color:{muted};vertical-align:bottom;
  border-bottom-color:{token("line2")};}}
{_OWN} td.s {{white-space:nowrap;}}
{_OWN} .n {{text-align:right;}}
{_OWN} caption {{text-align:left;color:{muted};caption-side:top;padding:0 0 4px;}}
{_OWN} .ml4t-notes {{margin:8px 0;}}
{_OWN} .ml4t-notes > div {{white-space:pre-wrap;overflow-wrap:anywhere;padding:1px 0;}}
{_OWN} code {{font:12px ui-monospace,Menlo,Consolas,monospace;color:{token("text")};
  background:{sunken};border:1px solid {line};border-radius:4px;padding:1px 6px;user-select:all;}}
{_OWN} .ml4t-step {{margin-left:20px;color:{muted};}}
{_OWN} .ml4t-step .ml4t-copy {{height:20px;padding:0 6px;margin-left:6px;font-size:11px;}}
{_OWN} .ml4t-head, {_OWN} .ml4t-group > summary {{display:grid;grid-template-columns:{_COLUMNS};
  column-gap:8px;align-items:center;border-bottom:1px solid {line};}}
{_OWN} .ml4t-head {{font-size:11.5px;font-weight:600;color:{muted};min-height:24px;
  border-bottom-color:{token("line2")};}}
{_OWN} .ml4t-head > :first-child {{grid-column:3;}}
{_OWN} pre {{font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;color:{token("text")};margin:4px 0;
  overflow:auto;max-height:420px;}}
{_OWN} .ml4t-blocks > details:not(.ml4t-group) > summary, {_OWN} .ml4t-shown > summary {{
  color:{token("accent")};font-size:12px;padding:3px 0;list-style:revert;}}
{_OWN} summary {{cursor:pointer;list-style:none;}}
{_OWN} summary::-webkit-details-marker {{display:none;}}
{_OWN} .ml4t-group {{margin:0;}}
{_OWN} .ml4t-group > summary {{min-height:28px;}}
{_OWN} .ml4t-group > summary:focus-visible {{outline:2px solid {token("accent")};
  outline-offset:-2px;}}
{_OWN} .ml4t-group > summary::before {{content:"▸";color:{muted};}}
{_OWN} .ml4t-group[open] > summary::before {{content:"▾";}}
{_OWN} .ml4t-group > summary > * {{min-width:0;overflow:hidden;text-overflow:ellipsis;
  white-space:nowrap;}}
{_OWN} .ml4t-group > summary > strong {{font-weight:600;white-space:normal;}}
{_OWN} .ml4t-says {{color:{muted};}}
{_OWN} .ml4t-group table {{width:100%;margin:0;table-layout:fixed;background:{sunken};}}
{_OWN} .ml4t-group td {{padding:3px 8px 3px 0;overflow-wrap:anywhere;}}
{_OWN} .ml4t-group td:nth-child(1) {{width:172px;padding-left:66px;}}
{_OWN} .ml4t-group td:nth-child(3) {{width:84px;}}
{_OWN} .ml4t-group td:nth-child(4) {{width:96px;padding-right:0;color:{muted};}}
{_OWN} .ml4t-group td:nth-child(2) {{color:{muted};}}
{_OWN} .ml4t-group td[colspan] {{padding-left:66px;}}
{_OWN} .ml4t-notes .ml4t-shown {{margin-left:20px;white-space:normal;}}
{_OWN} .ml4t-group td > :not(.ml4t-shown) > summary::after {{
  content:" show all";color:{token("accent")};}}
{_OWN} .ml4t-group td > [open]:not(.ml4t-shown) > summary::after {{content:"";}}
{_OWN} .ml4t-tools, {_OWN} .ml4t-line {{display:flex;gap:8px;align-items:center;margin:8px 0;
  flex-wrap:wrap;}}
{_OWN} .ml4t-line {{margin:6px 0;flex-wrap:nowrap;}}
{_OWN} [hidden] {{display:none;}}
{_OWN} .ml4t-members {{margin-left:auto;display:flex;gap:6px;flex-wrap:wrap;}}
{_OWN} .ml4t-line > strong {{width:34px;flex:none;}}
{_OWN} .ml4t-line > code {{flex:1;min-width:0;overflow-wrap:anywhere;padding:4px 8px;}}
{_OWN} .ml4t-lines {{align-items:flex-start;}}
{_OWN} .ml4t-lines > code {{white-space:pre-wrap;overflow:auto;max-height:420px;}}
{_OWN} button, {_OWN} input {{font:inherit;font-size:12px;height:26px;padding:0 10px;
  border-radius:4px;border:1px solid {token("line2")};background:{token("raised")};
  color:{token("text")};}}
{_OWN} input {{width:200px;box-sizing:border-box;}}
{_OWN} button {{cursor:pointer;}}
{_OWN} button:focus-visible, {_OWN} input:focus-visible {{outline:2px solid {token("accent")};
  outline-offset:2px;}}
{_OWN} button.ml4t-first {{background:{token("accent")};border-color:{token("accent")};
  color:{token("onaccent")};font-weight:600;}}
{_OWN} {{container-type:inline-size;}}
@container (max-width:640px) {{
{_OWN} th, {_OWN} td {{padding-right:8px;overflow-wrap:anywhere;}}
{_OWN} td.s {{white-space:normal;}}
{_OWN} .ml4t-head, {_OWN} .ml4t-group > summary {{
  grid-template-columns:14px 16px 130px minmax(0,1fr) 60px 82px;column-gap:6px;}}
{_OWN} .ml4t-group td:nth-child(1) {{width:122px;padding-left:48px;}}
{_OWN} .ml4t-group td:nth-child(3) {{width:60px;}}
{_OWN} .ml4t-group td:nth-child(4) {{width:82px;}}
}}
"""


@cache
def report_style() -> str:
    """The tokens, and the rules of a report."""
    return custom_properties() + _rules().strip()


@cache
def report_script() -> str:
    """The script that makes the buttons work."""
    return files("ml4t_nb.render").joinpath("report.js").read_text(encoding="utf-8")
