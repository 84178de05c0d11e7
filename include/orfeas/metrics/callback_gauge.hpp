// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/unique_function.hpp>

#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace orfeas::inline v0::metrics {

namespace detail {

/// The function behind a callback gauge, until the gauge goes.
/// Thread-safe.
class callback_cell {
  public:
    explicit callback_cell(unique_function<double()> read) : read_{std::move(read)} {}

    /// A call that is running has ended on return.
    void detach() {
        is_attached_.store(false, std::memory_order_release);
        std::lock_guard const hold{mutex_};
        read_ = nullptr;
    }

    /// False from the moment that the gauge goes. Does not wait for a running call.
    bool is_attached() const noexcept { return is_attached_.load(std::memory_order_acquire); }

    std::optional<double> value() const {
        std::lock_guard const hold{mutex_};
        if (read_ == nullptr) {
            return std::nullopt;
        }
        try {
            return read_();
        } catch (...) { // one metric without a value must not cost the others theirs
            return std::numeric_limits<double>::quiet_NaN();
        }
    }

  private:
    std::atomic<bool> is_attached_{true};
    mutable std::mutex mutex_; // held while the function runs, so that `detach` waits for it
    unique_function<double()> read_;
};

} // namespace detail

/// Keeps a gauge whose value is asked from a function at each measurement. When this object goes, the series goes, and a
/// call that is running has ended: what the function refers to may be destroyed after it. May outlive the registry.
/// Thread-compatible (distinct objects).
class [[nodiscard]] callback_gauge {
  public:
    /// Made by a registry.
    explicit callback_gauge(std::shared_ptr<detail::callback_cell> cell) noexcept : cell_{std::move(cell)} {}

    callback_gauge(callback_gauge&&) noexcept = default;
    callback_gauge& operator=(callback_gauge&& other) noexcept {
        std::swap(cell_, other.cell_);
        return *this;
    }
    ~callback_gauge() {
        if (cell_ != nullptr) {
            cell_->detach();
        }
    }

  private:
    std::shared_ptr<detail::callback_cell> cell_;
};

} // namespace orfeas::inline v0::metrics
