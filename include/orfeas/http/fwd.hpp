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
class websocket_session;
struct server_options;
struct route_options;
struct websocket_options;
struct server_stats;
struct no_observer;

template<class Endpoint>
class basic_router;

template<class Executor, class Observer>
class basic_server;

} // namespace orfeas::inline v0::http
