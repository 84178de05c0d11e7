// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>

namespace orfeas_test {

/// Host memory that counts its calls and fails the ones it is told to. Copies share one state.
class failing_backend {
  public:
    struct record {
        std::mutex guard;
        std::uint64_t capacity = 0;
        std::uint64_t used = 0;
        std::uint64_t calls = 0;
        std::uint64_t fail_from = 0; // the first call that fails, from 1; 0: none
        std::uint64_t fail_count = 1;
        std::uint64_t wrong_frees = 0;
        std::map<void*, std::size_t> live;
    };

    explicit failing_backend(std::uint64_t capacity) : record_{std::make_shared<record>()} {
        record_->capacity = capacity;
    }

    record& state() const { return *record_; }

    /// Fails `count` calls, starting with the `first` one from now.
    void fail(std::uint64_t first, std::uint64_t count = 1) const {
        std::scoped_lock const lock{record_->guard};
        record_->fail_from = record_->calls + first;
        record_->fail_count = count;
    }

    void* allocate(std::size_t bytes) const {
        std::scoped_lock const lock{record_->guard};
        count("allocate");
        if (bytes > record_->capacity - record_->used) {
            throw orfeas::memory::backend_error{orfeas::memory::error::out_of_memory, "allocate", 2,
                                                "test device is full"};
        }
        void* const p = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
        if (p == nullptr) {
            throw std::bad_alloc{};
        }
        record_->used += bytes;
        record_->live[p] = bytes;
        return p;
    }

    void deallocate(void* p, std::size_t bytes) const {
        std::scoped_lock const lock{record_->guard};
        count("deallocate");
        auto const found = record_->live.find(p);
        if (found == record_->live.end() || found->second != bytes) {
            ++record_->wrong_frees;
            return;
        }
        record_->live.erase(found);
        record_->used -= bytes;
        std::free(p);
    }

    orfeas::memory::backend_info info() const {
        std::scoped_lock const lock{record_->guard};
        count("info");
        return {record_->capacity, record_->capacity - record_->used};
    }

    void copy_in(void* to, void const* from, std::size_t bytes) const {
        std::scoped_lock const lock{record_->guard};
        count("copy_in");
        std::memcpy(to, from, bytes);
    }
    void copy_out(void* to, void const* from, std::size_t bytes) const {
        std::scoped_lock const lock{record_->guard};
        count("copy_out");
        std::memcpy(to, from, bytes);
    }
    void make_current() const {}
    bool host_accessible() const noexcept { return true; }
    std::string_view name() const noexcept { return "test device"; }
    orfeas::memory::device_kind kind() const noexcept { return orfeas::memory::device_kind::host; }

    friend bool operator==(failing_backend const&, failing_backend const&) = default;

  private:
    void count(char const* call) const {
        auto const number = ++record_->calls;
        auto const from = record_->fail_from;
        if (from != 0 && number >= from && number - from < record_->fail_count) {
            throw orfeas::memory::backend_error{orfeas::memory::error::call_failed, call, 999,
                                                std::string{call} + " failed on the test device: 999"};
        }
    }

    std::shared_ptr<record> record_;
};
static_assert(orfeas::memory::memory_backend<failing_backend>);

} // namespace orfeas_test
