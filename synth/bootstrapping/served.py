"""Servers write for a loop: each is told to load each model, and has to prove that it did.

A server gets each prompt as the one message of a chat, so its chat template has to pass the text through: new models
of ours have such a one; for others start the server with one that says

    {% for message in messages %}{{ message['content'] }}{% endfor %}

Before an iteration POST --reload-url has it load the folder of the model (SGLang's /update_weights_from_disk; vLLM's
/collective_rpc, where VLLM_SERVER_DEV_MODE=1 is set); further servers are told at the same path. Without --reload-url
the folder is the name that the server is asked for, which `transformers serve` loads by itself. Then greedy replies to
a few fixed prompts are compared with those of the model itself, here: those of other weights are others.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

from synth.base import loops
from synth.base.terminal import Say
from synth.bootstrapping.options import Looped
from synth.bootstrapping.write import Writer, free_memory
from synth.errors import TrainingError
from synth.evaluating.job import Job
from synth.evaluating.local import write_locally
from synth.evaluating.outputs import Partial
from synth.evaluating.prompts import Asking
from synth.evaluating.server import ask_server
from synth.models.generate import Decoding
from synth.models.load import load
from synth.record import Record
from synth.teachers.address import tidy

SECONDS = 900.0  # that loading a model may take
TOKENS = 16  # of a reply that tells whose it is
STOPPED = 3  # exit code: what was done is kept, the next command goes on
BODIES = {  # by the end of --reload-url
    "update_weights_from_disk": '{"model_path": "{model}"}',
    "collective_rpc": '{"method": "reload_weights", "kwargs": {"weights_path": "{model}"}}',
}


def body_for(config: Looped, model: Path) -> bytes:
    """What --reload-url is sent."""
    end = str(config.reload_url).rstrip("/").rpartition("/")[2].partition("?")[0]
    template = config.reload_body or BODIES.get(end, BODIES["update_weights_from_disk"])
    return template.replace("{model}", json.dumps(str(model.resolve()))[1:-1]).encode()


def reload_urls(config: Looped) -> dict[str, str]:
    """Where each server is told to load a model, by the address that it is asked at."""
    told = urlsplit(str(config.reload_url))
    others = {url: urlsplit(tidy(url)) for url in config.base_url}
    return {
        config.engine: str(config.reload_url),
        **{url: urlunsplit(told._replace(scheme=at.scheme, netloc=at.netloc)) for url, at in others.items()},
    }


def verdict(served: Sequence[str], new: Sequence[str], old: Sequence[str] | None) -> str:
    """Whose replies a server gives: new, old, or other.

    Only prompts to which the two models reply differently tell them apart; the last digits of other kernels may change
    a reply, so most have to agree, not all.
    """
    telling = [at for at in range(len(new)) if old is None or new[at] != old[at]]
    if not telling:  # what is known of the two is the same
        return "new" if _share(served, new, range(len(new))) > 0.5 else "other"
    if _share(served, new, telling) > 0.5:
        return "new"
    return "old" if old is not None and _share(served, old, telling) > 0.5 else "other"


def _share(served: Sequence[str], said: Sequence[str], places: Sequence[int]) -> float:
    return sum(served[at] == said[at] for at in places) / len(places)


@dataclass
class ServerWriter(Writer):
    """A server that writes, or several that have the same model."""

    config: Looped = field(kw_only=True)
    known: Sequence[Record] = field(kw_only=True)
    say: Say = field(kw_only=True)
    _proved: Path | None = None  # the model that the servers have been seen to have
    _said: Sequence[str] | None = None  # its replies to the known questions

    @property
    def servers(self) -> tuple[str, ...]:
        return self.config.engine, *self.config.base_url

    def _job(self, decoding: Decoding, folder: Path, name: str) -> Job:
        served, (first, *others) = self.config.model_name or str(self.model.resolve()), self.servers
        return Job(
            model=first, others=tuple(others), served=served, data=folder, out=folder, split=name, decoding=decoding
        )

    def _fill(self, job: Job, asking: Asking, records: Sequence[Record], partial: Partial) -> None:
        if self._proved != self.model:
            self._load()
            self._prove(asking)
        self._ask(job, asking, records, partial)

    def _ask(self, job: Job, asking: Asking, records: Sequence[Record], partial: Partial) -> None:
        shots = asking.shots and replace(asking.shots, how="text")
        loops.run(ask_server(job, replace(asking, shots=shots), records, partial, self.say, self.report))

    def _load(self) -> None:
        """Have the servers load the model, all at once."""
        if self.config.reload_url is not None:
            with ThreadPoolExecutor(len(self.servers)) as threads:
                list(threads.map(self._load_at, *zip(*reload_urls(self.config).items(), strict=True)))

    def _load_at(self, server: str, url: str) -> None:
        sent = urllib.request.Request(url, body_for(self.config, self.model), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(sent, timeout=SECONDS) as reply:
                said = reply.read()
        except (OSError, ValueError) as error:
            why = error.read().decode(errors="replace")[:200] if isinstance(error, urllib.error.HTTPError) else ""
            raise self._stopped(server, f"did not load {self.model} ({error}{why and ': '}{why})") from error
        if b'"success":false' in said.replace(b" ", b""):
            raise self._stopped(server, f"did not load {self.model}: {said.decode(errors='replace')[:200]}")

    def _prove(self, asking: Asking) -> None:
        """Raises TrainingError, exit code 3, if a server answers with other weights than those of the model."""
        plain, decoding = replace(asking, shots=None), Decoding(max_new_tokens=TOKENS)
        with TemporaryDirectory() as name:
            here = Path(name) / "here"
            local = Job(model=str(self.model), data=here, out=here, decoding=decoding)
            with Partial(local, {}) as partial:
                write_locally(local, load(str(self.model)), plain, self.known, partial, lambda *state: None)
                new = self._texts(partial)
            free_memory()
            for number, server in enumerate(self.servers):
                there = self._job(decoding, Path(name) / str(number), "fingerprint")  # a request store of its own
                with Partial(job := replace(there, model=server, others=()), {}) as partial:
                    self._ask(job, plain, self.known, partial)
                    found = verdict(self._texts(partial), new, self._said)
                if found != "new":
                    raise self._stopped(server, self._why(found))
        self._proved, self._said = self.model, new

    def _texts(self, partial: Partial) -> list[str]:
        return [partial.outputs(row)[0].text.strip() if row in partial else "" for row in range(len(self.known))]

    def _why(self, found: str) -> str:
        way = "--reload-url" if self.config.reload_url is None else "its log"
        if found == "old":
            return f"still answers with old weights, not with those of {self.model}: see {way}"
        return (
            f"does not answer as {self.model} does: it has other weights, or a chat template that changes the prompt; "
            f"see {way}, and start it with a template that passes the text through (docs/star.md)"
        )

    def _stopped(self, server: str, why: str) -> TrainingError:
        return TrainingError(f"{server} {why}; what was done is kept, --resume goes on from there", STOPPED)
