// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/state.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <system_error>
#include <vector>

using namespace orfeas;

namespace {

enum class colour : std::uint8_t { red, green };

struct inner {
    float share = 0.25F;

    static void state(auto& self, auto&& io) { io(self.share); }
};

/// Every kind of member that a state may have.
class everything {
  public:
    static constexpr state_kind kind{"everything", 3};

    explicit everything(std::uint64_t options = 7) : options_{options} {}

    void fill() {
        number_ = -0.0;
        flag_ = true;
        shade_ = colour::green;
        passed_ = std::chrono::milliseconds{-5};
        list_ = {std::numeric_limits<double>::quiet_NaN(), 1e-300, 3};
        place_ = 2;
        parts_[1].share = 0.75F;
    }

    void save(state_writer& out) const { save_state(out, kind, options_, *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, options_, *this); }

    static void state(auto& self, auto&& io) {
        io(self.number_, self.flag_, self.shade_, self.passed_, self.list_, self.place_, self.parts_);
    }
    bool valid() const noexcept { return place_ < list_.size(); }

    std::vector<std::byte> saved() const {
        std::vector<std::byte> bytes;
        state_writer out{bytes};
        save(out);
        return bytes;
    }

    std::uint32_t place_ = 0;

  private:
    std::uint64_t options_;
    double number_ = 1;
    bool flag_ = false;
    colour shade_ = colour::red;
    std::chrono::milliseconds passed_{};
    std::vector<double> list_ = std::vector<double>(3);
    std::array<inner, 2> parts_{};
};
static_assert(saves_state<everything>);

struct saves_only {
    void save(state_writer&) const {}
};
struct loads_without_a_word {
    void save(state_writer&) const {}
    void load(state_reader&) {}
};
static_assert(!saves_state<saves_only>);
static_assert(!saves_state<loads_without_a_word>);
static_assert(!saves_state<int>);

struct other_kind : everything {
    static constexpr state_kind kind{"something else", 3};
    std::error_code load(state_reader& in) { return load_state(in, kind, 7, static_cast<everything&>(*this)); }
};

std::error_code load_from(std::vector<std::byte> const& bytes, auto& object) {
    state_reader in{bytes};
    auto const refused = object.load(in);
    CHECK(in.rest().size() == (refused ? bytes.size() : 0));
    return refused;
}

struct few_options {
    double level = 0.5;
    std::string_view name{};
    std::chrono::seconds span{5};

    static void fields(auto& self, auto&& field) {
        field("level", self.level, 0, "");
        field("span", self.span, 0, "");
    }
};

} // namespace

TEST_CASE("core: a saved state comes back bit by bit") {
    everything full;
    full.fill();
    auto const bytes = full.saved();
    everything loaded;
    CHECK(loaded.saved() != bytes);
    CHECK_FALSE(load_from(bytes, loaded));
    CHECK(loaded.saved() == bytes);
    CHECK(bytes.size() == everything{}.saved().size());
}

TEST_CASE("core: states follow each other") {
    everything full;
    full.fill();
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    full.save(out);
    everything{}.save(out);
    state_reader in{bytes};
    everything first;
    everything second;
    CHECK_FALSE(first.load(in));
    CHECK_FALSE(second.load(in));
    CHECK(in.rest().empty());
    CHECK(first.saved() == full.saved());
    CHECK(second.saved() == everything{}.saved());
}

TEST_CASE("core: a state of another kind, version or options is refused and named") {
    auto const bytes = everything{}.saved();
    other_kind other;
    CHECK(load_from(bytes, other) == state_error::foreign_state);
    everything with_other_options{8};
    CHECK(load_from(bytes, with_other_options) == state_error::other_options);
    auto newer = bytes;
    newer[4] = std::byte{4};
    everything object;
    CHECK(load_from(newer, object) == state_error::other_version);
    auto foreign = bytes;
    foreign[0] = std::byte{'X'};
    CHECK(load_from(foreign, object) == state_error::foreign_state);
    CHECK(std::error_code{state_error::other_version}.message().find("layout") != std::string::npos);
    CHECK(std::error_code{state_error::other_version}.category().name() == std::string_view{"orfeas.state"});
}

TEST_CASE("core: a state that is cut or changed anywhere is refused and changes nothing") {
    everything full;
    full.fill();
    auto const bytes = full.saved();
    everything object;
    auto const before = object.saved();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK(load_from({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}, object) ==
              state_error::truncated_state);
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        if (at == 6 || at == 7) {
            continue; // reserved, but under the checksum: below
        }
        auto damaged = bytes;
        damaged[at] ^= std::byte{0x10};
        CHECK(load_from(damaged, object));
    }
    auto damaged = bytes;
    damaged[6] = std::byte{1};
    CHECK(load_from(damaged, object) == state_error::corrupted_state);
    CHECK(object.saved() == before);
}

TEST_CASE("core: numbers that cannot be are refused though their checksum is right") {
    everything object;
    object.place_ = 3; // behind the end of the list
    auto const bytes = object.saved();
    everything other;
    CHECK(load_from(bytes, other) == state_error::corrupted_state);
}

TEST_CASE("core: fingerprints differ where an option does") {
    few_options const plain;
    few_options changed;
    CHECK(fingerprint(plain) == fingerprint(changed));
    changed.level = 0.25;
    CHECK(fingerprint(plain) != fingerprint(changed));
    changed = {};
    changed.span = std::chrono::seconds{6};
    CHECK(fingerprint(plain) != fingerprint(changed));
}
