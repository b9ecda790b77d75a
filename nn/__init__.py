"""Neural networks on the scalar engine: neurons, perceptrons, losses, optimisers, and ``fit``.

>>> import nn
>>> model = nn.MLP([2, 2, 1], seed=1)
>>> history = nn.fit(model, [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0],
...                  optimizer="adam", lr=0.05, epochs=300, batch_size="all")
>>> [round(p, 1) for p in model.predict([[0.0, 0.0], [0.0, 1.0]])]
[0.0, 1.0]
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

import autograd as _autograd

if not hasattr(_autograd, "Value"):
    raise ImportError(
        f"nn stands on scalar-autograd, but `import autograd` finds another package ({_autograd.__path__[0]}): "
        "pip uninstall -y autograd scalar-autograd, then pip install scalar-autograd"
    )

from .activations import elu as elu
from .activations import silu as silu
from .backends import UnavailableError as UnavailableError
from .data import DataError as DataError
from .data import Scaling as Scaling
from .data import Standardizer as Standardizer
from .data import Table as Table
from .data import read_csv as read_csv
from .data import split as split
from .history import History as History
from .layers import MLP as MLP
from .layers import Layer as Layer
from .layers import Neuron as Neuron
from .losses import Loss as Loss
from .losses import absolute_error as absolute_error
from .losses import binary_cross_entropy as binary_cross_entropy
from .losses import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from .losses import categorical_cross_entropy as categorical_cross_entropy
from .losses import cross_entropy as cross_entropy
from .losses import half_squared_error as half_squared_error
from .losses import hinge as hinge
from .losses import huber as huber
from .losses import mean_absolute_error as mean_absolute_error
from .losses import mean_binary_cross_entropy as mean_binary_cross_entropy
from .losses import mean_binary_cross_entropy_with_logits as mean_binary_cross_entropy_with_logits
from .losses import mean_categorical_cross_entropy as mean_categorical_cross_entropy
from .losses import mean_cross_entropy as mean_cross_entropy
from .losses import mean_half_squared_error as mean_half_squared_error
from .losses import mean_hinge as mean_hinge
from .losses import mean_huber as mean_huber
from .losses import mean_squared_error as mean_squared_error
from .losses import squared_error as squared_error
from .module import Module as Module
from .optimizers import SGD as SGD
from .optimizers import Adam as Adam
from .optimizers import AdamW as AdamW
from .optimizers import Optimizer as Optimizer
from .optimizers import RMSprop as RMSprop
from .optimizers import clip_gradients as clip_gradients
from .penalties import Penalty as Penalty
from .penalties import l1 as l1
from .penalties import l2 as l2
from .schedules import CosineDecay as CosineDecay
from .schedules import ExponentialDecay as ExponentialDecay
from .schedules import StepDecay as StepDecay
from .storage import ModelFileError as ModelFileError
from .storage import load as load
from .storage import load_history as load_history
from .training import DivergenceError as DivergenceError
from .training import fit as fit

# Pictures and explanations are loaded when first used: training needs none.
_ON_USE: dict[str, str] = {
    "check_update": ".explain",
    "draw": ".diagram",
    "stepper": ".diagram",
    "write_report": ".report",
}

if TYPE_CHECKING:
    from .diagram import draw as draw
    from .diagram import stepper as stepper
    from .explain import check_update as check_update
    from .report import write_report as write_report


def __getattr__(name: str) -> Any:
    if name not in _ON_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(_ON_USE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_USE})
