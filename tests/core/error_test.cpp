// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>

namespace sample {

enum class error { refused = 1, late = 2 };
constexpr std::string_view error_domain(error) {
    return "sample";
}
constexpr std::string_view describe(error e) {
    return e == error::refused ? "the peer refused" : "the answer was late";
}

using orfeas::make_error_code;

enum class undescribed { one };

} // namespace sample

template<>
struct std::is_error_code_enum<sample::error> : std::true_type {};

using namespace orfeas;

static_assert(described_error<sample::error>);
static_assert(!described_error<sample::undescribed>);
static_assert(!described_error<int>);

TEST_CASE("core: a described enumerator becomes an error code with its sentence") {
    std::error_code const code = sample::error::late;
    CHECK(code.value() == 2);
    CHECK(code.message() == "the answer was late");
    CHECK(std::string_view{code.category().name()} == "sample");
    CHECK(code == sample::error::late);
    CHECK(code != sample::error::refused);
}

TEST_CASE("core: an option error names field, value and what is allowed") {
    option_error const error{"ORFEAS_HTTP_PORT", "70000", "between 0 and 65535"};
    CHECK(std::string_view{error.what()} == "ORFEAS_HTTP_PORT is '70000', but must be between 0 and 65535");
    CHECK(error.field() == "ORFEAS_HTTP_PORT");
    CHECK(error.value() == "70000");
    CHECK(error.allowed() == "between 0 and 65535");
}
