// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

namespace orfeas::inline v0::metrics {

class counter;
class up_down_counter;
class gauge;
class histogram;
class callback_gauge;
class exposition;
class registration_error;
struct registry_options;
struct family_points;

template<clock Clock = steady_clock>
class basic_registry;
using registry = basic_registry<>;

} // namespace orfeas::inline v0::metrics
