// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/byte_buffer.hpp>
#include <orfeas/core/assert.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace orfeas::inline v0::cache::redis {

/// What may be an argument of a command: text, bytes or a whole number. A number goes out as decimal text.
template<class T>
concept argument =
    std::convertible_to<T const&, std::string_view> || std::convertible_to<T const&, std::span<std::byte const>> ||
    (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>);
static_assert(argument<char const*> && argument<std::string_view> && argument<int>);
static_assert(!argument<bool> && !argument<char> && !argument<double>);

namespace detail {

/// Whether `word` is `upper`, which is in capitals, in letters of any case.
constexpr bool is_word(std::string_view word, std::string_view upper) noexcept {
    if (word.size() != upper.size()) {
        return false;
    }
    for (std::size_t i = 0; i < word.size(); ++i) {
        char const letter = word[i] >= 'a' && word[i] <= 'z' ? static_cast<char>(word[i] - 'a' + 'A') : word[i];
        if (letter != upper[i]) {
            return false;
        }
    }
    return true;
}

/// Whether a command of this name has another number of replies than one, or takes the connection for itself. The length
/// tells for nearly all that are sent.
constexpr bool is_for_own_connection(std::string_view name) noexcept {
    switch (name.size()) {
    case 4:
        return is_word(name, "SYNC");
    case 5:
        return is_word(name, "PSYNC") || is_word(name, "RESET");
    case 7:
        return is_word(name, "MONITOR");
    case 9:
        return is_word(name, "SUBSCRIBE");
    case 10:
        return is_word(name, "PSUBSCRIBE") || is_word(name, "SSUBSCRIBE");
    case 11:
        return is_word(name, "UNSUBSCRIBE");
    case 12:
        return is_word(name, "PUNSUBSCRIBE") || is_word(name, "SUNSUBSCRIBE");
    default:
        return false;
    }
}

} // namespace detail

/// Commands, one after the other, as the bytes that go to the server (arrays of bulk strings: every byte is allowed in
/// every argument). Each command has exactly one reply. Those that have not, and would leave everybody's replies with the
/// wrong callers, are not for a request: SUBSCRIBE, UNSUBSCRIBE and their kind, MONITOR, SYNC, RESET and CLIENT REPLY. To
/// append one is a bug, and ends the program with a message.
///
///     redis::request two;
///     two.append("SET", key, value, "PX", 60'000);
///     two.append("GET", key);
///
/// Cleared, it keeps its memory. Thread-compatible (distinct objects).
class request {
  public:
    /// Appends one command: its name and arguments. O(bytes).
    template<argument... Arguments>
    void append(std::string_view name, Arguments const&... arguments) {
        check_words(name, arguments...);
        open(1 + sizeof...(arguments));
        add_text(name);
        (put(arguments), ...);
    }

    /// Appends one command whose last arguments are the elements of `list`: `append_list(keys, "MGET")`.
    template<class List, argument... Arguments>
    void append_list(List const& list, std::string_view name, Arguments const&... arguments) {
        check_words(name, arguments...);
        open(1 + sizeof...(arguments) + std::size(list));
        add_text(name);
        (put(arguments), ...);
        for (auto const& each : list) {
            put(each);
        }
    }

    /// Begins a command of `count` arguments, the name included, which `add` gives one by one.
    void begin(std::size_t count) {
        open(count);
        word_ = word::name;
    }

    /// Gives the next argument of the command that was begun.
    template<argument Argument>
    void add(Argument const& value) {
        if (word_ != word::argument) {
            if constexpr (std::convertible_to<Argument const&, std::string_view>) {
                check_word(value);
            } else {
                word_ = word::argument;
            }
        }
        put(value);
    }

    /// Appends the commands of another request.
    void append(request const& other) {
        ORFEAS_ASSERT(missing_ == 0 && other.missing_ == 0, "give all arguments of a command first");
        bytes_.append(other.bytes());
        commands_ += other.commands_;
    }

