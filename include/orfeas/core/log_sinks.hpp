// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/trace_id.hpp>

#include <ostream>
#include <string>
#include <variant>

namespace orfeas::inline v0 {

/// Writes each event as one line of JSON: {"time":…,"severity":"…","component":"…","event":"…",…fields…}.
/// Thread-compatible (distinct objects); a logger calls it one event at a time.
class json_lines_sink {
  public:
    /// The stream must outlive the sink.
    explicit json_lines_sink(std::ostream& out) : out_{out} {}

    void write(log_event const& event) noexcept {
        try {
            line_.clear();
            json_writer json{line_};
            json.begin_object();
            json.member("time", unix_seconds(event.time)).member("severity", to_string(event.level));
            json.member("component", event.component).member("event", event.event);
            if (event.trace) {
                json.member("trace_id", to_string(event.trace));
            }
            if (event.suppressed > 0) {
                json.member("suppressed", event.suppressed);
            }
            for (auto const& field : event.fields) {
                json.key(field.name);
                std::visit([&](auto const& value) { json.value(value); }, field.value);
            }
            json.end_object();
            out_ << line_ << '\n' << std::flush;
        } catch (...) { // a sink that cannot write drops the line
        }
    }

  private:
    std::ostream& out_;
    std::string line_;
};
static_assert(log_sink<json_lines_sink>);

/// Writes each event as one line for people: "warning memory cleanup_failed freed_bytes=0 trace=…".
/// Thread-compatible (distinct objects); a logger calls it one event at a time.
class text_sink {
  public:
    /// Events below `least` are left out. The stream must outlive the sink.
    explicit text_sink(std::ostream& out, severity least = severity::info) : out_{out}, least_{least} {}

    void write(log_event const& event) noexcept {
        if (event.level < least_) {
            return;
        }
        try {
            line_.assign(to_string(event.level)).append(" ").append(event.component).append(" ").append(event.event);
            for (auto const& field : event.fields) {
                line_.append(" ").append(field.name).append("=");
                json_writer json{line_};
                std::visit([&](auto const& value) { json.value(value); }, field.value);
            }
            if (event.trace) {
                line_.append(" trace=").append(to_string(event.trace));
            }
            if (event.suppressed > 0) {
                line_.append(" suppressed=").append(std::to_string(event.suppressed));
            }
            out_ << line_ << '\n' << std::flush;
        } catch (...) { // a sink that cannot write drops the line
        }
    }

  private:
    std::ostream& out_;
    severity least_;
    std::string line_;
};
static_assert(log_sink<text_sink>);

} // namespace orfeas::inline v0
