"""What an image processor gives for sizes: its own code over symbols, without the plan that could run it.

A plan keeps every verb, to be run or asked later. Who counts needs a few integers, of many sizes at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor


class ApartError(ValueError):
    """A draft of several images does not tell this of each of them."""


class Draft:
    """The outputs of one call over symbols.

    Args:
        processor: whose call it is.
        sizes: height and width of each image, all of which are samples of their own.
        options: of the call.

    Attributes:
        options: of the call, resolved.
        shapes: of each output, where the draft is of one image; of several it raises `ApartError`.

    Raises:
        as the processor's `preprocess`.
    """

    def __init__(
        self, processor: BaseImageProcessor, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]
    ) -> None:
        from ..plans.symbols import Symbol, SymbolOps

        call: Any = processor._call({**options, "return_tensors": "np", "device": None}, {})
        images: list[Any] = [Symbol((3, *size)) for size in sizes]
        images = [[image] for image in images] if processor.nested_images else images
        made = call.processor._twin(_ops=SymbolOps(processor.ops)).preprocess(images, **call.kwargs)
        self.options, self._count = call.options, len(sizes)
        self._integers: dict[str, Any] = {}
        self._made = made if hasattr(made, "items") else {processor.model_input_names[0]: made}
        self.shapes: Mapping[str, Sequence[int]] = _OfSeveral()
        if len(sizes) == 1:
            self.shapes = {name: made.shape for name, made in self._made.items() if hasattr(made, "shape")}

    def __len__(self) -> int:
        """How many images it is of."""
        return self._count

    def __iter__(self) -> Iterator[str]:
        """The names of the outputs."""
        return iter(self._made)

    def integers(self, name: str) -> Any:
        """An output of integers as nested lists.

        Raises:
            KeyError: there is none of that name.
        """
        if name not in self._integers:
            self._integers[name] = _values(self._made[name])
        return self._integers[name]


class Integers(Mapping[str, Any]):
    """Of one image of a draft the outputs that hold integers, as a call with it alone gives them.

    Raises:
        ApartError: where an output does not have one entry for each image.
    """

    def __init__(self, draft: Draft, index: int = 0) -> None:
        self._draft, self._index = draft, index

    def __getitem__(self, name: str) -> Any:
        rows = self._draft.integers(name)
        if len(self._draft) == 1:
            return rows
        if len(rows) != len(self._draft):
            raise ApartError(f"`{name}` has {len(rows)} entries for {len(self._draft)} images")
        return rows[self._index : self._index + 1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._draft)

    def __len__(self) -> int:
        return sum(1 for _ in self._draft)


class _OfSeveral(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        raise ApartError(f"the shape of `{name}` is that of several images")


def _values(made: Any) -> Any:
    from ..plans.graph import graph_of
    from ..plans.symbols import CONVERTED, Symbol

    if isinstance(made, Symbol):
        if made.verb == CONVERTED:
            return _values(made.arguments["value"])
        if made.verb != "integers":
            return graph_of({"": made}, ()).outputs[""].values
        made = made.arguments["values"]
    return made.tolist() if hasattr(made, "tolist") else made
