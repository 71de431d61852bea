"""Makes the student ready: loaded or new, an embedding for each token, LoRA."""

import warnings
from collections.abc import Sequence
from typing import Any, cast

from synth.models import load
from synth.models.codes import is_token
from synth.models.scratch import Size
from synth.training.rows import Prepared
from synth.training.settings import Settled
from synth.training.trainer import Architecture


def starting_model(architecture: Architecture, config: Settled, prepared: Prepared) -> Any:
    """The model before its first step, with an embedding for each token."""
    from transformers import set_seed

    set_seed(config.seed)
    if config.model:
        model = load.load_model(load.fetch(config.model), architecture.classes().model, config.qlora)
    else:
        size = cast(Size, config.from_scratch)  # one of the two is given
        model = architecture.make(prepared.tokenizer, size, max(architecture.longest(config)))
    fit_embedding(model, prepared.tokenizer)
    if config.codes:
        draw_codes(model, prepared.tokenizer, prepared.new_tokens)
    return with_lora(model, architecture, config, prepared.new_tokens) if config.lora else model


def fit_embedding(model: Any, tokenizer: Any) -> None:
    """Give every token of the tokenizer an embedding; new ones are drawn around the mean of those there are."""
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))


def draw_codes(model: Any, tokenizer: Any, new_tokens: Sequence[int]) -> None:
    """Draw the embeddings of new control tokens from mean and spread of those there were, dimension by dimension.

    So in the code that Ramnath et al. 2023 released. Whatever stood at these places is nothing: tables are often
    longer than their tokenizer, and a new row that stands at the mean of all says the same for every token.
    """
    import torch

    names = tokenizer.convert_ids_to_tokens(list(new_tokens))
    new = [number for number, name in zip(new_tokens, names, strict=True) if is_token(name)]
    if not new:
        return
    table = model.get_input_embeddings().weight
    with torch.no_grad():
        old = table[: new_tokens[0]].float()
        drawn = torch.normal(old.mean(dim=0).expand(len(new), -1), old.std(dim=0).expand(len(new), -1))
        table[new] = drawn.to(table)


def with_lora(model: Any, architecture: Architecture, config: Settled, new_tokens: Sequence[int]) -> Any:
    """Train low-rank updates of all linear layers (Hu et al. 2021; all of them as in QLoRA), scaled by two.

    Embeddings of tokens that are new to the model are trained as well, and no others.
    """
    import peft
    from peft import LoraConfig, TaskType, get_peft_model

    if config.qlora:
        ready: Any = peft.prepare_model_for_kbit_training
        model = ready(model)
    rank = config.lora or 0
    updates = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear",
        task_type=TaskType.SEQ_2_SEQ_LM if architecture.encoder_decoder else TaskType.CAUSAL_LM,
        trainable_token_indices=list(new_tokens) or None,
    )  # fmt: skip
    # peft asks the model for what transformers has given another name, and says that it saves resized embeddings
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)
    warnings.filterwarnings("ignore", message="Setting `save_embedding_layers`", category=UserWarning)
    return get_peft_model(model, updates)
