"""Independent references: nothing in this folder but ``engine.py`` knows the library."""
