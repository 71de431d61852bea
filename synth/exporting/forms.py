"""Rows in the forms that trainers read, and what LLaMA-Factory has to be told about each.

    messages            {"messages": [{"role", "content"}, ...]}             TRL, axolotl (chat_template), LLaMA-Factory
    prompt-completion   {"prompt", "completion"}                             TRL
    alpaca              {"instruction", "input", "output"}                   LLaMA-Factory, axolotl (alpaca)
    sharegpt            {"conversations": [{"from", "value"}, ...]}          LLaMA-Factory, axolotl (chat_template)
    dpo                 {"prompt", "chosen", "rejected"}                     TRL, LLaMA-Factory, axolotl
    kto                 {"prompt", "completion", "label"}                    TRL, LLaMA-Factory
    stepwise            {"prompt", "completions", "labels", ...}             TRL ("stepwise supervision")
    prm                 {"prompt", "completion", "label", "step"}            any classifier of texts
    grpo                {"prompt", "answer", "task", "reward", ...}          TRL (GRPO, RLOO): questions.py
    verl                {"data_source", "prompt", "reward_model", ...}       verl: questions.py

Names of fields as TRL 1.16 ("Dataset formats"), LLaMA-Factory 0.9.5 (llamafactory/data/parser.py), axolotl 0.19
(prompt_strategies) and verl 0.7 ("Prepare Data for Post-Training") have them. Chats are turns of their own, so the
white space around them is taken off; prompts and completions are texts that continue one another and stay as they are.
"""

from typing import Any, Literal

from synth.record import Record

Plain = Literal["messages", "prompt-completion", "alpaca", "sharegpt"]
Labelled = Literal["dpo", "kto", "stepwise", "prm"]
Asked = Literal["grpo", "verl"]
Form = Literal[Plain, Labelled, Asked]
Prompts = Literal["plain", "chat", "instructed"]
TAKES_SYSTEM = ("messages", "alpaca", "sharegpt")
KNOWN_TO_LLAMA_FACTORY = ("messages", "prompt-completion", "alpaca", "sharegpt", "dpo", "kto")
INFO = "dataset_info.json"  # LLaMA-Factory's register of datasets


def row(record: Record, form: Plain, system: str | None) -> dict[str, Any]:
    """A record in one of the forms that take each row by itself."""
    asked, said = record.prompt.strip(), record.completion.strip()
    if form == "prompt-completion":
        return {"prompt": record.prompt, "completion": record.completion}
    if form == "alpaca":
        return {"instruction": asked, "input": "", "output": said, **({"system": system} if system else {})}
    role, content, names = (
        ("role", "content", ("system", "user", "assistant"))
        if form == "messages"
        else ("from", "value", ("system", "human", "gpt"))
    )
    turns = [{role: name, content: text} for name, text in zip(names, (system, asked, said), strict=True) if text]
    return {"messages" if form == "messages" else "conversations": turns}


def dataset_info(form: Form, system: str | None) -> dict[str, Any]:
    """How LLaMA-Factory reads a file of this form: its entry in dataset_info.json, but for the file's name."""
    if form == "messages":
        tags = {
            "role_tag": "role", "content_tag": "content",
            "user_tag": "user", "assistant_tag": "assistant", "system_tag": "system",
        }  # fmt: skip
        return {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}
    if form == "sharegpt":
        return {"formatting": "sharegpt", "columns": {"messages": "conversations"}}
    columns = {
        "prompt-completion": {"prompt": "prompt", "response": "completion"},
        "alpaca": {"prompt": "instruction", "query": "input", "response": "output"},
        "dpo": {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
        "kto": {"prompt": "prompt", "response": "completion", "kto_tag": "label"},
    }[form]
    columns |= {"system": "system"} if form == "alpaca" and system else {}
    return {**({"ranking": True} if form == "dpo" else {}), "columns": columns}
