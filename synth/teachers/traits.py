"""What is peculiar about models, told by their names: in one place, for every server that has them.

OpenAI's reasoning models refuse a temperature and know only `max_completion_tokens`, behind a gateway as well. A name
of a later generation (gpt-7) is taken for one: all since gpt-5 are, but for the chat variants. Other makers' reasoning
models take both. What a name does not tell, as a deployment's own does not, the server's refusal or an option has to.
"""

import re
from dataclasses import dataclass

OPENAI_REASONING = re.compile(r"(o[1-9]\d*|gpt-([5-9]|[1-9]\d)(\.\d+)?)(?=$|[-:@])(?!-chat)")
OTHER_REASONING = re.compile(
    r"gpt-oss|deepseek-(r\d|reasoner)|qwen3(?!.*(instruct|coder))|qwq|magistral|grok-([4-9]|3-mini)"
    r"|gemini-(2\.5|[3-9]|\d\d)|.*-thinking"
)


@dataclass(frozen=True)
class Traits:
    """What has to be known to ask a model."""

    reasons: bool = False  # its completion tokens include a trace, shown or hidden
    takes_temperature: bool = True
    completion_limit: bool = False  # it takes max_completion_tokens and refuses max_tokens


def traits_of(model: str) -> Traits:
    """The traits of a model by its name, with or without a maker before a slash."""
    bare = model.lower().rsplit("/", 1)[-1].removeprefix("ft:")
    if OPENAI_REASONING.match(bare):
        return Traits(reasons=True, takes_temperature=False, completion_limit=True)
    return Traits(reasons=OTHER_REASONING.match(bare) is not None)
