#include "job.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "globals.hpp"

namespace pixelprep {
namespace {

constexpr int kMostLines = 32;  // lines held back to be emitted together
constexpr int kOverrun = 64;    // bytes a kernel may read or write past the end of a scratch line

// Grow-only scratch memory of one thread, aligned to a cache line.
class Buffer {
public:
    uint8_t* reserve(size_t bytes) {
        if (bytes + 64 > store_.size()) store_.assign(bytes + 64, 0);
        const uintptr_t address = reinterpret_cast<uintptr_t>(store_.data());
        return store_.data() + (64 - address % 64) % 64;
    }

private:
    std::vector<uint8_t> store_;
};

struct Scratch {
    Buffer lines, ring, row, grey;
};

size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

// Finished lines waiting to be written out.
struct Pending {
    int count = 0;
    const uint8_t* pixels[kMostLines];
    uint8_t* out[kMostLines];
};

// Everything about a job that its bands share.
class Plan {
public:
    Plan(const Job& job, const Kernels& kernels);
    void run(int first_row, int last_row) const;
    double cost() const { return cost_; }
    int rows() const { return int(job_.row_offset.size()); }

private:
    void plan_columns();
    void plan_runs();
    const uint8_t* fetch(int y, uint8_t* buffer) const;
    void quad(int index, Scratch& scratch, uint8_t* out) const;
    void emit(const uint8_t* line, int canvas_row, Pending& pending) const;
    void flush(Pending& pending) const;
    void copy_pixels(const Pending& pending) const;
    void emit_pad(const std::vector<Run>& runs, int canvas_row) const;
    void filtered_rows(int y0, int y1, Scratch& scratch, uint8_t* lines) const;
    void copied_rows(int y0, int y1, Scratch& scratch, uint8_t* rows) const;
    void pick_columns(const uint8_t* line, uint8_t* out) const;
    uint8_t* filled_rows(Scratch& scratch) const;
    void refill_right(uint8_t* row) const;
    uint8_t* canvas(int canvas_row) const {
        return static_cast<uint8_t*>(job_.out) + job_.row_offset[size_t(canvas_row)] * dtype_size(spec_.dtype);
    }

