// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/memory/detail/chunk_writer.hpp>
#include <orfeas/memory/snapshot.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace orfeas::inline v0::memory {

/// What the header line of a JSON-lines snapshot says; a reader refuses others.
inline constexpr std::uint64_t snapshot_version = 1;

namespace detail {

/// Writes lines {"type":"kind", …} of flat members. Numbers go straight to the buffer; the text of names is written once
/// in a string that is used again.
template<class Sink>
class line_writer {
  public:
    explicit line_writer(Sink& sink) : out_{sink} {}

    template<class T>
    void line(std::string_view kind, T const& fields_of) {
        begin(kind);
        T::fields(fields_of,
                  [&](std::string_view name, auto const& member, auto const&...) { this->member(name, member); });
        end();
    }

    void begin(std::string_view kind) {
        out_.append(R"({"type":")");
        out_.append(kind);
        out_.append('"');
    }

    template<class T>
    void member(std::string_view name, T const& value) {
        char* const room = out_.room(name.size() + 4);
        room[0] = ',';
        room[1] = '"';
        std::memcpy(room + 2, name.data(), name.size());
        room[name.size() + 2] = '"';
        room[name.size() + 3] = ':';
        out_.took(name.size() + 4);
        write(value);
    }

    void end() { out_.append("}\n"); }
    void flush() { out_.flush(); }

  private:
    template<class T>
    void write(T const& value) {
        if constexpr (std::integral<T> && !std::same_as<T, bool>) {
            char* const room = out_.room(24);
            out_.took(static_cast<std::size_t>(std::to_chars(room, room + 24, value).ptr - room));
        } else if constexpr (std::is_enum_v<T>) {
            out_.append('"');
            out_.append(to_string(value));
            out_.append('"');
        } else {
            text_.clear();
            json_writer json{text_};
            write_json(json, value);
            out_.append(text_);
        }
    }

    chunk_writer<Sink> out_;
    std::string text_;
};

} // namespace detail

/// Writes a snapshot as JSON lines (one object a line, each with a member "type" that names its kind): a header with the
/// version and how many lines of each kind follow, the profile, the ranges each followed by its blocks, the tags, the call
/// sites, and the events. All members are flat. Calls `sink(std::string_view)` with chunks of up to 64 KiB; what it throws
/// passes through. Linear; allocates two buffers, nothing for a line. Addresses are numbers of up to 64 bits: a reader that
/// keeps numbers as doubles rounds those above 2^53.
template<std::invocable<std::string_view> Sink>
void write_json_lines(memory_snapshot const& snapshot, Sink&& sink) {
    detail::line_writer writer{sink};
    std::uint64_t blocks = 0;
    for (auto const& range : snapshot.ranges) {
        blocks += range.blocks.size();
    }
    writer.begin("header");
    writer.member("version", snapshot_version);
    memory_snapshot::fields(snapshot,
                            [&](auto name, auto const& member, auto const&...) { writer.member(name, member); });
    writer.member("ranges", snapshot.ranges.size());
    writer.member("blocks", blocks);
    writer.member("tags", snapshot.tags.size());
    writer.member("sites", snapshot.sites.size());
    writer.member("events", snapshot.events.size());
    writer.end();
    writer.line("profile", snapshot.profile);
    for (auto const& range : snapshot.ranges) {
        writer.line("range", range);
        for (auto const& block : range.blocks) {
            writer.line("block", block);
        }
    }
    for (auto const& tag : snapshot.tags) {
        writer.line("tag", tag);
    }
    for (auto const& site : snapshot.sites) {
        writer.line("site", site);
    }
    for (auto const& event : snapshot.events) {
        writer.line("event", event);
    }
    writer.flush();
}

} // namespace orfeas::inline v0::memory
