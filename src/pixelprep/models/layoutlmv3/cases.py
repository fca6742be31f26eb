"""What LayoutLMv3 is tried with; words are read in tests/test_families_documents.py."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 40, "width": 30}},
    options=[{"ocr_lang": None, "tesseract_config": ""}],
    refused=["size longest edge", "size pixels"],
    exceptions=[Except(("crop inside", "crop outside"), "ours alone", "Q28: cropped", "pil")],
    made={"apply_ocr": False},
    untried={
        "apply_ocr": "tesseract reads pages of text, not noise",
    },
)
