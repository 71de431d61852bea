"""The model that is trained and its tokenizer: from a folder, from the Hub, or from scratch."""

import os
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from synth.errors import MissingExtraError, SourceError, SynthError, UsageError
from synth.record import Record

WEIGHTS = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.model", "*.txt", "*.jinja"]
OLD_WEIGHTS = ["*.bin", "*.bin.index.json"]  # of models that were never converted


def quiet_libraries() -> None:
    """No telemetry, no progress bars and no advice of the libraries below; to be called before they are imported."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait busily starve whatever else runs here
    if missing := [name for name in ("torch", "transformers", "accelerate", "peft") if find_spec(name) is None]:
        raise MissingExtraError(f"synth train (no {', '.join(missing)} here)", "train")
    from transformers.utils import logging

    for switch in ("set_verbosity_error", "disable_progress_bar"):
        getattr(logging, switch)()


def fetch(name: str) -> Path:
    """The folder of a model; what the Hub has is fetched once.

    Raises SourceError for a model that is not there, needs a login, or cannot be fetched.
    """
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    way_out = "give --model a folder or the id of a model on the Hub, or --from-scratch tiny"
    hub = os.environ.get("HF_ENDPOINT") or None
    try:
        folder = Path(snapshot_download(name, allow_patterns=WEIGHTS, ignore_patterns="*/*", endpoint=hub))
        if not any(folder.glob("*.safetensors")):
            snapshot_download(name, allow_patterns=OLD_WEIGHTS, ignore_patterns="*/*", endpoint=hub)
        return folder
    except GatedRepoError as error:
        raise SourceError(
            f"the model {name!r} needs a login: accept its terms at https://huggingface.co/{name}, "
            "then type hf auth login"
        ) from error
    except RepositoryNotFoundError as error:
        raise SourceError(f"there is no model {name!r}: {way_out} (a private one needs hf auth login first)") from error
    except HFValidationError as error:
        raise SourceError(f"there is no folder {name!r}: {way_out}") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise SourceError(
            f"the model {name!r} is not on this machine and the Hub cannot be reached: {way_out}"
        ) from error


def load_tokenizer(folder: Path, decoder: bool) -> Any:
    """The tokenizer of a model; one without a padding token pads with the end token, which is masked.

    Raises SourceError where it cannot be loaded.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, ImportError) as error:
        raise SourceError(f"{folder} has no tokenizer that can be loaded: {first_line(error)}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left" if decoder else "right"
    return tokenizer


def shape(folder: Path, decoder: bool) -> Any:
    """The configuration of the model in a folder.

    Raises SourceError where it cannot be read, UsageError where the model belongs to the other trainer.
    """
    from transformers import AutoConfig

    try:
        found = AutoConfig.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise SourceError(f"no model can be loaded from {folder}: {first_line(error)}") from error
    if bool(found.is_encoder_decoder) is decoder:
        right, name = ("an encoder-decoder", "t5") if decoder else ("a decoder", "llama")
        raise UsageError(f"{folder.name} is {right}: train it with synth train {name}")
    return found


def load_model(folder: Path, decoder: bool, four_bit: bool = False) -> Any:
    """The model of a folder, in 32 bits (mixed precision keeps them) or quantised to four for QLoRA.

    Raises SourceError where it cannot be loaded.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    kind: Any = AutoModelForCausalLM if decoder else AutoModelForSeq2SeqLM
    try:
        return kind.from_pretrained(folder, dtype=torch.float32, **(_four_bit() if four_bit else {}))
    except (OSError, ValueError, SafetensorError) as error:
        raise SourceError(f"no model can be loaded from {folder}: {first_line(error)}") from error


def _four_bit() -> dict[str, Any]:
    """The settings of QLoRA (Dettmers et al. 2023): four-bit NormalFloat, quantised twice, computing in bf16."""
    if find_spec("bitsandbytes") is None:
        raise SynthError("--qlora needs a package that is not installed: pip install bitsandbytes")
    import torch
    import transformers

    kind: Any = transformers.BitsAndBytesConfig
    four = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
    return {"quantization_config": kind(**four, bnb_4bit_compute_dtype=torch.bfloat16)}


def add_blanks(tokenizer: Any, tokens: Sequence[str]) -> None:
    """Make each blank one token of its own; they are plain text otherwise, so that they are seen in outputs."""
    from tokenizers import AddedToken

    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in tokens])


def fit_embedding(model: Any, tokenizer: Any) -> None:
    """Give every token of the tokenizer an embedding; new ones are drawn around the mean of those there are."""
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))


def with_lora(model: Any, rank: int, decoder: bool, new_tokens: Sequence[int]) -> Any:
    """Train low-rank updates of all linear layers (Hu et al. 2021; all of them as in QLoRA), scaled by two.

    Embeddings of tokens that are new to the model are trained as well, and no others.
    """
    import peft
    from peft import LoraConfig, TaskType, get_peft_model

    if getattr(model, "is_quantized", False):
        ready: Any = peft.prepare_model_for_kbit_training
        model = ready(model)
    kind = TaskType.CAUSAL_LM if decoder else TaskType.SEQ_2_SEQ_LM
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type=kind,
        trainable_token_indices=list(new_tokens) or None,
    )  # fmt: skip
    # peft asks the model for what transformers has given another name, and says that it saves resized embeddings
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)
    warnings.filterwarnings("ignore", message="Setting `save_embedding_layers`", category=UserWarning)
    return get_peft_model(model, config)


def room(shape: Any) -> int | None:
    """The longest text a model can take, in tokens; None where it has no limit, as T5, whose places are relative.

    shape: its configuration, None for a new model, which is made for the texts there are.
    """
    return getattr(shape, "max_position_embeddings", None)


def records_of(parts: Sequence[Any]) -> list[Record]:
    return [record for part in parts for record in part.records]


def first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]
