"""What MiniMaxM3VL is tried with: it cuts patches as HunYuanVL does, in other sizes."""

from ..hunyuan_vl.cases import CASES as CASES
