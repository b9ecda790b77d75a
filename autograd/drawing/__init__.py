"""Pictures of graphs: cards placed by Graphviz, the network view, the stepper."""

from .diagram import Diagram as Diagram
from .diagram import draw as draw
from .frames import Frame as Frame
from .stepping import Stepper as Stepper
from .stepping import stepper as stepper
