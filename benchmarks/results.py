"""Post-processing that is measured: a model's outputs made up once, both sides on the same torch tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from pixelprep.registry.families import FAMILIES

from .cases import reference_class

HD, UHD = (1080, 1920), (2160, 3840)


@dataclass(frozen=True)
class ResultCase:
    """One row: a method of a family, on outputs and arguments that both sides get, with what differs in names only."""

    title: str
    family: str
    method: str
    make: Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]
    ours_alone: Mapping[str, Any] = field(default_factory=dict)
    numpy: bool = False
    """Ours gets NumPy arrays, which the reference does not take."""

    def ours(self) -> Callable[[], Any]:
        args, kwargs = self.make()
        if self.numpy:
            args = tuple(SimpleNamespace(**{k: v.numpy() for k, v in vars(outputs).items()}) for outputs in args)
        method = getattr(FAMILIES[self.family].load().on("torchvision")(), f"post_process_{self.method}")
        return lambda: method(*args, **{**kwargs, **self.ours_alone})

    def reference(self) -> Callable[[], Any]:
        args, kwargs = self.make()
        cls = reference_class(self.family, "torchvision")
        assert cls is not None
        method = getattr(cls(), f"post_process_{self.method}")
        return lambda: method(*args, **kwargs)


def _boxes(queries: int, classes: int, batch: int = 8) -> tuple[tuple[Any, ...], dict[str, Any]]:
    import torch

    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(batch, queries, classes, generator=generator) - 3
    boxes = torch.rand(batch, queries, 4, generator=generator)
    return (SimpleNamespace(logits=logits, pred_boxes=boxes),), {"target_sizes": torch.tensor([HD] * batch)}


def _instances() -> tuple[tuple[Any, ...], dict[str, Any]]:
    import torch

    generator = torch.Generator().manual_seed(0)
    small = 8 * torch.randn(1, 100, 6, 8, generator=generator) - 4
    masks = torch.nn.functional.interpolate(small, size=(200, 304), mode="bilinear")
    logits = 4 * torch.randn(1, 100, 81, generator=generator)
    outputs = SimpleNamespace(class_queries_logits=logits, masks_queries_logits=masks)
    return (outputs,), {"target_sizes": [HD], "return_coco_annotation": True}


def _maps() -> tuple[tuple[Any, ...], dict[str, Any]]:
    import torch

    generator = torch.Generator().manual_seed(0)
    return (SimpleNamespace(logits=torch.randn(1, 150, 128, 128, generator=generator)),), {"target_sizes": [HD]}


def _sam() -> tuple[tuple[Any, ...], dict[str, Any]]:
    import torch

    generator = torch.Generator().manual_seed(0)
    masks = [torch.randn(1, 3, 256, 256, generator=generator)]
    return (masks, [UHD], [(576, 1024)]), {}


RESULTS = (
    ResultCase("DETR, 8 x 100 boxes", "Detr", "object_detection", lambda: _boxes(100, 92)),
    ResultCase("RT-DETR, 8 x 300 boxes", "RTDetr", "object_detection", lambda: _boxes(300, 80)),
    ResultCase("RT-DETR, the same in NumPy", "RTDetr", "object_detection", lambda: _boxes(300, 80), numpy=True),
    ResultCase("Grounding DINO, 900 boxes", "GroundingDino", "object_detection", lambda: _boxes(900, 256, 1)),
    ResultCase("MaskFormer, instances at 1080p, run lengths", "MaskFormer", "instance_segmentation", _instances),
    ResultCase("SAM, 3 masks to 4K", "Sam", "masks", _sam),
    ResultCase("SegFormer, 150 classes to 1080p", "Segformer", "semantic_segmentation", _maps),
)
