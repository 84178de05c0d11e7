// SPDX-License-Identifier: MIT
//
// Random RESP3 against a plain model: values are written out by a plain encoder, sent through the parser in random pieces
// and compared; then the stream is spoiled at random places, and what the parser says must not depend on the pieces. About
// a second in an ordinary run. With ORFEAS_TEST_LONG=1 ten minutes; a larger number is how many seconds. What fails prints
// the ORFEAS_TEST_SEED that shows it at once.
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/redis/parser.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace redis = orfeas::cache::redis;
using redis::kind;
using redis::parse_state;

namespace {

/// A value as a plain tree.
struct value {
    kind type = kind::null;
    std::string text;
    std::int64_t number = 0;
    std::vector<value> elements;

    friend bool operator==(value const&, value const&) = default;
};

value tree_of(redis::reply_view view) {
    value v;
    v.type = view.kind();
    v.text = view.text();
    v.number = view.number().value_or(view.boolean().value_or(false));
    if (view.real()) {
        v.text = std::to_string(*view.real());
    }
    for (auto const each : view) {
        v.elements.push_back(tree_of(each));
    }
    return v;
}

/// Makes values and writes them out, attributes and both forms of null included.
class generator {
  public:
    explicit generator(std::uint64_t seed) : random{seed} {}

    std::mt19937_64 random;

    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random() % bound); }

    value make(std::string& out, int depth) {
        if (below(12) == 0 && depth > 0) {
            attribute(out, depth - 1);
        }
        value v;
        v.type = static_cast<kind>(below(depth > 0 ? 12 : 9));
        switch (v.type) {
        case kind::null: {
            static constexpr std::string_view forms[] = {"_\r\n", "$-1\r\n", "*-1\r\n"};
            out += forms[below(3)];
            break;
        }
        case kind::simple_string:
            line(out, '+', v.text = letters(30));
            break;
        case kind::blob_string:
            bulk(out, '$', v.text = bytes(), "");
            break;
        case kind::verbatim_string:
            bulk(out, '=', v.text = bytes(), "txt:");
            break;
        case kind::error:
            v.text = letters(30);
            below(2) == 0 ? line(out, '-', v.text) : bulk(out, '!', v.text, "");
            break;
        case kind::number:
            v.number = static_cast<std::int64_t>(random() >> below(64));
            line(out, ':', std::to_string(v.number));
            break;
        case kind::real: {
            double const real = static_cast<double>(static_cast<std::int64_t>(random())) / 4096.0;
            char text[64];
            std::snprintf(text, sizeof text, "%.17g", real);
            line(out, ',', text);
            v.text = std::to_string(real);
            break;
        }
        case kind::boolean:
            v.number = static_cast<std::int64_t>(below(2));
            out += v.number != 0 ? "#t\r\n" : "#f\r\n";
            break;
        case kind::big_number:
            v.text = std::to_string(random()) + std::to_string(random());
            line(out, '(', v.text);
            break;
        default:
            elements(out, v, depth);
        }
        return v;
    }

    value make_push(std::string& out) {
        value v;
        v.type = kind::push;
        auto const count = 1 + below(3);
        out += ">" + std::to_string(count) + "\r\n";
        for (std::size_t i = 0; i < count; ++i) {
            v.elements.push_back(make(out, 2));
        }
        return v;
    }

  private:
    void elements(std::string& out, value& v, int depth) {
        auto const count = below(5);
        char const sign = v.type == kind::array ? '*' : v.type == kind::set ? '~' : '%';
        line(out, sign, std::to_string(count));
        for (std::size_t i = 0; i < (v.type == kind::map ? 2 * count : count); ++i) {
            v.elements.push_back(make(out, depth - 1));
        }
    }

    void attribute(std::string& out, int depth) {
        auto const pairs = below(3);
        line(out, '|', std::to_string(pairs));
        for (std::size_t i = 0; i < 2 * pairs; ++i) {
            make(out, depth);
        }
    }

    static void line(std::string& out, char sign, std::string const& text) { out += sign + text + "\r\n"; }

    static void bulk(std::string& out, char sign, std::string const& text, std::string const& format) {
        out += sign + std::to_string(format.size() + text.size()) + "\r\n" + format + text + "\r\n";
    }

    std::string letters(std::size_t most) {
        std::string text(below(most), ' ');
        for (char& c : text) {
            c = static_cast<char>(32 + below(224));
        }
        return text;
    }

    std::string bytes() {
        std::string text(below(8) == 0 ? below(5000) : below(40), ' ');
        for (char& c : text) {
            c = static_cast<char>(random());
        }
        return text;
    }
};

