"""Plans as text: one canonical form, the key that is its digest, and what is checked before a text becomes a plan.

A plan holds verbs and numbers, never offsets into memory or jobs: those are made where it runs.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from ..core.enums import PILImageResampling
from ..image_processing_outputs import BatchFeature
from ..ops.checked import CheckedOps
from ..ops.contract import FLOATS, OTHERS
from ..ops.protocol import VERB_NAMES, Ops
from .graph import NESTED, Constant, Converted, Graph, Node, Ref, frozen, graph_of
from .symbols import ENTRY, Symbol, SymbolOps

MEANING = 1
"""What verbs mean: the number grows when one of them gives other values for the same numbers."""
FORMAT = "pixelprep plan"
LIBRARIES = ("np", "pt", "mlx", "jax")
STORED = frozenset(VERB_NAMES) - {"from_image", "stacking_pays"} | {ENTRY}
SINGLE = frozenset({"images", "like", "list"})
"""Arguments that are one array."""


IMAGES: Mapping[str, Callable[[Any], bool]] = {
    "do_convert_rgb": lambda value: value is None or isinstance(value, bool),
    "input_data_format": lambda value: value in (None, "channels_first", "channels_last"),
    "transparency": lambda value: value in ("white", "darkened", "dropped"),
    "by": lambda value: value is None or isinstance(value, str),
}
"""How images become the inputs of a plan: options of their conversion, and whose code it is if not the common one."""
DAMAGE = (AssertionError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading, and verbs over symbols, raise for numbers that make no sense."""


class PlanError(ValueError):
    """A text that is no plan, or a plan that cannot be run as it is; the message says where and why."""


@dataclass(frozen=True)
class PlanLimits:
    """How much a plan from elsewhere may ask for.

    Attributes:
        max_bytes: length of the text.
        max_nodes: verbs in it.
        max_elements: of any array that a verb makes.
    """

    max_bytes: int = 64 * 2**20
    max_nodes: int = 100_000
    max_elements: int = 2**30


# ------------------------------------------------------------------------------------------------------------- out


