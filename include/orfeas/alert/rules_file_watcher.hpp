// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/rules_file.hpp>
#include <orfeas/core/measurement.hpp>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::alert {

/// What a poll of a rules file came to.
enum class rules_reload : std::uint8_t {
    none,    ///< nothing new
    applied, ///< the file has changed, and its rules were taken
    refused  ///< the file has changed and cannot be used, or has gone: the rules before stay
};

/// A rules file that may change while a service runs: read again when it has, taken whole or refused whole.
///
///     alert::rules_file_watcher file{"rules.yaml"};
///     auto const apply = [&](alert::rules_file const& read) {
///         obs.alerts().set_rules(read.rules); // refuses all when one cannot be used
///         obs.alerts().set_inhibitions(read.inhibitions);
///     };
///     if (file.poll(apply) == alert::rules_reload::refused) { complain(file.problem()); }
///
/// To be polled now and then, each second, say. A poll asks for the file's size and time of change alone, until one of them is
/// another one; the file is read at the first poll, then when it was the same in two polls, so that one that is just being
/// written is left alone. Thread-compatible (distinct objects).
class rules_file_watcher {
  public:
    explicit rules_file_watcher(std::string path) : path_{std::move(path)} {}

    std::string const& path() const noexcept { return path_; }

    /// Reads the file if it has changed, and calls `apply(rules_file const&)`, which takes all of it or throws and takes nothing.
    /// What it throws, if a std::exception, refuses the file. `refused` once for each problem.
    template<class Apply>
    rules_reload poll(Apply&& apply) {
        auto const now = look();
        bool const is_stable = !is_read_ || now == seen_;
        seen_ = now;
        if (!is_stable || (is_read_ && now == read_ && !is_unreadable_)) {
            return rules_reload::none;
        }
        is_read_ = true;
        read_ = now;
        try {
            rules_file const made = load_rules(path_);
            apply(made);
        } catch (rules_file_error const& problem) {
            is_unreadable_ = problem.line() == 0; // its permissions may change without its time
            return refuse(problem.what());
        } catch (std::exception const& problem) {
            is_unreadable_ = false;
            return refuse(path_ + ": " + problem.what());
        }
        is_unreadable_ = false;
        problem_.clear();
        ++applied_;
        return rules_reload::applied;
    }

    /// Why the file as it is now is not in use: where and what; empty if it is.
    std::string const& problem() const noexcept { return problem_; }

    void measure(measurement_sink sink) const {
        label const labels[] = {{"file", path_}};
        sink({"alert_rules_last_reload_successful", measurement_kind::gauge, unit::none,
              is_read_ && problem_.empty() ? 1.0 : 0.0, labels, "1 if the rules file is in use as it is now"});
        sink({"alert_rules_reloads_total", measurement_kind::counter, unit::none, static_cast<double>(applied_), labels,
              "how often the rules file was taken"});
    }

  private:
    /// What tells a file from the one before.
    struct stamp {
        std::filesystem::file_time_type changed{};
        std::uintmax_t size = 0;
        bool operator==(stamp const&) const = default;
    };

    std::optional<stamp> look() const {
        std::error_code failed;
        stamp made{std::filesystem::last_write_time(path_, failed), 0};
        if (!failed) {
            made.size = std::filesystem::file_size(path_, failed);
        }
        return failed ? std::nullopt : std::optional{made};
    }

    rules_reload refuse(std::string problem) {
        bool const is_new = problem != problem_;
        problem_ = std::move(problem);
        return is_new ? rules_reload::refused : rules_reload::none;
    }

    std::string path_;
    std::string problem_;
    std::optional<stamp> seen_; // in the last poll
    std::optional<stamp> read_; // that was read last
    bool is_read_ = false;
    bool is_unreadable_ = false; // it could not be read at all: tried again each time
    std::uint64_t applied_ = 0;
};

} // namespace orfeas::inline v0::alert
