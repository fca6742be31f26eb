"""From images as a model decodes them back to pixels: normalising and rescaling undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core.enums import ChannelDimension
from ..image_processing_outputs import BatchFeature, converter
from ..image_utils import is_pil_image, make_flat_list_of_images
from ..steps.standard import channel_statistics

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor


def restore_images(
    processor: BaseImageProcessor,
    images: Any,
    given: Mapping[str, Any],
    return_tensors: str | None = None,
    input_data_format: ChannelDimension | str | None = None,
) -> Any:
    """Undo what `rescale_and_normalize` did to images.

    Args:
        processor: its settings and its backend are used.
        images: float images `(C, H, W)` or `(H, W, C)`, a batch or a list of them. PIL images are returned as they are.
        given: `do_rescale`, `rescale_factor` (multiplied by; by default one over the processor's), `do_normalize`,
            `image_mean` and `image_std`; None takes the processor's.
        return_tensors: "np", "pt", "mlx" or "jax" for one array, None for a list of the backend's arrays,
            "PIL.Image.Image" for a list of PIL images, where the pixels are bytes.
        input_data_format: layout of the images, inferred if not given.

    Returns:
        `pixel_values` of `(C, H, W)` images: uint8, clipped to 0..255 and truncated, or float32 without `do_rescale`.

    Raises:
        TypeError, ValueError: an argument or an image that cannot be used.
    """
    images = make_flat_list_of_images(images)
    if is_pil_image(images[0]):
        return images if len(images) > 1 else images[0]
    verbs = processor.ops
    options = processor._resolve({name: value for name, value in given.items() if value is not None})
    layout = None if input_data_format is None else ChannelDimension(input_data_format)
    factor = options.rescale_factor if given.get("rescale_factor") else 1.0 / options.rescale_factor

    def restore(image: Any) -> Any:
        image = verbs.from_image(image, layout, None)
        if options.do_normalize:
            statistics = channel_statistics(image, options.image_mean, options.image_std)
            image = verbs.unnormalize(image, factor if options.do_rescale else 1.0, *statistics)
        elif options.do_rescale:
            image = verbs.rescale(image, factor)
        return verbs.cast(image, "uint8") if options.do_rescale else image

    pixels = [restore(image) for image in images]
    if return_tensors != "PIL.Image.Image":
        return BatchFeature({"pixel_values": pixels}, return_tensors)
    if options.do_rescale:
        import PIL.Image

        to_numpy = converter("np")
        pixels = [PIL.Image.fromarray(to_numpy(image).transpose(1, 2, 0)) for image in pixels]
    return BatchFeature({"pixel_values": pixels})
