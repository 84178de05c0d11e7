// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

namespace orfeas::inline v0 {

/// A moment as text that people and other programs read, to the millisecond and in UTC (RFC 3339):
/// "2026-11-22T03:26:19.250Z". Of years that have not four digits, the first or the last moment that has.
inline std::string rfc3339(wall_time at) {
    using namespace std::chrono;
    auto const first = floor<milliseconds>(sys_days{year{0} / January / 1});
    auto const last = sys_days{year{10'000} / January / 1} - milliseconds{1};
    auto const time = std::clamp<sys_time<milliseconds>>(floor<milliseconds>(at), first, last);
    auto const day = floor<days>(time);
    year_month_day const date{day};
    hh_mm_ss const clock{time - day};
    std::string made;
    auto const put = [&made](long long number, std::size_t digits, char after) {
        auto const text = std::to_string(number);
        made.append(digits - text.size(), '0').append(text).push_back(after);
    };
    put(int{date.year()}, 4, '-');
    put(unsigned{date.month()}, 2, '-');
    put(unsigned{date.day()}, 2, 'T');
    put(clock.hours().count(), 2, ':');
    put(clock.minutes().count(), 2, ':');
    put(clock.seconds().count(), 2, '.');
    put(clock.subseconds().count(), 3, 'Z');
    return made;
}

} // namespace orfeas::inline v0
