from __future__ import annotations

from ...processing_utils import SizeDict
from ...targets.label_maps import process_label_maps, read_label_maps
from ...targets.poses import crop_labels, crop_people, joint_heatmaps, read_boxes
from ...utils import auto_docstring
from ..segformer.image_processing_segformer import Segformer, SegformerImageProcessorKwargs


class Sapiens2ImageProcessorKwargs(SegformerImageProcessorKwargs, total=False):
    """
    keypoint_heatmap_downscale_factor (`int`):
        How much smaller than a crop its heatmaps are.
    keypoint_heatmap_sigma (`float`):
        Width of the bell around a joint, in pixels of the heatmap.
    """

    keypoint_heatmap_downscale_factor: int
    keypoint_heatmap_sigma: float


@auto_docstring
class Sapiens2(Segformer):
    """Sapiens2: people as a whole image warped or padded to `size`, or one crop for each box.

    With `do_pad` images keep their shape and stand in the middle of zeros, as normals and point maps need it. Maps
    become int64 `labels`, of the nearest pixel (Q3); keypoints become heatmaps, float32 `labels` `(joints, H, W)`, and
    `label_weights` `(joints,)` for each person.
    """

    valid_kwargs = Sapiens2ImageProcessorKwargs
    further_outputs = ("labels", "label_weights")
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    size = {"height": 1024, "width": 768}
    do_center_crop = False
    crop_size = {"height": 224, "width": 224}
    do_pad = False
    keypoint_heatmap_downscale_factor = 4
    keypoint_heatmap_sigma = 6.0

    def preprocess(self, images, segmentation_maps=None, boxes=None, keypoints=None, **kwargs):
        """Turn images, and what belongs to them, into model inputs.

        Args:
            images: as `BaseImageProcessor.preprocess`.
            segmentation_maps: one `(H, W)` map of class ids for each image, of its size.
            boxes: `[image][person][x, y, width, height]` in pixels, as COCO has them; each is an image of the batch.
            keypoints: `[image][person][joint][x, y, visibility]` in pixels, beside boxes.
        """
        # Past Segformer's own, which takes maps alone.
        return super(Segformer, self).preprocess(images, segmentation_maps, boxes, keypoints, **kwargs)

    def _preprocess_image_like_inputs(self, images, segmentation_maps, boxes, keypoints, options):
        if segmentation_maps is not None and keypoints is not None:
            raise ValueError("segmentation_maps and keypoints both become `labels`; pass one of them")
        if keypoints is not None and boxes is None:
            raise ValueError("keypoints need boxes=[image][person][x, y, width, height]")
        prepared = self._prepare_image_like_inputs(images, options=options)
        people = None if boxes is None else read_boxes(boxes, len(prepared))
        shown = prepared if people is None else self._crops(prepared, people, options)
        changed = options if people is None else options.replace(do_resize=False)
        data = {"pixel_values": self.run_pipeline(shown, changed)}
        if segmentation_maps is not None:
            data["labels"] = self._labels(segmentation_maps, prepared, people, options)
        if keypoints is not None and people is not None:
            given = options.keypoint_heatmap_downscale_factor, options.keypoint_heatmap_sigma
            maps = joint_heatmaps(self.ops, people, keypoints, self._canvas(options), *given)
            data["labels"], data["label_weights"] = maps
        return self.batch_feature(data, options)

    def _canvas(self, options):
        """(height, width) of what the model sees."""
        if not options.size.height or not options.size.width:
            raise ValueError(f"Sapiens2 needs `height` and `width` in `size`, not {options.size}")
        return options.size.height, options.size.width

    def _crops(self, images, people, options):
        """One crop for each person, image after image."""
        size, pairs = self._canvas(options), zip(images, people, strict=True)
        return [crop for image, boxes in pairs for crop in crop_people(self.ops, image, boxes, size)]

    def _labels(self, segmentation_maps, images, people, options):
        """Maps of class ids, of the images or of the people in them."""
        if people is None:
            return process_label_maps(self, segmentation_maps, images, options)
        size, reduce = self._canvas(options), options.do_reduce_labels
        pairs = zip(read_label_maps(self, segmentation_maps, images), people, strict=True)
        crops = [crop for label, boxes in pairs for crop in crop_labels(label, boxes, size, reduce)]
        return [self.ops.integers(crop) for crop in crops]

    def resize(self, image, size, resample, do_pad):
        if not do_pad:
            return super().resize(image, size, resample)
        if not size.height or not size.width:
            raise ValueError(f"Sapiens2 pads to `height` and `width`, not {size}")
        inside = SizeDict(max_height=size.height, max_width=size.width)
        return self.center_crop(super().resize(image, inside, resample), size)

    def post_process_pose_estimation(
        self,
        outputs,
        boxes,
        outputs_flipped=None,
        kernel_size=11,
        threshold=None,
        source_sizes=None,
        target_sizes=None,
    ):
        """Joints of every person, on the image; see `postprocess.pose_estimation`."""
        from ...postprocess import pose_estimation

        size = self._canvas(self._options)
        sizes = source_sizes, target_sizes
        return pose_estimation(outputs, boxes, size, outputs_flipped, kernel_size, threshold, *sizes)

    def post_process_normal_estimation(self, outputs, source_sizes=None, target_sizes=None, do_remove_padding=None):
        """`normals` (3, height, width) of length 1 for each image; see `postprocess.maps_of_images`."""
        from ...postprocess import maps_of_images, unit_normals

        sizes = self._canvas(self._options), source_sizes, target_sizes
        return [{"normals": m} for m in maps_of_images(unit_normals(outputs), *sizes, do_remove_padding)]

    def post_process_pointmap_estimation(self, outputs, source_sizes=None, target_sizes=None, do_remove_padding=None):
        """`pointmap` (3, height, width) of camera coordinates, metric where the model gives `scales`."""
        from ...postprocess import maps_of_images, scaled_points

        sizes = self._canvas(self._options), source_sizes, target_sizes
        return [{"pointmap": m} for m in maps_of_images(scaled_points(outputs), *sizes, do_remove_padding)]

    def post_process_image_matting(self, outputs, target_sizes=None, backgrounds=None):
        """Foregrounds, how much they cover, and composites; see `postprocess.image_matting`."""
        from ...postprocess import image_matting

        return image_matting(outputs, target_sizes, backgrounds)
