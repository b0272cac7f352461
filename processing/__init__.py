"""How a feature is computed: validation, windows, stream and batch engines over one kernel."""
