"""Models of ListOps whose truth is known: one reads its answer off the last step, one never looks at its steps.

They are causal models of transformers that are saved and loaded as any other, and have no weights but one: what they
write is worked out from the text so far.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from synth.models import scratch
from synth.record import Record
from synth.validators.listops.expressions import INNERMOST, reduce

SURE = 30.0  # logit of the token that is written; all others have 0


def row(number: int, expression: str) -> Record:
    """A right row of ListOps, explained shortly."""
    steps = list(reduce(expression, 10))
    rationale, answer = "; ".join(step.short() for step in steps), str(steps[-1].value)
    completion = f"{rationale}; answer is {answer}"
    return Record(f"listops/{number}", "listops", expression, rationale, answer, completion, {"values": 10})


@lru_cache(maxsize=1 << 14)
def written_next(rule: str, text: str) -> str:
    """What is written behind a prompt, a line break and what is there: up to the end."""
    prompt, _, said = text.partition("\n")
    right = [step.value for step in reduce(prompt, 10)]
    values = [int(value) for value in re.findall(r"[A-Z]+, (\d)(?=;|$)", said)]
    answer = right[-1] if rule == "ignores" else (values or [0])[-1]
    if "answer is" in said:
        return rest(f"{said.partition('answer is')[0]}answer is {answer}", said)
    left = prompt
    for value in values:
        left = INNERMOST.sub(str(value), left, count=1)
    known = re.match(r"(?:[A-Z]+, \d(?:; ?|$))*", said)
    before = (known[0] if known else "").rstrip("; ")
    steps = [step.short() for step in reduce(left if rule == "follows" else prompt, 10)]
    whole = "; ".join([*filter(None, [before]), *(steps if rule == "follows" else steps[len(values) :]), "answer is"])
    return rest(whole, said)


def rest(whole: str, said: str) -> str:
    return whole[len(said) :] if whole.startswith(said) else ""


class RuleConfig(PreTrainedConfig):
    model_type = "rule"

    def __init__(self, rule: str = "follows", tokenizer: str = "", **more: Any) -> None:
        self.rule, self.tokenizer = rule, tokenizer
        self.num_hidden_layers = self.num_attention_heads = self.hidden_size = 1  # of a cache that stays empty
        super().__init__(**more)


class RuleModel(PreTrainedModel, GenerationMixin):  # type: ignore[misc]
    config_class = RuleConfig

    def __init__(self, config: RuleConfig) -> None:
        super().__init__(config)
        from transformers import AutoTokenizer

        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.reader = AutoTokenizer.from_pretrained(config.tokenizer)
        self.post_init()

    def prepare_inputs_for_generation(self, input_ids: Any, attention_mask: Any = None, **_: Any) -> dict[str, Any]:
        return {"input_ids": input_ids, "attention_mask": attention_mask}  # all of them, as nothing is kept

    def forward(self, input_ids: Any, attention_mask: Any = None, **_: Any) -> CausalLMOutput:
        logits = torch.zeros(*input_ids.shape, len(self.reader))
        for at, ids in enumerate(input_ids.tolist()):
            for place in range(len(ids)):
                text = self.reader.decode(ids[: place + 1], skip_special_tokens=True)
                logits[at, place, self._next(text)] = SURE
        return CausalLMOutput(logits=logits)

    def _next(self, text: str) -> int:
        said = written_next(self.config.rule, text) if "\n" in text else "\n"
        ids = self.reader(said, add_special_tokens=False)["input_ids"]
        return int(ids[0] if ids else self.reader.eos_token_id)


def make(folder: Path, rule: str, records: list[Record]) -> Path:
    """A checkpoint as `synth train` leaves it. rule: follows or ignores."""
    AutoConfig.register("rule", RuleConfig, exist_ok=True)
    AutoModelForCausalLM.register(RuleConfig, RuleModel, exist_ok=True)
    tokenizer = scratch.make_tokenizer(records, "tiny", True)
    tokenizer.save_pretrained(folder)
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    RuleModel(RuleConfig(rule, str(folder), vocab_size=len(tokenizer), **ends)).save_pretrained(folder)
    (folder / "synth-run.json").write_text('{"trainer": "llama", "target": "rationale", "line_break": null}')
    return folder
