"""What a backend must offer: a few verbs over arrays and numbers, never `do_*` flags or sizes of a configuration."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from weakref import WeakSet

from ..core.enums import ChannelDimension, PILImageResampling
from ..geometry import Size

INTERFACE = 1
"""What backends that are installed apart build on: this module, `core`, `geometry`, `ops.arrays`, `ops.filters` and
`ops.nesting`. The number grows when they have to change: a verb, an attribute or an argument more, fewer or other."""

Array = Any
"""A backend's own array of shape `(..., C, H, W)`: `np.ndarray`, `torch.Tensor`, a lazy recipe, a bare shape."""


@dataclass(frozen=True)
class Conventions:
    """Where the reference's two classes of a family differ in more than arithmetic: facts, each false on torchvision.

    A backend says which it has; families ask for the fact, never for the backend.
    """

    odd_row_first: bool = False
    """The odd row and column of a padded centre crop come before the image, not behind it."""

    pillow_alpha: bool = False
    """Arrays with alpha are composited as Pillow does its images, not in float32 and truncated."""

    pillow_nearest: bool = False
    """The nearest pixel of a mask is where Pillow's steps, added up in double precision, come to; else where torch's
    "nearest-exact" looks."""

    mask_types_swapped: bool = False
    """Masks of annotations that were not resized are bool from polygons and uint8 from panoptic files, not the other
    way round."""

    double_ratios: bool = False
    """Boxes of annotations follow their image by float64 ratios, not float32 ones."""

    one_by_one: bool = False
    """Images of one shape never go through a step as one array."""

    keeps_bytes: bool = False
    """Pixels stay bytes where no step makes floats of them."""

    float_patches: bool = False
    """Patches of one sequence are float32, though no step has made them so."""

    pillow_grey: bool = False
    """Grey is Pillow's luma, in integers; else torch's, in float32 and truncated."""

    sizes_after_crop: bool = False
    """Sizes told beside the pixels are those after a centre crop, not before."""

    lists_unasked: bool = False
    """Without `return_tensors` a batch that fits one array is a list all the same."""

    double_grids: bool = False
    """Grids of points to ask with are float64, not float32."""

    grey_last: bool = False
    """SuperPoint turns grey after rescaling, not before it (Q18)."""

    double_prompts: bool = False
    """Depth maps of integers become metres in float64, not float32."""

    rough_scores: bool = False
    """OneFormer's class scores are shrunk without smoothing (Q16)."""


