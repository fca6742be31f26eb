"""The way of a video: a family written once, on every backend, over the steps and verbs of the images.

    preprocess              resolve keyword arguments: call > instance > class
      _prepare_videos       one list of videos; of each the sampled frames, as the backend's (T, C, H, W) array
      _preprocess           the steps named in `pipeline`, then one output

A video goes through the steps whole. Where a backend makes arrays late (`film`), its frames are decoded, made and
written into the output a few at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from .core.callers import warn_caller
from .core.errors import place
from .core.handing import InProgress, hand_over, handed
from .core.schema import Options
from .geometry import frames as samplers
from .image_processing_outputs import BatchFeature
from .image_processing_utils import BaseImageProcessor
from .image_utils import is_array, is_pil_image
from .images.colors import layout_of
from .images.decoding import read_header
from .plans.symbols import Symbol
from .processing_utils import VideosKwargs
from .videos.metadata import VideoMetadata
from .videos.nesting import make_batched_metadata, make_batched_videos
from .videos.opening import OpenedVideo, opened, with_given

if TYPE_CHECKING:
    from .ops import Array
    from .plans.outputs import ArrayOutput
    from .plans.plan import Plan

WISHES = ("num_frames", "fps")
"""How many frames are taken: each says it in a way of its own."""


class BaseVideoProcessor(BaseImageProcessor):
    """Turns videos into the tensors that a model expects.

    A family subclasses this once, sets class attributes as defaults, overrides steps and `sample_frames`; `on(backend)`
    binds it to a backend. Contributors may put it before a bound base: `class Mine(BaseVideoProcessor, PilBackend)`.

    Args:
        kwargs: the names of `valid_kwargs`. A value given here replaces the class's default, None switches it off.

    Raises:
        as `BaseImageProcessor`.
    """

    valid_kwargs = VideosKwargs
    kind = "Video"
    noun = "video"
    unsaved_kwargs = frozenset({"video_metadata", "decoder", "return_metadata", "return_tensors", "device"})
    model_input_names = ["pixel_values_videos"]
    pipeline = ("resize", "center_crop", "rescale_and_normalize")
    assumed_fps: ClassVar[float | None] = None
    """The rate of videos that do not say theirs, where it is needed; None if it has to be told."""
    samples_by_both: ClassVar[bool] = False
    """Whether `fps` and `num_frames` say something together; else one given at a call replaces the other."""

    default_to_square = True
    rescale_factor = 1 / 255
    return_metadata = False

    @classmethod
    def public_name(cls) -> str:
        """`Qwen2VLVideoProcessor` of `Qwen2VLVideo`, as a contributor's `MyVideoProcessor` of itself."""
        name = cls.__name__
        stem = name.removesuffix("VideoProcessor")
        return (stem if stem != name else name.removesuffix("Video")) + "VideoProcessor"

    # ------------------------------------------------------------------------------------------------ the call

    def __call__(self, videos: Any, **kwargs: Any) -> BatchFeature:  # type: ignore[override]
        """The same as `preprocess`."""
        return self.preprocess(videos, **kwargs)

    def preprocess(self, videos: Any, **kwargs: Any) -> BatchFeature:  # type: ignore[override]
        """Turn videos into model inputs.

        Args:
            videos: one video or a list, nested at will: arrays or tensors `(T, H, W, C)` or `(T, C, H, W)` (with one
                axis more: several), lists of frames (Pillow images, arrays, image files), paths, URLs, bytes, files.
                Each video has a layout, a length and a rate of its own.
            kwargs: the names of `valid_kwargs`; each replaces the instance's value for this call. `num_frames` or
                `fps` switches sampling on, and the other one's default off.

        Returns:
            The outputs named in `model_input_names`; with `return_metadata` also `video_metadata`, a list.

        Raises:
            TypeError: an unknown name, or a value or video of the wrong type. ValueError: a value, a combination or a
                video that cannot be processed; it names the video.
        """
        options = self._resolve(kwargs)
        with InProgress(self, options):
            arrays, metadata = self._prepare_videos(videos, options)
            output: BatchFeature = hand_over(self._preprocess, arrays, options=options)
        if options.return_metadata:
            output["video_metadata"] = metadata
        return output

    def _resolve_anew(self, kwargs: dict[str, Any]) -> Options:
        given = [name for name in WISHES if kwargs.get(name) is not None]
        if len(given) == len(WISHES) and not self.samples_by_both:
            raise ValueError(
                f"{type(self).__name__}: num_frames={kwargs['num_frames']} and fps={kwargs['fps']} contradict each "
                "other; give one of them"
            )
        if given:
            implied = {"do_sample_frames": True} | ({} if self.samples_by_both else dict.fromkeys(WISHES))
            kwargs = implied | {
                name: value for name, value in kwargs.items() if value is not None or name not in implied
            }
        return super()._resolve_anew(kwargs)

    def _set_attributes(self, **kwargs: Any) -> None:
        given = [name for name in WISHES if kwargs.get(name) is not None]
        defaults = [name for name in WISHES if getattr(type(self), name, None) is not None]
        if len(given) == len(defaults) == 1:  # in place of the class's default, if that is for the other
            kwargs = dict.fromkeys(WISHES) | kwargs
        super()._set_attributes(**kwargs)

    # ------------------------------------------------------------------------------------------------ frames

    def sample_indices(self, metadata: Any, **kwargs: Any) -> list[int]:
        """The frames of a video that a call would take, sampling switched on.

        Args:
            metadata: `VideoMetadata`, or a mapping of its fields.
            kwargs: those of the call.

        Raises:
            ValueError: the number of frames, or a rate that is needed, is not known; or more frames are asked for than
                there are.
        """
        options = self._resolve({"do_sample_frames": True, **kwargs})
        with InProgress(self, options):
            (known,) = make_batched_metadata(metadata, 1)
            if known is None or known.total_num_frames < 1:
                raise ValueError("which frames are taken follows from `total_num_frames`, which is not known")
            return self._sampled(self._with_rate(known, options), options)

    def sample_frames(self, metadata: VideoMetadata, num_frames: int | None, fps: float | None) -> Sequence[int]:
        """The indices to take of a video; overridden by families, which name the options they need."""
        return samplers.uniform(metadata.total_num_frames, metadata.fps, num_frames=num_frames, target_fps=fps)

    def _with_rate(self, metadata: VideoMetadata, options: Options) -> VideoMetadata:
        """Metadata with the assumed rate where a rate is needed of a video that does not say its own."""
        rate = None if metadata.fps is not None else self.assumed_rate(options)
        if rate is None:
            return metadata
        warn_caller(
            f"the video does not say how many frames it has in a second; {rate:g} are assumed. Pass "
            "video_metadata with `fps`: which frames are taken, and when they are shown, follows from it"
        )
        return replace(metadata, fps=rate)

    def assumed_rate(self, options: Options) -> float | None:
        """The rate of a video that does not say its own, None where none is needed: frames are not taken by it."""
        return None if options.fps is None else self.assumed_fps

    def _sampled(self, metadata: VideoMetadata, options: Options) -> list[int]:
        total = metadata.total_num_frames
        if options.num_frames is not None and options.num_frames == self.num_frames:  # a default, not a wish
            options = options.replace(num_frames=min(options.num_frames, total))
        indices = [int(index) for index in hand_over(self.sample_frames, metadata, options=options)]
        return [min(index, total - 1) for index in indices]

    # ------------------------------------------------------------------------------------------------ plans

    def output_shapes(  # type: ignore[override]
        self, num_frames: int, height: int, width: int, **kwargs: Any
    ) -> dict[str, ArrayOutput]:
        """Every output for one RGB video of `num_frames` frames of `height x width`, as arrays.

        Returns:
            For each output its `shape`, its `dtype` and, where it depends on sizes alone, its `values`.

        Raises:
            as `plan`.
        """
        plan = self.plan([(num_frames, height, width)], **{**kwargs, "return_tensors": "np"})
        return {name: output.as_array() for name, output in plan.outputs.items()}

    def plan(self, images: Any, *args: Any, numbers: Mapping[str, Any] | None = None, **kwargs: Any) -> Plan:
        """What a call with these videos will do, without making pixels.

        Args:
            images: what the call takes, or `(frames, height, width)` of RGB videos in place of any, one or a list. Of
                files only what tells their length, rate and size is read; of image files that are frames the first.
            args, numbers, kwargs: as for images. What is known of sizes' rates is `video_metadata`.

        Returns:
            A plan; its `videos` hold the frames that are taken, their times, grids and tokens.

        Raises:
            as `preprocess`.
        """
        if not _is_sizes(images):
            videos = make_batched_videos(images)
            told = make_batched_metadata(kwargs.get("video_metadata"), len(videos))
            decoder = kwargs.get("decoder") or self._options.decoder
            found = [described(opened(v, decoder, f"video {n}"), told[n], n) for n, v in enumerate(videos)]
            images = [video for video, _ in found]
            if any(known is not None for _, known in found):
                rest = [known or VideoMetadata(total_num_frames=len(video)) for video, known in found]
                kwargs = {**kwargs, "video_metadata": rest}
        return super().plan(images, *args, numbers=numbers, **kwargs)

    def _described(self, images: Any, kwargs: Mapping[str, Any]) -> Any:
        """Videos given as `(frames, height, width)`, one or a list, as symbols; others as they are."""
        if not _is_sizes(images):
            return images
        sizes = [images] if type(images[0]) is int else images
        return [Symbol((frames, 3, height, width)) for frames, height, width in sizes]

    # ------------------------------------------------------------------------------------------------ the way in

    def _prepare_videos(self, videos: Any, options: Options) -> tuple[list[Array], list[VideoMetadata]]:
        """Each video as the backend's `(T, C, H, W)` array of the frames that are taken, and what is known of it."""
        raw = make_batched_videos(videos)
        given = make_batched_metadata(options.video_metadata, len(raw))
        arrays, metadata = [], []
        for number, (video, known) in enumerate(zip(raw, given, strict=True)):
            try:
                video = opened(video, options.decoder, f"video {number}")
                array, facts = self._prepare_video(video, known, options)
            except Exception as error:
                place(error, f"video {number}")
                raise
            arrays.append(array)
            metadata.append(facts)
        self.__dict__.get("_told", []).extend(metadata)  # where a plan is made
        return arrays, metadata

    def _prepare_video(self, video: Any, given: VideoMetadata | None, options: Options) -> tuple[Array, VideoMetadata]:
        frames, layout, metadata = self._frames(video, given, options)
        array = self.process_video(frames, metadata, options.replace(input_data_format=layout))
        height, width = array.shape[-2:]
        return array, replace(metadata, height=metadata.height or height, width=metadata.width or width)

    def _frames(self, video: Any, given: VideoMetadata | None, options: Options) -> tuple[Any, Any, VideoMetadata]:
        """The frames that are taken, as they are, where their channels are said to be, and what is known of all."""
        layout, times = options.input_data_format, None
        if is_array(video):
            layout = layout_of(video, layout, bool(options.do_convert_rgb))
        elif isinstance(video, OpenedVideo):
            given, times = with_given(video.metadata, given), video.times
        total = len(video)
        known = given or VideoMetadata(total_num_frames=total)
        indices = list(range(total))
        if options.do_sample_frames:
            known = self._with_rate(known, options)
            indices = self._sampled(replace(known, total_num_frames=total), options)
        told = known.frames_indices if known.frames_indices is not None and len(known.frames_indices) == total else None
        shown = indices if told is None else [int(told[index]) for index in indices]
        times = times if known.frame_times is None else known.frame_times
        if times is not None and len(times) == total:
            known = replace(known, frame_times=[times[index] for index in indices])
        return self._taken(video, indices), layout, replace(known, frames_indices=shown)

    def _taken(self, video: Any, indices: list[int]) -> Any:
        """These frames of a video, files that are frames loaded."""
        if isinstance(video, Symbol):
            return Symbol((len(indices), *video.shape[1:]), video.dtype)
        if isinstance(video, OpenedVideo):
            return video.frames(indices)
        frames = [video[index] for index in indices]
        return frames if is_array(video) else self.fetch_images(frames)

    def process_video(self, frames: list[Any], metadata: VideoMetadata, options: Options) -> Array:
        """Raw frames as the backend's `(T, C, H, W)` array of the same pixel type; overridden where they are drawn on.

        Raises:
            ValueError: there are none, or they have several sizes.
        """
        if isinstance(frames, Symbol):
            return self.ops.from_image(frames, None, None)
        if not frames:
            raise ValueError("no frame is left of the video; ask for one at least")
        args, kwargs = handed(type(self), "process_image", options)
        made: list[Array] = []
        for number, frame in enumerate(frames):
            try:
                made.append(self.process_image(frame, *args, **kwargs))
            except Exception as error:
                place(error, f"frame {number}")
                raise
        shapes = {tuple(frame.shape) for frame in made}
        if len(shapes) > 1:
            raise ValueError(
                f"the frames of a video have one size and number of channels; these are {sorted(shapes)}. Resize them, "
                "or pass each as a video of its own"
            )
        return self.film(made)

    def film(self, frames: Sequence[Array]) -> Array:
        """One video `(T, C, H, W)` of frames of one shape; a backend that makes arrays late leaves it unmade."""
        video: Array = getattr(self.ops, "film", self.ops.stack)(frames)
        return video

    def _stacks(self, images: list[Any], options: Options) -> bool:
        return False  # a video is a stack already

    def _preprocess(  # type: ignore[override]
        self, videos: list[Any], options: Options | None = None, **kwargs: Any
    ) -> BatchFeature:
        """Run the steps of `pipeline` over `(T, C, H, W)` arrays and collect them under the first output's name."""
        options = Options(kwargs) if options is None else options
        return self.batch_feature({self.model_input_names[0]: self.run_pipeline(videos, options)}, options)


def _is_sizes(videos: Any) -> bool:
    """Whether these are `(frames, height, width)` of videos, one or several."""
    if not isinstance(videos, list | tuple) or not videos:
        return False
    if len(videos) == 3 and all(type(side) is int for side in videos):
        return True
    return all(isinstance(size, list | tuple) and len(size) == 3 and _is_sizes(size) for size in videos)


def described(video: Any, given: VideoMetadata | None, number: int) -> tuple[Any, VideoMetadata | None]:
    """A video's size as a symbol, and what is known of it; as it came where its frames are arrays."""
    if isinstance(video, OpenedVideo):
        known = with_given(video.metadata, given)
        if known.frame_times is None and video.times is not None:
            known = replace(known, frame_times=video.times)
        return Symbol((len(video), 3, known.height or 0, known.width or 0)), known
    if is_array(video) or is_array(video[0]):
        return video, given
    position = f"frame 0 of video {number}"
    size = video[0].size[::-1] if is_pil_image(video[0]) else vars(read_header(video[0], position)).values()
    height, width, *_ = size
    return Symbol((len(video), 3, height, width)), given
