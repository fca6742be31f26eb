"""The pipeline that every image processor shares, written once and for every backend.

    preprocess                       resolve keyword arguments: call > instance > class
      _preprocess_image_like_inputs  images, and label maps or annotations beside them
        _prepare_image_like_inputs   load, flatten, and turn each image into the backend's (C, H, W) array
        _preprocess                  the steps named in `pipeline`, then one output

The steps are in `steps/`; a step is handed the options that its signature names (`core/handing.py`). The three methods
with an underscore take the options whole; an override may spell them out instead, and gets those it names.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from .checkpoints.loading import make_processor, open_checkpoint
from .core.callers import warn_caller
from .core.enums import ChannelDimension
from .core.handing import InProgress, check_steps, hand_over, handed, step
from .core.names import borrowed
from .core.schema import Options
from .core.threads import JpegDecoding, Loading
from .image_processing_base import ImageProcessingMixin
from .image_processing_outputs import BatchFeature
from .image_utils import make_flat_list_of_images, make_nested_list_of_images
from .images.colors import convert_to_rgb, layout_of, needs_three_channels
from .images.decoding import fetch_images
from .ops import choose_backend, get_backend
from .plans.planning import Planning
from .plans.replaying import Prepared, may_replay, replayed
from .plans.symbols import Symbol
from .steps.nesting import map_images as map_images
from .steps.outputs import Joined as Joined, Stacked as Stacked, make_output
from .steps.standard import StandardSteps, pad_to as pad_to, target_size as target_size

if TYPE_CHECKING:
    import os

    from .image_utils import ImageInput
    from .images.colors import Rounding, Transparency
    from .ops import Array

_LOADING = Loading()


class BaseImageProcessor(StandardSteps, Planning, ImageProcessingMixin):
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
    further_outputs: ClassVar[tuple[str, ...]] = ()
    """Outputs beside `model_input_names`, which training, prompts or post-processing ask for."""
    nested_images: ClassVar[bool] = False
    """Whether images are kept in one list for each sample, which may hold several."""
    pipeline: ClassVar[tuple[str, ...]] = ("resize", "center_crop", "rescale_and_normalize", "pad")

    default_to_square: Any = True
    rescale_factor: Any = 1 / 255

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.closed_steps:
            names = (*cls.pipeline, *cls.further_steps, "process_image")
            check_steps(cls, names, cls._schema().types, lambda name: getattr(cls, name, None))

    @classmethod
    def on(cls, backend: str) -> type[Self]:
        """This family's class on a backend, for example `CLIP.on("pil")`; the same object each time.

        Raises:
            UnknownBackendError: there is no such backend.
        """
        return cast("type[Self]", _bind(cast(Any, cls.family or cls), backend))

    @classmethod
    def public_name(cls) -> str:
        """The name of the family's class without a backend's suffix: `CLIPImageProcessor` of `CLIP`."""
        return cls.__name__.removesuffix("ImageProcessor") + "ImageProcessor"

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any) -> Self:
        """A processor from a folder, a JSON file or a hub id; keyword arguments replace what the file says.

        See `AutoImageProcessor.from_pretrained` for the arguments that choose a revision, a token and so on.
        """
        checkpoint, asked = open_checkpoint(pretrained_model_name_or_path, kwargs, cls.kind)
        target: type[BaseImageProcessor] = cls
        if not cls.backend or (asked.backend is not None and asked.backend != cls.backend):
            if cls.backend and cls.family is None:
                raise ValueError(
                    f"{cls.__name__} is written for the backend {cls.backend!r}, not for {asked.backend!r}"
                )
            target = cls.on(choose_backend(asked.backend))
        return cast("Self", make_processor(target, checkpoint, kwargs, asked.return_unused_kwargs))

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
            The outputs named in `model_input_names` and `further_outputs`; `pixel_values` is float32 `(B, C, H, W)`
            unless the family says otherwise.

        Raises:
            TypeError: an unknown name, or a value or image of the wrong type. ValueError: a value, a combination or an
                image that cannot be processed; it names the image.
        """
        if args and len(args) > len(_beside(cast(Any, type(self)))):
            raise TypeError(_too_many(type(self), args))
        options = self._resolve(kwargs)
        with InProgress(self, options):
            if may_replay(self, args):
                images = Prepared(self._prepare_image_like_inputs(images, options=options))
                if (known := replayed(self, images, args, options)) is not None:
                    return known
            output: BatchFeature = hand_over(self._preprocess_image_like_inputs, images, *args, options=options)
        return output

    def _preprocess_image_like_inputs(
        self, images: ImageInput, *args: Any, options: Options | None = None, **kwargs: Any
    ) -> BatchFeature:
        """Prepare the images and process them; overridden where there are label maps or annotations beside them.

        This and the next two take their options whole, or one by one from a subclass that spells them out.
        """
        options = Options(kwargs) if options is None else options
        prepared = hand_over(self._prepare_image_like_inputs, images, options=options)
        output: BatchFeature = hand_over(self._preprocess, prepared, *args, options=options)
        return output

    def _prepare_images_structure(self, images: ImageInput, expected_ndims: int = 3) -> list[Any]:
        """Load what is not pixels yet and flatten to one list of images, or of samples if `nested_images`."""
        make_list = make_nested_list_of_images if self.nested_images else make_flat_list_of_images
        return make_list(self.fetch_images(images, expected_ndims), expected_ndims)

    def fetch_images(self, images: ImageInput, expected_ndims: int = 3, jpeg: JpegDecoding | None = None) -> Any:
        """Load paths, URLs, bytes and files, in any nesting; images become RGB as if they had been opened first, label
        maps keep their mode.

        JPEG files come as the backend likes them best, or as `jpeg` says.
        """
        rgb, loading = expected_ndims == 3, getattr(self.ops, "loading", _LOADING)
        jpeg = jpeg or (loading.jpeg if rgb else "pillow")
        return fetch_images(images, convert_rgb=rgb, opaque=self._opaque, jpeg=jpeg, threads=loading.threads())

    def _opaque(self, image: Any) -> Any:
        return hand_over(self.convert_to_rgb, image, options={"input_data_format": ChannelDimension.LAST})

    def _prepare_image_like_inputs(
        self, images: ImageInput, *, expected_ndims: int = 3, options: Options | None = None, **kwargs: Any
    ) -> list[Any]:
        """The images as the backend's `(C, H, W)` arrays, in the nesting of `_prepare_images_structure`."""
        if isinstance(images, Prepared):
            return images
        options = Options(kwargs) if options is None else options
        images = self._prepare_images_structure(images, expected_ndims=expected_ndims)
        args, kwargs = handed(type(self), "process_image", options)
        process = self.process_image
        return map_images(lambda image: process(image, *args, **kwargs), images)

    @step
    def process_image(
        self,
        image: Any,
        do_convert_rgb: bool | None,
        input_data_format: ChannelDimension | str | None,
        device: Any | None,
        do_rescale: bool | None,
    ) -> Array:
        """One PIL image, array or tensor as the backend's `(C, H, W)` array of the same pixel type."""
        if isinstance(image, Symbol):  # described as what comes of the image here
            return self.ops.from_image(image, None, None)
        layout = layout_of(image, input_data_format, bool(do_convert_rgb))
        if needs_three_channels(image, do_convert_rgb):
            image = hand_over(self.convert_to_rgb, image, options={"input_data_format": layout})
        array = self.ops.from_image(image, layout, device)
        if isinstance(array, Symbol):
            return array
        if do_rescale and _is_float(array.dtype):
            if 0 < float(array.max()) <= 1:
                warn_caller(
                    "images hold floats of 0..1, which `do_rescale` scales by `rescale_factor` once more; pass "
                    "do_rescale=False if they are rescaled already"
                )
        elif do_rescale and not _is_bytes(array.dtype):
            largest = float(self.ops.cast(array, "float32").max())
            if largest > 255:
                warn_caller(
                    f"images of {array.dtype} reach {largest:.0f}, and `do_rescale` takes 255 for white; pass the "
                    "rescale_factor of their range, such as 1 / 65535, or scale them to 0..255 first"
                )
        return array

    def _preprocess(self, images: list[Any], options: Options | None = None, **kwargs: Any) -> BatchFeature:
        """Run the steps of `pipeline` over `(C, H, W)` arrays and collect `pixel_values`."""
        options = Options(kwargs) if options is None else options
        return self.batch_feature({"pixel_values": self.run_pipeline(images, options)}, options)

    def batch_feature(self, data: dict[str, Any], options: Options) -> BatchFeature:
        """The outputs: floats in the `dtype` asked for, here and nowhere else; lists of arrays become one array each if
        `return_tensors` asks for it, `Stacked` and `Joined` ones in any case.
        """
        one_array = options.return_tensors is not None
        outputs = {name: make_output(self.ops, value, options.dtype, one_array) for name, value in data.items()}
        return BatchFeature(outputs, options.return_tensors)

    def convert_to_rgb(self, image: Any, input_data_format: ChannelDimension | None = None) -> Any:
        """An image with three channels: transparency becomes white, grey is repeated.

        Bytes of arrays are composited in torch's arithmetic, or in Pillow's where its conventions hold.
        """
        rounding: Rounding = "nearest" if self.ops.conventions.pillow_alpha else "torch"
        transparency: Transparency = self.fact("transparency")
        return convert_to_rgb(image, input_data_format, transparency=transparency, rounding=rounding)


