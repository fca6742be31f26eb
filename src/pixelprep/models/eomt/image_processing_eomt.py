from __future__ import annotations

import math

from ...image_processing_outputs import BatchFeature
from ...image_processing_utils import pad_to
from ...targets.masks import read_objects
from ...utils import auto_docstring
from .._masks import MaskImageProcessor, MaskImageProcessorKwargs


class EomtImageProcessorKwargs(MaskImageProcessorKwargs, total=False):
    """
    do_split_image (`bool`):
        Cut images into overlapping windows as wide as their shorter side, each an image of the batch.
    do_reduce_labels (`bool`, *optional*):
        Lower every class by one; None does so where there is an `ignore_index`, as the published checkpoints expect.
    """

    do_split_image: bool
    do_reduce_labels: bool | None


@auto_docstring
class Eomt(MaskImageProcessor):
    """EoMT (arXiv:2503.19108): shortest edge within a longest one, then windows (semantic) or padding (panoptic).

    `patch_offsets` holds an int64 `(image, start, end)` for each window, in pixels of the resized image's longer side;
    it is empty without `do_split_image`. With maps or annotations, `mask_labels` and `class_labels` as in `MaskFormer`,
    one for each window. Images of different sizes need `do_pad=True` to become one batch.
    """

    valid_kwargs = EomtImageProcessorKwargs
    model_input_names = ["pixel_values"]
    further_outputs = ("mask_labels", "class_labels", "patch_offsets")

    size = {"shortest_edge": 640, "longest_edge": 640}
    do_pad = False
    do_split_image = False
    do_reduce_labels = None

    def _preprocess_image_like_inputs(
        self, images, segmentation_maps, instance_id_to_semantic_id, annotations, masks_path, options
    ):
        prepared = self._prepare_image_like_inputs(images, options=options)
        resized = self.run_pipeline(prepared, options, ("resize",))
        parts = [(image, part) for image in resized for part in self._parts(*image.shape[-2:], options)]
        windows = [self._window(image, *part) for image, part in parts]
        pixels = self.run_pipeline(windows, options, ("rescale_and_normalize",))
        encoded = self.batch_feature({"pixel_values": pixels}, options)
        library = options.return_tensors or self.ops.tensor_type
        encoded["patch_offsets"] = [
            BatchFeature({"offset": [index, start, end]}, library).offset
            for index, image in enumerate(resized if options.do_split_image else [])
            for start, end in self._spans(max(image.shape[-2:]), options)
        ]
        reduce = options.ignore_index is not None if options.do_reduce_labels is None else options.do_reduce_labels
        targets = (segmentation_maps, instance_id_to_semantic_id, annotations, masks_path)
        changed = options.replace(do_reduce_labels=reduce)
        objects = read_objects(self, prepared, changed, *targets, lambda *size: self._parts(*size, options))
        if objects is not None:
            encoded.update(self._labels(objects, None, options))
        return encoded

    def _spans(self, length, options):
        """Where windows start and end along the longer side; they overlap as evenly as whole pixels allow."""
        edge = options.size.shortest_edge
        if not edge:
            raise ValueError(f"windows are as wide as `shortest_edge`, which `size` {options.size} lacks")
        count = math.ceil(length / edge)
        overlap = (count * edge - length) / (count - 1) if count > 1 else 0
        starts = [int(index * (edge - overlap)) for index in range(count)]
        return [(start, start + edge) for start in starts]

    def _parts(self, height, width, options):
        """The windows (top, left, bottom, right) of an image, each with the size that it is padded to."""
        windows = [(0, 0, height, width)]
        if options.do_split_image:
            spans = self._spans(max(height, width), options)
            tall = height > width
            windows = [
                (start, 0, min(end, height), width) if tall else (0, start, height, min(end, width))
                for start, end in spans
            ]
        rows, columns = self._canvas(options) if options.do_pad else (0, 0)
        return [
            ((top, left, bottom, right), (max(rows, bottom - top), max(columns, right - left)))
            for top, left, bottom, right in windows
        ]

    def _canvas(self, options):
        """The size that images are padded to at least."""
        size = options.size
        if size.height and size.width:
            return size.height, size.width
        if not size.shortest_edge:
            raise ValueError(f"padding needs `shortest_edge`, or `height` and `width`, in `size`, not {size}")
        return size.shortest_edge, size.longest_edge or size.shortest_edge

    def _window(self, image, window, size):
        """A window of an image, padded with zeros."""
        top, left, bottom, right = window
        return pad_to(self.ops, self.ops.crop(image, top, left, bottom - top, right - left), *size)

    def post_process_semantic_segmentation(
        self, outputs, target_sizes, size=None, return_segmentation_scores=False, unpad=False
    ):
        """Class maps from windows that are merged, or from whole images.

        Args:
            outputs: with `class_queries_logits` (B, queries, classes + 1), `masks_queries_logits` (B, queries, h, w)
                and, where images were cut, their `patch_offsets`.
            target_sizes: (height, width) of each image.
            size: that images were resized to; None for the processor's.
            return_segmentation_scores: as `postprocess.semantic_segmentation`.
            unpad: leave out what `do_pad` added; without it the result shows the padded image, as in the reference.
        """
        from ...postprocess import best_classes, resized_scores, windowed_scores

        scores, sizes = windowed_scores(outputs, target_sizes, self.size if size is None else size, unpad)
        if not return_segmentation_scores:
            return best_classes(scores, sizes)
        return [BatchFeature(entry) for entry in resized_scores(scores, sizes)]

    def post_process_instance_segmentation(self, outputs, target_sizes, threshold=0.8, size=None):
        """Each query's best class and its mask; see `postprocess.padded_instances`."""
        from ...postprocess import padded_instances

        return padded_instances(outputs, target_sizes, self.size if size is None else size, threshold)

    def post_process_panoptic_segmentation(
        self,
        outputs,
        target_sizes,
        threshold=0.8,
        mask_threshold=0.5,
        overlap_mask_area_threshold=0.8,
        stuff_classes=None,
        size=None,
    ):
        """Segments of things and stuff; see `postprocess.padded_panoptic`."""
        from ...postprocess import padded_panoptic

        thresholds = threshold, mask_threshold, overlap_mask_area_threshold
        return padded_panoptic(outputs, target_sizes, self.size if size is None else size, *thresholds, stuff_classes)

    def merge_image_patches(self, segmentation_logits, patch_offsets, target_sizes, size):
        """Scores of images from those of their windows; see `postprocess.merge_windows`."""
        from ...postprocess import merge_windows

        return merge_windows(segmentation_logits, patch_offsets, target_sizes, size)
