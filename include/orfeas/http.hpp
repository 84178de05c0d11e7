// SPDX-License-Identifier: MIT
#pragma once

/// HTTP/1.1 and WebSocket server, and an HTTP/1.1 client. Needs Boost.Asio and Boost.Beast.

#include <orfeas/http/body.hpp>
#include <orfeas/http/chunk_decoder.hpp>
#include <orfeas/http/client.hpp>
#include <orfeas/http/client_connection.hpp>
#include <orfeas/http/client_error.hpp>
#include <orfeas/http/client_observer.hpp>
#include <orfeas/http/client_options.hpp>
#include <orfeas/http/client_request.hpp>
#include <orfeas/http/client_response.hpp>
#include <orfeas/http/client_stats.hpp>
#include <orfeas/http/client_transport.hpp>
#include <orfeas/http/concepts.hpp>
#include <orfeas/http/conditional.hpp>
#include <orfeas/http/fields.hpp>
#include <orfeas/http/fwd.hpp>
#include <orfeas/http/gate.hpp>
#include <orfeas/http/head_parser.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/refusal.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/response_head.hpp>
#include <orfeas/http/response_parser.hpp>
#include <orfeas/http/retry_after.hpp>
#include <orfeas/http/router.hpp>
#include <orfeas/http/server.hpp>
#include <orfeas/http/server_options.hpp>
#include <orfeas/http/server_stats.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/http/url.hpp>
#include <orfeas/http/websocket.hpp>
#include <orfeas/http/websocket_outbox.hpp>
