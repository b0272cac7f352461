"""How fast the real server answers with a new model. Runs in the server's own image."""
