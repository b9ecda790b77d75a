"""The gradient for people: as steps, as a chain of derivatives, as a table, and as a check of hand calculations.

These are views: they read a graph and never change it, and the engine does not know of them.
"""

from .answers import Report as Report
from .answers import Verdict as Verdict
from .answers import check_answers as check_answers
from .backward_steps import Step as Step
from .backward_steps import Steps as Steps
from .backward_steps import steps as steps
from .chain_rule import Chain as Chain
from .chain_rule import chain as chain
from .derivation import latex as latex
from .diagnosis import Diagnosis as Diagnosis
from .diagnosis import Finding as Finding
from .diagnosis import locate as locate
from .experiments import NaiveOrder as NaiveOrder
from .experiments import Nudge as Nudge
from .experiments import naive_order as naive_order
from .experiments import nudge as nudge
from .misconceptions import MISCONCEPTIONS as MISCONCEPTIONS
from .misconceptions import Misconception as Misconception
from .trace_table import Table as Table
from .trace_table import table as table
