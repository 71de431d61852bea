"""Exports read and trained on by TRL: its own data preparation and one step, with a tiny model made on the spot."""

from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from synth.builders import arithmetic
from synth.building.build import carry_out as build
from synth.building.options import Options as BuildOptions
from synth.exporting.export import run
from synth.exporting.options import Export

TURN = "<{{ message.role }}>{% generation %}{{ message.content }}{% endgeneration %}"
TEMPLATE = "{% for message in messages %}" + TURN + "{% endfor %}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = arithmetic.Config(digits="1-2", train=8, validation=0, test=0, test_beyond=0)
    (result,) = build("arithmetic", config, BuildOptions(tmp_path_factory.mktemp("data") / "sums", workers=1))
    return result.folder


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({sign: place for place, sign in enumerate([*alphabet, "<end>", "<pad>"])}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    made.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    found = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", pad_token="<pad>")
    found.chat_template = TEMPLATE
    return found


def tiny(tokenizer: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def loaded(folder: Path, form: Any, out: Path, **more: Any) -> Any:
    run(Export(folder, to=form, out=out / form, **more))
    return datasets.load_dataset(str(out / form), split="train", cache_dir=str(out / "cache"))


SMALL = {
    "max_steps": 1, "per_device_train_batch_size": 4, "use_cpu": True, "bf16": False, "report_to": "none",
    "save_strategy": "no", "disable_tqdm": True, "max_length": None, "activation_checkpointing": False,
}  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*pin_memory.*:UserWarning")


@pytest.mark.parametrize("form", ["messages", "prompt-completion"])
def test_sft_trains_on_it(folder: Path, tokenizer: Any, tmp_path: Path, form: str) -> None:
    from trl import SFTConfig, SFTTrainer

    rows = loaded(folder, form, tmp_path)
    settings = SFTConfig(output_dir=str(tmp_path / "run"), assistant_only_loss=form == "messages", **SMALL)
    trainer = SFTTrainer(tiny(tokenizer), settings, train_dataset=rows, processing_class=tokenizer)
    first = trainer.train_dataset[0]
    text = tokenizer.decode(first["input_ids"])
    if form == "messages":
        asked, said = (turn["content"] for turn in rows[0]["messages"])
        assert text.removesuffix("<end>") == f"<user>{asked}<assistant>{said}"
    else:
        assert text == f"{rows[0]['prompt']}{rows[0]['completion']}<end>"
        learned = [token for token in first["labels"] if token != -100]
        assert tokenizer.decode(learned) == f"{rows[0]['completion']}<end>"
    assert trainer.train().training_loss > 1


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing. is deprecated:FutureWarning")  # TRL asks transformers
def test_dpo_trains_on_it(folder: Path, tokenizer: Any, tmp_path: Path) -> None:
    from trl import DPOConfig, DPOTrainer

    rows = loaded(folder, "dpo", tmp_path)
    settings = DPOConfig(output_dir=str(tmp_path / "run"), **SMALL)
    trainer = DPOTrainer(tiny(tokenizer), tiny(tokenizer), settings, train_dataset=rows, processing_class=tokenizer)
    first = trainer.train_dataset[0]
    assert tokenizer.decode(first["prompt_ids"]) == rows[0]["prompt"]
    for side in ("chosen", "rejected"):
        assert tokenizer.decode(first[f"{side}_ids"]) == f"{rows[0][side]}<end>"
    assert trainer.train().training_loss == pytest.approx(0.693, abs=0.01)  # ln 2: before the first step both are alike
