from __future__ import annotations

from typing import Any

from ...targets.masks import read_objects
from ...utils import auto_docstring
from .._imported import run_lengths
from .._masks import MaskImageProcessor, MaskImageProcessorKwargs
from .class_info import PHRASES, metadata_of, read_class_info, texts

prepare_metadata = metadata_of  # its name in the reference


class OneFormerImageProcessorKwargs(MaskImageProcessorKwargs, total=False):
    """
    repo_path (`str`, *optional*):
        Folder, or repository, that `class_info_file` is in.
    class_info_file (`str`, file or `dict`, *optional*):
        Names of the classes and which of them are things, as JSON: `{"0": {"name": "wall", "isthing": 0}, ...}`. Read
        when texts are made; pixels do without.
    num_text (`int`, *optional*):
        Number of texts for each image; needed with maps or annotations.
    """

    repo_path: str | None
    class_info_file: Any
    num_text: int | None


@auto_docstring
class OneFormer(MaskImageProcessor):
    """OneFormer (arXiv:2211.06220): shortest edge within a longest one, and a task in words.

    Beside the outputs of `MaskFormer`: `task_inputs`, a text for each image, and with maps `text_inputs`, `num_text`
    texts for each image that say what is in it.
    """

    valid_kwargs = OneFormerImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_mask", "task_inputs"]
    further_outputs = ("mask_labels", "class_labels", "text_inputs")

    do_convert_rgb = True
    repo_path = "shi-labs/oneformer_demo"

    def _standardize_kwargs(self, **kwargs):
        if hasattr(kwargs["class_info_file"], "read"):
            kwargs["class_info_file"] = read_class_info(kwargs["class_info_file"], None)
        return super()._standardize_kwargs(**kwargs)

    @property
    def metadata(self):
        """Names of the classes by id, `thing_ids` and `class_names`."""
        saved = self._unknown.get("metadata")
        return saved or metadata_of(read_class_info(self.class_info_file, self.repo_path))

    def preprocess(
        self,
        images,
        task_inputs=None,
        segmentation_maps=None,
        instance_id_to_semantic_id=None,
        annotations=None,
        masks_path=None,
        **kwargs,
    ):
        """As `MaskFormer.preprocess`, with a task.

        Args:
            images, segmentation_maps, instance_id_to_semantic_id, annotations, masks_path: as there.
            task_inputs: "panoptic" (when None), "instance" or "semantic", one for all images or a list of one for each.
        """
        targets = (segmentation_maps, instance_id_to_semantic_id, annotations, masks_path)
        return super(MaskImageProcessor, self).preprocess(images, task_inputs, *targets, **kwargs)

    def _preprocess_image_like_inputs(
        self, images, task_inputs, segmentation_maps, instance_id_to_semantic_id, annotations, masks_path, options
    ):
        prepared = self._prepare_image_like_inputs(images, options=options)
        tasks = self._tasks(task_inputs, len(prepared))
        targets = (segmentation_maps, instance_id_to_semantic_id, annotations, masks_path)
        objects = read_objects(self, prepared, options, *targets)
        encoded, size = self._padded_batch(prepared, options)
        if objects is not None:
            shown, sentences = self._describe(objects, tasks, options)
            encoded.update({**self._labels(shown, size, options), "text_inputs": sentences})
        encoded["task_inputs"] = [f"the task is {task}" for task in tasks]
        return encoded

    def _tasks(self, task_inputs, count):
        """One task for each image (Q16).

        Raises:
            ValueError: another number of tasks than of images.
        """
        if task_inputs is None or isinstance(task_inputs, str):
            return [task_inputs or "panoptic"] * count
        if len(task_inputs) != count:
            raise ValueError(
                f"got {len(task_inputs)} task_inputs for {count} images; pass one for each, or one for all"
            )
        return list(task_inputs)

    def _describe(self, objects, tasks, options):
        """The objects that each image's task is about, and the texts that name them.

        Raises:
            ValueError: `num_text` is missing, or a task or a class is unknown.
        """
        if options.num_text is None:
            raise ValueError("texts need `num_text`, their number for each image; pass num_text=150, say")
        metadata = self.metadata
        shown, sentences = [], []
        for index, (entry, task) in enumerate(zip(objects, tasks, strict=True)):
            if task not in PHRASES:
                raise ValueError(f"task_inputs[{index}] is {task!r}; it must be one of {', '.join(PHRASES)}")
            if task == "semantic":
                entry = entry.merged()
            elif task == "instance":
                entry = entry.take([i for i, label in enumerate(entry.classes) if label in metadata["thing_ids"]])
            shown.append(entry)
            sentences.append(texts(task, entry.classes, metadata, options.num_text, index))
        return shown, sentences

    def post_process_instance_segmentation(
        self,
        outputs,
        task_type="instance",
        is_demo=True,
        threshold=0.5,
        mask_threshold=0.5,
        overlap_mask_area_threshold=0.8,
        target_sizes=None,
        return_coco_annotation=False,
        pixel_mask=None,
    ):
        """Segments of the best pairs of a query and a class; see `postprocess.pair_segmentation`.

        Args:
            outputs, mask_threshold, overlap_mask_area_threshold, target_sizes, return_coco_annotation: as there.
            task_type: "panoptic" keeps things only, which `class_info_file` tells.
            is_demo: keep pairs above `threshold` only; without it all of them.
            threshold: of the class probability, in 0..1.
            pixel_mask: see `postprocess.without_padding`.
        """
        from ...postprocess import pair_segmentation, without_padding

        things = self.metadata["thing_ids"] if task_type == "panoptic" else None
        # ADE20K's instance classes are numbered among themselves.
        renumber = not is_demo and "instance" in task_type and "ade20k" in str(self.class_info_file)
        numbers = {label: index for index, label in enumerate(self.metadata["thing_ids"])} if renumber else None
        thresholds = (threshold if is_demo else None), mask_threshold, overlap_mask_area_threshold

        def segment(queries, sizes):
            return pair_segmentation(queries, *thresholds, sizes, return_coco_annotation, things, numbers)

        return without_padding(segment, self._queries(outputs), pixel_mask, target_sizes)

    def _smooths(self, kind):
        return kind == "panoptic" or not self.ops.conventions.rough_scores


def load_metadata(repo_id, class_info_file):
    """The mapping that a class file holds, for whoever imports it from the reference's module."""
    return read_class_info(class_info_file, repo_id)


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = run_lengths(__name__)
