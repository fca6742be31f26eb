"""A processor's plans: images, files or bare sizes become symbols, the processor's own code runs over them."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, ClassVar, Self

from ..core.errors import place
from ..core.schema import Options
from ..core.tokens import ImageTokens
from ..image_utils import is_collection, is_pil_image, is_valid_image
from ..images.decoding import read_header
from ..images.rows import unpacked
from ..ops.protocol import Ops
from .graph import graph_of
from .outputs import ArrayOutput
from .plan import Plan
from .promises import arithmetic
from .replaying import make_room
from .symbols import Symbol, SymbolOps
from .videos import PlannedVideo, planned_videos

BANDS = {"1": 1, "L": 1, "P": 1, "LA": 2, "PA": 2, "RGB": 3, "YCbCr": 3, "LAB": 3, "HSV": 3, "RGBA": 4, "CMYK": 4}
"""Channels of Pillow's modes of bytes; what 16-bit and wider pixels become follows from their values."""


class Planning:
    """What a processor answers about its calls before they are made."""

    planned: ClassVar[bool] = True
    """Whether what a call does follows from sizes and options; False where chance is drawn."""

    ops: Any
    common: ClassVar[type]
    """The class whose way from images to arrays is the common one."""
    _options: Options
    _resolve: Callable[[dict[str, Any]], Options]
    model_input_names: ClassVar[list[str]]

    def plan(self, images: Any, *args: Any, numbers: Mapping[str, Any] | None = None, **kwargs: Any) -> Plan:
        """What a call with these images will do, without making pixels.

        Args:
            images: what the call takes, or sizes `(height, width)` of RGB images in place of any: one, a list, or lists
                for samples of several images. Of files only the header is read.
            args: what the family takes beside images; label maps and trimaps are arrays of their size.
            numbers: what `image_tokens` needs and no image processor has (`patch_size` of LLaVA's model), in place of
                what the checkpoint's `processor_config.json` says; "processor_class" names the model's processor.
            kwargs: those of the call.

        Raises:
            NeedsPixelsError: what the call does depends on what is on the images.
            as `preprocess`.
        """
        key = None if numbers else _key(images, args, kwargs)
        plans: dict[Any, Plan] = self.__dict__.setdefault("_plans", {})
        if key is not None and (known := plans.get(key)) is not None:
            return known
        call = self._call(kwargs, numbers or {})
        described = self._described(images, call.kwargs)
        call = replace(call, several=_several(described))
        plan, _ = self._trace(described, args, {**call.kwargs, "device": None}, call)
        if key is not None:
            make_room(plans, plan.weight)
            plans[key] = plan
        return plan

    def output_shapes(self, height: int, width: int, **kwargs: Any) -> dict[str, ArrayOutput]:
        """Every output for one RGB image of `height x width`, as arrays: `plan((height, width)).outputs` in short.

        Returns:
            For each output its `shape`, its `dtype` and, where it depends on the size alone (grids, sizes, counts), its
            `values`.

        Raises:
            as `plan`.
        """
        plan = self.plan((height, width), **{**kwargs, "return_tensors": "np"})
        return {name: output.as_array() for name, output in plan.outputs.items()}

    def counted(
        self, height: int, width: int, images_kwargs: Mapping[str, Any] | None = None
    ) -> dict[str, ArrayOutput]:
        """`output_shapes` for whoever counts patches: of `images_kwargs` what is an option of the images is taken.

        Processors and servers pass every option of a call, those of texts and other scopes too.
        """
        known = self._options.keys() - {"return_tensors", "device"}
        return self.output_shapes(height, width, **{k: v for k, v in (images_kwargs or {}).items() if k in known})

    def without_looking(self, options: Options) -> dict[str, Any]:
        """Options in place of those that look at what is on an image, under which all outputs have the same shapes."""
        return {}

    def _described(self, images: Any, kwargs: Mapping[str, Any]) -> Any:
        """Images as symbols in the same nesting, as far as their headers and `kwargs` tell what becomes of them."""
        converts = kwargs.get("do_convert_rgb", getattr(self, "do_convert_rgb", None))
        own = type(self).process_image is not self.common.process_image  # type: ignore[attr-defined]
        return described(images, converts, looks=own)

    def _call(self, kwargs: Mapping[str, Any], given: Mapping[str, Any]) -> PlannedCall:
        """What is planned for: the call with these arguments, or the one that looks at no pixels in its place."""
        call = PlannedCall(self._twin(_plans={}), kwargs, self.__dict__.get("_numbers", {}), given)
        if not self.planned:
            return replace(call, withheld=f"{type(self).__name__} draws chance, each call anew")
        options = self._resolve({name: value for name, value in kwargs.items() if name in self._options})
        instead = {name: v for name, v in self.without_looking(options).items() if options[name] != v}
        if not instead:
            return call
        looks = " and ".join(f"`{name}`" for name in instead)
        changes = ", ".join(f"{name}={value}" for name, value in instead.items())
        reason = f"{looks} of {type(self).__name__} depends on more than sizes; pass {changes}, or call the processor"
        return replace(call, kwargs={**kwargs, **instead}, withheld=reason)

    def _trace(
        self, images: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], call: PlannedCall
    ) -> tuple[Plan, list[Any]]:
        """The plan of a call, and its images as the backend's arrays (None of those that came as symbols)."""
        verbs = SymbolOps(self.ops)
        twin = self._twin(_ops=verbs, _told=[])  # of videos it tells which frames it took
        results = twin.preprocess(images, *args, **kwargs)  # type: ignore[attr-defined]
        if not hasattr(results, "items"):
            results, call = {self.model_input_names[0]: results}, replace(call, bare=True)
        graph = graph_of(results, verbs.inputs)
        call = replace(
            call,
            orientations=tuple(image.arguments.get("orientation", 1) for image in verbs.inputs),
            taken=tuple(twin.__dict__["_told"]),
        )
        return Plan(graph.inputs, graph.nodes, graph.results, call, call.withheld), verbs.arrays

    def _twin(self, **changes: Any) -> Self:
        """This processor as it is now, with other verbs, say; what is set on either does not show on the other."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__, **changes)
        return twin


@dataclass(frozen=True)
class PlannedCall:
    """What a plan was made with.

    Attributes:
        processor, kwargs: what is called, as it was then, and how.
        numbers, given: what the prompt side of the checkpoint says, and what the caller says in its place.
        withheld: why the plan tells no more than shapes, if it does.
        several: for each image whether its sample has others.
        orientations: EXIF's, of each image; 1 of what is no file.
        bare: whether the family returns its one output by itself.
        taken: of each video what is known of it, with the frames that are taken.
    """

    processor: Planning
    kwargs: Mapping[str, Any]
    numbers: Mapping[str, Any]
    given: Mapping[str, Any]
    withheld: str = ""
    several: tuple[bool, ...] = ()
    orientations: tuple[int, ...] = ()
    bare: bool = False
    taken: tuple[Any, ...] = ()

    @property
    def verbs(self) -> Ops:
        """Those of the processor's backend."""
        verbs: Ops = self.processor.ops
        return verbs

    @property
    def options(self) -> Options:
        """Of the call, resolved."""
        processor = self.processor
        return processor._resolve({name: value for name, value in self.kwargs.items() if name in processor._options})

    def running(self) -> AbstractContextManager[None]:
        """Steps that read the options of the call in progress have run already; nothing stands around the verbs."""
        return nullcontext()

    def facts(self, plan: Plan) -> Mapping[str, Any]:
        """Whose arithmetic the values follow, and how images become inputs."""
        processor: Any = self.processor
        options = self.options
        images = {
            "do_convert_rgb": options.get("do_convert_rgb"),
            "input_data_format": None if options.get("input_data_format") is None else str(options.input_data_format),
            "transparency": processor.fact("transparency"),
            "by": _made_by(processor),
        }
        return {"arithmetic": arithmetic(self.verbs, plan.nodes, options.get("device")), "images": images}

    def arrays(self, plan: Plan, images: Any, args: tuple[Any, ...]) -> list[Any]:
        """The images as arrays of the backend's, as the processor makes them, whatever it does before its first verb.

        Raises:
            ValueError: images of other sizes, kinds of pixels or nesting than were planned for.
        """
        again, arrays = self.processor._trace(images, args, self.kwargs, self)
        plan.refuse_others(again.inputs)
        if again != plan:
            raise ValueError(
                "these images nest otherwise than those that were planned for, or other values stand beside them"
            )
        return arrays

    def videos(self, plan: Plan) -> tuple[PlannedVideo, ...]:
        """What is taken of each video."""
        return planned_videos(self.taken, plan.outputs, self.options.get("merge_size") or 1)

    def image_tokens(self, plan: Plan) -> tuple[ImageTokens, ...]:
        """The feature tokens of each image, as `prompts.features` counts them; it stands above and is asked by name."""
        package = __name__.partition(".")[0]
        count = importlib.import_module(f"{package}.prompts.features").image_tokens
        known = self.processor._options
        options = {name: value for name, value in self.kwargs.items() if name in known and name != "return_tensors"}
        sizes = [shape[-2:] for shape, _ in plan.inputs]
        about = self.several, options, self.numbers, self.given
        tokens: tuple[ImageTokens, ...] = count(self.processor, sizes, *about, plan.outputs)
        return tokens


