"""What a call will do, as a value: symbols, the list of verbs behind the outputs, and the questions that it answers."""

from ..core.tokens import ImageTokens as ImageTokens, TokenPart as TokenPart
from .graph import Node as Node, Ref as Ref
from .outputs import ArrayOutput as ArrayOutput, Output as Output
from .plan import Plan as Plan
from .splitting import SplitError as SplitError
from .storing import PlanError as PlanError, PlanLimits as PlanLimits
from .symbols import Symbol as Symbol, SymbolOps as SymbolOps
from .videos import PlannedVideo as PlannedVideo
