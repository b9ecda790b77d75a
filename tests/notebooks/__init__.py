"""Every notebook runs, says what it said when it was committed, and shows what the lectures ask for."""
