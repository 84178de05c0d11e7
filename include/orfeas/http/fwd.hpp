// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/net/task.hpp>

namespace orfeas::inline v0::http {

class request;
class response;
class problem;
class fields;
class body;
class gate;
class head_parser;
class response_parser;
class client_request;
class client_response;
class websocket_session;
struct server_options;
struct route_options;
struct websocket_options;
struct server_stats;
struct url;
struct client_options;
struct client_stats;
struct client_result;
struct no_observer;
struct no_client_observer;
struct tcp_client_transport;

template<class Endpoint>
class basic_router;

template<class Executor, class Observer>
class basic_server;

template<class Executor, class Observer, class Transport>
class basic_client;

} // namespace orfeas::inline v0::http
