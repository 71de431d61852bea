"""Has a local checkpoint write: any encoder-decoder or decoder in Hugging Face's format, LoRA adapters too.

Prompts go through the model in batches ordered by length, longest first: a batch is padded little, and the one that
takes the most memory comes first. Which prompts share a batch depends on nothing but their lengths, so a run that is
gone on with makes the same batches.

Greedy decoding by default. A sampled token is the one at which the sum of the probabilities passes a number between 0
and 1, and each row draws its numbers from its own seed, so that what it says does not hang on its neighbours (but for
the last digits of floating-point sums, which padding changes).
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from synth.errors import MissingExtraError, SourceError

BATCH_TOKENS = 32_768  # of prompts with their outputs, padding included, in one batch
ADAPTER = "adapter_config.json"


@dataclass(frozen=True)
class Decoding:
    """How outputs are written."""

    samples: int = 1
    temperature: float = 0.0  # 0: the likeliest token each time
    max_new_tokens: int = 512
    batch_size: int = 64  # rows at most
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that was written."""

    text: str
    tokens: int  # the end token counts as one
    cut_off: bool  # the length limit ended it


class Checkpoint:
    """A model and its tokenizer, ready to write."""

    def __init__(self, name: str, tokenizer: Any, model: Any) -> None:
        self.name, self.tokenizer, self.model = name, tokenizer, model
        self.decoder = not model.config.is_encoder_decoder
        if self.decoder:
            tokenizer.padding_side = "left"
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token

    @cached_property
    def limit(self) -> int | None:
        """Tokens of the longest prompt; of a decoder, prompt and output together. None: no limit (T5)."""
        limit = getattr(self.model.config, "max_position_embeddings", None)
        return int(limit) if limit else None

    @cached_property
    def ends(self) -> list[int]:
        found = self.model.generation_config.eos_token_id
        ends = found if isinstance(found, list) else [found]
        return [end for end in [*ends, self.tokenizer.eos_token_id] if end is not None]

    def encode(self, prompts: Sequence[str], chat: bool) -> list[list[int]]:
        """Tokens of each prompt, with those that the tokenizer adds, but for an end token in front of a decoder's
        output. The text of a chat has them all."""
        # verbose: the length of each is looked at elsewhere
        found: list[list[int]] = self.tokenizer(list(prompts), add_special_tokens=not chat, verbose=False)["input_ids"]
        if self.decoder:
            return [ids[:-1] if len(ids) > 1 and ids[-1] in self.ends else ids for ids in found]
        return found

    def room(self, length: int, decoding: Decoding) -> int:
        """Tokens that may be written behind a prompt of so many; 0 or less where the prompt is too long by itself."""
        if self.limit is None:
            return decoding.max_new_tokens
        left = self.limit - length
        if self.decoder:
            return min(decoding.max_new_tokens, left)
        return decoding.max_new_tokens if left >= 0 else 0

    def write(self, prompts: Sequence[list[int]], names: Sequence[str], decoding: Decoding) -> list[list[Output]]:
        """The outputs of each prompt of one batch. `names` seed the samples of a row."""
        import torch

        copies = [ids for ids in prompts for _ in range(decoding.samples)]
        padded = self.tokenizer.pad({"input_ids": copies}, return_tensors="pt").to(self.model.device)
        room = self.room(max(map(len, prompts)), decoding)
        drawn = _Drawn.for_rows(names, decoding, room, self.model.device) if decoding.temperature else None
        with torch.inference_mode():
            written = self.model.generate(
                input_ids=padded["input_ids"], attention_mask=padded["attention_mask"],
                generation_config=self._settings(room), logits_processor=[drawn] if drawn else None,
            )  # fmt: skip
        written = written[:, padded["input_ids"].shape[1] :] if self.decoder else written[:, 1:]
        outputs = [self._output(ids) for ids in written.tolist()]
        return [outputs[at : at + decoding.samples] for at in range(0, len(outputs), decoding.samples)]

    def _settings(self, room: int) -> Any:
        from transformers import GenerationConfig

        config = self.model.generation_config
        start = getattr(config, "decoder_start_token_id", None)
        if start is None:
            start = getattr(self.model.config, "decoder_start_token_id", None)
        return GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=room, do_sample=False, num_beams=1, eos_token_id=self.ends or None,
            pad_token_id=self.tokenizer.pad_token_id, bos_token_id=config.bos_token_id, decoder_start_token_id=start,
        )  # fmt: skip

    def _output(self, ids: list[int]) -> Output:
        end = next((at for at, token in enumerate(ids) if token in self.ends), None)
        own = ids if end is None else ids[: end + 1]
        text = self.tokenizer.decode(own, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Output(text, len(own), end is None)


class _Drawn:
    """A logits processor that leaves one token of each row: the one drawn with the row's own numbers."""

    def __init__(self, numbers: Any, temperature: float) -> None:
        self.numbers, self.temperature, self.step = numbers, temperature, 0

    @classmethod
    def for_rows(cls, names: Sequence[str], decoding: Decoding, steps: int, device: Any) -> "_Drawn":
        import torch

        from synth.draws import uniform

        rows = [
            uniform(f"eval/{decoding.seed}/{name}/{sample}", 0, 1, steps)[0].tolist()
            for name in names
            for sample in range(decoding.samples)
        ]
        return cls(torch.tensor(rows, dtype=torch.float64, device=device), decoding.temperature)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        sums = torch.softmax(scores.double() / self.temperature, dim=-1).cumsum(dim=-1)
        aim = self.numbers[:, self.step, None] * sums[:, -1:]
        self.step += 1
        token = torch.searchsorted(sums, aim, right=True)
        return torch.full_like(scores, float("-inf")).scatter_(1, token, 0.0)


def batches(lengths: Sequence[int], decoding: Decoding, by_length: bool = True) -> Iterator[list[int]]:
    """Places of the prompts that go together: at most batch_size, and BATCH_TOKENS with what they may write.

    `by_length`: longest first; otherwise in the order of the data (what benchmarks/evaluating.py compares with).
    """
    order = sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)) if by_length else range(len(lengths))
    batch: list[int] = []
    longest = 0
    for at in order:
        longest = max(longest, lengths[at])
        tokens = (longest + decoding.max_new_tokens) * decoding.samples * (len(batch) + 1)
        if batch and (len(batch) == decoding.batch_size or tokens > BATCH_TOKENS):
            yield batch
            batch, longest = [], lengths[at]
        batch.append(at)
    if batch:
        yield batch


