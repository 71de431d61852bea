"""Judges rows by what people said of them in `synth view`; where two of them differ a row is unsure."""

from synth.data.names import NOTES
from synth.data.notes import JUDGE as NAME
from synth.data.notes import MENU
from synth.data.verdict import Judge, Noted

JUDGE = Judge(NAME, MENU, Noted(NOTES))
