"""What GroundingDino is tried with: it takes images and annotations as DeformableDetr does."""

from ..deformable_detr.cases import CASES as CASES
