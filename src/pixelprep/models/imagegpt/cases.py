"""What ImageGPT is tried with."""

from ...testing.family import Cases, Except

CLUSTERS = [[-0.9, -0.8, -0.7], [0.1, 0.2, 0.0], [0.5, -0.4, 0.3], [0.9, 0.8, 0.7], [-0.2, 0.6, -0.5]]

CASES = Cases(
    small={"size": {"height": 24, "width": 20}},
    made={"clusters": CLUSTERS},
    options=[{"do_color_quantize": False}, {"clusters": CLUSTERS[::-1]}],
    ids_of_pixels={"input_ids": "the nearest colour of a palette"},
    refused=["size longest edge", "size pixels"],
    exceptions=[
        Except("bytes", "other values", "the palette is not rounded to bytes", "torchvision"),
        Except(
            ("crop inside", "crop outside"), "other values", "the reference's PIL class ignores `do_center_crop`", "pil"
        ),
    ],
)
