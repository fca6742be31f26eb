"""What the families share that learn a mask and a class for each object: padded batches, masks beside them."""

from __future__ import annotations

from typing import Literal

from ..image_processing_outputs import BatchFeature
from ..image_processing_utils import BaseImageProcessor, map_images, pad_to
from ..image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ..processing_utils import ImagesKwargs, Unpack
from ..targets.masks import read_objects


class MaskImageProcessorKwargs(ImagesKwargs, total=False):
    """
    ignore_index (`int`, *optional*):
        Id of pixels that belong to nothing; no mask is made of it. Also what `mask_labels` hold on padding.
    do_reduce_labels (`bool`):
        Lower every class by one; background (0) becomes `ignore_index`, which must be given.
    num_labels (`int`, *optional*):
        Number of classes; kept for models that read it.
    mask_format (`str`, *optional*):
        Type of `mask_labels`: "float32" (when None), "uint8" or "bool", of a quarter of the memory.
    """

    ignore_index: int | None
    do_reduce_labels: bool
    num_labels: int | None
    mask_format: Literal["float32", "uint8", "bool"] | None


class MaskImageProcessor(BaseImageProcessor):
    """Images padded to the largest of their batch, and the masks and classes of the objects in them."""

    valid_kwargs = MaskImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_mask"]
    further_outputs = ("mask_labels", "class_labels")
    pipeline = ("resize", "rescale_and_normalize")

    do_resize = True
    size = {"shortest_edge": 800, "longest_edge": 1333}
    default_to_square = False
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
    do_reduce_labels = False
    mask_size = None  # (height, width) that predicted masks are read at

    def __init__(self, *, max_size: int | None = None, **kwargs: Unpack[MaskImageProcessorKwargs]) -> None:
        # Older files give an integer size, or none, and its cap beside it.
        size = kwargs.get("size")
        if size is None:
            kwargs.pop("size", None)
            if max_size is not None:
                kwargs["size"] = {**self.size, "longest_edge": max_size}
        elif isinstance(size, int) and max_size is not None:
            kwargs["size"] = {"shortest_edge": size, "longest_edge": max_size}
        super().__init__(**kwargs)

    def preprocess(
        self,
        images,
        segmentation_maps=None,
        instance_id_to_semantic_id=None,
        annotations=None,
        masks_path=None,
        **kwargs,
    ):
        """Turn images, and maps or COCO annotations that belong to them, into model inputs.

        Args:
            images: as `BaseImageProcessor.preprocess`.
            segmentation_maps: one `(H, W)` map of ids for each image, of its size.
            instance_id_to_semantic_id: the class of each id, one mapping for all images or a list of one for each;
                without it ids are classes.
            annotations: one COCO dictionary for each image instead of a map; overlaps are kept (needs pycocotools).
            masks_path: folder of the PNG files that panoptic annotations name.
        """
        targets = (segmentation_maps, instance_id_to_semantic_id, annotations, masks_path)
        return super().preprocess(images, *targets, **kwargs)

    def _preprocess_image_like_inputs(
        self, images, segmentation_maps, instance_id_to_semantic_id, annotations, masks_path, options
    ):
        prepared = self._prepare_image_like_inputs(images, options=options)
        targets = (segmentation_maps, instance_id_to_semantic_id, annotations, masks_path)
        objects = read_objects(self, prepared, options, *targets)
        encoded, size = self._padded_batch(prepared, options)
        if objects is not None:
            encoded.update(self._labels(objects, size, options))
        return encoded

    def _padded_batch(self, prepared, options):
        """The images' outputs, and the size that all are padded to."""
        images = self.run_pipeline(prepared, options)
        size = tuple(max(image.shape[axis] for image in images) for axis in (-2, -1))
        if options.pad_size is not None:
            size = options.pad_size.height, options.pad_size.width
        masks = [self.ops.pixel_mask(*image.shape[-2:], *size) for image in images]
        padded = map_images(lambda image: pad_to(self.ops, image, *size), images)
        return self.batch_feature({"pixel_values": padded, "pixel_mask": masks}, options), size

    def _labels(self, objects, size, options):
        """Masks and classes of each image, as arrays of the library asked for, else of the backend's."""
        dtype = options.mask_format or "float32"
        fill = (options.ignore_index or 0) if dtype == "float32" else 0
        library = options.return_tensors or self.ops.tensor_type
        labels = [
            BatchFeature(
                {"masks": entry.planes(size or entry.shape, fill, dtype), "classes": entry.class_ids()}, library
            )
            for entry in objects
        ]
        labels = labels if options.device is None else [label.to(device=options.device) for label in labels]
        return {"mask_labels": [label.masks for label in labels], "class_labels": [label.classes for label in labels]}

    def _queries(self, outputs):
        """A model's outputs under the names that post-processing has for them."""
        from ..postprocess._arrays import output

        return {
            "logits": output(outputs, "class_queries_logits"),
            "pred_masks": output(outputs, "masks_queries_logits"),
        }

    def post_process_semantic_segmentation(
        self, outputs, target_sizes=None, return_segmentation_scores=False, pixel_mask=None
    ):
        """Class maps; see `postprocess.semantic_segmentation`, and `postprocess.without_padding` for `pixel_mask`."""
        from ..postprocess import query_segmentation_scores, resize_masks, semantic_segmentation, without_padding

        def segment(queries, sizes):
            masks = resize_masks(queries["pred_masks"], self.mask_size if pixel_mask is None else None)
            scores = query_segmentation_scores(queries["logits"], masks)
            return semantic_segmentation(scores, sizes, return_segmentation_scores, self._smooths("semantic"))

        return without_padding(segment, self._queries(outputs), pixel_mask, target_sizes)

    def post_process_instance_segmentation(
        self,
        outputs,
        threshold=0.5,
        mask_threshold=0.5,
        overlap_mask_area_threshold=None,
        target_sizes=None,
        return_coco_annotation=False,
        return_binary_maps=False,
        pixel_mask=None,
    ):
        """Instances that may overlap; see `postprocess.overlapping_instances`, `postprocess.without_padding`."""
        from ..postprocess import overlapping_instances, without_padding

        thresholds = threshold, mask_threshold, overlap_mask_area_threshold
        size = self.mask_size if pixel_mask is None else None

        def segment(queries, sizes):
            forms = return_coco_annotation, return_binary_maps
            return overlapping_instances(queries, *thresholds, sizes, *forms, size)

        return without_padding(segment, self._queries(outputs), pixel_mask, target_sizes)

    def post_process_panoptic_segmentation(
        self,
        outputs,
        threshold=0.5,
        mask_threshold=0.5,
        overlap_mask_area_threshold=0.8,
        label_ids_to_fuse=None,
        target_sizes=None,
        void_unclaimed=False,
        pixel_mask=None,
    ):
        """Segments of things and stuff; see `postprocess.panoptic_segmentation`, `postprocess.without_padding`."""
        from ..postprocess import panoptic_segmentation, without_padding

        thresholds = threshold, mask_threshold, overlap_mask_area_threshold
        size = self.mask_size if pixel_mask is None else None

        def segment(queries, sizes):
            rest = label_ids_to_fuse, sizes, void_unclaimed, self._smooths("panoptic"), size
            return panoptic_segmentation(queries, *thresholds, *rest)

        return without_padding(segment, self._queries(outputs), pixel_mask, target_sizes)

    def _smooths(self, kind):
        """Whether a kind of result is resized with antialias."""
        return False