# Methods between images and the first verb. Of shipped families, whose others are known to add nothing to images that a
# plan would not show, the last two count.
WAYS: tuple[str, ...] = ("preprocess", "fetch_images", "_preprocess_image_like_inputs", "_prepare_image_like_inputs")
WAYS += ("_prepare_images_structure", "_opaque", "process_image", "convert_to_rgb")


def _made_by(processor: Any) -> str | None:
    """The class whose own code makes the arrays of images; None where it is the common one.

    A family has its name, other classes their place and a digest of the settings, on which such code may depend.
    """
    cls = type(processor)
    family, common = cls.family or cls, cls.common
    shipped = family.__module__.startswith(f"{__name__.partition('.')[0]}.models.")
    if all(getattr(cls, name) is getattr(common, name) for name in WAYS[-2 if shipped else 0 :]):
        return None
    if shipped:
        return str(family.__name__)
    settings = hashlib.sha256(processor.to_json_string().encode()).hexdigest()
    return f"{family.__module__}.{family.__qualname__} {settings}"


def _several(images: Any) -> tuple[bool, ...]:
    """For each image of a nested list whether its sample has others."""
    if not isinstance(images, list):
        return (False,)
    return tuple(
        isinstance(entry, list) and len(entry) > 1
        for entry in images
        for _ in (entry if isinstance(entry, list) else [entry])
    )


