"""The mutants that no test can kill, each with the reason: they compute the same."""

from __future__ import annotations

from .mutants import Mutant

REASONS: dict[str, str] = {}


def reason(mutant: Mutant) -> str:
    """Why nothing notices this mutant; empty if no reason is known."""
    return REASONS.get(mutant.key, "")
