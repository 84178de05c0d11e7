// SPDX-License-Identifier: MIT
#pragma once

/// The HTTP face of an observed service: dashboard, WebSocket, Prometheus, API, and the application's own routes.
/// Needs Boost (Asio, Beast) and nlohmann-json.

#include <orfeas/http.hpp>
#include <orfeas/serve/client_propagation.hpp>
#include <orfeas/serve/concepts.hpp>
#include <orfeas/serve/dashboard_options.hpp>
#include <orfeas/serve/server.hpp>
