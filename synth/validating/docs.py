"""Great Expectations' own Data Docs of a validation, as HTML in one folder that opens without a server or network."""

import re
import shutil
import tempfile
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any

from synth.errors import FolderError
from synth.validating.suites import Outcome, load_gx, quiet

# The pages load their styles, icons and scripts from servers on the net, and invite to a newsletter. All that is taken
# out, so that they look the same offline and nobody is told that they were opened; these few rules are in its place.
FOREIGN = re.compile(
    r"""<script[^>]*\bsrc="https?:[^>]*></script>|<link\b[^>]*>|<img[^>]*\bsrc="https?:[^>]*>|<footer>.*?</footer>"""
    r"|url\('https?:[^)]*\)",
    re.DOTALL,
)
STYLE = """<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #222; margin: 0 auto; max-width: 1100px; padding: 1em 2em; }
nav img, .ge-section script, .card, button { display: none; }
a { color: #1a5fb4; text-decoration: none; } a:hover { text-decoration: underline; }
h1, h2, h3, h4, h5, .h5 { font-size: 1.05em; margin: 1.4em 0 .3em; }
table { border-collapse: collapse; margin: .3em 0; }
th, td { border-bottom: 1px solid #ddd; padding: .3em .9em .3em 0; text-align: left; vertical-align: top; }
.list-group, .nav, .breadcrumb { list-style: none; padding: 0; } .nav-item { display: inline; margin-right: 1em; }
i.text-success::before { content: "\\2714"; color: #18794e; }
i.text-danger::before { content: "\\2718"; color: #c62828; }
.text-warning::before { content: "!"; color: #b45f06; font-weight: bold; }
.collapse { display: none; } .collapse:target { display: block; }
</style></head>"""
COLUMN = ("Sampled Unexpected Values", "The first of them")  # ids of rows stand there, not values


def write_docs(folder: Path, name: str, outcomes: list[Outcome]) -> None:
    """One page for each suite, index.html before them; replaces what was there.

    Raises FolderError if the folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="synth-docs-") as made:
        site = Path(made, "site")
        with quiet():
            _build(Path(made, "gx"), site, name, outcomes)
        for page in site.rglob("*.html"):
            text = FOREIGN.sub("", page.read_text(encoding="utf-8"))
            page.write_text(text.replace("</head>", STYLE, 1).replace(*COLUMN), encoding="utf-8")
        shutil.rmtree(site / "static")
        (site / "index.html").write_text(_index(site, name, outcomes), encoding="utf-8")
        try:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(site, folder)
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write {folder}") from error


def remove_docs(folder: Path) -> None:
    """Take away the pages of an earlier validation, which say nothing of this one; what is not ours stays."""
    if (folder / "index.html").is_file() and (folder / "validations").is_dir():
        shutil.rmtree(folder, ignore_errors=True)


def _index(site: Path, name: str, outcomes: list[Outcome]) -> str:
    """A page that leads to the others; the one that comes with Great Expectations shows nothing without its scripts."""
    lines = []
    for suite in dict.fromkeys(outcome.suite for outcome in outcomes):
        page = next(iter((site / "validations" / suite).rglob("*.html")), None)
        own = [outcome for outcome in outcomes if outcome.suite == suite]
        failed = [outcome for outcome in own if not outcome.success]
        sign = "danger" if failed else "success"
        link = f'<a href="{page.relative_to(site).as_posix()}">{escape(suite)}</a>' if page else escape(suite)
        lines.append(
            f'<tr><td><i class="text-{sign}"></i></td><td>{link}</td><td>{len(own) - len(failed)} of {len(own)}</td>'
            f"<td>{'<br>'.join(escape(_told(outcome)) for outcome in failed)}</td></tr>"
        )
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(name)}</title>{STYLE}'
    table = f"<table><tr><th></th><th>suite</th><th>held</th><th>failed</th></tr>{''.join(lines)}</table>"
    return f"{head}<body><h1>Validation of {escape(name)}</h1>{table}</body></html>\n"


def _told(outcome: Outcome) -> str:
    warning = " (a warning)" if outcome.severity == "warning" else ""
    return f"{outcome.title}{warning}: {outcome.failures:,} of {outcome.rows:,}"


def _build(home: Path, site: Path, name: str, outcomes: list[Outcome]) -> None:
    """Great Expectations renders a site from a project on disk, in which the results are put as if it had run them."""
    gx = load_gx()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="file", project_root_dir=home)
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    for suite in dict.fromkeys(outcome.suite for outcome in outcomes):
        _put(context, name, suite, [outcome for outcome in outcomes if outcome.suite == suite])
    for site_name in list(context.get_site_names()):
        context.delete_data_docs_site(site_name)
    context.add_data_docs_site(
        site_name="synth",
        site_config={
            "class_name": "SiteBuilder", "show_how_to_buttons": False,
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)},
        },
    )  # fmt: skip
    context.build_data_docs(site_names=["synth"])


def _put(context: Any, name: str, suite: str, outcomes: list[Outcome]) -> None:
    """Put a suite and its results into the stores of the project."""
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationSuiteValidationResultMeta,
    )
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    expectations = gx.ExpectationSuite(name=suite)
    for outcome in outcomes:
        outcome.expectation.id = None
        expectations.add_expectation(outcome.expectation)
    context.suites.add(expectations)
    run = RunIdentifier(run_name=name, run_time=datetime.now(timezone.utc))  # else it looks for a date in the name
    held = sum(outcome.success for outcome in outcomes)
    results = ExpectationSuiteValidationResult(
        success=held == len(outcomes), results=[_result(outcome) for outcome in outcomes], suite_name=suite,
        statistics={
            "evaluated_expectations": len(outcomes), "successful_expectations": held,
            "unsuccessful_expectations": len(outcomes) - held, "success_percent": 100 * held / len(outcomes),
        },
        meta=ExpectationSuiteValidationResultMeta(
            run_id=run, batch_spec={"data_asset_name": name},
            active_batch_definition={"datasource_name": "synth", "data_asset_name": name},
            great_expectations_version=gx.__version__, validation_id=None, checkpoint_id=None,
        ),
    )  # fmt: skip
    key = ValidationResultIdentifier(ExpectationSuiteIdentifier(suite), run, name)
    context.validation_results_store.set(key, results)


def _result(outcome: Outcome) -> Any:
    """The merged result of one expectation, as Great Expectations writes its own."""
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult

    outcome.expectation.description = outcome.title  # what a page says of it
    configuration = outcome.expectation.configuration
    share = 100 * outcome.failures / outcome.rows if outcome.rows else 0.0
    shown = [*outcome.examples, *([f"seen: {outcome.said()}"] if outcome.examples and outcome.said() else [])]
    figures = {
        "element_count": outcome.elements, "missing_count": outcome.missing,
        "missing_percent": 100 * outcome.missing / outcome.elements if outcome.elements else 0.0,
        "unexpected_count": outcome.failures, "unexpected_percent": share, "unexpected_percent_nonmissing": share,
        "unexpected_percent_total": share, "partial_unexpected_list": outcome.examples,
        "partial_unexpected_counts": [{"value": text} for text in shown],
    }  # fmt: skip
    if not outcome.elements:
        figures = {"observed_value": outcome.observed}
    return ExpectationValidationResult(
        success=outcome.success, expectation_config=configuration, result=figures,
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
    )  # fmt: skip
