"""BibTeX entries of papers, for the cards of what is made with a task."""


def entry(key: str, kind: str, title: str, author: str, year: int, url: str, **more: str) -> str:
    """A BibTeX entry; `more` are the fields that only some have, such as `booktitle`."""
    fields = {"title": title, "author": author, **more, "year": str(year), "url": url}
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def arxiv(key: str, title: str, author: str, year: int, number: str, **more: str) -> str:
    """The entry of a paper on arXiv, which may also have appeared in a book or a journal."""
    kind = "inproceedings" if "booktitle" in more else "article" if "journal" in more else "misc"
    return entry(key, kind, title, author, year, f"https://arxiv.org/abs/{number}", **more)
