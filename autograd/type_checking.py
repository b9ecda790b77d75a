"""``TYPE_CHECKING`` without the module typing, whose import would take as long as all of this package's engine.

Type checkers know the name, wherever it comes from, and take it for true.
"""

TYPE_CHECKING = False
