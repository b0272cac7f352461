"""One stack per file. `cdk_app.app` wires them; nothing here reads the environment."""
