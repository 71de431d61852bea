"""The parts of `synth validate`: facts of rows, frames of facts, suites of expectations, and what came out of them."""