struct outcome {
    std::vector<value> replies;
    std::vector<value> pushes;
    parse_state last = parse_state::need_more;
    std::size_t consumed = 0;
};

/// Feeds the stream in pieces of at most `most` bytes, as a connection does.
outcome feed(std::string_view stream, std::mt19937_64& random, std::size_t most, redis::reply_limits limits) {
    redis::parser p{limits};
    redis::response replies;
    redis::response pushes;
    outcome done;
    std::size_t end = 0;
    while (done.last != parse_state::malformed && done.last != parse_state::too_large) {
        std::vector<char> const given(stream.begin() + static_cast<std::ptrdiff_t>(done.consumed),
                                      stream.begin() + static_cast<std::ptrdiff_t>(end));
        auto const result = p.parse({given.data(), given.size()}, &replies, &pushes);
        if (result.consumed > given.size()) {
            FAIL("consumed more than was given");
        }
        done.consumed += result.consumed;
        done.last = result.state;
        if (result.state == parse_state::need_more) {
            if (end == stream.size()) {
                break;
            }
            end += 1 + static_cast<std::size_t>(random() % most);
            end = end < stream.size() ? end : stream.size();
        }
    }
    // What a broken stream left half done is nobody's.
    auto take = [](redis::response const& from, std::vector<value>& to) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            to.push_back(tree_of(from[i]));
        }
    };
    if (done.last == parse_state::need_more && !p.is_within()) {
        take(replies, done.replies);
        take(pushes, done.pushes);
    }
    return done;
}

void spoil(std::string& stream, generator& from) {
    static constexpr std::string_view telling = "$*%~|>_#:,+-!=(\r\n0123456789?.tf";
    for (std::size_t times = 1 + from.below(3); times > 0 && !stream.empty(); --times) {
        auto const at = from.below(stream.size());
        switch (from.below(5)) {
        case 0:
            stream[at] = static_cast<char>(from.random());
            break;
        case 1:
            stream[at] = telling[from.below(telling.size())];
            break;
        case 2:
            stream.erase(at, 1 + from.below(4));
            break;
        case 3:
            stream.insert(at, 1, telling[from.below(telling.size())]);
            break;
        default:
            stream.resize(at);
        }
    }
}

void check_values(std::uint64_t seed) {
    generator from{seed};
    std::string stream;
    outcome expected;
    for (auto count = 1 + from.below(8); count > 0; --count) {
        if (from.below(5) == 0) {
            expected.pushes.push_back(from.make_push(stream));
        } else {
            expected.replies.push_back(from.make(stream, 4));
        }
    }
    for (std::size_t const most : {stream.size(), std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
        auto const got = feed(stream, from.random, most, {});
        if (got.consumed != stream.size() || got.replies != expected.replies || got.pushes != expected.pushes) {
            FAIL("the values differ from those that were written");
        }
    }
    for (int i = 0; i < 20; ++i) {
        std::string spoiled = stream;
        spoil(spoiled, from);
        redis::reply_limits const limits{.depth = 4, .values = 200, .text_bytes = 20'000, .line_bytes = 60};
        auto const whole = feed(spoiled, from.random, spoiled.size() + 1, limits);
        auto const cut = feed(spoiled, from.random, 1 + from.below(16), limits);
        if (whole.last != cut.last || whole.replies != cut.replies || whole.pushes != cut.pushes) {
            FAIL("what the parser says depends on how the stream is cut: " << static_cast<int>(whole.last) << " and "
                                                                           << static_cast<int>(cut.last) << ", "
                                                                           << Catch::Detail::stringify(spoiled));
        }
    }
}

} // namespace

TEST_CASE("redis parser: random values arrive, and spoiled streams are refused alike however they are cut") {
    char const* const asked = std::getenv("ORFEAS_TEST_LONG");
    auto const number = asked == nullptr ? 0 : std::strtoull(asked, nullptr, 10);
    constexpr std::uint64_t ordinary_rounds = 300;
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{number > 1 ? number : 600};
    auto seed = orfeas_test::test_seed();
    for (std::uint64_t round = 0; number == 0 ? round < ordinary_rounds : std::chrono::steady_clock::now() < until;
         ++round, ++seed) {
        INFO("ORFEAS_TEST_SEED=" << seed);
        check_values(seed);
        if (number != 0 && round % 20'000 == 0) {
            std::printf("redis parser: %llu rounds, seed %llu\n", static_cast<unsigned long long>(round),
                        static_cast<unsigned long long>(seed));
            std::fflush(stdout);
        }
    }
    SUCCEED();
}