def load(name: str) -> Checkpoint:
    """The checkpoint in a folder or on the Hub.

    Raises MissingExtraError without torch, SourceError for what is not there, needs a login or has no weights.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    adapter, base = _base(name)  # before torch, which takes seconds to import
    try:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtraError("evaluating a checkpoint", "train") from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(base)
        kind: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model: Any = kind.from_pretrained(base, dtype=config.dtype if place.type == "cuda" else torch.float32)
        model = _with_adapter(model, adapter) if adapter else model
        tokenizer = AutoTokenizer.from_pretrained(adapter if adapter and _has_tokenizer(adapter) else base)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise SourceError(_why(name, base, error)) from error
    return Checkpoint(name, tokenizer, model.to(place).eval())


def _base(name: str) -> tuple[str | None, str]:
    """The folder of an adapter, where there is one, and the place of the whole model."""
    folder = Path(name)
    if (folder / ADAPTER).is_file() and not (folder / "config.json").is_file():
        import json

        base = json.loads((folder / ADAPTER).read_text(encoding="utf-8"))["base_model_name_or_path"]
        return name, base if Path(base).is_dir() else _downloaded(base)
    if not folder.is_dir():
        if folder.exists() or name.count("/") > 1 or name.startswith((".", "/", "~")):
            raise SourceError(f"{name} is not there: give --model a checkpoint's folder, a name on the Hub, or a URL")
        return None, _downloaded(name)
    if not (folder / "config.json").is_file():
        saved = sorted(folder.glob("checkpoints/checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
        hint = f"its training did not end; the last checkpoint is {saved[-1]}" if saved else "it has no config.json"
        raise SourceError(f"{name} holds no checkpoint: {hint}")
    return None, name


def _downloaded(name: str) -> str:
    """Fetched here: without a network transformers tries again for most of a minute."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    patterns = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
    try:
        return snapshot_download(name, allow_patterns=patterns, ignore_patterns="*/*")
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise SourceError(_why(name, name, error)) from error


def _with_adapter(model: Any, folder: str) -> Any:
    try:
        from peft import PeftModel
    except ImportError as error:
        raise MissingExtraError("a LoRA adapter", "train") from error
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)  # peft's own
        return PeftModel.from_pretrained(model, folder).merge_and_unload()


def _has_tokenizer(folder: str) -> bool:
    return (Path(folder) / "tokenizer_config.json").is_file()


def _why(name: str, base: str, error: BaseException) -> str:
    """One line about a checkpoint that cannot be loaded."""
    said, chain = str(error), [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    kinds = {type(each).__name__ for each in chain}
    if kinds & {"GatedRepoError"} or "gated" in said or "401" in said or "403" in said:
        return f"{name} needs a login, or is not there: ask for access on its page, then type hf auth login"
    if kinds & {"RepositoryNotFoundError", "HFValidationError"}:
        return f"{name} is neither a folder nor a model on the Hub: check its name"
    if kinds & {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectError", "ConnectTimeout"}:
        return (
            f"{name} is not a folder, and the Hub cannot be reached to look for it there; a server's model is given "
            f"as --model URL --model-name {name}"
        )
    if "no file named" in said:
        return f"{name} has no weights: no model.safetensors is in {base}"
    return f"{name} cannot be loaded: {type(error).__name__}: {' '.join(said.split())[:200]}"
