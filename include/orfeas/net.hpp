// SPDX-License-Identifier: MIT
#pragma once

/// Transport: the task type, listening, deadlines, rates. Needs Boost.Asio.

#include <orfeas/net/address.hpp>
#include <orfeas/net/deadline.hpp>
#include <orfeas/net/error.hpp>
#include <orfeas/net/listener.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/net/token_bucket.hpp>
#include <orfeas/net/watchdog.hpp>
