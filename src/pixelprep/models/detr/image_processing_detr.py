from __future__ import annotations

from ...annotations import (
    normalize_annotation,
    pad_annotation,
    prepare_annotation,
    resize_annotation,
    validate_annotations,
)
from ...image_processing_outputs import BatchFeature
from ...image_processing_utils import BaseImageProcessor, pad_to
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, AnnotationFormat, PILImageResampling
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring


class DetrImageProcessorKwargs(ImagesKwargs, total=False):
    """
    format (`str`):
        "coco_detection" or "coco_panoptic", the layout of the annotations.
    do_convert_annotations (`bool`):
        Turn boxes into centre boxes in 0..1; by default whether images are normalised.
    """

    format: AnnotationFormat
    do_convert_annotations: bool


@auto_docstring
class Detr(BaseImageProcessor):
    """DETR (arXiv:2005.12872): shortest edge within a longest one, COCO annotations following their images.

    Batches are padded to the largest image; `pixel_mask` is int64 `(B, H, W)` with 1 on pixels of the image. With
    annotations, `labels` holds a dictionary for each image: `boxes`, `class_labels`, `area`, `iscrowd`, `size`, ...
    """

    valid_kwargs = DetrImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_mask"]
    pipeline = ("resize", "rescale_and_normalize")

    format = AnnotationFormat.COCO_DETECTION
    do_resize = True
    size = {"shortest_edge": 800, "longest_edge": 1333}
    default_to_square = False
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
    do_pad = True

    def __init__(
        self,
        *,
        max_size: int = 1333,
        pad_and_return_pixel_mask: bool | None = None,
        **kwargs: Unpack[DetrImageProcessorKwargs],
    ) -> None:
        # Files of DETR's first years give an integer size, its cap beside it, and another name for `do_pad`.
        if pad_and_return_pixel_mask is not None:
            kwargs.setdefault("do_pad", pad_and_return_pixel_mask)
        if kwargs.get("size") is None:
            kwargs.pop("size", None)
        elif isinstance(kwargs["size"], int):
            kwargs["size"] = {"shortest_edge": kwargs["size"], "longest_edge": max_size}
        super().__init__(**kwargs)

    def _standardize_kwargs(self, **kwargs):
        if kwargs["do_convert_annotations"] is None:
            kwargs["do_convert_annotations"] = kwargs["do_normalize"]
        return super()._standardize_kwargs(**kwargs)

    def preprocess(self, images, annotations=None, return_segmentation_masks=None, masks_path=None, **kwargs):
        """Turn images, and COCO annotations that belong to them, into model inputs.

        Args:
            images: as `BaseImageProcessor.preprocess`.
            annotations: one dictionary for each image in the layout of `format`.
            return_segmentation_masks: also make masks `(n, H, W)` of polygons (needs pycocotools).
            masks_path: folder of the PNG files that panoptic annotations name.
        """
        return super().preprocess(images, annotations, return_segmentation_masks, masks_path, **kwargs)

    def _preprocess(self, images, annotations, return_segmentation_masks, masks_path, options):
        targets = None
        if annotations is not None:
            targets = [
                self.prepare_annotation(image, target, options.format, return_segmentation_masks, masks_path)
                for image, target in zip(
                    images, validate_annotations(annotations, options.format, len(images)), strict=True
                )
            ]
        before = [image.shape[-2:] for image in images]
        images = self.run_pipeline(images, options)
        sizes = [tuple(image.shape[-2:]) for image in images]
        if targets and options.do_resize:
            targets = [self.resize_annotation(*step) for step in zip(targets, before, sizes, strict=True)]
        if targets and options.do_convert_annotations:
            targets = [self.normalize_annotation(*step) for step in zip(targets, sizes, strict=True)]
        data = {}
        if options.do_pad:
            padded = self._padded_size(sizes, options)
            data["pixel_mask"] = [self.ops.pixel_mask(*size, *padded) for size in sizes]
            images = [pad_to(self.ops, image, *padded) for image in images]
            convention = {"update_boxes": options.do_convert_annotations, "pil": self.ops.pil_conventions}
            targets = targets and [
                pad_annotation(target, size, padded, **convention) for target, size in zip(targets, sizes, strict=True)
            ]
        data["pixel_values"] = images
        if options.return_tensors is None and not self.ops.pil_conventions:
            data = {name: self.ops.stack(entries, options.dtype) for name, entries in data.items()}
        encoded = self.batch_feature(data, options)
        if targets is not None:
            encoded["labels"] = [self._label(target, options.return_tensors) for target in targets]
        return encoded

    def _label(self, target, return_tensors):
        """An annotation as arrays of the library asked for; else of the backend's, its sizes as they are."""
        if return_tensors is not None:
            return BatchFeature(target, return_tensors)
        arrays = {name: value for name, value in target.items() if hasattr(value, "shape")}
        return BatchFeature({**target, **BatchFeature(arrays, self.ops.tensor_type)})

    def _padded_size(self, sizes, options):
        """Size that the images of a batch are padded to."""
        if options.pad_size is not None:
            return options.pad_size.height, options.pad_size.width
        return tuple(map(max, zip(*sizes, strict=True)))

    def prepare_annotation(self, image, target, format=None, return_segmentation_masks=None, masks_path=None):
        """One COCO annotation as the arrays that training needs; see `annotations.prepare_annotation`."""
        return prepare_annotation(
            target,
            format or self.format,
            image.shape[-2:],
            return_segmentation_masks=return_segmentation_masks,
            masks_path=masks_path,
            pil=self.ops.pil_conventions,
        )

    def resize_annotation(self, annotation, orig_size, target_size, threshold=0.5):
        """An annotation that follows its image from one size to another."""
        return resize_annotation(annotation, orig_size, target_size, threshold=threshold, pil=self.ops.pil_conventions)

    def normalize_annotation(self, annotation, image_size):
        """An annotation whose boxes are centre boxes in 0..1."""
        return normalize_annotation(annotation, image_size)

    def post_process_object_detection(self, outputs, threshold=0.5, target_sizes=None):
        """Boxes above a score; see `postprocess.object_detection`."""
        from ...postprocess import object_detection

        return object_detection(outputs, threshold, target_sizes)

    def post_process_semantic_segmentation(self, outputs, target_sizes=None, return_segmentation_scores=False):
        """Class maps; see `postprocess.semantic_segmentation`."""
        from ...postprocess import query_segmentation_scores, semantic_segmentation
        from ...postprocess._arrays import output

        scores = query_segmentation_scores(output(outputs, "logits"), output(outputs, "pred_masks"))
        return semantic_segmentation(scores, target_sizes, return_segmentation_scores)

    def post_process_instance_segmentation(
        self,
        outputs,
        threshold=0.5,
        mask_threshold=0.5,
        overlap_mask_area_threshold=0.8,
        target_sizes=None,
        return_coco_annotation=False,
    ):
        """Segments of things; see `postprocess.instance_segmentation`."""
        from ...postprocess import instance_segmentation

        return instance_segmentation(
            outputs, threshold, mask_threshold, overlap_mask_area_threshold, target_sizes, return_coco_annotation
        )

    def post_process_panoptic_segmentation(
        self,
        outputs,
        threshold=0.5,
        mask_threshold=0.5,
        overlap_mask_area_threshold=0.8,
        label_ids_to_fuse=None,
        target_sizes=None,
    ):
        """Segments of things and stuff; see `postprocess.panoptic_segmentation`."""
        from ...postprocess import panoptic_segmentation

        return panoptic_segmentation(
            outputs, threshold, mask_threshold, overlap_mask_area_threshold, label_ids_to_fuse, target_sizes
        )
