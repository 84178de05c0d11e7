// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/invalidation_report.hpp>
#include <orfeas/observe/cache_watch.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::observe {

/// A cache that clears itself while it is called, such as `cache::local`: gives the number of entries removed.
template<class C>
concept clears_at_once = requires(C& c) {
    { c.clear() } -> std::convertible_to<std::uint64_t>;
};

/// A cache that has to ask servers to clear itself, such as `cache::tiered`; what it returns keeps alive what it needs.
template<class C>
concept clears_awaitably = requires(C& c, std::string pattern) {
    {
        c.invalidate_pattern(pattern)
    } -> std::same_as<boost::asio::awaitable<cache::invalidation_report, boost::asio::any_io_executor>>;
    { c.get_executor() } -> std::convertible_to<boost::asio::any_io_executor>;
};

/// How a watch clears `component`; not at all when that is const or has no way to be cleared. What waits runs on the cache's
/// executor.
template<class C>
cache_clearing clearing_of(C& component) {
    cache_clearing how;
    if constexpr (clears_awaitably<C>) {
        how.takes_patterns = true;
        how.begin = [&component](std::string pattern,
                                 cache_cleared& done) -> std::optional<cache::invalidation_report> {
            std::string of = pattern.empty() ? std::string{"*"} : std::move(pattern);
            boost::asio::co_spawn(
                component.get_executor(), component.invalidate_pattern(std::move(of)),
                [done = std::move(done)](std::exception_ptr failed, cache::invalidation_report report) {
                    done(failed, report);
                });
            return std::nullopt;
        };
    } else if constexpr (clears_at_once<C>) {
        constexpr bool matches = requires(std::string_view pattern) {
            { component.invalidate_pattern(pattern) } -> std::convertible_to<std::uint64_t>;
        };
        how.takes_patterns = matches;
        how.begin = [&component](std::string pattern, cache_cleared&) {
            std::optional<cache::invalidation_report> report{std::in_place};
            if constexpr (matches) {
                report->l1_entries = pattern.empty() ? component.clear() : component.invalidate_pattern(pattern);
            } else {
                report->l1_entries = component.clear();
            }
            return report;
        };
    }
    return how;
}

} // namespace orfeas::inline v0::observe
