// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/error.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace studio {

/// What the command line says; what it leaves out comes from the environment or is the default.
struct command_line {
    std::optional<std::uint16_t> port;
    std::optional<std::string> address;
    std::vector<std::string> l2{};
    std::string otlp{};
    std::vector<std::string> alertmanagers{};
    std::string webhook{};
    std::optional<std::uint64_t> l1_bytes;
    bool help = false;
};

inline constexpr std::string_view usage =
    "usage: studio [--port P] [--address A] [--l1-bytes N] [--l2 URL]… [--otlp URL] [--alertmanager URL]… [--webhook "
    "URL]\n"
    "Turns pictures into printable reliefs over HTTP; see examples/studio/README.md.\n"
    "  --port P      port to listen on, 0 for any free one (default 5000, or ORFEAS_HTTP_PORT)\n"
    "  --address A   address to listen on (default 127.0.0.1, or ORFEAS_HTTP_ADDRESS)\n"
    "  --l1-bytes N  bytes of meshes kept in this process, such as 64MiB (default 256MiB, or "
    "STUDIO_SERVICE_CACHE_BYTES)\n"
    "  --l2 URL      Redis server that keeps meshes for several processes, such as redis://127.0.0.1:6379; once for "
    "each\n"
    "                server (default none, or ORFEAS_TIERED_L2)\n"
    "  --otlp URL    receiver of traces and metrics over OTLP/HTTP, such as http://127.0.0.1:4318 (default none)\n"
    "  --alertmanager URL  Alertmanager that is told of alerts, such as http://127.0.0.1:9093; once for each\n"
    "  --webhook URL where notifications of alerts are posted to\n"
    "Everything else is set by environment variables: STUDIO_SERVICE_…, STUDIO_PICTURE_…, ORFEAS_<MODULE>_….\n";

/// Reads the arguments after the program's name. Throws orfeas::option_error that names the argument at fault.
inline command_line parse_command_line(int count, char const* const* arguments) {
    command_line result;
    for (int i = 1; i < count; ++i) {
        std::string_view const name = arguments[i];
        if (name == "--help" || name == "-h") {
            result.help = true;
            return result;
        }
        if (name != "--port" && name != "--address" && name != "--l1-bytes" && name != "--l2" && name != "--otlp" &&
            name != "--alertmanager" && name != "--webhook") {
            throw orfeas::option_error{"argument", name,
                                       "--port, --address, --l1-bytes, --l2, --otlp, --alertmanager or --webhook"};
        }
        if (++i == count) {
            throw orfeas::option_error{name, "", "followed by its value"};
        }
        std::string_view const value = arguments[i];
        if (name == "--address") {
            result.address = value;
            continue;
        }
        if (name == "--l2") {
            result.l2.emplace_back(value);
            continue;
        }
        if (name == "--otlp") {
            result.otlp = value;
            continue;
        }
        if (name == "--alertmanager") {
            result.alertmanagers.emplace_back(value);
            continue;
        }
        if (name == "--webhook") {
            result.webhook = value;
            continue;
        }
        if (name == "--l1-bytes") {
            result.l1_bytes = orfeas::parse_bytes(value);
            if (!result.l1_bytes) {
                throw orfeas::option_error{name, value, "a number of bytes, such as 64MiB"};
            }
            continue;
        }
        std::uint16_t port = 0;
        auto const [rest, error] = std::from_chars(value.data(), value.data() + value.size(), port);
        if (error != std::errc{} || rest != value.data() + value.size()) {
            throw orfeas::option_error{"--port", value, "a number between 0 and 65535"};
        }
        result.port = port;
    }
    return result;
}

} // namespace studio
