// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/protobuf_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using orfeas::protobuf_writer;

namespace {

std::string bytes_of(std::initializer_list<int> values) {
    std::string text;
    for (int const value : values) {
        text.push_back(static_cast<char>(value));
    }
    return text;
}

template<class Fill>
std::string written(Fill fill) {
    std::string out;
    {
        protobuf_writer writer{out};
        fill(writer);
    }
    return out;
}

/// Reads the wire format the slow way.
struct reader {
    std::string_view rest;

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            REQUIRE_FALSE(rest.empty());
            auto const byte = static_cast<unsigned char>(rest.front());
            rest.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80U) {
                return value;
            }
        }
    }
    std::string_view part() {
        auto const length = varint();
        REQUIRE(length <= rest.size());
        auto const taken = rest.substr(0, length);
        rest.remove_prefix(length);
        return taken;
    }
};

/// A message as a plain tree: fields are numbers, or messages.
struct node {
    std::uint64_t number = 0;
    std::vector<node> children;
};

node random_tree(std::mt19937_64& random, int depth) {
    node made{random() >> (random() % 64), {}};
    if (depth > 0) {
        made.children.resize(random() % 8 == 0 ? 60 : random() % 6);
        for (node& child : made.children) {
            child = random_tree(random, depth - 1);
        }
    }
    return made;
}

void write(protobuf_writer& out, node const& tree, std::mt19937_64& random) {
    out.uint64(1, tree.number);
    for (node const& child : tree.children) {
        auto const begun = out.begin(1'000, random() % 3 == 0 ? random() % 20'000 : 0);
        write(out, child, random);
        out.end(begun);
    }
}

