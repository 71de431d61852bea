"""Takes in rationales, or questions with answers alone, that exist already: `synth import`."""
