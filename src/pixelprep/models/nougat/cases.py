"""What Nougat is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 50, "width": 35}},
    options=[
        {"do_thumbnail": False},
        {"do_crop_margin": False},
        {"do_align_long_axis": True},
        {"do_crop_margin": False, "do_resize": False, "do_thumbnail": False, "do_pad": False},
    ],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except(("1x60", "60x1", "1x200", "strips*"), "ours alone", "Q36: no side of a page vanishes"),
        Except(
            ("no resize", "do_thumbnail=False"), "ours alone", "np.pad refuses negative numbers: cut off instead", "pil"
        ),
        Except("do_align_long_axis=True", "ours alone", "turns pages, not channels", "torchvision"),
        Except(("uint16", "bool"), "ours alone", "torch has no least and greatest of these", "torchvision"),
    ],
)
