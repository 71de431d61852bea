"""the student made ready: embeddings, LoRA"""

import warnings
from collections.abc import Sequence
from typing import Any

from synth.record import Record


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
