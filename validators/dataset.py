"""Checks what must hold of every dataset, whatever it is about.

ids are unique                                  no question is in two splits, to the letter or spelling aside
every row has the fields it should have         no split has a question twice (built rows)
nothing is empty                                splits have the rows that synth.json says, and at least one
completions end in the closing form             files are those that synth.json names, byte for byte
texts are not too long                          no answer is far commoner than the others
"""

from collections.abc import Mapping
from typing import Any

from synth.validating.checker import Checker

LONGEST = 100_000  # characters: some 25,000 tokens, more than any model that these rows are meant for reads at once


def expectations(manifest: Mapping[str, Any]) -> list[Any]:
    """What every dataset is held to: frames of rows, of splits and of files; `meta` says which."""
    return [*_of_rows(), *_questions(manifest), *_lengths(), *_of_splits(), *_of_files()]


def _of_rows() -> list[Any]:
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    return [
        gxe.ExpectColumnValuesToBeInSet(column="new_id", value_set=[True], meta=named("unique_ids", "ids are unique")),
        gxe.ExpectColumnValuesToBeInSet(
            column="schema_fault", value_set=[""], meta=named("schema", "rows have their fields, of the right types")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="blank", value_set=[""], meta=named("nothing_empty", "id, prompt, answer, completion are not empty")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="closes", value_set=[True],
            meta=named("closing_form", "completions end with the answer in its closing form"),
        ),
    ]  # fmt: skip


def _questions(manifest: Mapping[str, Any]) -> list[Any]:
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    expected = [
        gxe.ExpectColumnValuesToBeInSet(
            column="leaked", value_set=[False], meta=named("leaks", "no question is in two splits")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="leaked_normal", value_set=[False],
            meta=named("leaks_normalised", "no question is in two splits, spelling aside"),
        ),
    ]  # fmt: skip
    several = "mario" in manifest or ("builder" in manifest and manifest["config"].get("repeat"))  # texts of a question
    if "builder" in manifest and not several:
        expected.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="new_question", value_set=[True],
                meta=named("questions_once", "no split has a question twice"),
            )
        )  # fmt: skip
    return expected


def _lengths() -> list[Any]:
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column=f"{text}_length", min_value=least, max_value=LONGEST, severity="warning",
            meta=named(f"{text}_length", f"{text}s have at most {LONGEST:,} characters"),
        )
        for text, least in (("prompt", 1), ("rationale", 0), ("completion", 1))
    ]  # fmt: skip


def _of_splits() -> list[Any]:
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    return [
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="rows", column_B="rows_due", meta=named("split_sizes", "splits have as many rows as due", "splits")
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="rows", min_value=1, meta=named("splits_not_empty", "no split is empty", "splits")
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="commonest_most", column_B="commonest_share", or_equal=True, severity="warning",
            meta=named("commonest_answer", "no answer is far commoner than others", "splits", shows="commonest_share"),
        ),
    ]  # fmt: skip


def _of_files() -> list[Any]:
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    return [
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="sha256", column_B="sha256_due",
            meta=named("files_unchanged", "files are as they were written", "files"),
        ),
    ]  # fmt: skip


CHECKER = Checker(expectations=expectations)
