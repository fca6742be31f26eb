// The Python face of the core, `pixelprep_native._core`.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "released.hpp"
#include "float_resize.hpp"
#include "globals.hpp"
#include "job.hpp"
#include "taps.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace pixelprep {
namespace {

constexpr int64_t kMostPixels = int64_t(1) << 24;  // along one side: sums of offsets stay far from overflow

// The C structures of the Arrow data interface, https://arrow.apache.org/docs/format/CDataInterface.html
struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    ArrowSchema** children;
    ArrowSchema* dictionary;
    void (*release)(ArrowSchema*);
    void* private_data;
};
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void** buffers;
    ArrowArray** children;
    ArrowArray* dictionary;
    void (*release)(ArrowArray*);
    void* private_data;
};

// Pixels and what keeps them alive.
struct Image {
    Source source;
    nb::object owner;
};

using Pixels = nb::ndarray<const uint8_t, nb::ndim<3>, nb::device::cpu>;

Image from_array(nb::object array) {
    const Pixels pixels = nb::cast<Pixels>(array);
    for (size_t i = 0; i < 3; ++i)
        if (int64_t(pixels.shape(i)) < 1 || int64_t(pixels.shape(i)) > (i == 2 ? 4 : kMostPixels))
            throw std::invalid_argument("pixels must have shape (height, width, channels), channels 1 to 4, none empty");
    Image image;
    image.source = {pixels.data(),          int(pixels.shape(0)),         int(pixels.shape(1)),        int(pixels.shape(2)),
                    ptrdiff_t(pixels.stride(0)), ptrdiff_t(pixels.stride(1)), ptrdiff_t(pixels.stride(2))};
    image.owner = nb::cast(pixels);
    return image;
}

// A window of the image, in place.
Image crop(const Image& image, int64_t top, int64_t left, int64_t height, int64_t width) {
    const Source& whole = image.source;
    if (top < 0 || left < 0 || height < 1 || width < 1 || top > whole.height - height || left > whole.width - width)
        throw std::invalid_argument("the window does not lie inside the image");
    Image part = image;
    part.source.data += top * whole.row_stride + left * whole.pixel_stride;
    part.source.height = int(height);
    part.source.width = int(width);
    return part;
}

template <class T>
T* unwrap(const nb::object& capsule, const char* name) {
    void* pointer = PyCapsule_GetPointer(capsule.ptr(), name);
    if (!pointer) throw nb::python_error();
    return static_cast<T*>(pointer);
}

// Pillow exports a grey image as uint8 and a colour image as lists of four uint8 (the fourth is padding in RGB).
Image from_arrow(nb::object schema_capsule, nb::object array_capsule, int64_t height, int64_t width, int channels) {
    const auto* schema = unwrap<ArrowSchema>(schema_capsule, "arrow_schema");
    const auto* array = unwrap<ArrowArray>(array_capsule, "arrow_array");
    if (height < 1 || width < 1 || height > kMostPixels || width > kMostPixels || array->offset < 0)
        throw std::invalid_argument("the image is empty or too large");
    const std::string format = schema->format ? schema->format : "";
    const bool grey = format == "C" && channels == 1;
    const bool colour = format == "+w:4" && array->n_children == 1 && schema->n_children == 1 &&
                        std::strcmp(schema->children[0]->format, "C") == 0 && (channels == 3 || channels == 4);
    if (!grey && !colour) throw std::invalid_argument("Arrow format '" + format + "' does not hold 8-bit pixels of this kind");
    const ArrowArray* data = grey ? array : array->children[0];
    const int64_t size = grey ? 1 : 4;
    if (data->n_buffers < 2 || !data->buffers[1] || array->length != height * width ||
        (colour && data->length < size * (height * width + array->offset)))
        throw std::invalid_argument("the Arrow array does not have height x width pixels");
    Image image;
    image.source.data = static_cast<const uint8_t*>(data->buffers[1]) + array->offset * size + (grey ? 0 : data->offset);
    image.source.height = int(height);
    image.source.width = int(width);
    image.source.channels = channels;
    image.source.row_stride = ptrdiff_t(width * size);
    image.source.pixel_stride = ptrdiff_t(size);
    image.source.channel_stride = 1;
    image.owner = array_capsule;
    return image;
}

