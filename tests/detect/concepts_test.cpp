// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/outlier_detector.hpp>

#include <system_error>

using namespace orfeas;
using namespace orfeas::detect;

namespace {

struct model {
    verdict update(sample const&);
    bool warm() const noexcept;
    void reset();
    void save(state_writer&) const;
    std::error_code load(state_reader&);
};
static_assert(detector<model>);
static_assert(!vector_detector<model>);

struct vector_model {
    verdict update(vector_sample const&);
    bool warm() const noexcept;
    void reset();
    void save(state_writer&) const;
    std::error_code load(state_reader&);
};
static_assert(vector_detector<vector_model>);
static_assert(!detector<vector_model>);

// each lacks one thing that the concept asks for

struct says_only_a_score : model {
    double update(sample const&);
};
struct warms_up_with_exceptions : model {
    bool warm() const;
};
struct cannot_be_saved : model {
    void save(state_writer&); // not const
};
struct throws_on_load : model {
    void load(state_reader&);
};
struct cannot_be_copied : model {
    cannot_be_copied() = default;
    cannot_be_copied(cannot_be_copied const&) = delete;
    cannot_be_copied& operator=(cannot_be_copied const&) = delete;
};
struct cannot_forget {
    verdict update(sample const&);
    bool warm() const noexcept;
    void save(state_writer&) const;
    std::error_code load(state_reader&);
};

} // namespace

TEST_CASE("detect: the concepts take their models and refuse what lacks a part") {
    STATIC_REQUIRE(detector<outlier_detector>);
    STATIC_REQUIRE_FALSE(vector_detector<outlier_detector>);
    STATIC_REQUIRE(saves_state<alert_gate>);
    STATIC_REQUIRE_FALSE(detector<alert_gate>);
    STATIC_REQUIRE_FALSE(detector<says_only_a_score>);
    STATIC_REQUIRE_FALSE(detector<warms_up_with_exceptions>);
    STATIC_REQUIRE_FALSE(detector<cannot_be_saved>);
    STATIC_REQUIRE_FALSE(detector<throws_on_load>);
    STATIC_REQUIRE_FALSE(detector<cannot_be_copied>);
    STATIC_REQUIRE_FALSE(detector<cannot_forget>);
    STATIC_REQUIRE_FALSE(saves_state<sample>);
}
