"""What axe-core finds fault with in our outputs, of which it judges nothing else on the page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

__all__ = ["violations"]

_GRAVE = {"serious", "critical"}
_OURS = {"include": [[".ml4t"]]}


def violations(page: Page) -> list[str]:
    """Each grave one: its rule, what it is about, and the first elements that break it."""
    found = Axe().run(page, context=_OURS).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]} {node['any'][:1]}"
        for each in found
        if each["impact"] in _GRAVE
        for node in each["nodes"][:4]
    ]
