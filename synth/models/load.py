"""Loads models and tokenizers from a folder or the Hub, for training and for generation."""

import os
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from synth.base import hf
from synth.data.names import CHECKPOINTS, ITERATIONS
from synth.errors import MissingExtraError, SourceError, SynthError, first_line
from synth.models.generate import Checkpoint

ADAPTER = "adapter_config.json"
WEIGHTS = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.model", "*.txt", "*.jinja"]
OLD_WEIGHTS = ["*.bin", "*.bin.index.json"]  # of models that were never converted
PACKAGES = ("torch", "transformers", "accelerate", "peft")
SERVED = "give --model a checkpoint's folder, or a server's model as --model URL --model-name {}"
TRAINED = "give --model a folder or the id of a model on the Hub, or --from-scratch tiny"


def quiet_libraries() -> None:
    """No telemetry, no progress bars and no advice of what trains; to be called before it is imported.

    Raises MissingExtraError if a package is not installed.
    """
    hf.quiet()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait busily starve whatever else runs here
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise MissingExtraError(f"synth train (no {', '.join(missing)} here)", "train")
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def fetch(name: str, otherwise: str = TRAINED) -> Path:
    """The folder of a model; what the Hub has is fetched once. `otherwise`: what the user can give instead.

    Raises SourceError for a model that is not there, needs a login, or cannot be fetched.
    """
    if Path(name).is_dir():
        return Path(name)
    folder = hf.fetch(name, WEIGHTS, otherwise)
    if not any(folder.glob("*.safetensors")):
        hf.fetch(name, OLD_WEIGHTS, otherwise)
    return folder


def load_tokenizer(folder: Path, decoder: bool) -> Any:
    """The tokenizer of a model; one without a padding token pads with the end token, which is masked.

    Raises SourceError if it cannot be loaded, or has no end token, without which a model never learns where to stop.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, ImportError) as error:
        raise SourceError(f"{folder} has no tokenizer that can be loaded: {first_line(error)}") from error
    if tokenizer.eos_token_id is None:
        raise SourceError(
            f"the tokenizer of {folder} has no end token, so that a model could not learn where to stop: "
            "name one as eos_token in its tokenizer_config.json, or give another model"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left" if decoder else "right"
    return tokenizer


def shape(folder: Path) -> Any:
    """The configuration of the model in a folder.

    Raises SourceError if it cannot be read.
    """
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise SourceError(f"no model can be loaded from {folder}: {first_line(error)}") from error


def load_model(folder: Path, kind: Any, four_bit: bool = False, dtype: Any = None) -> Any:
    """The model of a folder, in 32 bits (mixed precision keeps them) or quantised to four for QLoRA.

    kind: AutoModelForCausalLM or its like. dtype: of its weights, if it is another. Raises SourceError if it cannot be
    loaded.
    """
    import torch
    from safetensors import SafetensorError

    try:
        return kind.from_pretrained(folder, dtype=dtype or torch.float32, **(_four_bit() if four_bit else {}))
    except (OSError, ValueError, SafetensorError) as error:
        raise SourceError(f"no model can be loaded from {folder}: {_removed(folder) or first_line(error)}") from error


def _four_bit() -> dict[str, Any]:
    """The settings of QLoRA (Dettmers et al. 2023): four-bit NormalFloat, quantised twice, computing in bf16."""
    if find_spec("bitsandbytes") is None:
        raise SynthError("--qlora needs a package that is not installed: pip install bitsandbytes")
    import torch
    import transformers

    kind: Any = transformers.BitsAndBytesConfig
    four = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
    return {"quantization_config": kind(**four, bnb_4bit_compute_dtype=torch.bfloat16)}


def load(name: str, otherwise: str = SERVED) -> Checkpoint:
    """The checkpoint in a folder or on the Hub. otherwise: what can be given if it is not there; {} is its name.

    Raises MissingExtraError without torch, SourceError for what is not there, needs a login or has no weights.
    """
    hf.quiet()
    adapter, base = _base(name, otherwise)  # before torch, which takes seconds to import
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


def _base(name: str, otherwise: str) -> tuple[str | None, str]:
    """The folder of an adapter, if there is one, and the place of the whole model."""
    folder = Path(name)
    if (folder / ADAPTER).is_file() and not (folder / "config.json").is_file():
        import json

        base = json.loads((folder / ADAPTER).read_text(encoding="utf-8"))["base_model_name_or_path"]
        return name, str(fetch(base, otherwise.format(base)))
    if not folder.is_dir():
        if folder.exists() or name.count("/") > 1 or name.startswith((".", "/", "~")):
            raise SourceError(f"{name} is not there: give --model a checkpoint's folder, a name on the Hub, or a URL")
        return None, str(fetch(name, otherwise.format(name)))
    if not (folder / "config.json").is_file():
        saved = sorted(folder.glob(f"{CHECKPOINTS}/checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
        hint = f"its training did not end; the last checkpoint is {saved[-1]}" if saved else "it has no config.json"
        raise SourceError(f"{name} holds no checkpoint: {hint}")
    return None, name


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


def _removed(folder: Path) -> str | None:
    """Why a model has no weights, if it is one of a loop that keeps those of some."""
    if any(folder.glob("*.safetensors")) or folder.absolute().parent.parent.name != ITERATIONS:
        return None
    return "the loop removed them, and keeps those of the best and the last iteration; --keep-weights all keeps each"


def _why(name: str, base: str, error: BaseException) -> str:
    """One line about a checkpoint that is here and cannot be loaded."""
    said = str(error)
    if "no file named" in said:
        return f"{name} has no weights: {_removed(Path(base)) or f'no model.safetensors is in {base}'}"
    return f"{name} cannot be loaded: {type(error).__name__}: {' '.join(said.split())[:200]}"
