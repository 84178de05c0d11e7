// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/function_ref.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/net/task.hpp>

#include <concepts>
#include <functional>
#include <string_view>

namespace orfeas::inline v0::http {

/// Answers a request. The request lives until the task has ended. What it throws becomes a 500 that tells nothing, except
/// problem_error, which becomes its problem. Called on the connection's strand: handlers of different connections run at
/// the same time when the executor has several threads.
using handler = std::function<task<response>(request const&)>;

/// The rest of the work on a request, handed to an observer: call it once.
using next_handler = function_ref<task<response>()>;

/// Sees every well-formed and admitted request pass: `around(request, pattern, next)` awaits `next()` and returns its
/// answer, or another one. `pattern` is the route's, empty when no route has the path. Exceptions pass through.
/// Called on the connection's strand, so from several threads when the executor has several.
template<class O>
concept server_observer =
    std::move_constructible<O> && requires(O& observer, request const& q, std::string_view pattern, next_handler next) {
        { observer.around(q, pattern, next) } -> std::same_as<task<response>>;
    };

/// Observes nothing and costs nothing.
struct no_observer {
    task<response> around(request const&, std::string_view, next_handler next) const { return next(); }
};
static_assert(server_observer<no_observer>);

} // namespace orfeas::inline v0::http