Dtype dtype_named(const std::string& name) {
    if (name == "uint8") return Dtype::uint8;
    if (name == "float16") return Dtype::float16;
    if (name == "bfloat16") return Dtype::bfloat16;
    if (name == "float32") return Dtype::float32;
    throw std::invalid_argument("dtype '" + name + "' is unknown; allowed: uint8, float16, bfloat16, float32");
}

// bfloat16 travels as uint16: NumPy has no such type.
nb::dlpack::dtype element_type(Dtype dtype) {
    using Code = nb::dlpack::dtype_code;
    switch (dtype) {
        case Dtype::uint8: return {uint8_t(Code::UInt), 8, 1};
        case Dtype::float16: return {uint8_t(Code::Float), 16, 1};
        case Dtype::bfloat16: return {uint8_t(Code::UInt), 16, 1};
        default: return {uint8_t(Code::Float), 32, 1};
    }
}

struct Block {
    void* data;
    size_t bytes;
};

nb::ndarray<nb::numpy> empty(const std::vector<int64_t>& shape, const std::string& dtype_name) {
    const Dtype dtype = dtype_named(dtype_name);
    size_t bytes = size_t(dtype_size(dtype));
    std::vector<size_t> extents;
    for (const int64_t extent : shape) {
        if (extent < 0 || (extent > 0 && bytes > (size_t(1) << 46) / size_t(extent)))
            throw std::invalid_argument("an array of this shape cannot be made");
        bytes *= size_t(extent);
        extents.push_back(size_t(extent));
    }
    auto* block = new Block{globals().blocks.allocate(bytes), bytes};
    nb::capsule owner(block, [](void* pointer) noexcept {
        auto* freed = static_cast<Block*>(pointer);
        globals().blocks.release(freed->data, freed->bytes);
        delete freed;
    });
    return nb::ndarray<nb::numpy>(block->data, extents.size(), extents.data(), owner, nullptr, element_type(dtype));
}

using Floats = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;

std::shared_ptr<Tables> make_tables(Floats values, std::optional<Floats> sub, std::optional<Floats> divisor,
                                    const std::string& dtype) {
    if (values.ndim() != 2 || values.shape(0) < 1 || values.shape(0) > 4 || values.shape(1) != 256)
        throw std::invalid_argument("tables must have shape (channels, 256), channels 1 to 4");
    for (const auto& hint : {sub, divisor})
        if (hint && hint->size() != values.shape(0)) throw std::invalid_argument("a hint must have one number per channel");
    return std::make_shared<Tables>(int(values.shape(0)), values.data(), sub ? sub->data() : nullptr,
                                    divisor ? divisor->data() : nullptr, dtype_named(dtype));
}

struct PyTables {
    std::shared_ptr<Tables> tables;
};

struct PyJob {
    Job job;
    nb::object image, out;
};

using Offsets = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Where the offsets of a job lead, checked once against the memory they lead to.
void check_layout(const Job& job, int64_t elements) {
    const auto range = [](const std::vector<int64_t>& v) {
        const auto [low, high] = std::minmax_element(v.begin(), v.end());
        return v.empty() ? std::make_pair(int64_t(0), int64_t(0)) : std::make_pair(*low, *high);
    };
    const auto steps = [](int64_t stride, int count) {
        const int64_t last = stride * (count - 1);
        return std::make_pair(std::min<int64_t>(last, 0), std::max<int64_t>(last, 0));
    };
    constexpr int64_t kFar = int64_t(1) << 48;
    int64_t low = 0, high = 0;
    for (const auto& [from, to] : {range(job.row_offset), range(job.column_offset), steps(job.channel_stride, job.tables->channels()),
                                   steps(job.copy_stride, job.copies)}) {
        if (from < -kFar || to > kFar) throw std::invalid_argument("an offset is out of range");
        low += from;
        high += to;
    }
    const bool nothing = job.row_offset.empty() || job.column_offset.empty();
    if (!nothing && (low < 0 || high >= elements)) throw std::invalid_argument("the layout leaves the output array");
}

