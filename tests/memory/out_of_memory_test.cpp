// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/memory/out_of_memory.hpp>

#include <exception>
#include <new>
#include <string>

using namespace orfeas::literals;
using orfeas::memory::out_of_memory;
using orfeas::memory::out_of_memory_report;

TEST_CASE("memory: out_of_memory is a std::bad_alloc whose text survives copying and long names") {
    std::string const long_name(2000, 'x');
    out_of_memory const original{{.requested_bytes = 3_GiB, .alignment = 16}, long_name, long_name};
    std::exception_ptr const kept = std::make_exception_ptr(original);
    try {
        std::rethrow_exception(kept);
    } catch (std::bad_alloc const& e) {
        CHECK(std::string{e.what()} == original.what());
        CHECK(std::string{e.what()}.size() > 500);
    }
    CHECK_THAT(out_of_memory({.requested_bytes = 3_GiB, .alignment = 16}, "heap").what(),
               orfeas_test::contains("heap: no room for 3 GiB (aligned to 16 B)"));
    CHECK(original.report().requested_bytes == 3_GiB);
}

TEST_CASE("memory: the report of a refused request names its figures") {
    CHECK(orfeas::to_json(out_of_memory_report{1, 2, 3, 4, 5, 6, 7, 8}) ==
          R"({"requested_bytes":1,"alignment":2,"total_bytes":3,"reserved_bytes":4,"allocated_bytes":5,)"
          R"("largest_free_bytes":6,"stranded_bytes":7,"available_bytes":8})");
}
