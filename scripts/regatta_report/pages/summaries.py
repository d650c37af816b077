"""What the entrance says of the other conclusions in the run's folder, each with its page."""

from __future__ import annotations

from .. import tables
from ..documents import dicts
from ..model import Run, clean
from . import claims, comparison
from .choice import first_of
from .parts import Links


def of(run: Run, links: Links) -> list[dict[str, str]]:
    """A title, a sentence and an address each."""
    made = []
    if document := run.documents.get("comparison"):
        names = [clean((document.get(side) or {}).get("name", "")) for side in ("base", "head")]
        made.append(
            {
                "title": f"{names[1]} against {names[0]}: {comparison.said(document)}",
                "text": clean(document.get("why") or ""),
                "href": links.page("comparison"),
                "link": "The comparison, cell by cell",
            }
        )
    if document := run.documents.get("choice"):
        lines = []
        for profile in dicts(document.get("profiles")):
            if first := first_of(profile):
                lines.append(f"{clean(profile.get('profile', ''))}: {tables.some(first)}")
        made.append(
            {
                "title": "Which one to choose",
                "text": "; ".join(lines) + "." if lines else "",
                "href": links.page("choice"),
                "link": "The reasons, and what would change them",
            }
        )
    if "claims" in run.documents:
        made.append(
            {
                "title": "What people say, tested",
                "text": claims.tally(run),
                "href": links.page("claims"),
                "link": "Each claim with its figure",
            }
        )
    return made
