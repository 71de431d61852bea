"""What `synth validate` found, read from validation.json for the card and for `synth push`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import file_facts
from synth.data.names import REJECTED, VALIDATION
from synth.errors import FolderError


def read_validation(folder: Path) -> dict[str, Any] | None:
    """The results, or None for a folder that was not validated.

    Raises FolderError where they cannot be read.
    """
    path = folder / VALIDATION
    try:
        found = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{path} is not JSON ({error}): run synth validate again") from error
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error
    wanted = ("success", "data", "expectations", "contamination")
    if not isinstance(found, dict) or any(name not in found for name in wanted) or not _is_data(found["data"]):
        raise FolderError(f"{path} does not hold the results of synth validate: run it again")
    return found


def _is_data(found: Any) -> bool:
    """Whether it says of files how large they were, and their hashes."""
    return isinstance(found, dict) and all(
        isinstance(facts, dict) and {"bytes", "sha256"} <= facts.keys() for facts in found.values()
    )


def changed_since(folder: Path, manifest: Mapping[str, Any], validation: Mapping[str, Any]) -> list[str]:
    """Data files that are not as they were when they were validated, or were not there."""
    then = validation["data"]
    data = [name for split in manifest["splits"].values() for name in split["files"]]
    data += [REJECTED] if (folder / REJECTED).exists() else []
    return [name for name in dict.fromkeys([*data, *then]) if name not in then or not _same(folder / name, then[name])]


def _same(path: Path, facts: Mapping[str, Any]) -> bool:
    return path.is_file() and path.stat().st_size == facts["bytes"] and file_facts(path)["sha256"] == facts["sha256"]
