"""The pipeline that every image processor shares, written once and for every backend.

    preprocess                       resolve keyword arguments: call > instance > class
      _preprocess_image_like_inputs  images, and label maps or annotations beside them
        _prepare_image_like_inputs   load, flatten, and turn each image into the backend's (C, H, W) array
        _preprocess                  the steps named in `pipeline`, then one output

A method is handed the options that its signature names: `resize(self, image, size, resample, crop_pct)` gets
`crop_pct` because it asks for it, a parameter called `options` gets them all, and so does `**kwargs`.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from . import geometry, ops
from .calls import hand_over, handed
from .image_colors import convert_to_rgb
from .image_loading import fetch_images
from .image_processing_base import ImageProcessingMixin
from .image_processing_outputs import BatchFeature
from .image_utils import ChannelDimension, PILImageResampling, make_flat_list_of_images, make_nested_list_of_images
from .processing_utils import Options, SizeDict

if TYPE_CHECKING:
    from .image_loading import JpegDecoding
    from .image_utils import ImageInput
    from .ops import Array, Ops
    from .ops.shape import ShapeArray

# Which options a standard step takes by position, and the flag that switches it on. A family's own step is switched by
# `do_<step>` if there is such an option and takes what its signature names.
STEPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "resize": (("do_resize",), ("size",)),
    "pad": (("do_pad",), ()),
    "center_crop": (("do_center_crop",), ("crop_size",)),
    "rescale": (("do_rescale",), ("rescale_factor",)),
    "normalize": (("do_normalize",), ("image_mean", "image_std")),
    "rescale_and_normalize": (
        ("do_rescale", "do_normalize"),
        ("do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std"),
    ),
}


class Step(NamedTuple):
    """A method of the processor and what it is called with after the image."""

    name: str
    args: list[Any]
    kwargs: dict[str, Any]

    def of(self, processor: BaseImageProcessor) -> Callable[[Any], Any]:
        """The step as a function of images."""
        method, args, kwargs = getattr(processor, self.name), self.args, self.kwargs
        return lambda images: method(images, *args, **kwargs)


class BaseImageProcessor(ImageProcessingMixin):
    """Turns images into the tensors that a model expects.

    A family subclasses this once, sets class attributes as defaults and overrides steps; `on(backend)` binds it to a
    backend. Contributors may subclass a bound base such as `TorchvisionBackend` or `PilBackend` instead.

    Args:
        kwargs: the names of `valid_kwargs`. A value given here replaces the class's default, None switches it off.

    Raises:
        TypeError: an unknown name, a value of the wrong type, or a family that is bound to no backend.
        ValueError: a value out of range.
        MissingBackendError: the backend cannot run here.
    """

    model_input_names: ClassVar[list[str]] = ["pixel_values"]
    nested_images: ClassVar[bool] = False
    """Whether images are kept in one list for each sample, which may hold several."""
    pipeline: ClassVar[tuple[str, ...]] = ("resize", "center_crop", "rescale_and_normalize", "pad")

    default_to_square: Any = True
    rescale_factor: Any = 1 / 255

    @property
    def ops(self) -> Ops:
        """The backend's verbs."""
        return ops.get_ops(type(self).backend)

    # ------------------------------------------------------------------------------------------------ the pipeline

    def __call__(self, images: ImageInput, *args: Any, **kwargs: Any) -> BatchFeature:
        """The same as `preprocess`."""
        return self.preprocess(images, *args, **kwargs)

    def preprocess(self, images: ImageInput, *args: Any, **kwargs: Any) -> BatchFeature:
        """Turn images into model inputs.

        Args:
            images: one image or a list (nested for families with several images a sample) of PIL images, arrays or
                tensors `(H, W)`, `(H, W, C)` or `(C, H, W)`, paths, URLs, bytes.
            args: what the family takes beside images (segmentation maps, annotations).
            kwargs: the names of `valid_kwargs`; each replaces the instance's value for this call.

        Returns:
            The outputs named in `model_input_names`; `pixel_values` is float32 `(B, C, H, W)` unless the family says
            otherwise.

        Raises:
            TypeError: an unknown name, or a value or image of the wrong type. ValueError: a value, a combination or an
                image that cannot be processed; it names the image.
        """
        options = self._resolve(kwargs)
        output: BatchFeature = hand_over(
            self._preprocess_image_like_inputs, images, *args, options=options, rest=options
        )
        return output

    def _preprocess_image_like_inputs(
        self, images: ImageInput, *args: Any, options: Options | None = None, **kwargs: Any
    ) -> BatchFeature:
        """Prepare the images and process them; overridden where there are label maps or annotations beside them.

        This and the next two take their options whole, or one by one from a subclass that spells them out.
        """
        options = Options(kwargs) if options is None else options
        prepared = hand_over(self._prepare_image_like_inputs, images, options=options, rest=options)
        output: BatchFeature = hand_over(self._preprocess, prepared, *args, options=options, rest=options)
        return output

    def _prepare_images_structure(self, images: ImageInput, expected_ndims: int = 3) -> list[Any]:
        """Load what is not pixels yet and flatten to one list of images, or of samples if `nested_images`."""
        make_list = make_nested_list_of_images if self.nested_images else make_flat_list_of_images
        return make_list(self.fetch_images(images, expected_ndims), expected_ndims)

    def fetch_images(self, images: ImageInput, expected_ndims: int = 3, jpeg: JpegDecoding | None = None) -> Any:
        """Load paths, URLs, bytes and files, in any nesting; images become RGB, label maps keep their mode.

        JPEG files come as the backend likes them best, or as `jpeg` says.
        """
        rgb, verbs = expected_ndims == 3, self.ops
        jpeg = jpeg or (verbs.jpeg_decoding if rgb else "pillow")
        return fetch_images(images, convert_rgb=rgb, jpeg=jpeg, threads=verbs.num_threads())

    def _prepare_image_like_inputs(
        self, images: ImageInput, *, expected_ndims: int = 3, options: Options | None = None, **kwargs: Any
    ) -> list[Any]:
        """The images as the backend's `(C, H, W)` arrays, in the nesting of `_prepare_images_structure`."""
        options = Options(kwargs) if options is None else options
        images = self._prepare_images_structure(images, expected_ndims=expected_ndims)
        rest = ("do_convert_rgb", "input_data_format", "device")
        process, kwargs = self.process_image, handed(self.process_image, 1, options, rest)
        return map_images(lambda image: process(image, **kwargs), images)

    def process_image(
        self,
        image: Any,
        do_convert_rgb: bool | None = None,
        input_data_format: ChannelDimension | str | None = None,
        device: Any | None = None,
        do_rescale: bool | None = None,
    ) -> Array:
        """One PIL image, array or tensor as the backend's `(C, H, W)` array of the same pixel type."""
        layout = None if input_data_format is None else ChannelDimension(input_data_format)
        layout = getattr(image, "channel_dim", layout)  # what was decoded here knows its own
        if do_convert_rgb:
            image = hand_over(self.convert_to_rgb, image, options={"input_data_format": layout}, rest=())
        array = self.ops.from_image(image, layout, device)
        if do_rescale and _is_float(array.dtype) and 0 < float(array.max()) <= 1:
            warnings.warn(
                "images hold floats of 0..1, which `do_rescale` scales by `rescale_factor` once more; pass "
                "do_rescale=False if they are rescaled already",
                stacklevel=2,
            )
        return array

    def _preprocess(self, images: list[Any], options: Options | None = None, **kwargs: Any) -> BatchFeature:
        """Run the steps of `pipeline` over `(C, H, W)` arrays and collect `pixel_values`."""
        options = Options(kwargs) if options is None else options
        return self.batch_feature({"pixel_values": self.run_pipeline(images, options)}, options)

    def run_pipeline(self, images: list[Any], options: Options, steps: Sequence[str] | None = None) -> list[Any]:
        """Apply steps to every image, in order and where their flags are on; padding sees all images at once."""
        steps = self.pipeline if steps is None else tuple(steps)
        waiting: list[Step] = []
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
        steps = []
        for name in names:
            flags, given = STEPS.get(name, ((f"do_{name}",), ()))
            if any(options.get(flag, name not in STEPS) for flag in flags):
                args = [options[option] for option in given]
                rest = ("resample",) if name == "resize" else ()
                steps.append(Step(name, args, handed(getattr(self, name), 1 + len(args), options, rest)))
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

        return map_images(run, images)

    def _stacks(self, images: list[Any], options: Options) -> bool:
        """Whether images of one shape are processed as one array: as `disable_grouping` says, else where that pays.

        Never by PIL's conventions, for the reference's PIL classes do not.
        """
        if self.ops.pil_conventions:
            return False
        if options.disable_grouping is not None:
            return not options.disable_grouping
        first = next(_flatten(images), None)
        return first is not None and self.ops.stacking_pays(first)

    def map_by_shape(self, function: Callable[[Array], Any], images: list[Any], options: Options) -> list[Any]:
        """Apply a function of `(..., C, H, W)` arrays to each image, stacking those of one shape where that pays.

        Images may nest one level deep. A function that returns a list (tiles) gives one list for each image.
        """
        if not self._stacks(images, options):
            return map_images(function, images)
        verbs = self.ops
        flat = list(_flatten(images))
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, image in enumerate(flat):
            groups.setdefault(tuple(image.shape), []).append(index)
        results: list[Any] = [None] * len(flat)
        for indices in groups.values():
            out = function(verbs.stack([flat[index] for index in indices]))
            parts = (
                [list(p) for p in zip(*map(verbs.unstack, out), strict=True)]
                if isinstance(out, list)
                else verbs.unstack(out)
            )
            for index, part in zip(indices, parts, strict=True):
                results[index] = part
        rebuilt = iter(results)
        return map_images(lambda _: next(rebuilt), images)

    def batch_feature(self, data: dict[str, Any], options: Options) -> BatchFeature:
        """The output: lists of backend arrays become one array each if `return_tensors` asks for it."""

        verbs, dtype, outputs = self.ops, options.dtype, dict(data)
        for name, value in data.items():
            if isinstance(value, list) and _holds_images(value):
                if options.return_tensors is not None:
                    outputs[name] = verbs.stack(value, dtype)
                else:
                    outputs[name] = map_images(lambda image: verbs.unstack(verbs.stack([image], dtype))[0], value)
        return BatchFeature(outputs, options.return_tensors)

    # ---------------------------------------------------------------------------------------------------- steps

    def convert_to_rgb(self, image: Any, input_data_format: ChannelDimension | None = None) -> Any:
        """An image with three channels; alpha is dropped, grey repeated."""
        return convert_to_rgb(image, input_data_format)

    def resize(
        self, image: Array, size: SizeDict, resample: PILImageResampling | None = None, antialias: bool = True
    ) -> Array:
        """Resize to the target that `size` means for this image; bilinear if no filter is given.

        Raises:
            ValueError: `size` is of a style that this family cannot use.
        """
        height, width = target_size(image.shape[-2], image.shape[-1], SizeDict.parse(size))
        resample = PILImageResampling.BILINEAR if resample is None else PILImageResampling.parse(resample)
        return self.ops.resize(image, height, width, resample, antialias)

    def center_crop(self, image: Array, size: SizeDict) -> Array:
        """The `size.height x size.width` window around the centre, with zeros where the image is smaller."""
        if size.height is None or size.width is None:
            raise ValueError(f"a centre crop needs `height` and `width`, not {size}")
        height, width = image.shape[-2:]
        top, left = geometry.center_crop(height, width, size.height, size.width, extra_first=self.ops.pil_conventions)
        if height < size.height or width < size.width:
            above, before = max(-top, 0), max(-left, 0)
            below = max(size.height - height - above, 0)
            after = max(size.width - width - before, 0)
            image = self.ops.pad(image, above, below, before, after)
        return self.ops.crop(image, max(top, 0), max(left, 0), size.height, size.width)

    def rescale(self, image: Array, scale: float) -> Array:
        """`image * scale`, float32."""
        return self.ops.rescale(image, scale)

    def normalize(self, image: Array, mean: float | Sequence[float], std: float | Sequence[float]) -> Array:
        """`(image - mean) / std` for each channel, float32."""
        return self.ops.normalize(image, *_statistics(image, mean, std))

    def rescale_and_normalize(
        self,
        images: Array,
        do_rescale: bool,
        rescale_factor: float,
        do_normalize: bool,
        image_mean: float | Sequence[float],
        image_std: float | Sequence[float],
    ) -> Array:
        """Both steps, in one where neither is overridden."""
        cls = type(self)
        whole = cls.rescale is BaseImageProcessor.rescale and cls.normalize is BaseImageProcessor.normalize
        if do_rescale and do_normalize and whole:
            return self.ops.rescale_and_normalize(images, rescale_factor, *_statistics(images, image_mean, image_std))
        if do_rescale:
            images = self.rescale(images, rescale_factor)
        return self.normalize(images, image_mean, image_std) if do_normalize else images

    def pad(
        self,
        images: list[Array],
        pad_size: SizeDict | None = None,
        fill_value: float = 0,
        return_mask: bool = False,
    ) -> Any:
        """Pad at the bottom and the right to `pad_size`, or to the largest height and width of the batch.

        Returns:
            The padded images; with `return_mask`, also int64 masks `(H, W)` with 1 on the image and 0 on padding.

        Raises:
            ValueError: an image is larger than `pad_size`.
        """
        if pad_size is None:
            height, width = (max(image.shape[axis] for image in images) for axis in (-2, -1))
        elif pad_size.height is None or pad_size.width is None:
            raise ValueError(f"`pad_size` needs `height` and `width`, not {pad_size}")
        else:
            height, width = pad_size.height, pad_size.width
        padded = map_images(lambda image: pad_to(self.ops, image, height, width, fill_value), images)
        if not return_mask:
            return padded
        return padded, [self.ops.pixel_mask(image.shape[-2], image.shape[-1], height, width) for image in images]

    # --------------------------------------------------------------------------------------------- without pixels

    def output_shapes(self, height: int, width: int, **kwargs: Any) -> dict[str, ShapeArray]:
        """Every output for one RGB image of `height x width`, without making pixels.

        Returns:
            For each output its `shape`, its `dtype` and, where it holds integers that depend on the size alone (grids,
            sizes, counts), their `values`.

        Raises:
            as `preprocess`.
        """
        from .ops.shape import ShapeArray

        if min(height, width) < 1:
            raise ValueError(f"an image has at least one pixel each way, not {height}x{width}")
        cls = type(self)
        twin = copy.copy(self)
        twin.__class__ = cls.on("shape") if cls.family else type(cls.__name__, (cls,), {"backend": "shape"})
        outputs = twin.preprocess(ShapeArray((3, height, width)), **{**kwargs, "return_tensors": "np", "device": None})  # type: ignore[arg-type]
        return {
            name: value if isinstance(value, ShapeArray) else ShapeArray(value.shape, str(value.dtype), value.tolist())
            for name, value in ((name, _as_array(value)) for name, value in outputs.items())
        }


