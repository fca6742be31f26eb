from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling, is_collection
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring


class LlavaOnevisionImageProcessorKwargs(ImagesKwargs, total=False):
    """
    image_grid_pinpoints (`list[tuple[int, int]]`):
        Canvas sizes `(height, width)` of which the best fitting one is cut into tiles.
    """

    image_grid_pinpoints: tuple[tuple[int, int], ...]


@auto_docstring
class LlavaOnevision(BaseImageProcessor):
    """LLaVA-OneVision (arXiv:2408.03326): a thumbnail, then the tiles of the best fitting canvas.

    A sample with several images (an inner list longer than one) is not tiled: its images are padded to squares with
    the mean colour. `pixel_values` is `(images, tiles, C, H, W)`, short images padded with zero tiles; `image_sizes`
    holds the original `(height, width)`, `batch_num_images` the number of images of each sample.
    """

    valid_kwargs = LlavaOnevisionImageProcessorKwargs
    model_input_names = ["pixel_values", "image_sizes", "batch_num_images"]
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"height": 384, "width": 384}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    do_pad = True
    image_grid_pinpoints = tuple((384 * rows, 384 * columns) for rows in range(1, 7) for columns in range(1, 7))

    def preprocess(self, images, **kwargs):
        if is_collection(images):
            images = list(images)
        if isinstance(images, list) and images and is_collection(images[0]):
            samples = [list(sample) for sample in images]
            images = [sample for sample in samples if sample]
            counts = [len(sample) for sample in images]
        else:
            counts = [1] * (len(images) if isinstance(images, list) else 1)
        return super().preprocess(images, counts, **kwargs)

    def _preprocess(self, images, batch_num_images, options):
        sizes = [tuple(image.shape[-2:]) for image in images]
        alone = iter([count == 1 for count in batch_num_images for _ in range(count)])

        def cut(image):
            return self.get_image_patches(image, options) if next(alone) else [self.pad_to_square(image, options)]

        tiles = self.run_pipeline(map_images(cut, images), options)
        if options.do_pad:
            pixel_values = self.ops.stack(tiles, options.dtype)
        else:
            pixel_values = [self.ops.stack(image, options.dtype) for image in tiles]
        if options.do_pad and options.return_tensors is None:
            pixel_values = self.ops.unstack(pixel_values)
        outputs = {"pixel_values": pixel_values, "image_sizes": sizes, "batch_num_images": batch_num_images}
        return self.batch_feature(outputs, options)

    def get_image_patches(self, image, options):
        """The thumbnail and the tiles of one image."""
        size = options.size
        thumbnail = (size.height, size.width) if size.height and size.width else (size.shortest_edge,) * 2
        if not all(thumbnail):
            raise ValueError(f"{type(self).__name__} needs a `size` with `height` and `width`, not {size}")
        edge = options.crop_size.height if options.crop_size and options.crop_size.height else thumbnail[0]
        canvas = geometry.best_resolution(*image.shape[-2:], options.image_grid_pinpoints)
        height, width = geometry.fit_on_canvas(*image.shape[-2:], *canvas)
        resized = self.ops.resize(image, height, width, options.resample)
        above, below = geometry.split_padding(canvas[0] - height)
        before, after = geometry.split_padding(canvas[1] - width)
        padded = self.ops.pad(resized, above, below, before, after)
        boxes = geometry.tile_boxes(*canvas, edge, edge)
        return [self.ops.resize(image, *thumbnail, options.resample), *(self.ops.crop(padded, *box) for box in boxes)]

    def pad_to_square(self, image, options):
        """One image of a multi-image sample on a square of the mean colour."""
        height, width = image.shape[-2:]
        side = max(height, width)
        above, below = geometry.split_padding(side - height)
        before, after = geometry.split_padding(side - width)
        colour = [int(mean * 255) for mean in options.image_mean]
        return self.ops.pad(image, above, below, before, after, colour) if height != width else image
