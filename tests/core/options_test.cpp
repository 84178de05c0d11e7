// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

struct sample_options {
    std::uint64_t size_bytes = 64_MiB;
    std::uint16_t port = 5000;
    int offset = -1;
    double mark = 0.85;
    bool enabled = true;
    std::string mode = "fast";
    std::chrono::milliseconds interval{1000};
    std::vector<std::string> hosts{};

    static constexpr std::string_view environment_prefix = "ORFEAS_SAMPLE_";
    static void fields(auto& self, auto&& field) {
        field("size_bytes", self.size_bytes, at_least(1_MiB), "bytes at once");
        field("port", self.port, any_value{}, "where to listen");
        field("offset", self.offset, in_range(-10, 10), "an offset");
        field("mark", self.mark, in_range(0.0, 1.0), "a mark");
        field("enabled", self.enabled, any_value{}, "on or off");
        field("mode", self.mode, one_of("fast", "exact"), "how");
        field("interval", self.interval, in_range(10ms, 60s), "how often");
        field("hosts", self.hosts, any_value{}, "who may");
    }
    void check() const {
        if (mode == "exact" && mark > 0.9) {
            throw option_error{"mark", "above 0.9", "at most 0.9 in mode exact"};
        }
    }
};
static_assert(options<sample_options>);
static_assert(!options<int>);

std::string error_of(auto&& action) {
    try {
        action();
    } catch (option_error const& error) {
        return error.what();
    }
    return "no error";
}

sample_options read(std::initializer_list<std::string_view> variables) {
    return from_environment<sample_options>({}, environment{variables});
}

} // namespace

TEST_CASE("core: options without variables keep their defaults") {
    auto const options = read({"PATH=/bin", "ORFEAS_OTHER_PORT=1"});
    CHECK(options.port == 5000);
    CHECK(options.size_bytes == 64_MiB);
    CHECK(options.mode == "fast");
}

TEST_CASE("core: every kind of option is read from the environment") {
    auto const options = read({"ORFEAS_SAMPLE_SIZE_BYTES=256MiB", "ORFEAS_SAMPLE_PORT=8080", "ORFEAS_SAMPLE_OFFSET=-7",
                               "ORFEAS_SAMPLE_MARK=0.5", "ORFEAS_SAMPLE_ENABLED=off", "ORFEAS_SAMPLE_MODE=exact",
                               "ORFEAS_SAMPLE_INTERVAL=250ms", "ORFEAS_SAMPLE_HOSTS=a.example,b.example"});
    CHECK(options.size_bytes == 256_MiB);
    CHECK(options.port == 8080);
    CHECK(options.offset == -7);
    CHECK(options.mark == 0.5);
    CHECK_FALSE(options.enabled);
    CHECK(options.mode == "exact");
    CHECK(options.interval == 250ms);
    CHECK(options.hosts == std::vector<std::string>{"a.example", "b.example"});
}

TEST_CASE("core: durations have units, and seconds without") {
    CHECK(read({"ORFEAS_SAMPLE_INTERVAL=5"}).interval == 5s);
    CHECK(read({"ORFEAS_SAMPLE_INTERVAL=1.5s"}).interval == 1500ms);
    CHECK(read({"ORFEAS_SAMPLE_INTERVAL=1min"}).interval == 60s);
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_INTERVAL=5 parsecs"}); }) ==
          "ORFEAS_SAMPLE_INTERVAL is '5 parsecs', but must be a duration such as 250ms, 5s, 10min or 24h");
}

TEST_CASE("core: a malformed variable is an error that names it") {
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_PORT=http"}); }) ==
          "ORFEAS_SAMPLE_PORT is 'http', but must be a whole number, or a size such as 256MiB");
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_PORT=65536"}); }) ==
          "ORFEAS_SAMPLE_PORT is '65536', but must be a whole number, or a size such as 256MiB");
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_MARK="}); }) == "ORFEAS_SAMPLE_MARK is '', but must be a number");
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_ENABLED=maybe"}); }) ==
          "ORFEAS_SAMPLE_ENABLED is 'maybe', but must be true or false");
}

TEST_CASE("core: a variable out of range is an error that names the range") {
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_OFFSET=11"}); }) ==
          "ORFEAS_SAMPLE_OFFSET is '11', but must be between -10 and 10");
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_SIZE_BYTES=1KiB"}); }) ==
          "ORFEAS_SAMPLE_SIZE_BYTES is '1KiB', but must be at least 1048576");
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_MODE=slow"}); }) ==
          "ORFEAS_SAMPLE_MODE is 'slow', but must be one of 'fast', 'exact'");
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_INTERVAL=1us"}); }) ==
          "ORFEAS_SAMPLE_INTERVAL is '1us', but must be between 10ms and 60s");
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_MARK=nan"}); }) ==
          "ORFEAS_SAMPLE_MARK is 'nan', but must be between 0 and 1");
}

TEST_CASE("core: an unknown variable under the prefix is an error that lists the known ones") {
    auto const text = error_of([] { read({"ORFEAS_SAMPLE_PROT=8080"}); });
    CHECK(text.starts_with("ORFEAS_SAMPLE_PROT is '8080', but must be one of ORFEAS_SAMPLE_SIZE_BYTES, "));
    CHECK(text.find("ORFEAS_SAMPLE_PORT") != std::string::npos);
}

TEST_CASE("core: options from code are checked too, members and their combination") {
    CHECK_NOTHROW(validate(sample_options{}));
    CHECK(error_of([] { validate(sample_options{.mark = 1.5}); }) == "mark is '1.5', but must be between 0 and 1");
    CHECK(error_of([] { validate(sample_options{.mark = std::numeric_limits<double>::quiet_NaN()}); }) ==
          "mark is 'nan', but must be between 0 and 1");
    CHECK(error_of([] { validate(sample_options{.mark = 0.95, .mode = "exact"}); }) ==
          "mark is 'above 0.9', but must be at most 0.9 in mode exact");
}

TEST_CASE("core: a combination that the environment makes is refused by the variable's name") {
    CHECK(error_of([] { read({"ORFEAS_SAMPLE_MARK=0.95", "ORFEAS_SAMPLE_MODE=exact"}); }) ==
          "ORFEAS_SAMPLE_MARK is 'above 0.9', but must be at most 0.9 in mode exact");
}

TEST_CASE("core: the process's environment is read when none is given") {
    CHECK(environment{}.get("PATH").has_value());
    CHECK_FALSE(environment{}.get("ORFEAS_NO_SUCH_VARIABLE").has_value());
    CHECK_FALSE(environment{{"PATH_LIKE=x"}}.get("PATH").has_value());
}
