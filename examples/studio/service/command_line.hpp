// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace studio {

/// What the command line says; what it leaves out comes from the environment or is the default.
struct command_line {
    std::optional<std::uint16_t> port;
    std::optional<std::string> address;
    bool help = false;
};

inline constexpr std::string_view usage =
    "usage: studio [--port P] [--address A]\n"
    "Turns pictures into printable reliefs over HTTP; see examples/studio/README.md.\n"
    "  --port P      port to listen on, 0 for any free one (default 5000, or ORFEAS_HTTP_PORT)\n"
    "  --address A   address to listen on (default 127.0.0.1, or ORFEAS_HTTP_ADDRESS)\n"
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
        if (name != "--port" && name != "--address") {
            throw orfeas::option_error{"argument", name, "--port or --address"};
        }
        if (++i == count) {
            throw orfeas::option_error{name, "", "followed by its value"};
        }
        std::string_view const value = arguments[i];
        if (name == "--address") {
            result.address = value;
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
