"""A place to look at data in the browser: `synth view`."""
