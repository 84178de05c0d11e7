// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/core/options.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// Which Sentinels to ask for which primary, and how often. Prefix ORFEAS_REDIS_SENTINEL_.
struct sentinel_options {
    std::vector<std::string> sentinels{}; ///< as of parse_endpoint, but port 26379 where none is given
    std::string name = "mymaster";        ///< under which they watch the primary
    std::string user{};                   ///< of the primary and of those that may take its place, like the next two
    std::string password{};
    std::uint32_t database = 0;
    std::chrono::milliseconds ask_deadline{500};
    std::chrono::milliseconds refresh_interval{5000};
    std::chrono::milliseconds first_backoff{20};
    std::chrono::milliseconds most_backoff{500};
    bool retry = true;

    static constexpr std::string_view environment_prefix = "ORFEAS_REDIS_SENTINEL_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        constexpr in_range<milliseconds> wait{milliseconds{1}, std::chrono::hours{24}};
        field("sentinels", self.sentinels, non_empty{}, "addresses of the Sentinels, redis://host:26379");
        field("name", self.name, non_empty{}, "under which the Sentinels watch the primary");
        field("user", self.user, any_value{}, "of the primary; empty: its default user");
        field("password", self.password, any_value{}, "of the primary; empty: none");
        field("database", self.database, any_value{}, "of the primary");
        field("ask_deadline", self.ask_deadline, wait, "for a Sentinel's answer, and for the primary's about its role");
        field("refresh_interval", self.refresh_interval, wait, "between questions while all is well");
        field("first_backoff", self.first_backoff, wait, "before the second question in trouble; doubles from there");
        field("most_backoff", self.most_backoff, wait, "between questions in trouble");
        field("retry", self.retry, any_value{},
              "commands again until their deadline while there is no primary; false: fail at once");
    }

    void check() const {
        std::vector<std::string> names;
        for (auto const& each : servers()) {
            names.push_back(to_text(each));
        }
        std::sort(names.begin(), names.end());
        auto const twice = std::adjacent_find(names.begin(), names.end());
        if (twice != names.end()) {
            throw option_error{"sentinels", *twice, "each Sentinel once"};
        }
        if (password.empty() && !user.empty()) {
            throw option_error{"user", user, "with a password"};
        }
    }

    /// The Sentinels' addresses. Throws option_error for one that cannot be read.
    std::vector<endpoint> servers() const {
        std::vector<endpoint> all;
        for (auto const& each : sentinels) {
            auto server = parse_endpoint(each, "sentinels");
            bool const has_port = each.find(":" + std::to_string(server.port)) != std::string::npos;
            server.port = has_port ? server.port : std::uint16_t{26'379};
            all.push_back(std::move(server));
        }
        return all;
    }
};
static_assert(options<sentinel_options>);

} // namespace orfeas::inline v0::cache::redis
