"""The way from images to the inputs of a plan that was read from a text, where there is no processor."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.threads import Loading
from ..image_utils import make_flat_list_of_images
from ..images.colors import Rounding, convert_to_rgb, layout_of, needs_three_channels
from ..images.decoding import fetch_images
from ..ops import DEFAULT_ORDER, get_backend, get_ops
from ..ops.contract import dtype_name
from ..ops.protocol import Ops
from .promises import arithmetic
from .storing import PlanError

if TYPE_CHECKING:
    from ..core.tokens import ImageTokens
    from .plan import Plan
from .videos import PlannedVideo


@dataclass(frozen=True)
class StoredCall:
    """What a plan that was read says of the call it was made for.

    Attributes:
        facts: as `storing.document` takes them.
        verbs: of a backend that keeps the plan's promise.
    """

    stored: Mapping[str, Any]
    verbs: Ops
    orientations: tuple[int, ...] = ()  # of files that are read later
    bare: bool = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Whatever a verb raises over numbers from elsewhere is an error of the plan."""
        try:
            yield
        except Exception as error:
            raise PlanError(f"this plan cannot be run: {type(error).__name__}: {error}") from error

    def facts(self, plan: Plan) -> Mapping[str, Any]:
        return self.stored

    def image_tokens(self, plan: Plan) -> tuple[ImageTokens, ...]:
        raise PlanError("a plan that was read from a text knows verbs and no model; ask the processor for its tokens")

    def videos(self, plan: Plan) -> tuple[PlannedVideo, ...]:
        return ()

    def arrays(self, plan: Plan, images: Any, args: tuple[Any, ...]) -> list[Any]:
        """The images, in whatever nesting, as the processor that made the plan would have made them.

        Raises:
            PlanError: what makes them is code that is not here. ValueError: images of other sizes or kinds.
        """
        if args:
            raise PlanError("a plan that was read from a text takes images alone")
        facts = self.stored["images"]
        convert = self._conversion()
        loading = getattr(self.verbs, "loading", Loading())
        loaded = fetch_images(images, convert_rgb=True, opaque=convert, jpeg=loading.jpeg, threads=loading.threads())
        converts, given = facts["do_convert_rgb"], facts["input_data_format"]
        arrays = []
        for image in make_flat_list_of_images(loaded):
            layout = layout_of(image, given, bool(converts))
            if needs_three_channels(image, converts):
                image = convert(image, layout)
            arrays.append(self.verbs.from_image(image, layout, None))
        plan.refuse_others(tuple((tuple(array.shape), dtype_name(array)) for array in arrays))
        return arrays

    def _conversion(self) -> Any:
        """What gives an image three channels."""
        facts = self.stored["images"]
        name = facts["by"]
        if name is None:
            rounding: Rounding = "nearest" if self.verbs.conventions.pillow_alpha else "torch"
            return partial(convert_to_rgb, transparency=facts["transparency"], rounding=rounding)
        package = __name__.partition(".")[0]
        families = importlib.import_module(f"{package}.registry.families").FAMILIES  # a floor above: asked by name
        if name not in families:
            raise PlanError(
                f"images of this plan are made by code that is not pixelprep's ({name.partition(' ')[0]}): make their "
                "arrays there and call plan.run(verbs, arrays)"
            )
        return families[name].load().on(self.verbs.name)().convert_to_rgb


def verbs_for(promise: str, plan: Any, backend: str | None = None) -> Ops:
    """The verbs of a backend that gives what a plan promises: the one asked for, else the first that can.

    Raises:
        PlanError: none that can run here does. MissingBackendError, UnknownBackendError: of the one asked for.
    """
    tried = []
    for name in (backend,) if backend is not None else DEFAULT_ORDER:
        if backend is None and get_backend(name).missing() is not None:
            continue
        verbs = get_ops(name)
        if (given := arithmetic(verbs, plan.nodes)) == promise:
            return verbs
        tried.append(f"{name} gives those of {given!r}")
    raise PlanError(f"this plan promises the values of {promise!r}; here {' and '.join(tried) or 'no backend can run'}")
