"""The steps between raw pixels and a model's input, over arrays `(..., C, H, W)`, and how they are run.

Images and the frames of videos go through the same steps.
"""
