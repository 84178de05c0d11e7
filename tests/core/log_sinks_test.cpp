// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/log_sinks.hpp>
#include <orfeas/core/manual_clock.hpp>

#include <memory>
#include <sstream>

using namespace orfeas;

TEST_CASE("core: a JSON line holds time, severity, component, event, trace and fields") {
    std::ostringstream out;
    logger const log{std::make_shared<json_lines_sink>(out), {}, manual_clock{}};
    log(severity::warning, "memory", "cleanup", {{"freed_bytes", 12U}, {"why", "a \"reason\""}, {"share", 0.5}},
        trace_id{1, 2});
    CHECK(out.str() ==
          R"({"time":1.7e+09,"severity":"warning","component":"memory","event":"cleanup",)"
          R"("trace_id":"00000000000000010000000000000002","freed_bytes":12,"why":"a \"reason\"","share":0.5})"
          "\n");
}

TEST_CASE("core: a text line is for people, and leaves out what matters less than asked") {
    std::ostringstream out;
    logger const log{std::make_shared<text_sink>(out, severity::info)};
    log(severity::debug, "serve", "frame_sent");
    log(severity::error, "serve", "port_in_use", {{"port", 5000}, {"address", "127.0.0.1"}});
    CHECK(out.str() == "error serve port_in_use port=5000 address=\"127.0.0.1\"\n");
}
