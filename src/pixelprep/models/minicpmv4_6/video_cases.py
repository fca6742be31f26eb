"""What MiniCPM-V's videos are tried with."""

from ...testing.family import Case, Except
from ...testing.videos import Clip, VideoCases

CASES = VideoCases(
    small={"scale_resolution": 28, "patch_size": 4},
    options=[
        {"slice_mode": False},
        {"max_slice_nums": 4},
        {"max_slice_nums": 1},
        {"scale_resolution": 56},
        {"patch_size": 7},
        {"downsample_mode": "4x", "use_image_id": False},
        {"downsample_mode": "16x"},
    ],
    sampled=[
        {"max_num_frames": 3},
        *({"stack_frames": parts} for parts in (2, 3, 4, 5, 7)),
        {"stack_frames": 3, "max_num_frames": 2},
    ],
    inputs=[
        Case("stacked", [Clip(30, 40, 20), Clip(55, 20, 40)], {"do_sample_frames": True, "stack_frames": 3}),
        Case("upright", Clip(30, 40, 20), {"do_sample_frames": True, "stack_frames": 2}),
    ],
    exceptions=[
        Except("no resize", "reference alone", "V10: frames that do not divide into patches"),
        Except("bytes", "ours alone", "V10: floats of 0..255"),
        Except("one channel", "ours alone", "V7: grey frames become RGB"),
        Except(
            ("num_frames=4, 1 frames", "num_frames=4, 2 frames", "num_frames=2, 1 frames"),
            "reference alone",
            "V14: more frames are asked for than there are",
        ),
        Except("num_frames=*", "other values", "V14: as many frames as a call asks for"),
        Except("fps=*", "other values", "V14: as many frames a second as a call asks for"),
    ],
)
