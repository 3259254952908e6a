"""What a run's prices are in, and what it says where that is not what stored ones are in."""

from __future__ import annotations

from dataclasses import replace

from ml4t_nb.core.currencies import factor_between, requoted_words
from ml4t_nb.core.merge import Merged
from ml4t_nb.finding import Finding
from ml4t_nb.pipeline.checks import Rewrite

__all__ = ["currency_change", "currency_findings", "with_currency"]


def with_currency(rewrite: Rewrite) -> Rewrite:
    """The run with the currency of what it fetched in its configuration, and a note on a change.

    Another provider than the dataset's own does not say what the stored prices are in.
    """
    run, got = rewrite.run, rewrite.got
    held, found = rewrite.before.config.currency, got.currency
    is_own = run.provider.name == run.config.provider
    config = replace(run.config, currency=(is_own and found) or held)
    change = currency_change(rewrite)
    notes = (*got.notes, change) if change else got.notes
    return replace(rewrite, run=replace(run, config=config), got=replace(got, notes=notes))


def currency_change(rewrite: Rewrite) -> str:
    """That fetched prices are in another currency or unit than stored ones; empty if not."""
    name, before = rewrite.run.provider.name, rewrite.before.config
    was, now = before.currency, rewrite.got.currency
    if not was or not now or was == now:
        return ""
    return requoted_words(was, now, name, is_own=name == before.provider)


def currency_findings(rewrite: Rewrite, merged: Merged) -> tuple[Finding, ...]:
    """A finding where the currency is another one from now on, and the prices are the same.

    Either it was wrong before, or it is wrong now; a person knows.
    """
    before, after = rewrite.before.config.currency, rewrite.run.config.currency
    if not before or before == after or merged.verdict not in ("same", "corrected"):
        return ()
    factor = factor_between(before, after)
    detail = f"{currency_change(rewrite)}, and the prices are the same"
    return (Finding(None, "currency", detail, values=(factor or 0.0,)),)
