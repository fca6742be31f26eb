"""The two kernels: across, and down into the outputs. Integers alone, so that a device gives the CPU's bits.

A job is a row of `FIELDS` 64-bit integers (`tables.py`): every size, filter, crop, padding and layout is data, and one
launch of each kernel serves images of any sizes. Values are looked up as bit patterns; no number here is a float.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def across(jobs, whole, counts, weights, planes, tile_job, tile_number, fields: tl.constexpr, tall: tl.constexpr, wide: tl.constexpr):  # fmt: skip # noqa: E501
    """Resize the rows that are needed along the width, into planes of bytes.

    Args:
        jobs, whole: (int64) the rows of jobs; offsets and everything else of 64 bits.
        counts: (int32) first inputs and numbers of inputs. weights: (int16). planes: (uint8) what is written.
        tile_job, tile_number: (int32) of each program its job and its tile of that job.
        fields, tall, wide: of a row of jobs; rows and columns of a tile.
    """
    program = tl.program_id(0)
    job = jobs + tl.load(tile_job + program).to(tl.int64) * fields
    tile = tl.load(tile_number + program)
    source = tl.load(job + 0).to(tl.pointer_type(tl.uint8))
    row_stride, pixel_stride = tl.load(job + 1), tl.load(job + 2)
    channels = tl.load(job + 3).to(tl.int32)
    rows, columns = tl.load(job + 8).to(tl.int32), tl.load(job + 9).to(tl.int32)
    most, precision = tl.load(job + 10).to(tl.int32), tl.load(job + 11).to(tl.int32)
    first_at, count_at, weight_at = tl.load(job + 12), tl.load(job + 13), tl.load(job + 14)
    out = planes + tl.load(job + 15)

    tiles = (columns + wide - 1) // wide
    row = (tile // tiles) * tall + tl.arange(0, tall)
    column = (tile % tiles) * wide + tl.arange(0, wide)
    inside_rows, inside_columns = row < rows, column < columns
    first = tl.load(counts + first_at + column, mask=inside_columns, other=0).to(tl.int64)
    count = tl.load(counts + count_at + column, mask=inside_columns, other=0)
    inside = inside_rows[:, None] & inside_columns[None, :]
    for channel in range(channels):
        shift = tl.load(job + 4 + channel)
        lines = source + shift + row.to(tl.int64)[:, None] * row_stride
        total = tl.zeros([tall, wide], dtype=tl.int32) + (1 << (precision - 1))
        for tap in range(most):
            weight = tl.load(weights + weight_at + column.to(tl.int64) * most + tap, mask=inside_columns, other=0)
            seen = inside & (tap < count)[None, :]
            pixel = tl.load(lines + ((first + tap) * pixel_stride)[None, :], mask=seen, other=0)
            total += weight.to(tl.int32)[None, :] * pixel.to(tl.int32)
        value = tl.minimum(tl.maximum(total >> precision, 0), 255)
        place = (channel * rows + row).to(tl.int64)[:, None] * columns + column[None, :]
        tl.store(out + place, value.to(tl.uint8), mask=inside)


@triton.jit
def down(jobs, whole, counts, weights, planes, values, tile_job, tile_number, fields: tl.constexpr, tall: tl.constexpr, wide: tl.constexpr):  # fmt: skip # noqa: E501
    """Resize along the height, and put what the values become where the layout has it.

    Args:
        values: (uint8, uint16 or uint32) bit patterns of the outputs: 256 and the padding's, for each channel.
        The others are those of `across`.
    """
    program = tl.program_id(0)
    job = jobs + tl.load(tile_job + program).to(tl.int64) * fields
    tile = tl.load(tile_number + program)
    channels = tl.load(job + 3).to(tl.int32)
    rows, columns = tl.load(job + 8).to(tl.int32), tl.load(job + 9).to(tl.int32)
    source = planes + tl.load(job + 15)
    height, width = tl.load(job + 16).to(tl.int32), tl.load(job + 17).to(tl.int32)  # of the canvas
    window_top, window_left = tl.load(job + 18).to(tl.int32), tl.load(job + 19).to(tl.int32)
    window_height, window_width = tl.load(job + 20).to(tl.int32), tl.load(job + 21).to(tl.int32)
    shown_top, shown_left = tl.load(job + 22).to(tl.int32), tl.load(job + 23).to(tl.int32)
    shown_height = tl.load(job + 24).to(tl.int32)
    most, precision = tl.load(job + 25).to(tl.int32), tl.load(job + 26).to(tl.int32)
    first_at, count_at, weight_at = tl.load(job + 27), tl.load(job + 28), tl.load(job + 29)
    table = values + tl.load(job + 30)
    out = tl.load(job + 31).to(tl.pointer_type(values.dtype.element_ty))
    row_at, column_at = tl.load(job + 32), tl.load(job + 33)
    channel_stride, copies, copy_stride = tl.load(job + 34), tl.load(job + 35).to(tl.int32), tl.load(job + 36)

    tiles = (width + wide - 1) // wide
    y = (tile // tiles) * tall + tl.arange(0, tall)
    x = (tile % tiles) * wide + tl.arange(0, wide)
    on_canvas = (y < height)[:, None] & (x < width)[None, :]
    framed_rows = (y >= window_top) & (y < window_top + window_height)
    framed_columns = (x >= window_left) & (x < window_left + window_width)
    framed = framed_rows[:, None] & framed_columns[None, :]
    row, column = y - shown_top, x - shown_left
    shown_rows = framed_rows & (row >= 0) & (row < shown_height)
    shown_columns = framed_columns & (column >= 0) & (column < columns)
    shown = shown_rows[:, None] & shown_columns[None, :] & on_canvas
    first = tl.load(counts + first_at + row, mask=shown_rows, other=0)
    count = tl.load(counts + count_at + row, mask=shown_rows, other=0)
    row_place = tl.load(whole + row_at + y, mask=y < height, other=0)
    column_place = tl.load(whole + column_at + x, mask=x < width, other=0)
    place = row_place[:, None] + column_place[None, :]
    for channel in range(channels):
        total = tl.zeros([tall, wide], dtype=tl.int32) + (1 << (precision - 1))
        for tap in range(most):
            weight = tl.load(weights + weight_at + row.to(tl.int64) * most + tap, mask=shown_rows, other=0)
            seen = shown & (tap < count)[:, None]
            line = (channel * rows + first + tap).to(tl.int64) * columns
            pixel = tl.load(source + line[:, None] + column[None, :], mask=seen, other=0)
            total += weight.to(tl.int32)[:, None] * pixel.to(tl.int32)
        value = tl.minimum(tl.maximum(total >> precision, 0), 255)
        fill = tl.load(job + 37 + channel).to(tl.int32)
        value = tl.where(shown, value, fill)
        value = tl.where(framed, value, 256)
        bits = tl.load(table + channel * 257 + value, mask=on_canvas, other=0)
        target = out + place + channel * channel_stride
        for copy in range(copies):
            tl.store(target + copy * copy_stride, bits, mask=on_canvas)
