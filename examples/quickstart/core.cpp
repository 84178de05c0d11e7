// SPDX-License-Identifier: MIT
#include <orfeas/core.hpp>
#include <orfeas/core/log_sinks.hpp>

#include <iostream>
#include <memory>

using namespace orfeas;

struct oven_options {
    std::uint32_t target_celsius = 180;
    std::uint64_t log_bytes = 1_MiB;
    static constexpr std::string_view environment_prefix = "OVEN_";
    static void fields(auto& self, auto&& field) {
        field("target_celsius", self.target_celsius, in_range(50, 300), "temperature to hold");
        field("log_bytes", self.log_bytes, at_least(4_KiB), "size of the log");
    }
};

int main() {
    auto const options = from_environment<oven_options>({}, {"OVEN_TARGET_CELSIUS=220", "OVEN_LOG_BYTES=16MiB"});
    std::cout << options.target_celsius << " degrees, log of " << format_bytes(options.log_bytes) << '\n';
    try {
        from_environment<oven_options>({}, {"OVEN_TARGET_CELSIUS=900"});
    } catch (option_error const& error) {
        std::cout << error.what() << '\n';
    }
    logger const log{std::make_shared<json_lines_sink>(std::cout)};
    log(severity::warning, "oven", "door_open", {{"seconds", 12}, {"target_celsius", options.target_celsius}});
}
