"""Releases the model of a training run on the Hugging Face Hub: `synth train ... --push org/name`."""

from pathlib import Path

from synth.data.names import CHECKPOINTS, CONTROLS, EVALUATIONS, ITERATIONS
from synth.errors import HubError, first_line

STAYS = (CHECKPOINTS, EVALUATIONS, ITERATIONS, CONTROLS, "base", "held", "shots")  # the last three of a run of STaR


def check_name(name: str | None) -> None:
    """Raises UsageError or HubError, before anything is trained, if a model could not be pushed there."""
    if name is not None:
        from synth.releasing.hub import checked_name, login

        login(needed=bool(checked_name(name)))


def push(folder: Path, name: str) -> None:
    """Put model, tokenizer, card, facts and log on the Hub, in one commit.

    Checkpoints and evaluations stay here, and of STaR its iterations, controls, base and rows.

    Raises HubError; the run folder is complete by then, and the same command pushes it again.
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    from synth.releasing.hub import Hub, login

    hub = Hub(name, login(needed=True))
    try:
        hub.api.create_repo(name, repo_type="model", exist_ok=True)
        hub.api.upload_folder(
            folder_path=folder, repo_id=name, repo_type="model", commit_message="rationale-synth: a trained model",
            ignore_patterns=[f"{name}/*" for name in STAYS] + [".*"],
        )  # fmt: skip
    except (HfHubHTTPError, httpx2.HTTPError, ValueError, RuntimeError) as error:
        raise HubError(f"{name} cannot take the model: {first_line(error)}; the run is complete in {folder}") from error
