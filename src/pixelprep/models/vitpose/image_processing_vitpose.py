from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from ...ops.sampling import pose_window
from ...processing_utils import ImagesKwargs
from ...targets.poses import read_boxes
from ...utils import auto_docstring
from .._tiles import height_and_width


class VitPoseImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_affine_transform (`bool`, *optional*):
        Cut the box of each person out; without it images are taken as they come.
    normalize_factor (`float`, *optional*):
        Pixels that boxes are counted by; other values than 200 show a larger or smaller window.
    """

    do_affine_transform: bool | None
    normalize_factor: float | None


@auto_docstring
class VitPose(BaseImageProcessor):
    """ViTPose (arXiv:2204.12484): one crop of `size` for each person's box, a quarter wider than the box.

    `pixel_values` is float32 `(people of all images, C, H, W)`.
    """

    valid_kwargs = VitPoseImageProcessorKwargs
    pipeline = ("rescale_and_normalize",)

    size = {"height": 256, "width": 192}
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
    do_affine_transform = True
    normalize_factor = 200.0

    def preprocess(self, images, boxes=None, **kwargs):
        """Turn people in images into model inputs.

        Args:
            images: as `BaseImageProcessor.preprocess`.
            boxes: `[image][person][x, y, width, height]` in pixels, as COCO has them.
        """
        return super().preprocess(images, boxes, **kwargs)

    def _preprocess_image_like_inputs(self, images, boxes, options):
        shown = self._prepare_image_like_inputs(images, options=options)
        if options.do_affine_transform:
            if boxes is None:
                raise ValueError(
                    "VitPose cuts people out of images: pass boxes=[image][person][x, y, width, height], or "
                    "do_affine_transform=False for images that are crops already"
                )
            read_boxes(boxes, len(shown))
            if not any(map(len, boxes)):
                return self._nobody(shown[0], options)
            size = height_and_width(options.size, self)
            people = zip(shown, boxes, strict=True)
            shown = [self._crop(image, box, size, options) for image, entries in people for box in entries]
        return self.batch_feature({"pixel_values": self.run_pipeline(shown, options)}, options)

    def _nobody(self, image, options):
        """The outputs of a batch without people, of the type and size of others."""
        size = height_and_width(options.size, self)
        crop = self._crop(image, (0, 0, *image.shape[:-3:-1]), size, options)
        encoded = self.batch_feature({"pixel_values": self.run_pipeline([crop], options)}, options)
        encoded["pixel_values"] = encoded["pixel_values"][:0]
        return encoded

    def _crop(self, image, box, size, options):
        rows, columns = pose_window(box, size, options.normalize_factor)
        return self.ops.sample(image, rows, columns, *size)

    def post_process_pose_estimation(self, outputs, boxes, kernel_size=11, threshold=None, target_sizes=None):
        """Joints of every person, on the image; see `postprocess.dark_pose_estimation`."""
        from ...postprocess import dark_pose_estimation

        size = height_and_width(self._options.size, self)
        return dark_pose_estimation(outputs, boxes, size, kernel_size, threshold, target_sizes)
