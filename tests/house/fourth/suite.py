"""Expectations of a user's own: sums are small, and answers are numerals."""

from collections.abc import Mapping
from typing import Any

import great_expectations.expectations as gxe


def expectations(manifest: Mapping[str, Any]) -> list[Any]:
    return [
        gxe.ExpectColumnValuesToBeBetween(column="meta.total", min_value=2, max_value=99 * manifest["config"]["terms"]),
        gxe.ExpectColumnValuesToMatchRegex(column="answer", regex="^[IVXLCDM]+$"),
    ]
