// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/csv.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/cost/ledger_entry.hpp>
#include <orfeas/cost/usage.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// Entries of a ledger as rows of CSV: one for the service, whose device columns are empty, and one for each device.

namespace orfeas::inline v0::cost::detail {

inline constexpr std::size_t leading_columns = 6; // begin to uuid

/// Whether a field of service_amounts has a column of its own: those that devices have as well share one.
constexpr bool has_own_column(std::string_view service_field) noexcept {
    return service_field != "requests" && service_field != "generated_bytes";
}

/// The names of the columns, with the line's end.
inline std::string ledger_header() {
    std::string made = "begin,seconds,currency,index,name,uuid";
    device_amounts none;
    device_amounts::fields(none, [&](std::string_view name, auto const&...) { made.append(",").append(name); });
    service_amounts nothing;
    service_amounts::fields(nothing, [&](std::string_view name, auto const&...) {
        if (has_own_column(name)) {
            made.append(",").append(name);
        }
    });
    return made.append("\r\n");
}

/// "2026-11-22T03:00:00Z"
inline std::string utc_text(wall_time time) {
    using namespace std::chrono;
    auto const day = floor<days>(time);
    year_month_day const date{day};
    hh_mm_ss const clock{floor<seconds>(time - day)};
    std::array<char, 40> text{};
    auto const size =
        std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", int{date.year()},
                      unsigned{date.month()}, unsigned{date.day()}, static_cast<int>(clock.hours().count()),
                      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

/// A number that takes up the whole text.
template<class Number>
bool parse_number(std::string_view text, Number& into) noexcept {
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size();
}

inline std::optional<wall_time> parse_utc(std::string_view text) noexcept {
    constexpr std::string_view shape = "xxxx-xx-xxTxx:xx:xxZ";
    std::array<int, 6> numbers{};
    if (text.size() != shape.size()) {
        return std::nullopt;
    }
    std::size_t begin = 0;
    for (auto& each : numbers) {
        auto const end = shape.find_first_not_of('x', begin);
        if (!parse_number(text.substr(begin, end - begin), each) || each < 0 || text[end] != shape[end]) {
            return std::nullopt;
        }
        begin = end + 1;
    }
    using namespace std::chrono;
    year_month_day const date{year{numbers[0]}, month{static_cast<unsigned>(numbers[1])},
                              day{static_cast<unsigned>(numbers[2])}};
    if (!date.ok() || numbers[3] > 23 || numbers[4] > 59 || numbers[5] > 59) {
        return std::nullopt;
    }
    return wall_time{sys_days{date}} + hours{numbers[3]} + minutes{numbers[4]} + seconds{numbers[5]};
}

inline void append_leading(std::string& to, ledger_entry const& entry, device_id const& device) {
    to.append(utc_text(entry.begin)).append(",").append(std::to_string(entry.length.count())).append(",");
    for (std::string_view const text : {std::string_view{entry.currency}, std::string_view{device.index},
                                        std::string_view{device.name}, std::string_view{device.uuid}}) {
        append_csv(to, text);
        to.push_back(',');
    }
    to.pop_back();
}

/// Money that is not known is an empty field.
inline void append_rows(std::string& to, ledger_entry const& entry) {
    auto const number = [&](double value) {
        to.push_back(',');
        append_csv(to, value);
    };
    auto service = entry.used.service;
    service.load_money = service.loads > 0 ? service.load_money : absent;
    service.saved_money = service.cache_hits > 0 && service.valued_hits <= 0 ? absent : service.saved_money;
    append_leading(to, entry, {});
    device_amounts none;
    device_amounts::fields(none, [&](std::string_view name, auto const&...) {
        number(name == "requests" ? service.requests : name == "generated_bytes" ? service.generated_bytes : absent);
    });
    service_amounts::fields(service, [&](std::string_view name, double value, auto const&...) {
        if (has_own_column(name)) {
            number(value);
        }
    });
    to.append("\r\n");
    for (auto const& each : entry.used.devices) {
        append_leading(to, entry, each.device);
        auto amounts = each.amounts;
        amounts.money = amounts.priced_seconds > 0 ? amounts.money : absent;
        amounts.idle_money = amounts.priced_rated_seconds > 0 ? amounts.idle_money : absent;
        device_amounts::fields(amounts, [&](std::string_view, double value, auto const&...) { number(value); });
        service_amounts::fields(service, [&](std::string_view name, auto const&...) {
            if (has_own_column(name)) {
                to.push_back(',');
            }
        });
        to.append("\r\n");
    }
}

/// Takes the numbers of a row one after the other; an empty field is 0.
class row_numbers {
  public:
    explicit row_numbers(std::span<std::string const> fields) noexcept : rest_{fields} {}

    bool good() const noexcept { return good_ && rest_.empty(); }

    void take(double& into) noexcept {
        if (rest_.empty()) {
            good_ = false;
            return;
        }
        into = 0;
        good_ = good_ && (rest_.front().empty() || (parse_number(rest_.front(), into) && is_finite(into)));
        rest_ = rest_.subspan(1);
    }

  private:
    std::span<std::string const> rest_;
    bool good_ = true;
};

/// Adds the row of a device, or of the service, to an entry that has its leading columns.
inline bool add_row(ledger_entry& to, std::vector<std::string> const& row) {
    device_usage device{{row[3], row[4], row[5]}, {}};
    service_amounts service;
    row_numbers in{std::span{row}.subspan(leading_columns)};
    device_amounts::fields(device.amounts, [&](std::string_view, double& value, auto const&...) { in.take(value); });
    service_amounts::fields(service, [&](std::string_view name, double& value, auto const&...) {
        if (has_own_column(name)) {
            in.take(value);
        }
    });
    if (!device.device.key().empty()) {
        to.used.devices.push_back(device);
    } else {
        service.requests = device.amounts.requests;
        service.generated_bytes = device.amounts.generated_bytes;
        to.used.service = service;
    }
    return in.good();
}

/// What append_rows wrote; nothing for another text.
inline std::optional<ledger_entry> parse_rows(std::string_view text) {
    ledger_entry made;
    csv_reader in{text};
    std::vector<std::string> row;
    bool is_first = true;
    for (; in.next(row); is_first = false) {
        auto const begin = row.size() > leading_columns ? parse_utc(row[0]) : std::nullopt;
        std::chrono::seconds::rep length = 0;
        bool good = begin && parse_number(row[1], length) && length > 0;
        if (good && is_first) {
            made.begin = *begin;
            made.length = std::chrono::seconds{length};
            made.currency = row[2];
        }
        good = good && *begin == made.begin && length == made.length.count() && row[2] == made.currency;
        if (!good || !add_row(made, row)) {
            return std::nullopt;
        }
    }
    return in.good() && !is_first ? std::optional{made} : std::nullopt;
}

} // namespace orfeas::inline v0::cost::detail
