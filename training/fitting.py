"""Fit models so that a fit gives the same model each time, on any machine and on any number of cores."""

from typing import Any, Final, TypeVar

from joblib import parallel_config
from numpy.typing import NDArray

Model = TypeVar("Model")

_SPREAD: Final[dict[str, Any]] = {"n_jobs": 1}


def use_all_cores() -> None:
    """Spread the parts of each fit from now on, such as a forest's trees, over one process a core.

    For commands: the processes stay until the command ends. Threads are not an option: scikit-learn sets the process's
    warning filters from each of them, and one may find them emptied by another; and threads that predict add trees up
    as they happen to finish, which changes the last bits.
    """
    _SPREAD.update(backend="loky", n_jobs=-1)


def fitted(model: Model, design: NDArray, label: NDArray) -> Model:  # type: ignore[type-arg]
    """Fit a model of scikit-learn's interface in place, and give it back.

    Models are built without ``n_jobs``: they use the cores that ``use_all_cores`` gives them here, and one elsewhere.

    Parameters
    ----------
    model
        Unfitted.
    design : ndarray, shape (n, columns)
    label : ndarray, shape (n,)
    """
    with parallel_config(**_SPREAD):
        return model.fit(design, label)  # type: ignore[attr-defined, no-any-return]
