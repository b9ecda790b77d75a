"""From a graph to fast code: programs, and the back ends that run them.

``trace`` makes a :class:`Program` of a function; ``compile`` makes a function that runs it by generated
Python, LLVM machine code or an array library.  Back ends know forward forms only.
"""

from .compiled import compile as compile
from .program import Program as Program
from .tracing import trace as trace
