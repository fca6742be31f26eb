"""What DETR and its relatives share: images with COCO annotations that follow them."""

from __future__ import annotations

from ..core.callers import warn_caller
from ..image_processing_outputs import BatchFeature
from ..image_processing_utils import BaseImageProcessor, Stacked, map_images, pad_to
from ..image_utils import (
    IMAGENET_DEFAULT_MEAN,
    IMAGENET_DEFAULT_STD,
    AnnotationFormat,
    ChannelDimension,
    PILImageResampling,
    get_image_size,
)
from ..processing_utils import ImagesKwargs, Unpack
from ..targets.annotations import (
    boxes_past_the_image,
    normalize_annotation,
    pad_annotation,
    prepare_annotation,
    resize_annotation,
    validate_annotations,
)


class CocoImageProcessorKwargs(ImagesKwargs, total=False):
    """
    format (`str`):
        "coco_detection" or "coco_panoptic", the layout of the annotations.
    do_convert_annotations (`bool`):
        Turn boxes into centre boxes (x, y, width, height) in 0..1; without it they are corners in pixels. By default
        whether images are normalised.
    """

    format: AnnotationFormat
    do_convert_annotations: bool


class CocoImageProcessor(BaseImageProcessor):
    """Boxes of annotations are (x, y, width, height) in pixels of the image, as COCO has them, not corners.

    Batches are padded to the largest image; `pixel_mask` is int64 `(B, H, W)` with 1 on pixels of the image. With
    annotations, `labels` holds a dictionary for each image: `boxes`, `class_labels`, `area`, `iscrowd`, `size`, ...
    Boxes in 0..1 are relative to the padded image: post-processing with `pixel_mask=` returns them to where they were.
    """

    valid_kwargs = CocoImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_mask"]
    further_outputs = ("labels",)
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
        **kwargs: Unpack[CocoImageProcessorKwargs],
    ) -> None:
        # Files of DETR's first years give an integer size and its cap beside it.
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
            annotations: one dictionary for each image in the layout of `format`; boxes are (x, y, width, height) in
                pixels. Objects with `iscrowd` and boxes without pixels are left out.
            return_segmentation_masks: also make masks `(n, H, W)` of polygons and run lengths (needs pycocotools).
            masks_path: folder of the PNG files that panoptic annotations name.
        """
        return super().preprocess(images, annotations, return_segmentation_masks, masks_path, **kwargs)

    def _preprocess(self, images, annotations, return_segmentation_masks, masks_path, options):
        targets = self._prepared_targets(images, annotations, return_segmentation_masks, masks_path, options)
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
            images = map_images(lambda image: pad_to(self.ops, image, *padded), images)
            convention = {"update_boxes": options.do_convert_annotations, "conventions": self.ops.conventions}
            targets = targets and [
                pad_annotation(target, size, padded, **convention) for target, size in zip(targets, sizes, strict=True)
            ]
        data["pixel_values"] = images
        if options.return_tensors is None and not self.ops.conventions.lists_unasked:
            self._refuse_mixed(sizes, options)
            data = {name: Stacked(entries) for name, entries in data.items()}
        elif options.return_tensors is not None:
            self._refuse_mixed(sizes, options)
        encoded = self.batch_feature(data, options)
        if targets is not None:
            encoded["labels"] = [self._label(target, options.return_tensors) for target in targets]
        # Masks and labels were made on the CPU; they go where the pixels are.
        pixels = encoded["pixel_values"]
        device = getattr(pixels[0] if isinstance(pixels, list) else pixels, "device", None)
        return encoded if device is None else encoded.to(device=device)

    def _refuse_mixed(self, sizes, options):
        """Raise ValueError where images of different sizes were not padded and are to become one array."""
        if not options.do_pad and len(set(sizes)) > 1:
            raise ValueError(
                f"images of different sizes cannot become one batch: {', '.join(f'{h}x{w}' for h, w in sizes)}; "
                "pass do_pad=True to pad them to the largest, or a `size` of height and width"
            )

    def _prepared_targets(self, images, annotations, return_segmentation_masks, masks_path, options):
        """The annotations as arrays, in pixels of the images as they came; None without annotations."""
        if annotations is None:
            return None
        listed = validate_annotations(annotations, options.format, len(images))
        targets = [
            self.prepare_annotation(image, target, options.format, return_segmentation_masks, masks_path)
            for image, target in zip(images, listed, strict=True)
        ]
        if options.format is AnnotationFormat.COCO_DETECTION:
            counts = [boxes_past_the_image(*pair) for pair in zip(listed, (i.shape[-2:] for i in images), strict=True)]
            past, boxes = map(sum, zip(*counts, strict=True))
            if 2 * past > boxes:
                warn_caller(
                    f"{past} of {boxes} boxes reach past their images: COCO's boxes are (x, y, width, height) in "
                    "pixels, not corners (x0, y0, x1, y1)"
                )
        return targets

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

    def prepare_annotation(
        self,
        image,
        target,
        format=None,
        return_segmentation_masks=None,
        masks_path=None,
        input_data_format=ChannelDimension.FIRST,
    ):
        """One COCO annotation as the arrays that training needs; see `annotations.prepare_annotation`."""
        return prepare_annotation(
            target,
            format or self.format,
            get_image_size(image, input_data_format),
            return_segmentation_masks=return_segmentation_masks,
            masks_path=masks_path,
            conventions=self.ops.conventions,
        )

    def resize_annotation(self, annotation, orig_size, target_size, threshold=0.5):
        """An annotation that follows its image from one size to another."""
        return resize_annotation(
            annotation, orig_size, target_size, threshold=threshold, conventions=self.ops.conventions
        )

    def normalize_annotation(self, annotation, image_size):
        """An annotation whose boxes are centre boxes in 0..1."""
        return normalize_annotation(annotation, image_size)