void compare(reader in, node const& tree) {
    REQUIRE(in.varint() == (1U << 3U | 0U));
    REQUIRE(in.varint() == tree.number);
    for (node const& child : tree.children) {
        REQUIRE(in.varint() == (1'000U << 3U | 2U));
        compare(reader{in.part()}, child);
    }
    REQUIRE(in.rest.empty());
}

} // namespace

TEST_CASE("core: protobuf fields are written as the encoding guide has them") {
    CHECK(written([](auto& w) { w.uint64(1, 150); }) == bytes_of({0x08, 0x96, 0x01}));
    CHECK(written([](auto& w) { w.text(2, "testing"); }) == bytes_of({0x12, 0x07}) + "testing");
    CHECK(written([](auto& w) {
              auto const inner = w.begin(3);
              w.uint64(1, 150);
              w.end(inner);
          }) == bytes_of({0x1a, 0x03, 0x08, 0x96, 0x01}));
    CHECK(written([](auto& w) {
              auto const packed = w.begin(6);
              w.packed_uint64(3);
              w.packed_uint64(270);
              w.packed_uint64(86'942);
              w.end(packed);
          }) == bytes_of({0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05}));
    CHECK(written([](auto& w) { w.int64(1, -2); }) ==
          bytes_of({0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
}

TEST_CASE("core: protobuf numbers of all kinds have their form") {
    CHECK(written([](auto& w) { w.sint64(1, 0); }) == bytes_of({0x08, 0}));
    CHECK(written([](auto& w) { w.sint64(1, -1); }) == bytes_of({0x08, 1}));
    CHECK(written([](auto& w) { w.sint64(1, 1); }) == bytes_of({0x08, 2}));
    CHECK(written([](auto& w) { w.sint64(1, std::numeric_limits<std::int64_t>::min()); }) ==
          bytes_of({0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
    CHECK(written([](auto& w) { w.boolean(1, true); }) == bytes_of({0x08, 1}));
    CHECK(written([](auto& w) { w.fixed64(1, 0x0102030405060708U); }) == bytes_of({0x09, 8, 7, 6, 5, 4, 3, 2, 1}));
    CHECK(written([](auto& w) { w.fixed32(1, 0x01020304U); }) == bytes_of({0x0d, 4, 3, 2, 1}));
    CHECK(written([](auto& w) { w.number(1, 1.0); }) == bytes_of({0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
    CHECK(written([](auto& w) { w.uint64(536'870'911, 0); }) == bytes_of({0xf8, 0xff, 0xff, 0xff, 0x0f, 0}));
    CHECK(written([](auto& w) {
              auto const packed = w.begin(1);
              w.packed_sint64(-1);
              w.packed_fixed64(1);
              w.packed_number(1.0);
              w.end(packed);
          }) == bytes_of({0x0a, 17, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
}

TEST_CASE("core: a protobuf message longer than the room for its length moves up, one that is shorter is padded") {
    std::string const long_text(300, 'x');
    auto const field = bytes_of({0x0a, 0xac, 0x02}) + long_text;
    CHECK(written([&](auto& w) {
              auto const m = w.begin(2);
              w.bytes(1, long_text);
              w.end(m);
          }) == bytes_of({0x12, 0xaf, 0x02}) + field);
    CHECK(written([&](auto& w) {
              auto const m = w.begin(2, 300);
              w.bytes(1, long_text);
              w.end(m);
          }) == bytes_of({0x12, 0xaf, 0x02}) + field);
    CHECK(written([](auto& w) {
              auto const m = w.begin(2, 20'000);
              w.end(m);
          }) == bytes_of({0x12, 0x80, 0x80, 0x00}));
}

TEST_CASE("core: delimited protobuf messages stand behind their lengths") {
    CHECK(written([](auto& w) {
              for (unsigned value : {1U, 2U}) {
                  auto const m = w.begin_delimited();
                  w.uint64(1, value);
                  w.end(m);
              }
          }) == bytes_of({2, 0x08, 1, 2, 0x08, 2}));
}

TEST_CASE("core: protobuf text that is not UTF-8 is repaired, bytes are not") {
    CHECK(written([](auto& w) { w.text(1, "a\xFFz"); }) == bytes_of({0x0a, 5}) + "a\xEF\xBF\xBDz");
    CHECK(written([](auto& w) { w.text(1, "12345678\xC3\xA9 \xC3"); }) ==
          bytes_of({0x0a, 14}) + "12345678\xC3\xA9 \xEF\xBF\xBD");
    CHECK(written([](auto& w) { w.text(1, "a long text that is \xE2\x82\xAC fine"); }) ==
          bytes_of({0x0a, 28}) + "a long text that is \xE2\x82\xAC fine");
    CHECK(written([](auto& w) { w.bytes(1, "a\xFFz"); }) == bytes_of({0x0a, 3}) + "a\xFFz");
    std::string const all_bad(200, '\xFF'); // three times as long as it was
    auto const repaired = written([&](auto& w) { w.text(1, all_bad); });
    CHECK(repaired.substr(0, 3) == bytes_of({0x0a, 0xd8, 0x04}));
    CHECK(repaired.size() == 603);
}

TEST_CASE("core: protobuf is appended, and a string that is large enough is not allocated again") {
    std::string out = "kept";
    auto const fill = [&] {
        protobuf_writer writer{out};
        for (int i = 0; i < 1'000; ++i) {
            auto const m = writer.begin(1);
            writer.uint64(2, static_cast<std::uint64_t>(i));
            writer.text(3, "some text");
            writer.end(m);
        }
    };
    fill();
    auto const first = out;
    CHECK(first.substr(0, 4) == "kept");
    out.resize(4);
    auto const* const place = out.data();
    auto const capacity = out.capacity();
    fill();
    CHECK(out == first);
    CHECK(out.data() == place);
    CHECK(out.capacity() == capacity);
}

TEST_CASE("core: random protobuf trees are read back") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round < 30; ++round) {
        auto const tree = random_tree(random, static_cast<int>(random() % 5));
        auto const text = written([&](auto& w) { write(w, tree, random); });
        compare(reader{text}, tree);
    }
}

TEST_CASE("core: a run of protobuf fields is what the same fields are one by one") {
    std::string const texts[] = {"",
                                 "a",
                                 "abc",
                                 "abcd",
                                 "abcdefg",
                                 "abcdefgh",
                                 std::string(16, 'x'),
                                 std::string(17, 'y'),
                                 std::string(300, 'z')};
    for (auto const& text : texts) {
        auto const one_by_one = written([&](protobuf_writer& writer) {
            writer.uint64(1, text.size() * 1000);
            writer.int64(2, -1);
            writer.boolean(3, true);
            writer.fixed32(16, 7);
            writer.fixed64(17, 9);
            writer.number(18, 0.5);
            writer.bytes(19, text);
            auto const whole = writer.begin(20);
            writer.uint64(1, 300);
            writer.end(whole);
        });
        auto const in_one_go = written([&](protobuf_writer& writer) {
            auto run = writer.claim(text.size() + 100);
            run.uint64(1, text.size() * 1000);
            run.int64(2, -1);
            run.boolean(3, true);
            run.fixed32(16, 7);
            run.fixed64(17, 9);
            run.number(18, 0.5);
            run.bytes(19, text);
            run.message(20, 1 + protobuf_writer::varint_size(300));
            run.uint64(1, 300);
            writer.commit(run);
        });
        CHECK(in_one_go == one_by_one);
    }
}

TEST_CASE("core: a byte above 127 is seen wherever it stands") {
    for (std::size_t size = 0; size < 80; ++size) {
        std::string text(size, 'a');
        auto const is_plain = [&] {
            bool plain = false;
            auto const bytes = written([&](protobuf_writer& writer) {
                auto run = writer.claim(size + 2);
                plain = run.short_ascii(1, text);
                writer.commit(run);
            });
            CHECK(bytes == written([&](protobuf_writer& writer) { writer.bytes(1, text); }));
            return plain;
        };
        CHECK(is_plain());
        for (std::size_t at = 0; at < size; ++at) {
            text[at] = static_cast<char>(0x80);
            CHECK_FALSE(is_plain());
            auto const mended = text.substr(0, at) + "\xEF\xBF\xBD" + text.substr(at + 1);
            CHECK(written([&](protobuf_writer& writer) { writer.text(1, text); }) ==
                  written([&](protobuf_writer& writer) { writer.bytes(1, mended); }));
            text[at] = 'a';
        }
    }
}

TEST_CASE("core: a short message is written as any other") {
    auto const in_one_go = written([](protobuf_writer& writer) {
        auto run = writer.claim(20);
        char* const outer = run.begin_short(2);
        char* const inner = run.begin_short(15);
        run.uint64(1, 7);
        run.end_short(inner);
        run.boolean(2, true);
        run.end_short(outer);
        writer.commit(run);
    });
    CHECK(in_one_go == written([](protobuf_writer& writer) {
              auto const outer = writer.begin(2);
              auto const inner = writer.begin(15);
              writer.uint64(1, 7);
              writer.end(inner);
              writer.boolean(2, true);
              writer.end(outer);
          }));
}
