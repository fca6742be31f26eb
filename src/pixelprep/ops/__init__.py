"""Backends: what one must offer (`protocol`), which ones there are and which can run here (`registration`)."""

from .protocol import (
    Array as Array,
    IncompleteBackendError as IncompleteBackendError,
    Ops as Ops,
    UnsupportedOperationError as UnsupportedOperationError,
    unsupported as unsupported,
)
from .registration import (
    DEFAULT_ORDER as DEFAULT_ORDER,
    Backend as Backend,
    MissingBackendError as MissingBackendError,
    UnknownBackendError as UnknownBackendError,
    backend_of_suffix as backend_of_suffix,
    backends as backends,
    choose_backend as choose_backend,
    get_backend as get_backend,
    get_ops as get_ops,
    register_backend as register_backend,
    set_num_threads as set_num_threads,
    why_not as why_not,
)
