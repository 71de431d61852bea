"""Takes a reply apart: what it thought, what it shows, and what stands behind the mark that ends it.

Chat templates put marks around turns and thoughts, and servers that do not know a template leave them in the text.
Marks are known by their general form, thoughts by the words that templates use for them.
"""

import re

_WORDS = r"(?:inner_?|long_?)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratchpad|analysis|monologue)"
_PREFIX = r"(?:[a-z]{1,12}[:_])?"  # <seed:think>, <longcat_think>, <mm:think>
_THOUGHT = re.compile(
    rf"<\|(?:begin|start|(?P<c>end))_(?:of_)?{_WORDS}\|>"
    rf"|[<\u25c1]\|?(?P<a>/)?{_PREFIX}{_WORDS}\s{{0,4}}\|?[>\u25b7]"
    r"|\[(?P<b>/)?(?-i:THINK)\]"  # in capitals alone: [think] may be a word of the text
    rf"|<\|channel>{_WORDS}|(?P<d><channel\|>)",
    re.IGNORECASE,
)
# OpenAI's harmony: <|channel|>analysis<|message|>...<|end|><|start|>assistant<|channel|>final<|message|>...<|return|>
_CHANNEL = re.compile(r"<\|channel\|>\s?(\w{1,20})[^<]{0,80}<\|message\|>")
_HARMONY_END = re.compile(r"<\|(?:end|return|call|start)\|>")
_BARE_HARMONY = re.compile(r"\s{0,9}analysis(?=[\sA-Z\d\"'(])(.{0,200000}?)assistantfinal", re.DOTALL)  # marks left out
# <|im_end|> <|eot_id|> </s> <eos> <end_of_turn> <turn|> [/INST] and DeepSeek's with wide bars; two letters at least,
# so that no absolute value is one.
_MARK = re.compile(
    r"<\|[a-z][\w.:/-]{1,40}\|?>|<[a-z][\w]{1,20}\|>|<\uff5c[^\uff5c<>\n]{1,40}\uff5c>|</?s>"
    r"|<(?:eos|bos|pad|unk|(?:end|start)_of_[a-z]{1,20}|/?im_(?:start|end))>|\[/?INST\]|\[(?:end of text|EOS)\]",
    re.IGNORECASE,
)
_ROLE = re.compile(r"\s{0,4}(?:assistant|model|bot|ai)[ \t]{0,4}(?:\n|$)", re.IGNORECASE)


def own_turn(text: str) -> str:
    """The text up to the mark that ends the turn, without the marks and the role that begin it."""
    if "<" not in text and "[" not in text:
        return text
    at = 0
    for mark in _MARK.finditer(text):
        if _without_role(text[at : mark.start()]).strip():
            return _without_role(text[at : mark.start()])
        at = mark.end()
    return _without_role(text[at:]) if at else text


def _without_role(text: str) -> str:
    role = _ROLE.match(text)
    return text[role.end() :] if role else text


def split_thinking(text: str) -> tuple[str, str]:
    """What the reply shows, and what it thought: blocks between tags, all before a closing tag that has no opening one
    (some templates open it in the prompt), all behind an opening one that is never closed."""
    if harmony := _harmony(text):
        return harmony
    shown, thought, start, inside = "", [], 0, False
    for tag in _THOUGHT.finditer(text) if "<" in text or "[" in text or "\u25c1" in text else ():
        part, start = text[start : tag.start()], tag.end()
        closes = bool(tag["a"] or tag["b"] or tag["c"] or tag["d"])
        if inside or closes:
            thought.append(part if inside else shown + part)
            shown = shown if inside else ""
        else:
            shown += part
        inside = not closes
    if inside:
        thought.append(text[start:])
    else:
        shown += text[start:]
    return shown, "\n\n".join(part.strip() for part in thought if part.strip())


def _harmony(text: str) -> tuple[str, str] | None:
    """Of harmony's channels `final` is shown, the others are thoughts; None if there are none."""
    if bare := _BARE_HARMONY.match(text):
        return text[bare.end() :], bare[1].strip()
    shown, thought = "", []
    channels = list(_CHANNEL.finditer(text)) if "<|channel|>" in text else []
    for channel, after in zip(channels, [*channels[1:], None], strict=False):
        part = text[channel.end() : after.start() if after else len(text)]
        end = _HARMONY_END.search(part)
        part = part[: end.start()] if end else part
        if channel[1] == "final":
            shown += part
        else:
            thought.append(part.strip())
    return (shown, "\n\n".join(part for part in thought if part)) if channels else None
