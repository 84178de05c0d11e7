// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/scale/scaling_advice.hpp>
#include <orfeas/serve/detail/parameters.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <utility>

/// The answer of the HTTP API about scaling, which KEDA's metrics-API scaler reads.

namespace orfeas::inline v0::serve {

/// A source that advises how many replicas are needed: `scaling().advice()`, from any thread.
template<class S>
concept scaled_source = requires(S const& s) {
    { s.scaling().advice() } -> std::same_as<std::optional<scale::scaling_advice>>;
};

/// GET /api/v1/scaling: `desired_replicas`, with what each metric wanted and why. 503 before the first advice: no advice is not
/// the advice to have none.
inline http::response scaling(std::optional<scale::scaling_advice> const& advice) {
    if (!advice) {
        throw http::problem_error{
            http::problem{http::status::service_unavailable}.detail("No frame was taken yet, so there is no advice.")};
    }
    std::string text;
    json_writer json{text};
    write_json(json, *advice);
    return detail::fresh_json(std::move(text));
}

} // namespace orfeas::inline v0::serve
