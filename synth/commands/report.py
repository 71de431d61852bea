"""The commands `synth report` and `synth estimate`."""

from synth.commands.options import AsJson, command_from, print_json
from synth.reporting.options import Estimate, Report


def run_report(asked: Report) -> None:
    """Compare runs in tables and pictures.

    A run brings its evaluations along. Runs that differ in their seed alone are put together; those with and without
    rationales are compared question by question.
    """
    from synth.reporting import report

    figures = report.run(asked)
    if not asked.quiet:
        report.show(figures, asked.out)


def run_estimate(asked: Estimate, printing: AsJson) -> None:
    """Say what rationales may be worth, before money is spent.

    From the lines that one paper fitted over 18 data sets (Zhu et al. 2025), with how far they can be wrong, and with
    --fit from lines through your own.
    """
    from synth.reporting import estimate, estimate_show

    estimated = estimate.run(asked)
    if printing.json:
        print_json(estimate.figures(estimated))
    else:
        estimate_show.show(estimated)


report = command_from("report", run_report, Report)
estimate = command_from("estimate", run_estimate, Estimate, AsJson)
