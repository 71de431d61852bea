"""The options of `synth card`."""

from synth.base.config import AnyPath, argument, option, settings


@settings
class Card:
    """Which folder gets a card, under which licence."""

    folder: AnyPath = argument("a dataset folder, or one that holds several", kw_only=False, store=True)
    license: str | None = option(
        "identifier of the Hub: cc-by-4.0  [default: that of the card or the source]", default=None
    )
    overwrite: bool = option("write anew also what a person changed in it", default=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)
