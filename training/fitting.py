"""Fit models on all cores, so that a fit gives the same model each time and on any machine."""

from typing import TypeVar

from joblib import parallel_config
from numpy.typing import NDArray

Model = TypeVar("Model")


def fitted(model: Model, design: NDArray, label: NDArray) -> Model:  # type: ignore[type-arg]
    """Fit a model with its independent parts, such as a forest's trees, spread over processes.

    Models here are built without ``n_jobs``: they use all cores in this call and one elsewhere. Threads are not an
    option: scikit-learn sets the process's warning filters from each of them, and one may find them emptied by another;
    and threads that predict add trees up as they happen to finish, which changes the last bits.

    Parameters
    ----------
    model
        Of scikit-learn's interface; fitted in place.
    design : ndarray, shape (n, columns)
    label : ndarray, shape (n,)

    Returns
    -------
    model
        The same object.
    """
    with parallel_config(backend="loky", n_jobs=-1):
        return model.fit(design, label)  # type: ignore[attr-defined, no-any-return]
