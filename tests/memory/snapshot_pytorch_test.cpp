// SPDX-License-Identifier: MIT
#include "sample_snapshot.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/snapshot_pytorch.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What Python makes of the file is tested in tests/conformance/memory_snapshot_test.py.

using namespace orfeas::memory;
using orfeas_test::contains;

namespace {

std::string pickled(memory_snapshot const& snapshot, std::uint32_t device = 0) {
    orfeas_test::string_sink sink;
    write_pytorch(snapshot, sink, device);
    return sink.text;
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t result = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) {
        ++result;
    }
    return result;
}

std::string integer(std::uint64_t value) {
    orfeas_test::string_sink sink;
    detail::pickle_writer writer{sink};
    writer.integer(value);
    writer.finish();
    return sink.text.substr(2, sink.text.size() - 3);
}

} // namespace

TEST_CASE("memory: integers of a pickle take as many bytes as they need") {
    CHECK(integer(0) == std::string("K\0", 2));
    CHECK(integer(255) == "K\xff");
    CHECK(integer(256) == std::string("M\0\x01", 3));
    CHECK(integer(65535) == "M\xff\xff");
    CHECK(integer(65536) == std::string("J\0\0\x01\0", 5));
    CHECK(integer(0x7fff'ffff) == "J\xff\xff\xff\x7f");
    CHECK(integer(0x8000'0000) == std::string("\x8a\x05\0\0\0\x80\0", 7)); // with a sign bit of its own
    CHECK(integer(0x7f00'0000'0000) == std::string("\x8a\x06\0\0\0\0\0\x7f", 8));
    CHECK(integer(0x7fff'ffff'ffff'ffff) == "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f");
    CHECK(integer(~std::uint64_t{0}) == std::string("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0", 11));
}

TEST_CASE("memory: a pickle holds each text once and only what PyTorch's viewer reads") {
    auto const text = pickled(orfeas_test::sample_snapshot());
    CHECK(text.starts_with("\x80\x02}("));
    CHECK(text.ends_with("u."));
    for (auto const* key : {"segments", "device_traces", "total_size", "active_allocated", "active_pending_free",
                            "free_requested", "device_free", "weights", "model.cpp"}) {
        CHECK(count(text, std::string{"X"} + static_cast<char>(std::string_view{key}.size()) + std::string(3, '\0') +
                              key) == 1);
    }
}

TEST_CASE("memory: a large trace is filled in parts") {
    auto sample = orfeas_test::sample_snapshot();
    auto const small = pickled(sample);
    sample.events = orfeas_test::many_events(3000);
    for (auto& each : sample.events) {
        each.address = sample.ranges[0].address; // elsewhere, it would need a segment of its own
    }
    auto const large = pickled(sample);
    CHECK(count(large, "ue(}(") == count(small, "ue(}(") + 4); // 1500 of 3000 events make two entries
}

TEST_CASE("memory: names that are not UTF-8 are made so") {
    auto sample = orfeas_test::sample_snapshot();
    sample.tags[0].name = "we\xffights";
    CHECK_THAT(pickled(sample), contains("we\xef\xbf\xbdights"));
}

TEST_CASE("memory: the trace of a later device comes after empty ones") {
    CHECK_THAT(pickled(orfeas_test::sample_snapshot(), 2), contains("](](e](e](}("));
}

TEST_CASE("memory: a snapshot of nothing is a pickle too") {
    CHECK_THAT(pickled({}), contains("segments"));
}
