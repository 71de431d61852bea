"""Studies that come with the program, one file each: `synth study NAME`."""
