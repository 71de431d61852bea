"""The commands `synth teachers`, `synth doctor` and `synth teacher-demo`."""

import sys
from datetime import date

from synth.base.config import Texts, option, settings
from synth.commands.options import AsJson, command_from, print_json
from synth.errors import SynthError, UsageError
from synth.teachers.given import SERVER, Sent


@settings
class Doctor(Sent):
    teacher: str = option("a teacher (synth teachers), or any model with --base-url", complete="teachers")
    base_url: Texts = option(f"{SERVER}  [default: OpenAI's]", default=())
    model: str | None = option(
        "the model's name at that server, if it is another  [default: the teacher's]", default=None
    )


@settings
class TeacherDemo:
    task: str | None = option("a task's name  [default: that of a folder of synth's]", default=None, complete="tasks")
    source: str = option("the questions it is to know the answers of, as synth distill takes them")
    port: int = option("port on this machine", default=8000, least=0, most=65535)
    right: float = option("share of its replies that are right", default=0.5, least=0, most=1)
    unclosed: float = option("share of its replies that end without the answer", default=0.05, least=0, most=1)
    latency: float = option("seconds it takes for a reply; five times as many for a batch", default=0.2, least=0)
    shutdown: str | None = option(
        "date on which its list of models says that it goes: 2027-01-31  [default: it stays]", default=None
    )


def run_teachers(printing: AsJson) -> None:
    """List the teachers of the catalogue."""
    from synth.teachers.show import show_teachers, teachers_listed

    print_json(teachers_listed()) if printing.json else show_teachers()


def run_doctor(asked: Doctor, printing: AsJson) -> None:
    """Find out what a teacher's server can do; of several, each of them."""
    from dataclasses import asdict

    from synth.base import loops
    from synth.teachers import doctor
    from synth.teachers.catalogue import find_fleet
    from synth.teachers.given import with_sent

    servers = with_sent(find_fleet(asked.teacher, asked.base_url, asked.model), asked).servers()
    why: dict[str, str] = {}
    found = {}
    for server in servers:
        if not printing.json:
            doctor.show_head(server)
        findings = loops.run(doctor.examine(server, asked, (lambda finding: None) if printing.json else doctor.show))
        found[server.base_url] = [asdict(finding) for finding in findings]
        if hopeless := doctor.hopeless(findings):
            why[server.base_url] = hopeless
    if printing.json:
        print_json(found if len(servers) > 1 else found[servers[0].base_url])
        sys.exit(1 if why else 0)
    if why and len(servers) == 1:
        raise SynthError(f"this teacher cannot be asked: {why[servers[0].base_url]}")
    if why:
        said = "; ".join(f"{server}: {reason}" for server, reason in why.items())
        raise SynthError(f"{len(why)} of {len(servers)} servers cannot be asked: {said}")


def run_teacher_demo(asked: TeacherDemo) -> None:
    """Serve a stand-in for a teacher, to try things on."""
    from synth.distilling.built import all_questions, task_and_folder
    from synth.questions.loading import load
    from synth.teachers.standin import serve_questions

    task, folder = task_and_folder(asked.task, asked.source)
    questions = load(task, asked.source) if folder is None else all_questions(folder, task)
    serve_questions(
        asked.port, task, questions, asked.right, asked.latency, asked.unclosed,
        None if asked.shutdown is None else str(_date(asked.shutdown)),
    )  # fmt: skip


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--shutdown {text}: give a date, as 2027-01-31") from error


teachers = command_from("teachers", run_teachers, AsJson)
doctor = command_from("doctor", run_doctor, Doctor, AsJson)
teacher_demo = command_from("teacher-demo", run_teacher_demo, TeacherDemo)
