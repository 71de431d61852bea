"""The model card of a run, and its release on the Hub: `synth train ... --push org/name`."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from synth.errors import HubError
from synth.run import CHECKPOINTS, write_whole
from synth.student import first_line

LEARNED = {
    "rationale": "to write the rationale and then the answer",
    "answer": "to write the answer alone",
    "blank": "to write meaningless tokens in place of a rationale and then the answer",
}
KINDS = {"t5": ("An encoder-decoder", "AutoModelForSeq2SeqLM"), "llama": ("A decoder", "AutoModelForCausalLM")}
LEFT_OUT = {"data", "model", "seed"}  # settings that stand elsewhere in the card


def write(folder: Path, facts: Mapping[str, Any], example: tuple[str, str]) -> None:
    """Write README.md from the facts of synth-run.json and one row: its prompt and target."""
    write_whole(folder / "README.md", render(folder.resolve().name, facts, example).encode())


def render(name: str, facts: Mapping[str, Any], example: tuple[str, str]) -> str:
    import jinja2

    config = facts["config"]
    family, auto = KINDS[facts["trainer"]]
    settings = [(key, value) for key, value in config.items() if value is not None and key not in LEFT_OUT]
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(files("synth.cards").joinpath("model.md").read_text(encoding="utf-8"))
    text = template.render({
        **facts, "name": name, "place": name, "family": family, "auto": auto, "settings": settings,
        "base": config["model"] or "", "on_hub": "/" in (config["model"] or ""), "learned": LEARNED[facts["target"]],
        "parameters": f"{facts['parameters']:,}", "line_break": _quoted(facts["line_break"]),
        "tasks": sorted({task for data in facts["data"] for task in data["task"].split("+")}),
        "prompt": repr(example[0]), "completion": example[1],
    })  # fmt: skip
    return text.rstrip("\n") + "\n"


def _quoted(text: str | None) -> str | None:
    return None if text is None else f"`{text}`"


def check_name(name: str | None) -> None:
    """Raises UsageError or HubError, before anything is trained, where a model could not be pushed there."""
    if name is not None:
        from synth.hub import checked_name, login

        login(needed=bool(checked_name(name)))


def push(folder: Path, name: str) -> None:
    """Put model, tokenizer, card, facts and log on the Hub, in one commit; checkpoints and evaluations stay here.

    Raises HubError; the run folder is complete by then, and the same command pushes it again.
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    from synth.hub import Hub, login

    hub = Hub(name, login(needed=True))
    try:
        hub.api.create_repo(name, repo_type="model", exist_ok=True)
        hub.api.upload_folder(
            folder_path=folder, repo_id=name, repo_type="model", commit_message="rationale-synth: a trained model",
            ignore_patterns=[f"{CHECKPOINTS}/*", "eval/*", ".*"],
        )  # fmt: skip
    except (HfHubHTTPError, httpx2.HTTPError, ValueError, RuntimeError) as error:
        raise HubError(f"{name} cannot take the model: {first_line(error)}; the run is complete in {folder}") from error
