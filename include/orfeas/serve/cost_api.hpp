// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/cost/cost_report.hpp>
#include <orfeas/cost/month_trend.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/serve/detail/parameters.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// The answers of the HTTP API about costs.

namespace orfeas::inline v0::serve {

/// A source that keeps accounts: `costs().report()`, `costs().month()`, whether there is a ledger, and `costs().write_csv(sink)`,
/// from any thread.
template<class S>
concept costed_source = requires(S& s, void (*sink)(std::string_view)) {
    { s.costs().report() } -> std::same_as<cost::cost_report>;
    { s.costs().month() } -> std::same_as<cost::month_outlook>;
    { s.costs().has_ledger() } -> std::same_as<bool>;
    { s.costs().write_csv(sink) } -> std::same_as<std::error_code>;
};

/// GET /api/v1/cost: what the service costs by device, request and gigabyte, what the cache saved, and the month, and whether
/// there is a ledger. What is not known is null.
inline http::response costs(cost::cost_report const& known, cost::month_outlook const& month, bool has_ledger) {
    std::string text;
    json_writer json{text};
    json.begin_object().key("report");
    write_json(json, known);
    json.key("month");
    write_json(json, month);
    json.member("has_ledger", has_ledger).end_object();
    return detail::fresh_json(std::move(text));
}

/// GET /api/v1/cost/ledger.csv: the lines of the ledger. Throws http::problem_error: 404 where there is none, 503 where it cannot be
/// read.
template<costed_source Source>
http::response cost_ledger(Source& from) {
    if (!from.costs().has_ledger()) {
        throw http::problem_error{http::problem{http::status::not_found}
                                      .detail("No ledger is kept: what was spent is known in memory alone.")
                                      .field("cost_ledger")
                                      .allowed("the path of a file: observatory_options::cost_ledger, or the variable "
                                               "ORFEAS_OBSERVATORY_COST_LEDGER")};
    }
    std::string text;
    auto const failed = from.costs().write_csv([&](std::string_view piece) { text.append(piece); });
    if (failed) {
        throw http::problem_error{
            http::problem{http::status::service_unavailable}.detail("The ledger cannot be read: " + failed.message())};
    }
    http::response answer{http::status::ok, "text/csv; charset=utf-8; header=present", std::move(text)};
    answer.set("content-disposition", "attachment; filename=\"cost.csv\"").set("cache-control", "no-store");
    return answer;
}

} // namespace orfeas::inline v0::serve
