"""The order of the steps is data: which ones run, with which options, over stacks or image after image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..core.handing import FLAGS, InProgress, handed
from ..core.nesting import leaves
from ..core.schema import Options
from .nesting import map_images

if TYPE_CHECKING:
    from ..ops.protocol import Array, Ops


class Step(NamedTuple):
    """A method of the processor and what it is called with after the image."""

    name: str
    args: list[Any]
    kwargs: dict[str, Any]

    def of(self, processor: Pipeline) -> Callable[[Any], Any]:
        """The step as a function of images."""
        method, args, kwargs = getattr(processor, self.name), self.args, self.kwargs
        bare = getattr(method, "bare", None)  # nothing is left out here
        method = method if bare is None else partial(bare, processor)
        return lambda images: method(images, *args, **kwargs)


class Pipeline:
    """Runs the steps that `pipeline` names; those of a class are checked when it is made.

    Raises:
        TypeError: at the making of a class, a step that asks for what nobody can give (`core.handing.check_steps`).
    """

    pipeline: ClassVar[tuple[str, ...]] = ()
    further_steps: ClassVar[tuple[str, ...]] = ()
    """Steps that the family runs by name, outside `pipeline`."""
    closed_steps: ClassVar[bool] = True
    """Whether the steps of a class are checked when it is made; code from checkpoints has its own names."""

    noun: ClassVar[str] = "image"
    """What errors call what goes through the steps."""

    ops: Ops

    def run_pipeline(self, images: list[Any], options: Options, steps: Sequence[str] | None = None) -> list[Any]:
        """Apply steps to every image, in order and where their flags are on; padding sees all images at once."""
        steps = self.pipeline if steps is None else tuple(steps)
        waiting: list[Step] = []
        with InProgress(self, options):
            for step in self._active_steps(steps, options):
                if step.name == "pad":
                    images, waiting = step.of(self)(self._apply(waiting, images, options)), []
                else:
                    waiting.append(step)
            return self._apply(waiting, images, options)

    def _active_steps(self, names: tuple[str, ...], options: Options) -> list[Step]:
        """The steps whose flags are on, with the arguments that these options mean for them."""
        key = type(self), names
        known: list[Step] | None = options.memo.get(key)
        if known is not None:
            return known
        steps = [
            Step(name, *handed(type(self), name, options))
            for name in names
            if any(options.get(flag, name not in FLAGS) for flag in FLAGS.get(name, (f"do_{name}",)))
        ]
        options.memo[key] = steps
        return steps

    def _apply(self, steps: list[Step], images: list[Any], options: Options) -> list[Any]:
        """Step after step where stacks of images go through each, else image after image, which its cache likes."""
        if not steps:
            return images
        calls = [step.of(self) for step in steps]
        if self._stacks(images, options):
            for call in calls:
                images = self.map_by_shape(call, images, options)
            return images

        def run(image: Array) -> Array:
            for call in calls:
                image = call(image)
            return image

        return map_images(run, images, self.noun)

    def _stacks(self, images: list[Any], options: Options) -> bool:
        """Whether images of one shape are processed as one array: as `disable_grouping` says, else where that pays."""
        if self.ops.conventions.one_by_one:
            return False
        if options.disable_grouping is not None:
            return not options.disable_grouping
        first = next(leaves(images), None)
        return first is not None and self.ops.stacking_pays(first)

    def map_by_shape(self, function: Callable[[Array], Any], images: list[Any], options: Options) -> list[Any]:
        """Apply a function of `(..., C, H, W)` arrays to each image, stacking those of one shape where that pays.

        Images may nest one level deep. A function that returns a list (tiles) gives one list for each image.
        """
        if not self._stacks(images, options):
            return map_images(function, images)
        verbs = self.ops
        flat = list(leaves(images))
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, image in enumerate(flat):
            groups.setdefault(tuple(image.shape), []).append(index)
        results: list[Any] = [None] * len(flat)
        for indices in groups.values():
            out = function(verbs.stack([flat[index] for index in indices]))
            if isinstance(out, list):  # no tiles at all are none for each
                parts = [list(part) for part in zip(*map(verbs.unstack, out), strict=True)] or [[] for _ in indices]
            else:
                parts = verbs.unstack(out)
            for index, part in zip(indices, parts, strict=True):
                results[index] = part
        rebuilt = iter(results)
        return map_images(lambda _: next(rebuilt), images)
