"""The command `synth view`."""

from synth.commands.options import command_from
from synth.viewing.options import View
from synth.viewing.view import run

command = command_from("view", run, View)
