// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/client_request.hpp>
#include <orfeas/http/client_response.hpp>

#include <boost/system/error_code.hpp>

#include <concepts>

namespace orfeas::inline v0::http {

/// How an exchange went: an error, or else an answer.
struct client_result {
    boost::system::error_code error;
    client_response response; ///< without an error; with body_too_large its status and fields

    /// Whether there is an answer; its status may still be one of failure.
    explicit operator bool() const noexcept { return !error; }
};

/// Sees the requests of a client go. `begin(request, head)` may add fields to the header, and returns an object for the
/// length of the call, whose `end(result)` is told how it went; a call that an exception ends destroys the object without
/// it. Called on the caller's executor, from several threads when the client is.
template<class O>
concept client_observer =
    std::move_constructible<O> && requires(O& observer, client_request const& q, head_writer& head,
                                           client_result const& r) { observer.begin(q, head).end(r); };

/// Observes nothing and costs nothing.
struct no_client_observer {
    struct call {
        void end(client_result const&) const noexcept {}
    };
    call begin(client_request const&, head_writer&) const noexcept { return {}; }
};
static_assert(client_observer<no_client_observer>);

} // namespace orfeas::inline v0::http
