// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

/// OTLP in one form, whichever encoding it came in: each message is an object of arrays, one for each field by its JSON
/// name, and each scalar a string. Fields that hold zero, false or nothing are left out, as protobuf has it, but for the
/// elements of bucketCounts. Protobuf is read by `protoc --decode` and not by anything of orfeas.
namespace orfeas_test {

using nlohmann::json;

namespace detail {

inline std::string json_name(std::string_view field) {
    std::string name;
    bool is_raised = false;
    for (char const c : field) {
        if (c == '_') {
            is_raised = true;
        } else {
            name.push_back(is_raised ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c);
            is_raised = false;
        }
    }
    return name;
}

inline bool is_id(std::string_view name) {
    return name == "traceId" || name == "spanId" || name == "parentSpanId";
}

inline bool is_nothing(std::string_view name, std::string const& value) {
    return name != "bucketCounts" && (value == "0" || value == "false" || value.empty());
}

inline void add(json& message, std::string const& name, json value) {
    bool const is_left_out = value.is_string() && is_nothing(name, value.get<std::string>());
    if (!is_left_out) {
        message[name].push_back(std::move(value));
    }
}

/// Reads protobuf's text format, as protoc prints it.
class text_format {
  public:
    explicit text_format(std::string_view text) : rest_{text} {}

    json message() {
        json read = json::object();
        for (skip(); !rest_.empty() && rest_.front() != '}'; skip()) {
            auto const end = rest_.find_first_of(": {");
            auto const name = json_name(rest_.substr(0, end));
            rest_.remove_prefix(end);
            skip();
            if (rest_.front() == '{') {
                rest_.remove_prefix(1);
                add(read, name, message());
                rest_.remove_prefix(1);
            } else {
                rest_.remove_prefix(1);
                skip();
                add(read, name, scalar(name));
            }
        }
        return read;
    }

  private:
    void skip() {
        while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front()))) {
            rest_.remove_prefix(1);
        }
    }

    std::string scalar(std::string_view name) {
        if (rest_.front() == '"') {
            return is_id(name) ? hexadecimal(quoted()) : quoted();
        }
        auto const word = std::string{rest_.substr(0, rest_.find('\n'))};
        rest_.remove_prefix(word.size());
        static std::map<std::string, std::string> const known{{"SPAN_KIND_INTERNAL", "1"},
                                                              {"SPAN_KIND_SERVER", "2"},
                                                              {"SPAN_KIND_CLIENT", "3"},
                                                              {"SPAN_KIND_PRODUCER", "4"},
                                                              {"SPAN_KIND_CONSUMER", "5"},
                                                              {"STATUS_CODE_OK", "1"},
                                                              {"STATUS_CODE_ERROR", "2"},
                                                              {"AGGREGATION_TEMPORALITY_CUMULATIVE", "2"},
                                                              {"nan", "NaN"},
                                                              {"inf", "Infinity"},
                                                              {"-inf", "-Infinity"}};
        auto const found = known.find(word);
        return found == known.end() ? number(word) : found->second;
    }

    static std::string number(std::string const& word) {
        bool const is_real = word.find_first_of(".e") != std::string::npos && word != "true" && word != "false";
        return is_real ? json(std::stod(word)).dump() : word;
    }

    std::string quoted() {
        std::string text;
        rest_.remove_prefix(1);
        while (rest_.front() != '"') {
            char c = take();
            if (c == '\\') {
                c = take();
                if (c >= '0' && c <= '7') {
                    int code = c - '0';
                    code = code * 8 + (take() - '0');
                    code = code * 8 + (take() - '0');
                    c = static_cast<char>(code);
                } else {
                    c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
                }
            }
            text.push_back(c);
        }
        rest_.remove_prefix(1);
        return text;
    }

    char take() {
        char const c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    static std::string hexadecimal(std::string const& bytes) {
        std::string text;
        for (char const c : bytes) {
            text.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4U]);
            text.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 15U]);
        }
        return text;
    }

    std::string_view rest_;
};

inline json canonical(json const& value) {
    if (value.is_object()) {
        json message = json::object();
        for (auto const& [member, held] : value.items()) {
            if (held.is_array()) {
                for (auto const& each : held) {
                    add(message, member, canonical(each));
                }
            } else {
                add(message, member, canonical(held));
            }
        }
        return message;
    }
    return value.is_string() ? value : json(value.dump());
}

} // namespace detail

/// OTLP/JSON in the common form. Throws for what is no JSON.
inline json from_json(std::string_view body) {
    return detail::canonical(json::parse(body));
}

/// Protobuf in the common form; `message` is its name in proto/otlp.proto. Empty when there is no protoc. Throws for what
/// protoc cannot decode.
inline std::optional<json> from_protobuf(std::string_view body, std::string const& message) {
    if (std::system("command -v protoc > /dev/null 2>&1") != 0) {
        return std::nullopt;
    }
    auto const here = std::filesystem::path{__FILE__}.parent_path() / "proto";
    auto const file = std::filesystem::temp_directory_path() / ("orfeas_otlp_" + std::to_string(::getpid()));
    std::ofstream{file, std::ios::binary}.write(body.data(), static_cast<std::streamsize>(body.size()));
    auto const command =
        "protoc -I '" + here.string() + "' --decode=otlp." + message + " otlp.proto < '" + file.string() + "' 2>&1";
    FILE* const pipe = ::popen(command.c_str(), "r");
    std::string text;
    for (char piece[4096]; auto const count = std::fread(piece, 1, sizeof piece, pipe);) {
        text.append(piece, count);
    }
    int const status = ::pclose(pipe);
    std::filesystem::remove(file);
    if (status != 0) {
        throw std::runtime_error{"protoc: " + text};
    }
    return detail::text_format{text}.message();
}

} // namespace orfeas_test