    const Job& job_;
    const Kernels& kernels_;
    std::shared_ptr<const Taps> across_, down_;
    bool filtered_ = false;      // weights along some axis, not mere copies of pixels
    int pixel_bytes_;            // of our lines: 1 grey, 4 otherwise
    bool in_place_;              // source rows are lines already
    bool packed_;                // interleaved 3-byte pixels
    bool planar_;                // each channel's row is contiguous
    int x0_, x1_, y0_, y1_;      // the part of the window inside the resized image
    int first_ = 0, past_ = 0;   // source columns [first_, past_) are read
    int slack_ = 0;              // zero pixels a copied line needs at its end
    bool straight_ = false;      // no horizontal pass
    HTable table_{};
    std::shared_ptr<const Columns> columns_;
    std::shared_ptr<const Rows> rows_;
    Pointwise spec_{};
    std::vector<Run> runs_, pad_runs_, pad_row_runs_;
    size_t row_pitch_;           // bytes from one line of the window to the next
    int together_ = 1;           // lines emitted together
    bool plain_ = false;         // the output has the layout of our lines
    double cost_;
};

Plan::Plan(const Job& job, const Kernels& kernels) : job_(job), kernels_(kernels) {
    const Source& source = job.source;
    pixel_bytes_ = source.channels == 1 ? 1 : 4;
    in_place_ = source.channels == 1 ? source.pixel_stride == 1
                                     : source.pixel_stride == 4 && source.channel_stride == 1;
    packed_ = source.channels == 3 && source.pixel_stride == 3 && source.channel_stride == 1;
    planar_ = source.pixel_stride == 1;
    across_ = axis_taps(source.width, job.width, job.filter, job.antialias);
    down_ = axis_taps(source.height, job.height, job.filter, job.antialias);
    filtered_ = job.filter != Filter::nearest_exact && (source.width != job.width || source.height != job.height);
    x0_ = std::clamp(job.left, 0, job.width);
    x1_ = std::clamp(job.left + job.window_width, x0_, job.width);
    y0_ = std::clamp(job.top, 0, job.height);
    y1_ = std::clamp(job.top + job.window_height, y0_, job.height);
    if (x0_ == x1_) y1_ = y0_;
    if (y0_ != y1_) plan_columns();
    job.tables->describe(spec_);
    spec_.pixel_bytes = pixel_bytes_;
    std::memcpy(spec_.channel, job.channel, 4);
    spec_.channel_stride = job.channel_stride;
    spec_.copy_stride = job.copy_stride;
    spec_.copies = job.copies;
    plan_runs();
    const double read = y0_ == y1_ ? 0.0 : double(past_ - first_) * down_->in * (y1_ - y0_) / down_->out;
    cost_ = read + double(rows()) * double(job.column_offset.size()) * spec_.copies + 4096.0;
}

// Which source columns are read, and how the horizontal pass weighs them.
void Plan::plan_columns() {
    rows_ = pixelprep::rows(down_);
    straight_ = job_.width == job_.source.width;
    if (!filtered_ || straight_) {
        first_ = across_->start[size_t(x0_)];
        past_ = across_->start[size_t(x1_) - 1] + 1;
        return;
    }
    columns_ = columns(across_, x0_, x1_);
    table_ = columns_->table(across_->precision);
    in_place_ &= columns_->fits;
    first_ = columns_->first;
    slack_ = std::max(columns_->past - across_->in, 0);
    past_ = columns_->past - slack_;
}

// Runs of columns whose offsets are in arithmetic progression.
void Plan::plan_runs() {
    const std::vector<int64_t>& offset = job_.column_offset;
    const auto collect = [&](int begin, int end, int origin, std::vector<Run>& runs) {
        for (int x = begin; x < end;) {
            const int64_t step = x + 1 < end ? offset[size_t(x) + 1] - offset[size_t(x)] : 1;
            int past = x + 1;
            while (past < end && offset[size_t(past)] - offset[size_t(past) - 1] == step) ++past;
            runs.push_back({x - origin, past - x, ptrdiff_t(offset[size_t(x)]), ptrdiff_t(step)});
            x = past;
        }
    };
    const int width = int(offset.size()), left = job_.pad_left, right = left + job_.window_width;
    collect(left, right, left, runs_);
    collect(0, left, 0, pad_runs_);
    collect(right, width, 0, pad_runs_);
    if (job_.window_height < rows()) collect(0, width, 0, pad_row_runs_);
    plain_ = spec_.dtype == Dtype::uint8 && spec_.identity && spec_.copies == 1 &&
             (pixel_bytes_ == 1 || (spec_.channel_stride == 1 && spec_.channels >= 3));
    for (int k = 0; k < spec_.channels; ++k) plain_ &= spec_.channel[k] == k;
    for (const Run& run : runs_) plain_ &= run.step == pixel_bytes_ || run.length == 1;
    // Short runs (patches) scatter a line over many places: hold back as many lines as lie together and stay in cache.
    row_pitch_ = round_up(size_t(job_.window_width) * size_t(pixel_bytes_) + 2 * kOverrun, 64);
    const std::vector<int64_t>& row = job_.row_offset;
    if (runs_.size() > 1 && row.size() > 1 && std::abs(row[1] - row[0]) <= 1024)
        together_ = int(std::clamp<size_t>((size_t(128) << 10) / row_pitch_, 1, kMostLines));
}

// Source columns [first_, past_) of row y as a line: in place, or in `buffer`.
const uint8_t* Plan::fetch(int y, uint8_t* buffer) const {
    const Source& source = job_.source;
    const uint8_t* row = source.data + y * source.row_stride + first_ * source.pixel_stride;
    if (in_place_) return row;
    const int count = past_ - first_;
    if (packed_) {
        kernels_.expand3(row, count, buffer);
    } else if (planar_ && source.channels >= 3) {
        const uint8_t* planes[4];
        for (int c = 0; c < 4; ++c) planes[c] = row + std::min(c, source.channels - 1) * source.channel_stride;
        kernels_.interleave(planes, count, buffer);
    } else if (pixel_bytes_ == 4 && source.pixel_stride == 4 && source.channel_stride == 1) {
        std::memcpy(buffer, row, size_t(count) * 4);
    } else {
        for (int x = 0; x < count; ++x)
            for (int c = 0; c < pixel_bytes_; ++c)
                buffer[x * pixel_bytes_ + c] =
                    c < source.channels ? row[x * source.pixel_stride + c * source.channel_stride] : uint8_t(0);
    }
    std::memset(buffer + size_t(count) * size_t(pixel_bytes_), 0, size_t(slack_) * size_t(pixel_bytes_));
    return buffer;
}

// Source rows 4 * index, ... through the horizontal pass.
void Plan::quad(int index, Scratch& scratch, uint8_t* out) const {
    const int width = past_ - first_ + slack_;
    const size_t pitch = round_up(size_t(width) * 4 + kOverrun, 64);
    uint8_t* buffer = scratch.lines.reserve(pitch * 4);
    const uint8_t* lines[4];
    for (int r = 0; r < 4; ++r) {
        const int y = 4 * index + r;
        lines[r] = y < job_.source.height ? fetch(y, buffer + pitch * size_t(r)) : lines[r - 1];
    }
    if (straight_) return kernels_.interleave(lines, width * pixel_bytes_, out);
    if (pixel_bytes_ == 4) return kernels_.horizontal4(lines, table_, out);
    // Grey: the four rows take the place of the four channels.
    uint8_t* woven = scratch.grey.reserve(pitch);
    kernels_.interleave(lines, width, woven);
    kernels_.horizontal1(woven, table_, out);
}

// `together_` + 1 lines of `fill`, as wide as the window.
uint8_t* Plan::filled_rows(Scratch& scratch) const {
    const size_t bytes = row_pitch_ * size_t(together_ + 1);
    uint8_t* rows = scratch.row.reserve(bytes);
    if (pixel_bytes_ == 1) std::memset(rows, job_.fill[0], bytes);
    else for (size_t i = 0; i < bytes; i += 4) std::memcpy(rows + i, job_.fill, 4);
    return rows;
}

// The vertical kernel writes whole blocks; restore what it overwrote right of the image.
void Plan::refill_right(uint8_t* row) const {
    const int end = std::min(job_.window_width, x1_ - job_.left + kOverrun);
    for (int x = x1_ - job_.left; x < end; ++x)
        for (int c = 0; c < pixel_bytes_; ++c) row[x * pixel_bytes_ + c] = job_.fill[c];
}

// Takes a finished line; writes out when `together_` are waiting or the next would lie elsewhere.
void Plan::emit(const uint8_t* line, int canvas_row, Pending& pending) const {
    pending.pixels[pending.count] = line;
    pending.out[pending.count++] = canvas(canvas_row);
    emit_pad(pad_runs_, canvas_row);
    const std::vector<int64_t>& row = job_.row_offset;
    const size_t next = size_t(canvas_row) + 1;
    const bool apart = next < row.size() && row[next] - row[next - 1] != row[1] - row[0];
    if (pending.count == together_ || apart) flush(pending);
}

void Plan::flush(Pending& pending) const {
    if (pending.count == 0) return;
    if (plain_) copy_pixels(pending);
    else kernels_.emit(spec_, {pending.count, pending.pixels, pending.out}, runs_.data(), int(runs_.size()));
    pending.count = 0;
}

// Pixels to pixels of 4 bytes (or 1), as images between two steps are kept.
void Plan::copy_pixels(const Pending& pending) const {
    for (int y = 0; y < pending.count; ++y)
        for (const Run& run : runs_) {
            uint8_t* out = pending.out[y] + run.offset;
            const size_t bytes = size_t(run.length - 1) * size_t(pixel_bytes_) + size_t(spec_.channels);
            std::memcpy(out, pending.pixels[y] + run.x * pixel_bytes_, bytes);
        }
}

template <class T>
void fill_runs(const Pointwise& spec, const std::vector<Run>& runs, T value, T* out) {
    for (const Run& run : runs)
        for (int k = 0; k < spec.channels; ++k)
            for (int t = 0; t < spec.copies; ++t) {
                T* target = out + run.offset + k * spec.channel_stride + t * spec.copy_stride;
                if (run.step == 1) std::fill_n(target, run.length, value);
                else for (int x = 0; x < run.length; ++x) target[x * run.step] = value;
            }
}

void Plan::emit_pad(const std::vector<Run>& runs, int canvas_row) const {
    uint8_t* out = canvas(canvas_row);
    const float pad = job_.pad;
    switch (spec_.dtype) {
        case Dtype::float32: return fill_runs(spec_, runs, pad, reinterpret_cast<float*>(out));
        case Dtype::uint8: return fill_runs(spec_, runs, uint8_t(std::clamp(pad, 0.0f, 255.0f)), out);
        case Dtype::float16: return fill_runs(spec_, runs, to_float16(pad), reinterpret_cast<uint16_t*>(out));
        case Dtype::bfloat16: return fill_runs(spec_, runs, to_bfloat16(pad), reinterpret_cast<uint16_t*>(out));
    }
}

void Plan::run(int first_row, int last_row) const {
    thread_local Scratch scratch;
    const int top = job_.pad_top, bottom = top + job_.window_height;
    const int inside = top + y0_ - job_.top, past = top + y1_ - job_.top;  // canvas rows that show the image
    uint8_t* rows = filled_rows(scratch);
    Pending filled;
    for (int y = first_row; y < last_row; ++y) {
        if (y < top || y >= bottom) emit_pad(pad_row_runs_, y);
        else if (y < inside || y >= past) emit(rows, y, filled);
    }
    flush(filled);
    const int begin = std::max(first_row, inside), end = std::min(last_row, past);
    if (begin >= end) return;
    const int shift = job_.top - top;
    if (filtered_) filtered_rows(begin + shift, end + shift, scratch, rows);
    else copied_rows(begin + shift, end + shift, scratch, rows);
}

// No arithmetic: rows and columns are picked.
void Plan::copied_rows(int y0, int y1, Scratch& scratch, uint8_t* rows) const {
    const int shift = job_.pad_top - job_.top;
    const bool whole = x0_ == job_.left && x1_ == job_.left + job_.window_width;  // no fill beside the image
    const bool same_columns = job_.width == job_.source.width;
    const size_t pitch = round_up(size_t(past_ - first_) * size_t(pixel_bytes_) + kOverrun, 64);
    // A line may be wanted again after it was written out, so there is one buffer more than lines waiting.
    const int slots = together_ + 1;
    uint8_t* buffers = scratch.lines.reserve(pitch * size_t(slots));
    Pending pending;
    int previous = -1, slot = 0;
    const uint8_t* line = nullptr;
    for (int y = y0; y < y1; ++y) {
        const int source_row = down_->start[size_t(y)];
        if (source_row != previous) {
            previous = source_row;
            slot = (slot + 1) % slots;
            line = fetch(source_row, buffers + pitch * size_t(slot));
            if (!whole || !same_columns) {
                uint8_t* row = rows + row_pitch_ * size_t(slot);
                pick_columns(line, row + size_t(x0_ - job_.left) * size_t(pixel_bytes_));
                line = row;
            }
        }
        emit(line, y + shift, pending);
    }
    flush(pending);
}

void Plan::pick_columns(const uint8_t* line, uint8_t* out) const {
    const int count = x1_ - x0_;
    const int32_t* column = &across_->start[size_t(x0_)];
    if (job_.width == job_.source.width) std::memcpy(out, line, size_t(count) * size_t(pixel_bytes_));
    else if (pixel_bytes_ == 1) for (int x = 0; x < count; ++x) out[x] = line[column[x] - first_];
    else for (int x = 0; x < count; ++x) std::memcpy(out + 4 * x, line + 4 * (column[x] - first_), 4);
}

void Plan::filtered_rows(int y0, int y1, Scratch& scratch, uint8_t* lines) const {
    const Rows& rows = *rows_;
    const int slots = rows.most + 1;
    const size_t columns = round_up(size_t(x1_ - x0_), 4);
    const size_t quad_bytes = round_up(columns * size_t(pixel_bytes_) * 4, 256);
    uint8_t* ring = scratch.ring.reserve(quad_bytes * size_t(slots));
    const int count = int(round_up(size_t(x1_ - x0_) * size_t(pixel_bytes_), 64));
    std::vector<const uint8_t*> quads(static_cast<size_t>(rows.most));
    const bool margin = x1_ < job_.left + job_.window_width;
    Pending pending;
    int made = 0;
    for (int y = y0; y < y1; ++y) {
        const int first = rows.first[size_t(y)], past = first + rows.count[size_t(y)];
        for (made = std::max(made, first); made < past; ++made) quad(made, scratch, ring + size_t(made % slots) * quad_bytes);
        for (int q = first; q < past; ++q) quads[size_t(q - first)] = ring + size_t(q % slots) * quad_bytes;
        uint8_t* line = lines + row_pitch_ * size_t(pending.count);
        kernels_.vertical(quads.data(), rows.row(y, down_->precision), count, line + size_t(x0_ - job_.left) * size_t(pixel_bytes_));
        if (margin) refill_right(line);
        emit(line, y + job_.pad_top - job_.top, pending);
    }
    flush(pending);
}

void check(const Job& job) {
    const Source& source = job.source;
    const auto require = [](bool holds, const char* what) {
        if (!holds) throw std::invalid_argument(what);
    };
    require(source.height > 0 && source.width > 0, "the image is empty");
    require(source.channels >= 1 && source.channels <= 4, "an image has 1 to 4 channels");
    require(job.height > 0 && job.width > 0, "the target size must be positive");
    require(job.window_height >= 0 && job.window_width >= 0 && job.pad_top >= 0 && job.pad_left >= 0 &&
                size_t(job.pad_top) + size_t(job.window_height) <= job.row_offset.size() &&
                size_t(job.pad_left) + size_t(job.window_width) <= job.column_offset.size(),
            "the window does not lie inside the canvas");
    require(job.copies >= 1, "copies must be positive");
    for (int k = 0; k < job.tables->channels(); ++k)
        require(job.channel[k] < source.channels, "an output channel names a channel the image does not have");
}

}  // namespace

void render(const std::vector<const Job*>& jobs, int threads, const Kernels& kernels) {
    if (threads <= 0) threads = num_threads();
    for (const Job* job : jobs) check(*job);
    Pool& pool = globals().pool;
    std::vector<std::unique_ptr<Plan>> plans(jobs.size());
    pool.run(int(jobs.size()), threads, [&](int i) { plans[size_t(i)] = std::make_unique<Plan>(*jobs[size_t(i)], kernels); });

    struct Band {
        const Plan* plan;
        int first, last;
    };
    std::vector<Band> bands;
    double total = 0;
    for (const auto& plan : plans) total += plan->cost();
    // A few bands a thread even out what the threads get; a band below 2^16 pixels is not worth its start.
    const double share = std::max(total / (3.0 * threads), 65536.0);
    for (const auto& plan : plans) {
        const int rows = plan->rows();
        const int parts = threads == 1 ? 1 : std::clamp(int(plan->cost() / share + 0.5), 1, std::max(rows / 8, 1));
        for (int p = 0; p < parts; ++p)
            bands.push_back({plan.get(), int(int64_t(rows) * p / parts), int(int64_t(rows) * (p + 1) / parts)});
    }
    pool.run(int(bands.size()), threads, [&](int i) { bands[size_t(i)].plan->run(bands[size_t(i)].first, bands[size_t(i)].last); });
}

}  // namespace pixelprep
