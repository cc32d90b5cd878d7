"""Reports as the API and `--json` show them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gateway.forms.reports.judged import Judged


def render(judged: Sequence[Judged], language: str) -> str:
    """`{"items": [...]}`, each report with its file."""
    items = [{"file": each.name, **each.report.to_json(language)} for each in judged]
    return json.dumps({"items": items}, indent=2, ensure_ascii=False) + "\n"
