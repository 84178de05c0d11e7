// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/record_log.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace orfeas;

namespace {

using texts = std::vector<std::string>;

struct nothing_to_read {
    std::error_code append(std::string_view);
    std::error_code truncate(std::uint64_t);
};
static_assert(!record_storage<nothing_to_read>);

/// Fails as it is told; a write that fails leaves its first `kept` bytes.
struct frail_storage {
    memory_storage inner{};
    bool read_fails = false;
    bool append_fails = false;
    bool truncate_fails = false;
    std::size_t kept = 0;

    std::error_code read(std::uint64_t offset, char* to, std::size_t size, std::size_t& count) {
        return read_fails ? std::make_error_code(std::errc::io_error) : inner.read(offset, to, size, count);
    }
    std::error_code append(std::string_view bytes) {
        static_cast<void>(inner.append(append_fails ? bytes.substr(0, kept) : bytes));
        return append_fails ? std::make_error_code(std::errc::no_space_on_device) : std::error_code{};
    }
    std::error_code truncate(std::uint64_t size) {
        return truncate_fails ? std::make_error_code(std::errc::io_error) : inner.truncate(size);
    }
};

template<class Log>
texts opened(Log& log) {
    texts found;
    REQUIRE_FALSE(log.open([&](framed_record const& each) { found.emplace_back(each.payload); }));
    return found;
}

texts in(std::string bytes) {
    record_log log{memory_storage{std::move(bytes)}};
    return opened(log);
}

} // namespace

TEST_CASE("core: a log gives back what was appended, and goes on") {
    record_log log{memory_storage{}};
    CHECK(log.append("too early") == record_log_error::not_open);
    CHECK(opened(log).empty());
    REQUIRE_FALSE(log.append("one"));
    REQUIRE_FALSE(log.append("two"));
    CHECK(log.next_sequence() == 2);
    record_log again{log.storage()};
    CHECK(opened(again) == texts{"one", "two"});
    REQUIRE_FALSE(again.append("three"));
    CHECK(in(again.storage().bytes) == texts{"one", "two", "three"});
    CHECK(again.append(std::string((1U << 20U) + 1, 'x')) == record_log_error::record_too_large);
    CHECK(std::error_code{record_log_error::record_too_large}.message().find("larger") != std::string::npos);
}

TEST_CASE("core: after a cut at any byte a log gives back what was committed, and goes on") {
    texts const all{"one", "the second\nwith two lines", "", std::string(200, 'x')};
    record_log log{memory_storage{}};
    REQUIRE_FALSE(log.open());
    std::vector<std::size_t> ends{0};
    for (auto const& each : all) {
        REQUIRE_FALSE(log.append(each));
        ends.push_back(log.storage().bytes.size());
    }
    std::size_t whole = 0;
    for (std::size_t cut = 0; cut <= ends.back(); ++cut) {
        if (whole < all.size() && ends[whole + 1] == cut) {
            ++whole;
        }
        texts expected{all.begin(), all.begin() + static_cast<std::ptrdiff_t>(whole)};
        record_log cut_log{memory_storage{log.storage().bytes.substr(0, cut)}};
        INFO("cut at " << cut);
        REQUIRE(opened(cut_log) == expected);
        REQUIRE(cut_log.bytes() == ends[whole]);
        REQUIRE_FALSE(cut_log.append("after"));
        expected.emplace_back("after");
        record_log last{cut_log.storage()};
        REQUIRE(opened(last) == expected);
        REQUIRE_FALSE(last.report().is_damaged());
    }
}

TEST_CASE("core: a log keeps what is damaged, tells of it, and goes on behind it") {
    record_log log{memory_storage{}};
    REQUIRE_FALSE(log.open());
    for (char const* each : {"one", "two", "three"}) {
        REQUIRE_FALSE(log.append(each));
    }
    auto const whole = log.storage().bytes;
    for (std::size_t const at : {whole.size() / 2, whole.size() - 3}) { // in the second, in the last
        auto bytes = whole;
        bytes[at] ^= 1;
        record_log damaged{memory_storage{bytes}};
        auto expected = opened(damaged);
        CHECK(expected.size() == 2);
        CHECK(damaged.report().is_damaged());
        CHECK(damaged.storage().bytes == bytes);
        REQUIRE_FALSE(damaged.append("more"));
        expected.emplace_back("more");
        record_log again{damaged.storage()};
        CHECK(opened(again) == expected);
        CHECK(again.report().damaged_places == 1);
    }
}

TEST_CASE("core: a log does not write into what is none") {
    record_log log{memory_storage{"root:x:0:0:root:/root:/bin/bash\n"}};
    CHECK(log.open() == record_log_error::foreign_log);
    CHECK(log.append("x") == record_log_error::not_open);
    CHECK(log.storage().bytes == "root:x:0:0:root:/root:/bin/bash\n");
}

TEST_CASE("core: a log whose storage fails loses nothing that was committed") {
    record_log log{frail_storage{}};
    REQUIRE_FALSE(log.open());
    REQUIRE_FALSE(log.append("one"));
    auto& storage = log.storage();
    for (std::size_t const kept :
         {std::size_t{0}, std::size_t{10}, std::size_t{10'000}}) { // the last leaves a whole record
        storage.append_fails = true;
        storage.kept = kept;
        CHECK(log.append("refused") == std::errc::no_space_on_device);
        storage.append_fails = false;
        storage.truncate_fails = true;
        bool const is_refused = static_cast<bool>(log.append("refused"));
        CHECK(is_refused); // what is left cannot be dropped
        storage.truncate_fails = false;
        REQUIRE_FALSE(log.append("taken"));
    }
    CHECK(in(storage.inner.bytes) == texts{"one", "taken", "taken", "taken"});
    storage.read_fails = true;
    CHECK(log.open() == std::errc::io_error);
    CHECK_FALSE(log.is_open());
}

TEST_CASE("core: of a log under failures at random all that was acknowledged is there") {
    std::mt19937 random{3};
    for (int run = 0; run < 200; ++run) {
        memory_storage kept;
        texts acknowledged;
        for (int restart = 0; restart < 5; ++restart) {
            record_log log{frail_storage{kept}};
            auto const found = opened(log);
            INFO("run " << run << ", seed 3");
            REQUIRE(found.size() >= acknowledged.size());
            acknowledged = found; // one that was not acknowledged may be there at a restart
            for (int i = 0; i < 10; ++i) {
                auto& storage = log.storage();
                storage.append_fails = random() % 3 == 0;
                storage.kept = random() % 200;
                storage.truncate_fails = random() % 3 == 0;
                auto const text = std::to_string(random());
                if (!log.append(text)) {
                    acknowledged.push_back(text);
                }
            }
            kept = log.storage().inner;
            texts survivors = in(kept.bytes);
            REQUIRE(survivors.size() >= acknowledged.size());
            survivors.resize(acknowledged.size());
            REQUIRE(survivors == acknowledged);
        }
    }
}
