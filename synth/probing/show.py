"""What `synth probe` prints."""

from collections.abc import Sequence

import typer

from synth.data.names import PROBE
from synth.probing.folder import Result


def show(results: Sequence[Result]) -> None:
    """Print where the results are."""
    for result in results:
        typer.echo(f"wrote {result.out / PROBE}")
