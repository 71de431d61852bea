"""Stands in for the package vllm, which needs a GPU: `LLM`, `SamplingParams` over transformers, a prompt at a time.

It has the words that synth/bootstrapping/vllm_stage.py uses, and refuses others as vLLM does. VLLM_STANDIN_STOPS=N ends
the process after so many calls of `generate`.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class SamplingParams:
    n: int = 1
    temperature: float = 1.0
    max_tokens: int = 16
    seed: int | None = None
    stop_token_ids: list[int] | None = None
    skip_special_tokens: bool = True


@dataclass
class CompletionOutput:
    index: int
    text: str
    token_ids: list[int]
    finish_reason: str


@dataclass
class RequestOutput:
    outputs: list[CompletionOutput]


class LLM:
    def __init__(self, model: str, seed: int = 0) -> None:
        from transformers import AutoModelForCausalLM

        self.model: Any = AutoModelForCausalLM.from_pretrained(model).eval()
        with Path(os.environ["VLLM_STANDIN_LOG"]).open("a") as log:
            log.write(f"{model}\n")
        self.calls = 0

    def generate(
        self, prompts: list[dict[str, list[int]]], sampling_params: list[SamplingParams], use_tqdm: bool = True
    ) -> list[RequestOutput]:
        self.calls += 1
        if self.calls > int(os.environ.get("VLLM_STANDIN_STOPS", "1000")):
            raise RuntimeError("CUDA error: the GPU is lost")
        return [
            self._one(prompt["prompt_token_ids"], given) for prompt, given in zip(prompts, sampling_params, strict=True)
        ]

    def _one(self, ids: list[int], given: SamplingParams) -> RequestOutput:
        import torch

        torch.manual_seed(given.seed or 0)
        sampled = {"do_sample": True, "temperature": given.temperature} if given.temperature else {"do_sample": False}
        written = self.model.generate(
            input_ids=torch.tensor([ids]), max_new_tokens=given.max_tokens, num_return_sequences=given.n,
            eos_token_id=given.stop_token_ids, **sampled,
        )  # fmt: skip
        return RequestOutput([self._cut(at, row[len(ids) :].tolist(), given) for at, row in enumerate(written)])

    def _cut(self, at: int, ids: list[int], given: SamplingParams) -> CompletionOutput:
        end = next((place for place, one in enumerate(ids) if one in (given.stop_token_ids or [])), None)
        own = ids if end is None else ids[: end + 1]
        return CompletionOutput(at, "", own, "length" if end is None else "stop")