def _key(images: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What a plan is remembered by, of bare sizes only; None where they are not."""
    if args or not _is_bare(images):
        return None
    key = (_nested(images), *kwargs, *kwargs.values(), *map(type, kwargs.values()))  # types too, for 1 equals True
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _is_bare(images: Any) -> bool:
    kind = type(images)
    return kind is int or ((kind is tuple or kind is list) and all(map(_is_bare, images)))


def _nested(images: Any) -> Any:
    return images if type(images) is int else tuple(map(_nested, images))


def _is_size(entry: Any) -> bool:
    """Whether this is `(height, width)`."""
    pair = isinstance(entry, (tuple, list)) and len(entry) == 2
    return pair and all(isinstance(side, Integral) and not isinstance(side, bool) for side in entry)


def described(images: Any, converts: bool | None, looks: bool) -> Any:
    """Sizes and what has a header as symbols, in the same nesting; what must be looked at as it is, all if `looks`."""

    def described_one(image: Any, position: str) -> Any:
        return image if looks and not _is_size(image) else _symbol(image, converts, position)

    if _is_size(images) or not is_collection(images := unpacked(images)):
        return described_one(images, "")
    found: list[Any] = []
    for s, entry in enumerate(images):
        if _is_size(entry) or not is_collection(entry := unpacked(entry)):
            found.append(described_one(entry, f"image {s}"))
        else:
            found.append([described_one(image, f"image {i} of sample {s}") for i, image in enumerate(entry)])
    return found


def _symbol(image: Any, converts: bool | None, position: str) -> Any:
    image = unpacked(image)
    if _is_size(image):
        height, width = map(int, image)
        if min(height, width) < 1:
            error = ValueError(f"an image has at least one pixel each way, not {height}x{width}")
            place(error, position)
            raise error
        return Symbol((3, height, width))
    if is_pil_image(image):
        known = BANDS.get(image.mode)
        channels = known if converts is False else 3
        return image if known is None else Symbol((channels, image.height, image.width))  # type: ignore[arg-type]
    if is_valid_image(image):
        return image
    header = read_header(image, position)
    return Symbol((3, header.height, header.width), arguments={"orientation": header.orientation})
