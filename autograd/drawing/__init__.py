"""Pictures of graphs: cards placed by Graphviz, the network view, the stepper."""

from .diagram import Diagram as Diagram
from .diagram import draw as draw