class Ops(Protocol):
    """The verbs of a backend. `images` are of shape `(..., C, H, W)`; no verb changes its input."""

    name: ClassVar[str]
    tensor_type: ClassVar[str]
    """The `return_tensors` name of this backend's own arrays."""
    conventions: ClassVar[Conventions]
    """Which habits of the reference's two classes this backend has where they differ in more than arithmetic."""

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> Array:
        """A PIL image, array or tensor as this backend's `(C, H, W)` array of the same pixel type.

        Raises:
            TypeError: the pixel type is no number. ValueError: no channel axis can be told, or a pixel is NaN.
        """
        ...

    def resize(
        self, images: Array, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> Array:
        """Resample to `height x width` pixels; integer pixels stay integer."""
        ...

    def resize_float(
        self,
        images: Array,
        height: int,
        width: int,
        resample: PILImageResampling,
        antialias: bool = True,
        align_corners: bool = False,
    ) -> Array:
        """Resample in float32: nothing is rounded to bytes or clipped, whatever the values.

        With `align_corners` the centres of corner pixels lie on each other; bilinear or bicubic, without antialias.
        """
        ...

    def sample(
        self, images: Array, rows: tuple[float, float], columns: tuple[float, float], height: int, width: int
    ) -> Array:
        """Bilinear at the points `start + step * i` of both axes, `(start, step)` each, in double precision; zero where
        a point lies outside the images. Integer pixels stay integer, halves rounded away from zero."""
        ...

    def resize_blurred(self, images: Array, height: int, width: int) -> Array:
        """Shrink by a Gaussian blur and bilinear interpolation without antialiasing (scikit-image's rule).

        As torch: floats stay floats, nothing is blurred unless both sides shrink. By PIL's conventions as SciPy: each
        side on its own, edges mirrored.
        """
        ...

    def thumbnail(self, images: Array, height: int, width: int, resample: PILImageResampling) -> Array:
        """As `resize`; a backend may first shrink by whole factors to no less than twice the size, as Pillow does."""
        ...

    def crop(self, images: Array, top: int, left: int, height: int, width: int) -> Array:
        """The window whose top-left corner is `(top, left)`; it lies inside the images."""
        ...

    def pad(
        self, images: Array, top: int, bottom: int, left: int, right: int, fill: float | Sequence[float] = 0
    ) -> Array:
        """Add rows and columns of one value, or of one value for each channel; `(tokens, values)` arrays too."""
        ...

    def extend(self, images: Array, top: int, bottom: int, left: int, right: int, mode: str) -> Array:
        """Add rows and columns made of the images' own: "edge" repeats the outermost, "reflect" mirrors at it,
        "symmetric" mirrors it too."""
        ...

    def rescale(self, images: Array, scale: float) -> Array:
        """`images * scale`, float32; bfloat16 stays, and is rounded after the operation."""
        ...

    def normalize(self, images: Array, mean: Sequence[float], std: Sequence[float]) -> Array:
        """`(images - mean) / std` for each channel, float32; bfloat16 stays, and is rounded after each operation."""
        ...

    def rescale_and_normalize(self, images: Array, scale: float, mean: Sequence[float], std: Sequence[float]) -> Array:
        """Both, in the order and precision that this backend promises; float32."""
        ...

    def unnormalize(self, images: Array, scale: float, mean: Sequence[float], std: Sequence[float]) -> Array:
        """`(images * std + mean) * scale`, the way back, in the order and precision that this backend promises."""
        ...

    def standardize(self, images: Array) -> Array:
        """`(images - mean) / max(std, 1 / sqrt(n))` over all n values of each image, float32 (TensorFlow's rule)."""
        ...

    def grayscale(self, images: Array) -> Array:
        """Luma (0.2989, 0.587, 0.114) in all three channels; an image that is grey already stays as it is."""
        ...

    def nearest_color(self, images: Array, colors: Sequence[Sequence[float]]) -> Array:
        """int64 `(..., H, W)`: for each pixel the index of the colour `(C,)` at the least squared distance."""
        ...

    def flip_channels(self, images: Array) -> Array:
        """The channels in reverse order: RGB becomes BGR."""
        ...

    def cast(self, images: Array, dtype: str) -> Array:
        """The values in another pixel type, such as "float32"; for "uint8" clipped to 0..255 and truncated."""
        ...

    def clip(self, images: Array, lowest: float, highest: float) -> Array:
        """The values, none below `lowest` or above `highest`; float32 unless they are floats already."""
        ...

    def round(self, images: Array) -> Array:
        """The values as whole numbers, halves to even; float32 unless they are floats already."""
        ...

    def resize_fixed(self, images: Array, height: int, width: int) -> Array:
        """Bilinear as OpenCV resizes bytes: two pixels each way whatever the scale, weights of 11 bits, rounded once.

        Other pixels than bytes pass through bytes and come back in their own type.
        """
        ...

    def sample_grid(self, images: Array, rows: Sequence[float], columns: Sequence[float], cubic: bool) -> Array:
        """float32 values `(..., C, rows, columns)` where rows and columns cross, as torch's `grid_sample` counts them:
        -1 and 1 are the centres of the outermost pixels. Bilinear or bicubic (a = -0.75); zeros outside."""
        ...

    def exp(self, images: Array) -> Array:
        """e to the power of float32 values."""
        ...

    def rearrange(self, images: Array, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Array:
        """Reshape to `split`, permute the axes by `order`, reshape to `shape`."""
        ...

    def patchify(
        self, images: Array, patch: int | Size, merge: int = 1, copies: int = 1, vector: str = "cthw"
    ) -> Array:
        """Patches `(..., tokens, values)` in the order of `geometry.patch_axes`, repeated `copies` times in t.

        Spaces in `vector` keep its letters apart: "ct h w" gives `(..., tokens, channels * copies, patch, patch)`.
        """
        ...

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> Array:
        """One array from arrays of one shape; in nested lists, missing entries of shorter ones become zeros."""
        ...

    def concat(self, arrays: Sequence[Array], dtype: str | None = None, axis: int = 0) -> Array:
        """One array, joined along an axis."""
        ...

    def unstack(self, images: Array) -> list[Array]:
        """The entries along the first axis."""
        ...

    def stacking_pays(self, images: Array) -> bool:
        """Whether images of one shape are faster processed as one array (a GPU) than one after another (a CPU)."""
        ...

    def pixel_mask(self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64") -> Array:
        """`(padded_height, padded_width)`: 1 on the top-left `height x width`, 0 on padding."""
        ...

    def integers(self, values: Any, dtype: str = "int64", like: Array | None = None) -> Array:
        """An array of integers or booleans from nested lists of them, or from an array; on the device of `like`."""
        ...


VERB_NAMES: tuple[str, ...] = tuple(
    name for name, member in vars(Ops).items() if inspect.isfunction(member) and not name.startswith("_")
)


_COMPLETE: WeakSet[type] = WeakSet()


class IncompleteBackendError(TypeError):
    """A backend lacks verbs or attributes of `Ops`; the message lists all of them."""


def lacks(verbs: Any) -> list[str]:
    """What an object or class lacks to be a backend: attributes, verbs, and parameters that are other than here."""
    cls = verbs if isinstance(verbs, type) else type(verbs)
    annotations = inspect.get_annotations(Ops)
    lacking = [f"the attribute `{name}: {annotations[name]}`" for name in annotations if not hasattr(verbs, name)]
    for name in VERB_NAMES:
        method, wanted = getattr(verbs, name, None), _parameters(getattr(Ops, name))
        # What a class has from `Ops` itself is a declaration without a body.
        if not callable(method) or getattr(cls, name, None) is getattr(Ops, name):
            lacking.append(f"the verb `{name}({', '.join(wanted)})`")
        elif (given := _parameters(getattr(cls, name, method))) != wanted:
            lacking.append(f"the parameters of `{name}({', '.join(wanted)})`: it has ({', '.join(given)})")
    return lacking


def refuse_incomplete(verbs: Any, who: str) -> None:
    """Raise one error with all that an object lacks to be a backend.

    Raises:
        IncompleteBackendError: it lacks something.
    """
    if type(verbs) in _COMPLETE:
        return
    if lacking := lacks(verbs):
        raise IncompleteBackendError(
            f"{who} ({type(verbs).__name__}) lacks:\n"
            + "\n".join(f"- {what}" for what in lacking)
            + "\nA verb that cannot be offered raises UnsupportedOperationError."
        )
    if not lacks(type(verbs)):  # nor does any other object of this class
        _COMPLETE.add(type(verbs))


def _parameters(verb: Any) -> list[str]:
    """Names and defaults, as written; `self`, however it is called, is left out."""
    parameters = list(inspect.signature(verb).parameters.values())
    return [
        parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default!r}"
        for parameter in parameters[1:]
    ]


class UnsupportedOperationError(NotImplementedError):
    """A backend does not offer a verb or one of its variants."""


def unsupported(backend: str, what: str, instead: str) -> UnsupportedOperationError:
    """The error of a backend that knows a verb but not this variant of it."""
    return UnsupportedOperationError(f"the {backend!r} backend does not offer {what}; {instead}")
