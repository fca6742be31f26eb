from __future__ import annotations

from ...image_processing_utils import map_images
from ...image_utils import is_collection
from ...utils import auto_docstring
from .._tiles import mean_color, pad_to_square
from ..llava_next.image_processing_llava_next import LlavaNext


@auto_docstring
class LlavaOnevision(LlavaNext):
    """LLaVA-OneVision (arXiv:2408.03326): a thumbnail, then the tiles of the best fitting canvas.

    A sample with several images (an inner list longer than one) is not tiled: its images are padded to squares with
    the mean colour. `pixel_values` is `(images, tiles, C, H, W)`, short images padded with zero tiles; `image_sizes`
    holds the original `(height, width)`, `batch_num_images` the number of images of each sample.
    """

    model_input_names = ["pixel_values", "image_sizes", "batch_num_images"]

    size = {"height": 384, "width": 384}
    do_center_crop = None
    crop_size = None
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
        if sum(batch_num_images) != len(images):  # batches, which are arrays of several images
            batch_num_images = [1] * len(images)
        alone = [count == 1 for count in batch_num_images for _ in range(count)]
        colour = mean_color(options.image_mean)

        def views(shown):
            image, is_alone = shown
            return self.views(image, options) if is_alone else [pad_to_square(self.ops, image, colour)]

        shown = map_images(views, list(zip(images, alone, strict=True)))
        encoded = self.encode(images, shown, options)
        encoded.update(self.batch_feature({"batch_num_images": batch_num_images}, options))
        return encoded
