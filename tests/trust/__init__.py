"""Faults, resources and hostile input: what should never lose a model, leak, or end in a traceback."""