@cache
def _beside(cls: type[BaseImageProcessor]) -> tuple[str, ...]:
    """What a family takes by position beside images: what its `_preprocess` or the method before it spells out."""
    for name in ("_preprocess_image_like_inputs", "_preprocess"):
        function = getattr(cls, name)
        if function is not getattr(BaseImageProcessor, name):
            parameters = list(inspect.signature(function).parameters.values())[2:]
            known = cls._schema().types.keys() | {"options"}
            taken = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in known]
            if taken or not any(p.kind is p.VAR_POSITIONAL for p in parameters):
                return tuple(taken)
    return ()


def _too_many(cls: type[BaseImageProcessor], args: tuple[Any, ...]) -> str:
    beside = _beside(cast(Any, cls))
    taken = " and ".join(("images", *beside))
    hint = "; write return_tensors=..." if isinstance(args[-1], str) else ""
    return f"{cls.__name__} takes {taken} by position, and {len(args) + 1} arguments were given{hint}"


@cache
def _is_float(dtype: Any) -> bool:
    return "float" in str(dtype)  # NumPy takes 30 calls to write it


@cache
def _is_bytes(dtype: Any) -> bool:
    return str(dtype).endswith("uint8")


BaseImageProcessor.common = BaseImageProcessor


class TorchvisionBackend(BaseImageProcessor):
    """Image processing by PyTorch and torchvision, on the CPU or a GPU."""

    backend = "torchvision"


