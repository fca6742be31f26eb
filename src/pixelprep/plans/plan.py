"""A plan: what a call will do with images of some sizes, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, Self

from ..core.errors import NeedsPixelsError
from ..core.names import did_you_mean
from ..core.tokens import ImageTokens
from ..image_processing_outputs import BatchFeature
from ..ops.protocol import Ops
from . import regions, splitting, storing
from .graph import Graph
from .places import View
from .regions import Outside
from .splitting import Split
from .stored import StoredCall, verbs_for
from .storing import PlanLimits
from .videos import PlannedVideo


class Call(Protocol):
    """What a plan was made of: the way from images to its inputs, and the verbs of the backend."""

    @property
    def verbs(self) -> Ops:
        """The verbs of the backend."""

    @property
    def bare(self) -> bool:
        """Whether the call returns its one output by itself."""

    @property
    def orientations(self) -> tuple[int, ...]:
        """EXIF's orientation of each image; () where none is known."""

    def facts(self, plan: Plan) -> Mapping[str, Any]:
        """Whose arithmetic the values follow, and how images become inputs; see `storing.document`."""

    def running(self) -> AbstractContextManager[None]:
        """What stands around the verbs while they run."""

    def image_tokens(self, plan: Plan) -> tuple[ImageTokens, ...]:
        """The feature tokens of each image."""

    def videos(self, plan: Plan) -> tuple[PlannedVideo, ...]:
        """What is taken of each video; () where none is."""

    def arrays(self, plan: Plan, images: Any, args: tuple[Any, ...]) -> list[Any]:
        """The images as arrays `(C, H, W)` of the backend's, checked to be those that the plan is for."""


