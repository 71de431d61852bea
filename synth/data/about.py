"""What a builder or a task adds to the card of its data: facts that cannot be read from the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class About:
    """Facts of one builder or task. What is empty is left out of the card."""

    name: str  # Explained-ListOps
    text: str  # a paragraph or two in Markdown: what a row asks, what its rationale holds, after whom
    licence: str = ""  # the Hub's identifier: apache-2.0; "" if it is not known
    licence_note: str = ""  # a sentence: what is under which licence
    categories: tuple[str, ...] = ("text-generation",)  # task_categories of the Hub
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)  # of the text, if it is in a natural language
    columns: Mapping[str, str] = field(default_factory=dict)  # column of `meta` -> what it means
    limits: tuple[str, ...] = ()  # a sentence each
    papers: tuple[str, ...] = ()  # BibTeX entries
    links: tuple[str, ...] = ()  # pages of sources that no entry of `papers` stands for