void init_job(PyJob* self, nb::object image, const PyTables& tables, nb::object out, std::pair<int64_t, int64_t> size, int resample,
              bool antialias, std::tuple<int64_t, int64_t, int64_t, int64_t> window, const std::vector<int>& fill,
              const std::vector<int>& channels, std::pair<int64_t, int64_t> place, float pad, Offsets row_offset,
              Offsets column_offset, int64_t channel_stride, int copies, int64_t copy_stride) {
    auto array = nb::cast<nb::ndarray<nb::c_contig, nb::device::cpu>>(out);
    new (self) PyJob();
    Job& job = self->job;
    const auto side = [](int64_t value) {
        if (value < -kMostPixels || value > kMostPixels) throw std::invalid_argument("a size or position is out of range");
        return int(value);
    };
    job.source = nb::cast<const Image&>(image).source;
    job.tables = tables.tables;
    job.height = side(size.first);
    job.width = side(size.second);
    if (resample < 0 || resample > 5) throw std::invalid_argument("resample must be 0 to 5");
    job.filter = Filter(resample);
    job.antialias = antialias;
    job.top = side(std::get<0>(window));
    job.left = side(std::get<1>(window));
    job.window_height = side(std::get<2>(window));
    job.window_width = side(std::get<3>(window));
    for (size_t c = 0; c < std::min<size_t>(fill.size(), 4); ++c) job.fill[c] = uint8_t(std::clamp(fill[c], 0, 255));
    if (!channels.empty() && int(channels.size()) != job.tables->channels())
        throw std::invalid_argument("channels must name one source channel per table");
    for (size_t k = 0; k < channels.size(); ++k) job.channel[k] = uint8_t(std::clamp(channels[k], 0, 255));
    job.pad_top = side(place.first);
    job.pad_left = side(place.second);
    job.pad = pad;
    job.row_offset.assign(row_offset.data(), row_offset.data() + row_offset.size());
    job.column_offset.assign(column_offset.data(), column_offset.data() + column_offset.size());
    job.channel_stride = ptrdiff_t(channel_stride);
    job.copies = copies;
    job.copy_stride = ptrdiff_t(copy_stride);
    if (array.dtype() != element_type(job.tables->dtype()))
        throw std::invalid_argument("the output array's dtype is not that of the tables (bfloat16 is passed as uint16)");
    if (copies < 1) throw std::invalid_argument("copies must be positive");
    check_layout(job, int64_t(array.size()));
    job.out = array.data();
    self->image = std::move(image);
    self->out = std::move(out);
}

void render_jobs(const std::vector<const PyJob*>& jobs, int threads, std::optional<std::string> isa) {
    const Kernels& set = isa ? kernels_named(isa->c_str()) : kernels();
    std::vector<const Job*> plain;
    plain.reserve(jobs.size());
    for (const PyJob* job : jobs) plain.push_back(&job->job);
    Released released;
    render(plain, threads, set);
}

using FloatPixels = nb::ndarray<const float, nb::ndim<3>, nb::device::cpu>;

FloatImage float_image(const FloatPixels& pixels) {
    return {pixels.data(),          int(pixels.shape(0)),         int(pixels.shape(1)),        int(pixels.shape(2)),
            ptrdiff_t(pixels.stride(0)), ptrdiff_t(pixels.stride(1)), ptrdiff_t(pixels.stride(2))};
}

nb::ndarray<nb::numpy> resize_floats(FloatPixels pixels, int64_t height, int64_t width, int resample, bool antialias, int threads,
                                     std::optional<std::string> isa) {
    for (const int64_t side : {int64_t(pixels.shape(0)), int64_t(pixels.shape(1)), int64_t(pixels.shape(2)), height, width})
        if (side < 1 || side > kMostPixels) throw std::invalid_argument("the image or the target size is empty or too large");
    if (resample < 0 || resample > 5) throw std::invalid_argument("resample must be 0 to 5");
    const Kernels& set = isa ? kernels_named(isa->c_str()) : kernels();
    const FloatImage image = float_image(pixels);
    nb::ndarray<nb::numpy> out = empty({int64_t(image.channels), height, width}, "float32");
    auto* target = static_cast<float*>(out.data());
    Released released;
    resize_float(image, int(height), int(width), Filter(resample), antialias, threads, set, target);
    return out;
}

using FloatWeights = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

