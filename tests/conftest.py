"""What holds for every test: reproducible Hypothesis, and no mode of the engine left switched on."""

import functools
import signal

import pytest
from hypothesis import HealthCheck, settings

# Derandomised: a run is a pure function of the code, here and in continuous integration.  Wall-clock limits
# on single examples only report how busy the machine is.
settings.register_profile(
    "default", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("thorough", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")  # pytest --hypothesis-profile=thorough


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard():
    """A shell has it ignored for what it starts in the background, and the tests press it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def a_graph_is_laid_out_once():
    """Many tests look at the same pictures, and Graphviz takes a process for each; that it repeats itself is tested."""
    from autograd.drawing import engine

    run = engine.run

    @functools.cache
    def remembered(available, dot, output, environment):
        return run(dot, output, dict(environment))

    @functools.wraps(run)
    def run_once(dot, output, environment=None):
        return remembered(engine.available(), dot, output, tuple((environment or {}).items()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "run", run_once)
        yield


@pytest.fixture(autouse=True)
def modes_are_off_again():
    """``no_grad`` and its kin hold for a block; a test that leaves one on would falsify the next."""
    from autograd import modes

    yield
    assert not modes.active
