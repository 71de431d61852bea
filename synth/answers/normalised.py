"""Answers as the official script of 2WikiMultiHopQA compares them."""

import re
import string

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """An answer as the official script of 2WikiMultiHopQA compares it, which is that of HotpotQA (Yang et al. 2018) and
    SQuAD: small letters, no punctuation, no articles, one space between words."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())