nb::ndarray<nb::numpy> blur_floats(FloatPixels pixels, FloatWeights weights, int threads, std::optional<std::string> isa) {
    for (size_t axis = 0; axis < 3; ++axis)
        if (pixels.shape(axis) < 1 || int64_t(pixels.shape(axis)) > kMostPixels)
            throw std::invalid_argument("the image is empty or too large");
    for (size_t axis = 0; axis < 2; ++axis)
        if (weights.shape(axis) % 2 == 0 || weights.shape(axis) > 255)
            throw std::invalid_argument("weights must be an odd number of rows and of columns, at most 255");
    const Kernels& set = isa ? kernels_named(isa->c_str()) : kernels();
    const FloatImage image = float_image(pixels);
    nb::ndarray<nb::numpy> out = empty({image.channels, image.height, image.width}, "float32");
    auto* target = static_cast<float*>(out.data());
    Released released;
    blur_float(image, weights.data(), int(weights.shape(0)), int(weights.shape(1)), threads, set, target);
    return out;
}

template <class T>
nb::ndarray<nb::numpy, const T> held(const std::shared_ptr<const Taps>& taps, const std::vector<T>& values,
                                     std::initializer_list<size_t> shape) {
    auto* owner = new std::shared_ptr<const Taps>(taps);
    nb::capsule capsule(owner, [](void* p) noexcept { delete static_cast<std::shared_ptr<const Taps>*>(p); });
    return nb::ndarray<nb::numpy, const T>(values.data(), shape, capsule);
}

// For executors of other devices: what an axis' outputs are sums of.
nb::tuple taps(int64_t in, int64_t out, int resample, bool antialias) {
    if (in < 1 || out < 1 || in > kMostPixels || out > kMostPixels) throw std::invalid_argument("a side is empty or too large");
    if (resample < 0 || resample > 5) throw std::invalid_argument("resample must be 0 to 5");
    const std::shared_ptr<const Taps> found = axis_taps(int(in), int(out), Filter(resample), antialias);
    const size_t n = found->start.size();
    return nb::make_tuple(held(found, found->start, {n}), held(found, found->count, {n}),
                          held(found, found->weight, {n, size_t(found->width)}), found->precision);
}

}  // namespace
}  // namespace pixelprep

NB_MODULE(_core, m) {
    using namespace pixelprep;
    nb::set_leak_warnings(false);  // what other libraries keep until the process ends is no news to its user
    nb::class_<Image>(m, "Image")
        .def_static("from_array", &from_array, "array"_a)
        .def_static("from_arrow", &from_arrow, "schema"_a, "array"_a, "height"_a, "width"_a, "channels"_a)
        .def("crop", &crop, "top"_a, "left"_a, "height"_a, "width"_a)
        .def_prop_ro("shape", [](const Image& i) { return nb::make_tuple(i.source.height, i.source.width, i.source.channels); });
    nb::class_<PyTables>(m, "Tables")
        .def("__init__",
             [](PyTables* self, Floats values, std::optional<Floats> sub, std::optional<Floats> divisor, const std::string& dtype) {
                 new (self) PyTables{make_tables(values, sub, divisor, dtype)};
             },
             "values"_a, "sub"_a.none() = nb::none(), "divisor"_a.none() = nb::none(), "dtype"_a = "float32")
        .def_prop_ro("formula", [](const PyTables& t) { return t.tables->formula_name(); });
    nb::class_<PyJob>(m, "Job").def("__init__", &init_job, "image"_a, "tables"_a, "out"_a, "size"_a, "resample"_a, "antialias"_a,
                                    "window"_a, "fill"_a, "channels"_a, "place"_a, "pad"_a, "row_offset"_a, "column_offset"_a,
                                    "channel_stride"_a, "copies"_a = 1, "copy_stride"_a = 0);
    m.def("render", &render_jobs, "jobs"_a, "threads"_a = 0, "isa"_a.none() = nb::none());
    m.def("resize_floats", &resize_floats, "images"_a, "height"_a, "width"_a, "resample"_a, "antialias"_a = true, "threads"_a = 0,
          "isa"_a.none() = nb::none());
    m.def("blur_floats", &blur_floats, "images"_a, "weights"_a, "threads"_a = 0, "isa"_a.none() = nb::none());
    m.def("taps", &taps, "size"_a, "to"_a, "resample"_a, "antialias"_a = true);
    m.def("empty", &empty, "shape"_a, "dtype"_a);
    m.def("num_threads", &num_threads);
    m.def("set_num_threads", &set_num_threads, "threads"_a);
    m.def("isa", [] { return kernels().name; });
    nb::module_::import_("atexit").attr("register")(nb::cpp_function(&interpreter_ends));
    m.def("clear_cache", [] { globals().blocks.clear(); });
}
