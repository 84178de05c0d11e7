// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/utf8.hpp>
#include <orfeas/memory/detail/chunk_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory::detail {

/// A text that a pickle may hold many times; from the second time on it is referred to. For one pickle only.
class pickle_text {
  public:
    /// Bytes that are not UTF-8 become U+FFFD: Python would refuse them.
    explicit pickle_text(std::string_view text) {
        while (!text.empty()) {
            auto const length = utf8_length(text);
            text_.append(length > 0 ? text.substr(0, length) : replacement_character);
            text.remove_prefix(length > 0 ? length : 1);
        }
    }

    bool empty() const noexcept { return text_.empty(); }

  private:
    template<class Sink>
    friend class pickle_writer;

    std::string text_;
    std::uint32_t memo_ = no_memo;
    static constexpr std::uint32_t no_memo = ~std::uint32_t{0};
};

/// Writes values in Python's pickle format, protocol 2, with those opcodes only that the memory viewer of PyTorch reads.
/// Dictionaries and lists are begun, filled and ended; a list of more than a thousand items is filled in parts.
template<class Sink>
class pickle_writer {
  public:
    explicit pickle_writer(Sink& sink) : out_{sink} { out_.append("\x80\x02"); }

    void begin_dict() { out_.append("}("); }
    void end_dict() { out_.append('u'); }

    void begin_list() { out_.append("]("); }
    /// After each item number `index`, counted from 0: the viewer hands a part to a function as its arguments, and a
    /// browser takes no unlimited number of those.
    void item_done(std::size_t index) {
        if (index % 1000 == 999) {
            out_.append("e(");
        }
    }
    void end_list() { out_.append('e'); }

    void text(pickle_text& text) {
        if (text.memo_ != pickle_text::no_memo) {
            recall(text.memo_);
            return;
        }
        out_.append('X');
        little_endian(text.text_.size(), 4);
        out_.append(text.text_);
        text.memo_ = remember();
    }

    void integer(std::uint64_t value) {
        if (value < 0x100U) {
            out_.append('K');
            little_endian(value, 1);
        } else if (value < 0x10000U) {
            out_.append('M');
            little_endian(value, 2);
        } else if (value < 0x8000'0000U) {
            out_.append('J');
            little_endian(value, 4);
        } else { // as many bytes as it takes, the last with its sign bit clear
            std::size_t bytes = 4;
            while (bytes < 8 && value >> (8 * bytes) != 0) {
                ++bytes;
            }
            bytes += (value >> (8 * bytes - 1)) != 0 ? 1U : 0U;
            out_.append('\x8a');
            out_.append(static_cast<char>(bytes));
            little_endian(value, bytes);
        }
    }

    void boolean(bool value) { out_.append(value ? '\x88' : '\x89'); }
    void minus_one() { out_.append(std::string_view{"J\xff\xff\xff\xff", 5}); }
    void zero_float() { out_.append(std::string_view{"G\0\0\0\0\0\0\0\0", 9}); }
    /// Makes the last two values a tuple.
    void pair() { out_.append('\x86'); }

    /// Keeps the last value for `recall`.
    std::uint32_t remember() {
        bool const small = memos_ < 0x100U;
        out_.append(small ? 'q' : 'r');
        little_endian(memos_, small ? 1 : 4);
        return memos_++;
    }

    void recall(std::uint32_t memo) {
        bool const small = memo < 0x100U;
        out_.append(small ? 'h' : 'j');
        little_endian(memo, small ? 1 : 4);
    }

    void finish() {
        out_.append('.');
        out_.flush();
    }

  private:
    void little_endian(std::uint64_t value, std::size_t bytes) {
        char* const room = out_.room(bytes);
        for (std::size_t i = 0; i < bytes; ++i) {
            room[i] = static_cast<char>(i < 8 ? value >> (8 * i) & 0xffU : 0U);
        }
        out_.took(bytes);
    }

    chunk_writer<Sink> out_;
    std::uint32_t memos_ = 0;
};

} // namespace orfeas::inline v0::memory::detail
