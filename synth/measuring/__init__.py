"""How hard a task is to a model: `synth difficulty`."""