def document(plan: Graph, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A plan as JSON values, in one way only.

    Args:
        plan: what to write.
        facts: how images become its inputs (`images`), and whose arithmetic it promises (`arithmetic`).

    Raises:
        PlanError: an output holds what JSON cannot.
    """
    return {
        "format": FORMAT,
        "meaning": MEANING,
        **facts,
        "inputs": [[list(shape), dtype] for shape, dtype in plan.inputs],
        "nodes": [_node(node) for node in plan.nodes],
        "outputs": [[str(name), _result(value, name)] for name, value in plan.results.items()],
        "declared": [[name, *_outline(output)] for name, output in plan.outputs.items()],
    }


def write(plan: Graph, facts: Mapping[str, Any]) -> str:
    """A plan as text, with its key."""
    written = document(plan, facts)
    return _text({**written, "key": key_of(written)})


def key_of(written: Mapping[str, Any]) -> str:
    """The digest of a plan: equal for equal values, whatever library the arrays are of.

    Of how images become inputs only that counts which their shapes do not tell already.
    """
    images = {name: value for name, value in written["images"].items() if name != "do_convert_rgb" and value}
    kept = {"meaning": written["meaning"], "arithmetic": written["arithmetic"], "images": images}
    kept |= {name: written[name] for name in ("inputs", "nodes", "declared")}
    kept["outputs"] = _without_library(written["outputs"])
    return hashlib.sha256(_text(kept).encode()).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _without_library(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_library(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if "converted" in value:
        inner = _without_library(value["converted"])
        return inner if isinstance(inner, dict) and inner.keys() & {"array", "constant"} else {"stacked": inner}
    return {name: _without_library(entry) for name, entry in value.items()}


@cache
def _signature(verb: str) -> tuple[tuple[str, Any], ...]:
    """Names and defaults of a verb's arguments, in order."""
    if verb == ENTRY:
        return (("list", inspect.Parameter.empty), ("index", inspect.Parameter.empty))
    parameters = list(inspect.signature(getattr(Ops, verb)).parameters.values())[1:]
    return tuple((parameter.name, _number(parameter.default)) for parameter in parameters)


def _node(node: Node) -> list[Any]:
    """The verb and its arguments by position; those at the end that have their defaults are left out."""
    values = [(_number(node.arguments[name]), default) for name, default in _signature(node.verb)]
    while values and values[-1][0] == values[-1][1] and type(values[-1][0]) is type(values[-1][1]):
        values.pop()
    return [node.verb, *(value for value, _ in values)]


def _number(value: Any) -> Any:
    """Numbers as JSON has them; whole ones as integers, however they were written."""
    if isinstance(value, (tuple, list)):
        return [_number(entry) for entry in value]
    if isinstance(value, PILImageResampling | Ref):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 and math.copysign(1, value) > 0:
        return int(value)
    return value


def _result(value: Any, name: str) -> Any:
    if isinstance(value, Ref):
        return {"array": int(value)}
    if isinstance(value, Converted):
        return {"converted": _result(value.value, name), "library": value.tensor_type}
    if isinstance(value, Constant):
        return {"constant": _number(value.values), "dtype": value.dtype, "shape": list(value.shape)}
    if isinstance(value, BatchFeature):
        return {"entries": {str(key): _result(entry, name) for key, entry in value.items()}}
    if isinstance(value, tuple):
        return {"tuple": [_result(entry, name) for entry in value]}
    if isinstance(value, list):
        return [_result(entry, name) for entry in value]
    if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise PlanError(f"`{name}` holds a {type(value).__name__}, which a stored plan cannot hold")


def _outline(output: Any) -> list[Any]:
    """Shape and dtype of an output; of a list those of its entries."""
    if output.shape is not None:
        return [list(output.shape), output.dtype]
    return [[_outline(entry) for entry in output.entries]] if output.entries is not None else []


# -------------------------------------------------------------------------------------------------------------- in


def read(text: str | bytes, limits: PlanLimits | None = None) -> tuple[Graph, dict[str, Any]]:
    """The plan that a text holds, with its facts, checked before anything runs.

    Every verb's contract is asserted over symbols, shapes must be those that are declared, and the text must be the one
    that the plan would be written as.

    Raises:
        PlanError: it is no plan, or damaged, or asks for too much.
    """
    limits = PlanLimits() if limits is None else limits
    if len(text) > limits.max_bytes:
        raise PlanError(f"a plan of {len(text)} bytes is longer than the {limits.max_bytes} that max_bytes allows")
    try:
        written = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanError(f"this is no plan: {error}") from error
    key = _checked_head(written)
    facts = {name: written[name] for name in ("arithmetic", "images")}
    try:
        plan = _built(written, limits)
    except PlanError:
        raise
    except (
        AssertionError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise PlanError(f"this plan is damaged: {type(error).__name__}: {error}") from error
    again = document(plan, facts)
    for name, value in again.items():
        if _text(value) != _text(written.get(name)):
            raise PlanError(
                f"this plan is damaged: `{name}` is not as it would be written{_difference(value, written.get(name))}"
            )
    if key != key_of(again):
        raise PlanError("this plan was changed after it was written: its key is another")
    return plan, facts


def _difference(expected: Any, got: Any) -> str:
    if isinstance(expected, list) and isinstance(got, list):
        for number, pair in enumerate(zip(expected, got, strict=False)):
            if _text(pair[0]) != _text(pair[1]):
                return f": entry {number} is {_text(pair[1])[:120]}, expected {_text(pair[0])[:120]}"
        return f": it has {len(got)} entries, expected {len(expected)}"
    return ""


def _checked_head(written: Any) -> Any:
    if not isinstance(written, dict) or written.get("format") != FORMAT:
        raise PlanError(f"this is no plan: the text must be an object whose `format` is {FORMAT!r}")
    if written.get("meaning") != MEANING:
        raise PlanError(
            f"this plan was written for verbs of meaning {written.get('meaning')!r:.40}, and this version has "
            f"{MEANING}: plan anew"
        )
    known = {"format", "meaning", "key", "arithmetic", "images", "inputs", "nodes", "outputs", "declared"}
    if written.keys() != known:
        absent, strange = known - written.keys(), written.keys() - known
        raise PlanError(f"this plan is damaged: it lacks {sorted(absent)}, and {sorted(strange)} is not known")
    images = written["images"]
    fits = isinstance(images, dict) and images.keys() == IMAGES.keys()
    if not (isinstance(written["arithmetic"], str) and fits and all(IMAGES[name](images[name]) for name in IMAGES)):
        raise PlanError("this plan is damaged: `arithmetic` must be a text, and `images` say how they become arrays")
    return written["key"]


def _built(written: Mapping[str, Any], limits: PlanLimits) -> Graph:
    nodes, inputs = written["nodes"], written["inputs"]
    for name in ("nodes", "inputs"):
        if not isinstance(written[name], list) or len(written[name]) > limits.max_nodes:
            raise PlanError(f"`{name}` must be a list of at most {limits.max_nodes} entries (max_nodes)")
    verbs, made = CheckedOps(cast(Any, SymbolOps())), list[Any]()
    for shape, dtype in inputs:
        made.append(Symbol(_shape(shape, limits), _dtype(dtype)))
    images = list(made)
    for number, node in enumerate(nodes, len(made)):
        try:
            made.append(_symbol(verbs, node, made, limits))
        except DAMAGE as error:
            verb = node[0] if isinstance(node, list) and node else node
            raise PlanError(f"this plan is damaged: node {number - len(images)}, {verb!s:.40}: {error}") from error
    results = {str(name): _unpacked(value, made) for name, value in written["outputs"]}
    return graph_of(results, images)


def _symbol(verbs: Any, node: Any, made: Sequence[Any], limits: PlanLimits) -> Any:
    verb, *values = node
    if verb not in STORED:
        raise PlanError("is no verb of a plan")
    signature = _signature(verb)
    if len(values) > len(signature):
        raise PlanError(f"takes {len(signature)} arguments, not {len(values)}")
    arguments = {name: _argument(name, value, made) for (name, _), value in zip(signature, values, strict=False)}
    if verb == ENTRY:
        parts, index = arguments["list"], values[1]
        if not isinstance(parts, list) or not isinstance(index, int) or not 0 <= index < len(parts):
            raise PlanError(f"there is no entry {index}")
        return parts[index]
    symbol = getattr(verbs, verb)(**arguments)
    for made_here in symbol[:1] if isinstance(symbol, list) else [symbol]:
        _shape(list(made_here.shape), limits)
    return symbol


def _argument(name: str, value: Any, made: Sequence[Any]) -> Any:
    if name in NESTED:
        return [_argument(name, entry, made) for entry in value] if isinstance(value, list) else _array(value, made)
    if (name in SINGLE and value is not None) or (name == "values" and not isinstance(value, list)):
        return _array(value, made)
    if name == "resample":
        return PILImageResampling(value)
    return frozen(value)


def _array(number: Any, made: Sequence[Any]) -> Any:
    if type(number) is not int or not 0 <= number < len(made):
        raise PlanError(f"there is no array {number!r:.40} before it")
    return made[number]


def _unpacked(value: Any, made: Sequence[Any]) -> Any:
    if isinstance(value, list):
        return [_unpacked(entry, made) for entry in value]
    if not isinstance(value, dict):
        return value
    kind = next((name for name in ("array", "converted", "constant", "entries", "tuple") if name in value), None)
    if kind == "array":
        return _array(value["array"], made)
    if kind == "converted":
        if value["library"] not in LIBRARIES:
            raise PlanError(f"arrays of {value['library']!r:.40} are not known; known are {', '.join(LIBRARIES)}")
        inner = _unpacked(value["converted"], made)
        if isinstance(inner, Constant):
            return Converted(inner, value["library"], inner.shape, inner.dtype)
        return Symbol.converted(inner, value["library"])
    if kind == "constant":
        return _constant(value)
    if kind == "entries":
        return BatchFeature({name: _unpacked(entry, made) for name, entry in value["entries"].items()})
    if kind == "tuple":
        return tuple(_unpacked(entry, made) for entry in value["tuple"])
    raise PlanError(f"an output holds an object with {sorted(value)}")


def _constant(value: Mapping[str, Any]) -> Constant:
    shape = tuple(value["shape"])
    if math.prod(shape) != sum(1 for _ in _leaves(value["constant"])):
        raise PlanError(f"a constant of shape {shape} has another number of elements")
    return Constant(frozen(value["constant"]), _dtype(value["dtype"]), shape)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for entry in value:
            yield from _leaves(entry)
    elif isinstance(value, bool | int | float):
        yield value
    else:
        raise PlanError(f"a constant holds {value!r:.40}, which is no number")


def _shape(shape: Any, limits: PlanLimits) -> tuple[int, ...]:
    if not isinstance(shape, list) or not all(type(side) is int and side >= 0 for side in shape) or len(shape) > 16:
        raise PlanError(f"{shape!r:.80} is no shape")
    if math.prod(shape) > limits.max_elements:
        raise PlanError(
            f"an array of {tuple(shape)} has more than the {limits.max_elements} elements that max_elements of "
            "PlanLimits allows"
        )
    return tuple(shape)


def _dtype(name: Any) -> str:
    if name not in (*FLOATS, *OTHERS):
        raise PlanError(f"{name!r:.40} is no dtype")
    return str(name)
