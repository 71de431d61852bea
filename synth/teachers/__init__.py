"""Teacher models behind an OpenAI-compatible server: the catalogue, the client, the request store, the pace."""
