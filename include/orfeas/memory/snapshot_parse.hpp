// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/flat_json.hpp>
#include <orfeas/memory/snapshot.hpp>
#include <orfeas/memory/snapshot_json.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory {

/// A text that is no snapshot, with the number of the line that cannot be read.
class snapshot_error : public std::runtime_error {
  public:
    snapshot_error(std::size_t line, std::string_view reason)
        : std::runtime_error{"line " + std::to_string(line) + ": " + std::string{reason}}, line_{line} {}

    std::size_t line() const noexcept { return line_; }

  private:
    std::size_t line_;
};

namespace detail {

/// Reads a snapshot line by line.
class snapshot_parser {
  public:
    void read(std::string_view line) {
        ++number_;
        if (line.empty()) {
            return;
        }
        std::string kind;
        if (!json_.parse(line) || !json_.read("type", kind)) {
            fail("not a line of a snapshot");
        }
        if (!has_header_ && kind != "header") {
            fail("a snapshot begins with its header");
        }
        dispatch(kind);
    }

    memory_snapshot finish() {
        counts const found{.ranges = result_.ranges.size(),
                           .blocks = blocks_,
                           .tags = result_.tags.size(),
                           .sites = result_.sites.size(),
                           .events = result_.events.size()};
        if (!has_header_ || !(found == announced_)) {
            fail("the snapshot is not complete");
        }
        return std::move(result_);
    }

  private:
    struct counts {
        std::uint64_t ranges = 0;
        std::uint64_t blocks = 0;
        std::uint64_t tags = 0;
        std::uint64_t sites = 0;
        std::uint64_t events = 0;

        static void fields(auto& self, auto&& field) {
            field("ranges", self.ranges);
            field("blocks", self.blocks);
            field("tags", self.tags);
            field("sites", self.sites);
            field("events", self.events);
        }

        friend bool operator==(counts const&, counts const&) = default;
    };

    [[noreturn]] void fail(std::string_view reason) const { throw snapshot_error{number_, reason}; }

    /// Kinds of lines that are not known are left out: a later writer may have more.
    void dispatch(std::string_view kind) {
        if (kind == "header") {
            header();
        } else if (kind == "profile") {
            members(result_.profile);
        } else if (kind == "range") {
            members(result_.ranges.emplace_back());
        } else if (kind == "block") {
            if (result_.ranges.empty()) {
                fail("a block without a range");
            }
            members(result_.ranges.back().blocks.emplace_back());
            ++blocks_;
        } else if (kind == "tag") {
            members(result_.tags.emplace_back());
        } else if (kind == "site") {
            members(result_.sites.emplace_back());
        } else if (kind == "event") {
            members(result_.events.emplace_back());
        }
    }

    void header() {
        std::uint64_t version = 0;
        if (!json_.read("version", version) || version != snapshot_version) {
            fail("a version of the format that this reader does not know");
        }
        members(result_);
        members(announced_);
        has_header_ = true;
    }

    /// What is missing keeps its default: reports gain members, and files outlive that.
    template<class T>
    void members(T& into) {
        T::fields(into, [&](std::string_view name, auto& member, auto const&...) {
            if (!json_.raw(name).empty() && !json_.read(name, member)) {
                fail("no usable member \"" + std::string{name} + "\"");
            }
        });
    }

    memory_snapshot result_;
    counts announced_;
    flat_json json_;
    std::uint64_t blocks_ = 0;
    std::size_t number_ = 0;
    bool has_header_ = false;
};

} // namespace detail

/// Reads what write_json_lines wrote. Throws snapshot_error for anything else, also when lines are missing; members that a
/// line lacks keep their defaults, and those that are not known are left out. Times of the profile keep microseconds.
/// Linear.
inline memory_snapshot parse_json_lines(std::string_view text) {
    detail::snapshot_parser parser;
    while (!text.empty()) {
        auto const end = text.find('\n');
        parser.read(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return parser.finish();
}

} // namespace orfeas::inline v0::memory