def target_size(height: int, width: int, size: SizeDict) -> geometry.Size:
    """The size in pixels that a `SizeDict` means for an image of `height x width`.

    Raises:
        ValueError: the style needs a family that knows how to read it.
    """
    if size.shortest_edge and size.longest_edge:
        return geometry.shortest_longest_edge(height, width, size.shortest_edge, size.longest_edge)
    if size.shortest_edge:
        return geometry.shortest_edge(height, width, size.shortest_edge)
    if size.max_height and size.max_width:
        return geometry.fit_within(height, width, size.max_height, size.max_width)
    if size.height and size.width:
        return size.height, size.width
    raise ValueError(
        f"`size` is {size}, which this image processor cannot use; give height and width, shortest_edge (with or "
        "without longest_edge), or max_height and max_width"
    )


def pad_to(verbs: Ops, image: Array, height: int, width: int, fill: float | Sequence[float] = 0) -> Array:
    """Pad an image at the bottom and the right.

    Raises:
        ValueError: the image is larger.
    """
    below, after = height - image.shape[-2], width - image.shape[-1]
    if below < 0 or after < 0:
        raise ValueError(f"an image of {image.shape[-2]}x{image.shape[-1]} cannot be padded to {height}x{width}")
    return verbs.pad(image, 0, below, 0, after, fill) if below or after else image