class PilBackend(BaseImageProcessor):
    """Image processing by Pillow and NumPy, on the CPU."""

    backend = "pil"


class NativeBackend(BaseImageProcessor):
    """Image processing by the compiled core: the torchvision backend's pixels without PyTorch."""

    backend = "native"


_BASES: dict[str, type[BaseImageProcessor]] = {
    base.backend: base for base in (TorchvisionBackend, PilBackend, NativeBackend)
}


@cache
def _bind(family: type[BaseImageProcessor], backend: str) -> type[BaseImageProcessor]:
    """The class of a family on a backend: the family's logic over the backend's verbs."""
    suffix = get_backend(backend).suffix
    package = __name__.partition(".")[0]
    bases = f"{package}.image_processing_backends"
    base = _BASES.setdefault(
        backend, type(f"{suffix}Backend", (BaseImageProcessor,), {"backend": backend, "__module__": bases})
    )
    name = family.public_name() + suffix
    # Shipped classes are found again, by pickle too, where users import them from: the package itself.
    module = package if family.__module__.startswith(f"{package}.models.") else family.__module__
    members = {"family": family, "__doc__": family.__doc__, "__module__": module}
    return type(name, (family, base), members)


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = borrowed(
    __name__,
    (
        "SizeDict",
        "get_patch_output_size",
        "get_size_dict",
        "select_best_resolution",
    ),
    f"{__name__.partition('.')[0]}.checkpoints.remote_code.helpers",
)
