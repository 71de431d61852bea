"""Models and tokenizers: loaded, made from scratch, writing text."""