@dataclass(frozen=True)
class Plan(Graph):
    """What a call will do with images of some sizes.

    Attributes:
        call: the way from images to `inputs`.
        withheld: why only shapes and dtypes are known, where what is done does not follow from sizes alone; else "".
    """

    call: Call = field(compare=False, repr=False)
    withheld: str = ""

    @cached_property
    def image_tokens(self) -> tuple[ImageTokens, ...]:
        """How many feature tokens each image takes in the language model, and how they are arranged.

        Raises:
            MissingNumberError: a number that no image processor has is neither in the checkpoint's files nor given.
            UnknownPromptError: the family feeds no language model, or several, and nothing says which.
            PlanError: a plan that was read from a text; it holds verbs and no model.
        """
        return self.call.image_tokens(self)

    @cached_property
    def videos(self) -> tuple[PlannedVideo, ...]:
        """What is taken of each video: frames, times, grid, tokens; () of a call with images, and of a stored plan."""
        return self.call.videos(self)

    def execute(self, images: Any, *args: Any, until: Literal["uint8"] | None = None) -> Any:
        """What the call that was planned gives for images of these sizes, outputs by name or bare as the call does.

        Args:
            images: as `preprocess` takes them, files and URLs too.
            args: what stood beside the images when the plan was made.
            until: "uint8" stops at the last bytes: images are resized, cut and laid out as the call does it, and are a
                quarter of its floats; `finish` makes the values of them.

        Raises:
            ValueError: images of other sizes, kinds of pixels or nesting than were planned for.
            SplitError: with `until`, for calls that resize floats, or take statistics of images.
            NeedsPixelsError: sizes do not tell what such a call does.
        """
        if until not in (None, "uint8"):
            raise ValueError(f'`until` is "uint8" or None, not {until!r}')
        self.refuse_withheld("executed")
        split = None if until is None else self._split
        arrays = self.call.arrays(self, images, args)
        with self.call.running():
            if split is not None:
                return BatchFeature(split.bytes_of(arrays))
            made = self.run(self.call.verbs, arrays)
        return next(iter(made.values())) if self.call.bare else BatchFeature(made)

    def finish(self, features: Mapping[str, Any]) -> BatchFeature:
        """What `execute` gives, from what it gives with `until="uint8"`, to the bit.

        Args:
            features: the outputs of the first half: NumPy arrays, MLX arrays, or torch tensors, on their device.

        Raises:
            ValueError: bytes of other shapes than were planned. SplitError: as `execute`.
        """
        finished: BatchFeature = splitting.finished(BatchFeature(dict(features)), self._tables)
        return finished

    def finish_module(self) -> Any:
        """`finish` as a `torch.nn.Module`: its tables are buffers, `forward` takes the first half's outputs by name.

        Raises:
            SplitError: as `execute`. ImportError: torch is not installed.
        """
        from .finishing import Finish

        return Finish(self._tables)

    @property
    def byte_outputs(self) -> frozenset[str]:
        """The outputs that `execute(until="uint8")` gives as bytes; the others are what the call gives.

        Raises:
            SplitError: as `execute`.
        """
        return frozenset(name for name, table in self._tables.items() if table is not None)

    @cached_property
    def _split(self) -> Split:
        self.refuse_withheld("split")
        return Split(self, self.call.verbs)

    @cached_property
    def _tables(self) -> dict[str, Any]:
        return self._split.tables()

    # ------------------------------------------------------------------------------------------- places on the image

    @cached_property
    def _places(self) -> list[Any]:
        return regions.places(self)

    def regions(
        self, output: str = "pixel_values", *, patch: int | tuple[int, int] | None = None, merge: int = 1
    ) -> Any:
        """For every entry of an output, in its order, the part of the original image that it shows.

        Args:
            output: an output that shows images: whole ones, tiles, or patches.
            patch: side, or (height, width), of the patches that the model cuts images or tiles into, row by row, where
                the processor does not do it.
            merge: so many patches each way become one token.

        Returns:
            `Regions`: boxes in pixels of the original, the number of the image, and the filters' reach. For an output
            that is a list of arrays of different shapes a list of them.

        Raises:
            ValueError: there is no such output, it shows no image, or its entries are patches already.
            NeedsPixelsError: sizes do not tell what the call does.
        """
        self.refuse_withheld("asked for regions")
        if output not in self.results:
            known = ", ".join(self.results)
            raise ValueError(f"there is no output {output!r}{did_you_mean(output, self.results)} There are: {known}")
        if not isinstance(merge, int) or merge < 1:
            raise ValueError(f"`merge` is a whole number from 1, not {merge!r}")
        return regions.regions_of(regions.place_of(self.results[output], self._places), output, patch, merge)

    def canvases(self, image: int = 0) -> dict[str, View]:
        """The canvases of one image by name, each with its `size` and the part of it that is `shown`, not padding.

        `original`: upright; `stored`: as its file has it, before EXIF's orientation; `resized`: the whole image at the
        size that crops and tiles are taken from; `padded`: with its padding; `model`: what the model sees, or `tile 0`,
        `tile 1`, ... in the order of the output where it sees several.

        Raises:
            IndexError: there is no such image. NeedsPixelsError: sizes do not tell what the call does.
        """
        self.refuse_withheld("asked for canvases")
        known = dict(enumerate(self.call.orientations))
        return regions.canvases(self, self._places, image, known.get(image, 1))

    def to_original(
        self,
        points: Any,
        canvas: str = "resized",
        *,
        image: int = 0,
        scale: float | None = None,
        stored: bool = False,
        outside: Outside = "nan",
    ) -> Any:
        """Points or boxes that a model tells, in pixels of the original image.

        Args:
            points: `(..., 2)` of x, y or `(..., 4)` of x0, y0, x1, y1; lists, arrays or tensors.
            canvas: what they are told on; see `canvases`.
            image: of which image of the call.
            scale: what coordinates run to: 1 or 1000 for normalised ones, None for pixels of the canvas.
            stored: in pixels of the file before it is turned upright.
            outside: of points on padding, and boxes with nothing but padding: "nan", "clip" to the nearest point of the
                image, or "keep" where they would be. Boxes are cut to the image unless "keep".

        Returns:
            float64 of the same shape. Coordinates are those of edges: the centre of the first pixel is (0.5, 0.5).

        Raises:
            ValueError: no such canvas, or neither points nor boxes. IndexError: no such image.
            NeedsPixelsError: sizes do not tell what the call does.
        """
        found = self.canvases(image)
        target = found["stored" if stored else "original"]
        return regions.mapped(points, regions.choose(found, canvas), target, (scale, None), outside)

    def to_model(
        self,
        points: Any,
        canvas: str = "resized",
        *,
        image: int = 0,
        scale: float | None = None,
        stored: bool = False,
        outside: Outside = "nan",
    ) -> Any:
        """The way back: points or boxes of the original image on a canvas; arguments and errors as `to_original`.

        What the canvas does not show, for it was cropped off, is `outside`.
        """
        found = self.canvases(image)
        source = found["stored" if stored else "original"]
        return regions.mapped(points, source, regions.choose(found, canvas), (None, scale), outside)

    # ---------------------------------------------------------------------------------------------- keys and texts

    @cached_property
    def key(self) -> str:
        """A digest that is equal where the same images give the same values: across families, processes and machines,
        and across backends that promise the same bits. With `digest(images)` it names the tensors of a cache.

        Raises:
            NeedsPixelsError: sizes do not tell what such a call does. PlanError: an output cannot be stored.
        """
        self.refuse_withheld("given a key")
        return storing.key_of(storing.document(self, self.call.facts(self)))

    def to_json(self) -> str:
        """The plan as text, for another process or machine; verbs and numbers, and how images become its inputs.

        Raises:
            NeedsPixelsError: sizes do not tell what such a call does. PlanError: an output cannot be stored.
        """
        self.refuse_withheld("stored")
        return storing.write(self, self.call.facts(self))

    @classmethod
    def from_json(cls, text: str | bytes, *, backend: str | None = None, limits: PlanLimits | None = None) -> Self:
        """The plan that a text holds, checked before anything runs.

        Args:
            text: what `to_json` gave.
            backend: that executes it; else the first installed one that gives the values that the plan promises.
            limits: how much it may ask for.

        Raises:
            PlanError: it is no plan, is damaged, asks for too much, or promises values that no backend here gives.
        """
        graph, facts = storing.read(text, limits)
        call = StoredCall(facts, verbs_for(facts["arithmetic"], graph, backend))
        return cls(graph.inputs, graph.nodes, graph.results, call)

    def _known(self, value: Any) -> Any:
        return None if self.withheld else super()._known(value)

    def refuse_withheld(self, what: str) -> None:
        """Raise where only shapes and dtypes are known.

        Raises:
            NeedsPixelsError: sizes do not tell what the call does.
        """
        if self.withheld:
            raise NeedsPixelsError(f"this plan tells shapes and dtypes and cannot be {what}: {self.withheld}")
