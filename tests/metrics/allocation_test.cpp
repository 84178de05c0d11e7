// SPDX-License-Identifier: MIT
//
// What allocates. This program's operator new counts for each thread, but where a sanitizer brings its own, which finds more.
#include "support/catch.hpp"

#include <orfeas/metrics/negotiation.hpp>
#include <orfeas/metrics/registry.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <new>
#include <string>
#include <string_view>

namespace metrics = orfeas::metrics;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define ORFEAS_TEST_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define ORFEAS_TEST_COUNTS_ALLOCATIONS 0
#    endif
#endif
#ifndef ORFEAS_TEST_COUNTS_ALLOCATIONS
#    define ORFEAS_TEST_COUNTS_ALLOCATIONS 1
#endif

namespace {

constinit thread_local std::int64_t allocated = 0;
constinit thread_local std::int64_t freed = 0;

#if ORFEAS_TEST_COUNTS_ALLOCATIONS
void* counted_allocation(std::size_t size, std::size_t alignment) {
    ++allocated;
    void* const memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (memory == nullptr) {
        throw std::bad_alloc{};
    }
    return memory;
}

void counted_free(void* memory) noexcept {
    freed += memory != nullptr ? 1 : 0;
    std::free(memory);
}
#endif

} // namespace

#if ORFEAS_TEST_COUNTS_ALLOCATIONS

// The array and nothrow forms call these.

void* operator new(std::size_t size) {
    return counted_allocation(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted_allocation(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
    counted_free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    counted_free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    counted_free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    counted_free(memory);
}

#endif

namespace {

/// How often each series is in a document, by name and the value of its label.
using series_counts = std::map<std::string, int>;

constexpr std::array<metrics::exposition_format, 3> formats{metrics::exposition_format::prometheus_text,
                                                            metrics::exposition_format::openmetrics_text,
                                                            metrics::exposition_format::prometheus_protobuf};

/// A hundred metrics of all types with a hundred series each.
constexpr int families = 100;
constexpr int series = 100;

std::string name_of(int family) {
    std::string const name = "family_" + std::to_string(family);
    return family % 4 == 0 ? name + "_total" : family % 4 == 3 ? name + "_seconds" : name;
}

void register_all(metrics::registry& registry) {
    for (int family = 0; family < families; ++family) {
        auto const name = name_of(family);
        for (int each = 0; each < series; ++each) {
            auto const id = std::to_string(each);
            if (family % 4 == 0) {
                registry.counter(name, "Counted.", {{"id", id}}).add(each);
            } else if (family % 4 == 1) {
                registry.gauge(name, "Set.", {{"id", id}}).set(each);
            } else if (family % 4 == 2) {
                registry.up_down_counter(name, "Held.", {{"id", id}}).add(each);
            } else {
                registry.histogram(name, "Took.", {{"id", id}}, {.lowest = 1, .highest = 16}).observe(each + 0.5);
            }
        }
    }
}

/// The samples that stand for a series: of a histogram its `_count`.
series_counts series_in_text(std::string_view text) {
    series_counts found;
    while (!text.empty()) {
        auto const end = text.find('\n');
        auto const line = text.substr(0, end);
        text.remove_prefix(end + 1);
        auto const name = line.substr(0, line.find('{'));
        bool const is_part = name.ends_with("_bucket") || name.ends_with("_sum") || name.ends_with("_created");
        if (!line.starts_with("family_") || is_part) {
            continue;
        }
        auto const id = line.find("id=\"") + 4;
        auto const family = name.ends_with("_count") ? name.substr(0, name.size() - 6) : name;
        ++found[std::string{family}.append("/").append(line.substr(id, line.find('"', id) - id))];
    }
    return found;
}

/// Reads protobuf that is well formed.
class message_reader {
  public:
    explicit message_reader(std::string_view bytes) : rest_{bytes} {}

    bool is_at_end() const { return rest_.empty(); }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            REQUIRE_FALSE(rest_.empty());
            auto const byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80U) {
                return value;
            }
        }
    }
    std::string_view take(std::size_t bytes) {
        REQUIRE(bytes <= rest_.size());
        auto const taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }

    /// Calls `f(number, content)` for each field that has a length.
    template<class F>
    void each_part(F f) {
        while (!is_at_end()) {
            auto const tag = varint();
            switch (tag % 8) {
            case 0:
                varint();
                break;
            case 1:
                take(8);
                break;
            case 2:
                f(tag / 8, take(varint()));
                break;
            default:
                REQUIRE(tag % 8 == 5);
                take(4);
            }
        }
    }

  private:
    std::string_view rest_;
};

series_counts series_in_protobuf(std::string_view bytes) {
    series_counts found;
    message_reader document{bytes};
    while (!document.is_at_end()) {
        std::string name;
        message_reader{document.take(document.varint())}.each_part([&](auto number, std::string_view content) {
            if (number == 1) {
                name = content;
            } else if (number == 4 && name.starts_with("family_")) {
                std::string id;
                message_reader{content}.each_part([&](auto of_metric, std::string_view label) {
                    if (of_metric == 1) {
                        message_reader{label}.each_part(
                            [&](auto of_label, std::string_view text) { id = of_label == 2 ? text : id; });
                    }
                });
                ++found[name + "/" + id];
            }
        });
    }
    return found;
}

series_counts series_in(std::string_view document, metrics::exposition_format format) {
    return format == metrics::exposition_format::prometheus_protobuf ? series_in_protobuf(document)
                                                                     : series_in_text(document);
}

} // namespace

TEST_CASE("metrics: a hundred metrics with ten thousand series are written in every format, each series once") {
    metrics::registry registry;
    register_all(registry);
    for (auto const format : formats) {
        INFO("format " << static_cast<int>(format));
        std::string document;
        metrics::write(document, format, registry);
        auto const found = series_in(document, format);
        CHECK(found.size() == std::size_t{families} * series);
        for (int family = 0; family < families; ++family) {
            for (int each = 0; each < series; ++each) {
                auto const key = name_of(family) + "/" + std::to_string(each);
                REQUIRE((found.contains(key) && found.at(key) == 1));
            }
        }
    }
}

TEST_CASE("metrics: a scrape after the first allocates nothing, in any format") {
    if (ORFEAS_TEST_COUNTS_ALLOCATIONS == 0) {
        ORFEAS_TEST_SKIP("the sanitizer has the allocator");
    }
    metrics::registry registry;
    register_all(registry);
    for (auto const format : formats) {
        INFO("format " << static_cast<int>(format));
        std::string document;
        metrics::write(document, format, registry);
        std::string const first = document;
        document.clear();
        auto const before = allocated;
        metrics::write(document, format, registry);
        auto const during = allocated - before;
        CHECK(during == 0);
        CHECK(document == first);
    }
}

TEST_CASE("metrics: callback gauges that come and go hold no memory") {
    if (ORFEAS_TEST_COUNTS_ALLOCATIONS == 0) {
        ORFEAS_TEST_SKIP("the sanitizer has the allocator");
    }
    metrics::registry registry;
    auto const come_and_go = [&](int from, int to) {
        for (int i = from; i < to; ++i) {
            auto const gauge = registry.callback_gauge("depth", "Depth.", [] { return 1.0; }, {{"id", "one"}});
            std::size_t points = 0;
            registry.collect([&](metrics::family_points const& family) { points += family.points.size(); });
            REQUIRE(points == 4);
        }
    };
    come_and_go(0, 200); // until its places are used again
    auto const before = allocated - freed;
    come_and_go(200, 1'200);
    CHECK(allocated - freed - before < 10);
}