    std::string_view bytes() const noexcept { return bytes_.view(); }
    std::size_t commands() const noexcept { return commands_; }
    bool empty() const noexcept { return commands_ == 0; }

    /// Whether the command begun last has all its arguments.
    bool is_complete() const noexcept { return missing_ == 0; }

    /// Forgets the commands, keeps the memory.
    void clear() noexcept {
        bytes_.clear();
        commands_ = 0;
        missing_ = 0;
        word_ = word::argument;
    }

  private:
    /// What the next argument is.
    enum class word : std::uint8_t { name, of_client, argument };

    static constexpr std::size_t header_bytes = 24; // a sign, up to 20 digits, CR and LF

    void open(std::size_t count) {
        ORFEAS_ASSERT(missing_ == 0, "give all arguments of a command before the next one begins");
        ORFEAS_ASSERT(count > 0, "a command has at least its name");
        char* const start = bytes_.prepare(header_bytes);
        bytes_.commit(static_cast<std::size_t>(write_header(start, '*', count) - start));
        missing_ = count;
        ++commands_;
    }

    template<class Argument>
    void put(Argument const& value) {
        if constexpr (std::convertible_to<Argument const&, std::string_view>) {
            add_text(value);
        } else if constexpr (std::integral<Argument>) {
            char digits[24];
            auto const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
            add_text({digits, static_cast<std::size_t>(end - digits)});
        } else {
            std::span<std::byte const> const bytes{value};
            add_text({reinterpret_cast<char const*>(bytes.data()), bytes.size()});
        }
    }

    /// Of a command that is appended whole: with a literal for a name nothing is left of it.
    template<class... Arguments>
    static void check_words(std::string_view name, Arguments const&... arguments) noexcept {
        check_name(name);
        if (is_client(name)) {
            check_first(arguments...);
        }
    }

    static void check_name(std::string_view name) noexcept {
        ORFEAS_ASSERT(!detail::is_for_own_connection(name), "append a command with exactly one reply");
    }

    static constexpr bool is_client(std::string_view name) noexcept { return detail::is_word(name, "CLIENT"); }

    static void check_first() noexcept {}

    template<class First, class... Others>
    static void check_first(First const& first, Others const&...) noexcept {
        if constexpr (std::convertible_to<First const&, std::string_view>) {
            ORFEAS_ASSERT(!detail::is_word(first, "REPLY"),
                          "append a command with exactly one reply: not CLIENT REPLY");
        }
    }

    /// Of a command that is given argument by argument.
    void check_word(std::string_view text) noexcept {
        if (word_ == word::name) {
            check_name(text);
            word_ = is_client(text) ? word::of_client : word::argument;
        } else {
            check_first(text);
            word_ = word::argument;
        }
    }

    void add_text(std::string_view text) {
        ORFEAS_ASSERT(missing_ > 0, "the command has all its arguments");
        --missing_;
        char* const start = bytes_.prepare(header_bytes + text.size() + 2);
        char* at = write_header(start, '$', text.size());
        if (!text.empty()) {
            std::memcpy(at, text.data(), text.size());
            at += text.size();
        }
        at[0] = '\r';
        at[1] = '\n';
        bytes_.commit(static_cast<std::size_t>(at + 2 - start));
    }

    static char* write_header(char* at, char sign, std::size_t number) noexcept {
        *at++ = sign;
        if (number < 10) { // most names and counts: to_chars costs more than all else here
            *at++ = static_cast<char>('0' + number);
        } else {
            at = std::to_chars(at, at + 20, number).ptr;
        }
        at[0] = '\r';
        at[1] = '\n';
        return at + 2;
    }

    byte_buffer bytes_;
    std::size_t commands_ = 0;
    std::size_t missing_ = 0;
    word word_ = word::argument;
};

} // namespace orfeas::inline v0::cache::redis
