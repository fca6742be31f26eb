"""What SAM's families share: images, prompts and masks in, masks of the original image and of its crops out."""

from __future__ import annotations

from ..core.callers import warn_caller
from ..image_processing_outputs import BatchFeature
from ..image_processing_utils import BaseImageProcessor
from ..image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ..processing_utils import ImagesKwargs, SizeInput
from ..targets.label_maps import follow_images, read_label_maps
from ..targets.prompts import crop_boxes, crop_prompts, prepare_prompts


class PromptableImageProcessorKwargs(ImagesKwargs, total=False):
    """
    mask_size (`int`, `(height, width)` or `dict[str, int]`):
        Size that segmentation maps are resized to, as `size` for images.
    """

    mask_size: SizeInput


class PromptableImageProcessor(BaseImageProcessor):
    """Images warped to `size`; points and boxes follow them, maps become int64 `labels`."""

    valid_kwargs = PromptableImageProcessorKwargs
    further_outputs = ("original_sizes", "labels")
    prompt_dtype = "float32"

    do_convert_rgb = True
    do_resize = True
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def preprocess(
        self, images, segmentation_maps=None, input_points=None, input_labels=None, input_boxes=None, *beside, **kwargs
    ):
        """Turn images, and prompts and maps that belong to them, into model inputs.

        Args:
            images: as `BaseImageProcessor.preprocess`.
            segmentation_maps: one `(H, W)` map for each image, of its size: 0 and 1, or bool.
            input_points: `[image][point][x, y]` or `[image][object][point][x, y]`, in pixels of the image as it came;
                shorter lists are filled up with -10.
            input_labels: 1 for a point inside and 0 for one outside, nested as the points.
            input_boxes: `[image][box][x0, y0, x1, y1]`, as many for each image.
        """
        given = (segmentation_maps, input_points, input_labels, input_boxes, *beside)
        return super().preprocess(images, *given, **kwargs)

    def _preprocess_image_like_inputs(
        self, images, segmentation_maps, input_points, input_labels, input_boxes, options
    ):
        prepared = self._prepare_image_like_inputs(images, options=options)
        sizes = [tuple(image.shape[-2:]) for image in prepared]
        resized = self.run_pipeline(prepared, options, ("resize",))
        seen = [tuple(image.shape[-2:]) for image in resized]
        pixels = self.run_pipeline(resized, options, ("center_crop", "rescale_and_normalize", "pad"))
        data = {"pixel_values": pixels, "original_sizes": sizes, **self._sizes(seen)}
        if segmentation_maps is not None:
            labels = read_label_maps(self, segmentation_maps, prepared)
            self._warn_of_classes(labels)
            steps = ("resize", "center_crop", "pad")
            data["labels"] = follow_images(self, labels, self._mask_options(options), steps)
        encoded = self.batch_feature(data, options)
        prompts = prepare_prompts(sizes, seen, input_points, input_labels, input_boxes, self.prompt_dtype)
        return self._with_prompts(encoded, prompts, options)

    def _with_prompts(self, encoded, prompts, options):
        """The outputs with prompts as arrays of the library asked for."""
        encoded.update(BatchFeature(prompts, options.return_tensors or self.ops.tensor_type))
        return encoded if options.device is None else encoded.to(device=options.device)

    def _sizes(self, seen):
        """Outputs that say how large the images are in the model, where that differs from one to another."""
        return {}

    def _mask_options(self, options):
        """The options under which maps are processed."""
        return options.replace(size=options.mask_size)

    def _warn_of_classes(self, labels):
        for index, label in enumerate(labels):
            if label.max() > 1:
                warn_caller(
                    f"segmentation map {index} holds values up to {label.max()}, which `labels` keep; losses of one "
                    "mask expect 0 and 1: pass a bool map, such as map > 0"
                )
                return

    # ------------------------------------------------------------------------------------------ masks of everything

    def generate_crop_boxes(
        self,
        image,
        target_size,
        crop_n_layers=0,
        overlap_ratio=512 / 1500,
        points_per_crop=32,
        crop_n_points_downscale_factor=1,
        device=None,
    ):
        """The image and crops of it, with a grid of points in each, to ask for masks of everything.

        Args:
            image: one image.
            target_size: the longer side of what the model sees, in pixels.
            crop_n_layers: layers of crops beside the whole image; layer i has `4 ** i`.
            overlap_ratio: share of the shorter side that crops of the first layer overlap by.
            points_per_crop: points along a side of the grid.
            crop_n_points_downscale_factor: what that is divided by from layer to layer.
            device: where the results go.

        Returns:
            Corner boxes float32 `(crops, 4)` in pixels of the image; points `(1, points, crops, 2)`; the crops, a list
            of the backend's arrays `(C, height, width)`; and labels int64 `(1, points, crops)`, all 1.
        """
        pixels = self.process_image(image)
        boxes, layers = crop_boxes(pixels.shape[-2], pixels.shape[-1], crop_n_layers, overlap_ratio)
        counts = [int(points_per_crop / crop_n_points_downscale_factor**layer) for layer in range(crop_n_layers + 1)]
        dtype = "float64" if self.ops.conventions.double_grids else "float32"
        crops = [self.ops.crop(pixels, top, left, bottom - top, right - left) for left, top, right, bottom in boxes]
        made = BatchFeature(crop_prompts(boxes, layers, target_size, counts, dtype), self.ops.tensor_type)
        made = made if device is None else made.to(device=device)
        return made.boxes, made.points, crops, made.labels

    def filter_masks(
        self,
        masks,
        iou_scores,
        original_size,
        cropped_box_image,
        pred_iou_thresh=0.88,
        stability_score_thresh=0.95,
        mask_threshold=0,
        stability_score_offset=1,
    ):
        """The masks of a crop that are good; see `postprocess.filter_masks`."""
        from ..postprocess import filter_masks

        thresholds = pred_iou_thresh, stability_score_thresh, mask_threshold, stability_score_offset
        return filter_masks(masks, iou_scores, original_size, cropped_box_image, *thresholds)

    def post_process_for_mask_generation(self, all_masks, all_scores, all_boxes, crops_nms_thresh):
        """The masks of all crops without doubles; see `postprocess.distinct_masks`."""
        from ..postprocess import distinct_masks

        return distinct_masks(all_masks, all_scores, all_boxes, crops_nms_thresh)

    def post_process_masks(
        self,
        masks,
        original_sizes,
        mask_threshold=0.0,
        binarize=True,
        max_hole_area=0.0,
        max_sprinkle_area=0.0,
        apply_non_overlapping_constraints=False,
    ):
        """Masks of the original images from logits; see `postprocess.masks_of_images`."""
        from ..postprocess import masks_of_images

        return masks_of_images(
            masks,
            original_sizes,
            mask_threshold=mask_threshold,
            binarize=binarize,
            max_hole_area=max_hole_area,
            max_sprinkle_area=max_sprinkle_area,
            apply_non_overlapping_constraints=apply_non_overlapping_constraints,
        )
