// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/unique_function.hpp>

#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace orfeas::inline v0::metrics {

namespace detail {

/// The function behind a callback gauge; without one there is nothing to report.
/// Thread-safe.
class callback_cell {
  public:
    /// False if another function is set.
    bool attach(unique_function<double()> read) {
        std::lock_guard const hold{mutex_};
        if (read_ != nullptr) {
            return false;
        }
        read_ = std::move(read);
        return true;
    }

    void detach() {
        std::lock_guard const hold{mutex_};
        read_ = nullptr;
    }

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
