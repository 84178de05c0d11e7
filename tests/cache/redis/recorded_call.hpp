// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/call.hpp>
#include <orfeas/core/clock.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace orfeas_test {

/// A call that keeps what it was told, and writes its name into a common list when it is.
class recorded_call final : public orfeas::cache::redis::call {
  public:
    recorded_call(std::string name, std::vector<std::string>& order, std::size_t commands, std::size_t bytes,
                  orfeas::monotonic_time deadline)
        : call{commands, bytes, deadline, {}}, name_{std::move(name)}, order_{order} {}

    std::optional<orfeas::cache::redis::result> done;
    bool was_in_order = false;

  private:
    void deliver(orfeas::cache::redis::result&& told, bool in_order) override {
        done = std::move(told);
        was_in_order = in_order;
        order_.push_back(name_);
    }

    std::string name_;
    std::vector<std::string>& order_;
};

} // namespace orfeas_test
