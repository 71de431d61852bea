"""TRL's trainers learn from the exports and the rewards, and a process reward model from the labels of steps."""

import json
import math
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
from exported_rows import built, exported
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForTokenClassification, PreTrainedTokenizerFast

from synth.rewarding.reward import Completion, Values
from synth.rewards.accuracy import accuracy
from synth.rewards.diversity import diversity
from synth.rewards.format import format as form
from synth.rewards.length import within

OTHERS = ("diversity", "length:0-20")

SMALL = {
    "use_cpu": True, "bf16": False, "report_to": "none", "save_strategy": "no", "disable_tqdm": True,
    "activation_checkpointing": False, "logging_steps": 1,
}  # fmt: skip
SIZE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}"
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:.*pin_memory.*:UserWarning", "ignore:.*gradient_checkpointing:FutureWarning"
)


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tokenizer_of(texts: list[str]) -> Any:
    """A token for each sign that occurs."""
    signs = sorted(set("".join(texts)) | set("0123456789"))
    made = Tokenizer(models.BPE({sign: place for place, sign in enumerate([*signs, "<end>", "<pad>"])}, []))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")  # type: ignore[assignment]
    made.decoder = decoders.Fuse()  # type: ignore[assignment]
    found = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", pad_token="<pad>")
    found.chat_template = TEMPLATE
    return found


def tiny(tokenizer: Any) -> Any:
    torch.manual_seed(0)
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **ends, **SIZE))


@pytest.mark.parametrize("prompts", ["plain", "chat"])
def test_grpo_learns_from_the_rewards(tmp_path: Path, prompts: str) -> None:
    """Two sums of one digit: out of 26 signs the right one, of which chance gives one in 26."""
    from trl import GRPOConfig, GRPOTrainer

    folder = built(tmp_path / "data", "arithmetic", style="direct", digits="1")
    rows = exported(folder, "grpo", tmp_path, prompts=prompts)
    sums = datasets.Dataset.from_list([row for row in rows if len(row["answer"]) == 1][:2])
    tokenizer = tokenizer_of([row.get("question", row["prompt"]) for row in rows])
    seen: list[Completion] = []

    def watched(completions: Any, **columns: Any) -> Values:
        seen.extend(completions)
        return form(completions, **columns)

    settings = GRPOConfig(
        output_dir=str(tmp_path / "run"), max_steps=25, per_device_train_batch_size=32, num_generations=16,
        max_completion_length=1, learning_rate=1e-2, beta=0.0, reward_weights=[1.0, 0.1, 0.1, 0.1], **SMALL,
    )  # fmt: skip
    model = tiny(tokenizer)
    before = model.lm_head.weight.detach().clone()
    trainer = GRPOTrainer(
        model, [accuracy, watched, diversity, within(0, 20)], settings, train_dataset=sums, processing_class=tokenizer
    )
    trainer.train()
    said = [line["rewards/accuracy/mean"] for line in trainer.state.log_history if "rewards/accuracy/mean" in line]
    assert len(said) == 25
    assert sum(said[:5]) / 5 < 0.25
    assert sum(said[-5:]) / 5 > 0.4
    assert not torch.equal(before, model.lm_head.weight)
    assert len(seen) == 25 * 32
    assert all(isinstance(one, str) is (prompts == "plain") for one in seen)
    found = [line for line in trainer.state.log_history if "rewards/accuracy/mean" in line]
    for name in OTHERS:  # one sign that is no number is a rationale of one word, and a number none: no mean of nothing
        means = [line[f"rewards/{name}/mean"] for line in found]
        assert all(math.isnan(mean) or mean == 1.0 for mean in means), name
        assert any(mean == 1.0 for mean in means), name
    assert all(line.get("rewards/watched/mean", 0) == 0 for line in trainer.state.log_history)  # one sign is no form


def test_kto_trains_on_it(tmp_path: Path) -> None:
    from trl import KTOConfig, KTOTrainer

    folder = built(tmp_path / "data", "arithmetic", digits="1", train=8)
    rows = exported(folder, "kto", tmp_path)
    tokenizer = tokenizer_of([row["prompt"] + row["completion"] for row in rows])
    settings = KTOConfig(
        output_dir=str(tmp_path / "run"), max_steps=2, per_device_train_batch_size=4, max_length=None, **SMALL
    )
    data = datasets.Dataset.from_list(rows)
    trainer = KTOTrainer(tiny(tokenizer), tiny(tokenizer), settings, train_dataset=data, processing_class=tokenizer)
    first = trainer.train_dataset[0]
    assert tokenizer.decode(first["prompt_ids"]) == rows[0]["prompt"]
    assert tokenizer.decode(first["completion_ids"]) == f"{rows[0]['completion']}<end>"
    assert trainer.train().training_loss > 0


class Steps:
    """Rows of the stepwise form as TRL's trainer of process reward models reads them: a separator behind each step,
    and its label there. TRL 1.16 has that trainer no more, and names the form as before."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        words = {word for row in rows for text in (row["prompt"], *row["completions"]) for word in text.split()}
        self.ids = {word: place for place, word in enumerate(["<pad>", "\n", *sorted(words)])}

    def row(self, row: dict[str, Any]) -> tuple[list[int], list[int]]:
        tokens = [*map(self.ids.__getitem__, row["prompt"].split()), self.ids["\n"]]
        labels = [-100] * len(tokens)
        for step, label in zip(row["completions"], row["labels"], strict=True):
            tokens += [*map(self.ids.__getitem__, step.split()), self.ids["\n"]]
            labels += [-100] * (len(tokens) - len(labels) - 1) + [int(label)]
        return tokens, labels

    def batch(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        made = [self.row(row) for row in rows]
        longest = max(len(tokens) for tokens, _ in made)
        ids = torch.tensor([tokens + [0] * (longest - len(tokens)) for tokens, _ in made])
        labels = torch.tensor([labels + [-100] * (longest - len(labels)) for _, labels in made])
        return {"input_ids": ids, "attention_mask": (ids > 0).long(), "labels": labels}


def test_a_process_reward_model_learns_from_the_labels(tmp_path: Path) -> None:
    """Sums of one digit: right and wrong part at the third step, which the model tells in rows it has not seen."""
    data = [
        exported(built(tmp_path / f"data{seed}", "arithmetic", seed=seed, digits="1", train=64), "stepwise", tmp_path)
        for seed in range(5)
    ]
    training, held = [row for rows in data[:4] for row in rows], data[4]
    known = {json.dumps(row) for row in training}
    wrong = [row for row in held if row["first_wrong_step"] == 2 and json.dumps(row) not in known]
    held = [row for row in held if row["first_wrong_step"] == -1][: len(wrong)] + wrong
    assert len(wrong) > 25
    read = Steps(training + held)
    torch.manual_seed(0)
    sizes = {**SIZE, "hidden_size": 48, "num_attention_heads": 4}
    config = LlamaConfig(vocab_size=len(read.ids), num_labels=2, pad_token_id=0, initializer_range=0.2, **sizes)
    model = LlamaForTokenClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    drawn = torch.Generator().manual_seed(0)
    for _ in range(240):
        places = torch.randint(len(training), (64,), generator=drawn).tolist()
        loss = model(**read.batch([training[place] for place in places])).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    batch = read.batch(held)
    with torch.no_grad():
        said = model.eval()(**batch).logits.argmax(-1)
    third = [(labels >= 0).nonzero()[2].item() for labels in batch["labels"]]
    right = [bool(said[at, place] == batch["labels"][at, place]) for at, place in enumerate(third)]
    assert sum(right) / len(right) > 0.7  # chance: one half