def map_images(function: Callable[[Any], Any], images: list[Any]) -> list[Any]:
    """Apply a function to images that may nest one level deep; its errors name the image."""
    results: list[Any] = []
    try:
        for entry in images:
            if isinstance(entry, list):
                results.append([])
                for image in entry:
                    results[-1].append(function(image))
            else:
                results.append(function(entry))
    except (TypeError, ValueError) as error:
        if type(error) not in (TypeError, ValueError) or str(error).startswith("image "):
            raise
        nested = isinstance(entry, list)
        name = f"image {len(results[-1])} of sample {len(results) - 1}" if nested else f"image {len(results)}"
        raise type(error)(f"{name}: {error}") from error
    return results


@cache
def _is_float(dtype: Any) -> bool:
    return "float" in str(dtype)  # NumPy takes 30 calls to write it


def _flatten(images: list[Any]) -> Any:
    for entry in images:
        if isinstance(entry, list):
            yield from entry
        else:
            yield entry


def _holds_images(value: Any) -> bool:
    while isinstance(value, list):
        value = next((entry for entry in value if not isinstance(entry, list) or entry), None)
    return hasattr(value, "shape")


def _statistics(image: Array, *values: float | Sequence[float]) -> list[Sequence[float]]:
    """Mean and std as one number for each channel.

    Raises:
        ValueError: they do not fit the image's channels.
    """
    channels = image.shape[-3]
    spread = [value if isinstance(value, (tuple, Sequence)) else (value,) * channels for value in values]
    for value in spread:
        if len(value) != channels:
            raise ValueError(
                f"the image has {channels} channel{'s' * (channels > 1)} and `image_mean` or `image_std` {len(value)}; "
                "pass do_convert_rgb=True, or statistics of as many channels"
            )
    return spread


def _as_array(value: Any) -> Any:
    import numpy as np

    return value if hasattr(value, "shape") else np.asarray(value)
