// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

/// Streams that the tests of several forecasters share.

namespace orfeas_test {

/// AR(1) with unit variance.
class coloured_noise {
  public:
    coloured_noise(double phi, unsigned seed) : phi_{phi}, random_{seed}, state_{normal_(random_)} {}

    double operator()() {
        double const now = state_;
        state_ = phi_ * state_ + std::sqrt(1 - phi_ * phi_) * normal_(random_);
        return now;
    }

  private:
    double phi_;
    std::mt19937_64 random_;
    std::normal_distribution<> normal_{};
    double state_;
};

template<class T>
std::vector<std::byte> saved(T const& object) {
    std::vector<std::byte> bytes;
    orfeas::state_writer out{bytes};
    object.save(out);
    return bytes;
}

/// Whether a state saved half-way, loaded into another object and continued equals the uninterrupted one, bit by bit.
/// `feed(object, i)` gives the i-th of `count` inputs.
template<class T, class Feed>
bool goes_on_after_load(T const& fresh, std::size_t count, Feed feed) {
    T whole = fresh;
    T first = fresh;
    for (std::size_t i = 0; i < count; ++i) {
        feed(whole, i);
        if (i < count / 2) {
            feed(first, i);
        }
    }
    auto const bytes = saved(first);
    T second = fresh;
    orfeas::state_reader in{bytes};
    if (second.load(in)) {
        return false;
    }
    for (std::size_t i = count / 2; i < count; ++i) {
        feed(second, i);
    }
    return saved(second) == saved(whole);
}

/// Whether every state that is cut short, or has a bit changed, is refused and changes nothing.
template<class T>
bool refuses_damage(T const& full, T const& fresh) {
    auto const bytes = saved(full);
    auto const before = saved(fresh);
    bool refused = true;
    for (std::size_t at = 0; at < bytes.size(); at += 1 + bytes.size() / 200) {
        T object = fresh;
        std::vector<std::byte> const cut{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at)};
        orfeas::state_reader short_in{cut};
        refused = refused && object.load(short_in);
        auto changed = bytes;
        changed[at] ^= std::byte{1};
        orfeas::state_reader changed_in{changed};
        refused = refused && object.load(changed_in) && saved(object) == before;
    }
    return refused;
}

} // namespace orfeas_test
