"""Who writes for a loop: transformers in this process, vLLM in another one, or a server.

transformers    the default, the only one for encoder-decoders and for machines without a GPU (write.py)
vllm            a process a stage, on the model folder that a training left (vllm_stage.py)
http://...      OpenAI-compatible servers that are told to load each model (served.py)

Models are measured by transformers whoever writes, so that figures do not depend on the engine.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from synth.base.terminal import Report, Say
from synth.bootstrapping import folder as places
from synth.bootstrapping.options import Looped
from synth.bootstrapping.served import ServerWriter
from synth.bootstrapping.vllm_stage import JOB, reading
from synth.bootstrapping.write import Writer, free_memory
from synth.errors import MissingExtraError, TrainingError, UsageError
from synth.evaluating.options import is_url
from synth.evaluating.outputs import Partial
from synth.evaluating.prompts import Asking
from synth.evaluating.server import check_reachable
from synth.models.generate import Decoding, Output
from synth.record import Record
from synth.teachers.catalogue import find_fleet
from synth.training.trainer import Trainer


def check_engine(config: Looped, student: Trainer) -> None:
    """Raises UsageError for an engine that cannot write with such a model, MissingExtraError for one that is not
    installed, SynthError for a server that does not answer."""
    if config.engine == "transformers":
        return
    if student.student().encoder_decoder:
        raise UsageError(f"--engine {config.engine}: encoder-decoders write with --engine transformers only")
    if is_url(config.engine):
        for server in find_fleet(config.model_name or "model", (config.engine, *config.base_url)).servers():
            check_reachable(server, "--engine and --base-url" if config.base_url else "--engine")
    if config.engine == "vllm" and find_spec("vllm") is None:
        raise MissingExtraError("--engine vllm", "vllm")


def writer_for(config: Looped, known: Sequence[Record], report: Report, say: Say) -> Writer:
    """known: questions of which any model's replies tell whose they are."""
    if is_url(config.engine):
        return ServerWriter(report, config=config, known=known[:8], say=say)
    return VllmWriter(report) if config.engine == "vllm" else Writer(report)


class VllmWriter(Writer):
    """vLLM, which writes in a process of its own."""

    def write(
        self, asking: Asking, records: Sequence[Record], decoding: Decoding, folder: Path, name: str,
        recipe: Mapping[str, Any],
    ) -> list[Sequence[Output]]:  # fmt: skip
        job, rows = self._job(decoding, folder, name), self._rows(asking, records, decoding)
        with Partial(job, recipe) as partial:
            left = any(row["row"] not in partial for row in rows)
        if left:
            asked = {"model": str(self.model), "name": name, "decoding": asdict(decoding), "recipe": recipe}
            places.write_facts(folder / JOB, iter([orjson.dumps({**asked, "rows": rows})]))
            free_memory()
            self._run(folder)
        with Partial(job, recipe) as partial:
            return [partial.outputs(row) if row in partial else () for row in range(len(records))]

    def _rows(self, asking: Asking, records: Sequence[Record], decoding: Decoding) -> list[dict[str, Any]]:
        """The prompts that leave room for a reply, as tokens."""
        shell = reading(str(self.model))
        prompts = shell.encode([asking.text(record) for record in records], chat=False)
        rooms = [shell.room(len(ids), decoding) for ids in prompts]
        return [
            {"row": row, "id": record.id, "ids": ids, "room": room}
            for row, (record, ids, room) in enumerate(zip(records, prompts, rooms, strict=True))
            if room > 0
        ]

    def _run(self, folder: Path) -> None:
        command = [sys.executable, "-m", "synth.bootstrapping.vllm_stage", str(folder)]
        quiet = {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_CONFIGURE_LOGGING": "1"}
        code = subprocess.run(command, env={**quiet, **os.environ}, stdout=sys.stderr, check=False).returncode
        if code:
            raise TrainingError(
                f"--engine vllm: its process ended with an error ({code}), which stands above; what was written is "
                "kept: mend it and continue with --resume"
            )
