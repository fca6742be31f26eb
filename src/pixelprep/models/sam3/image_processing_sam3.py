from __future__ import annotations

from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...targets.prompts import concept_examples
from ...utils import auto_docstring
from .._promptable import PromptableImageProcessor


@auto_docstring
class Sam3(PromptableImageProcessor):
    """SAM 3 (arXiv:2511.16719): images warped to a square, points and boxes with them; finds concepts in words too.

    Boxes with labels are examples of a concept, those without are objects to cut out.
    """

    size = {"height": 1008, "width": 1008}
    mask_size = {"height": 288, "width": 288}
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD

    def preprocess(
        self,
        images,
        segmentation_maps=None,
        input_points=None,
        input_labels=None,
        input_boxes=None,
        input_boxes_labels=None,
        **kwargs,
    ):
        """Turn images, and prompts and maps that belong to them, into model inputs.

        Args:
            images: as `BaseImageProcessor.preprocess`.
            segmentation_maps, input_points, input_labels, input_boxes: as `PromptableImageProcessor.preprocess`.
            input_boxes_labels: `[image][box]`, 1 for a box around what the concept is and 0 around what it is not. With
                it `input_boxes` are examples of a concept: any number for each image, or none, and they become centre
                boxes in 0..1; shorter lists are filled up, their labels with -10.
        """
        given = (segmentation_maps, input_points, input_labels, input_boxes, input_boxes_labels)
        return super().preprocess(images, *given, **kwargs)

    def _preprocess_image_like_inputs(
        self, images, segmentation_maps, input_points, input_labels, input_boxes, input_boxes_labels, options
    ):
        boxes = input_boxes if input_boxes_labels is None else None
        given = (segmentation_maps, input_points, input_labels, boxes)
        encoded = super()._preprocess_image_like_inputs(images, *given, options)
        if input_boxes_labels is None:
            return encoded
        examples = concept_examples(encoded["original_sizes"], input_boxes, input_boxes_labels)
        return self._with_prompts(encoded, examples, options)

    def post_process_semantic_segmentation(
        self, outputs, target_sizes=None, threshold=0.5, return_segmentation_scores=False
    ):
        """Where a concept is; see `postprocess.concept_maps`."""
        from ...postprocess import concept_maps

        return concept_maps(outputs, target_sizes, threshold, return_segmentation_scores)

    def post_process_object_detection(self, outputs, threshold=0.3, target_sizes=None):
        """Boxes of a concept; see `postprocess.concept_boxes`."""
        from ...postprocess import concept_boxes

        return concept_boxes(outputs, threshold, target_sizes)

    def post_process_instance_segmentation(self, outputs, threshold=0.3, mask_threshold=0.5, target_sizes=None):
        """Boxes and masks of a concept; see `postprocess.concept_instances`."""
        from ...postprocess import concept_instances

        return concept_instances(outputs, threshold, mask_threshold, target_sizes)
