// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/resource_calls.hpp>

#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0::memory {

/// A resource of any type, owned: what a class holds that is not a template. Itself a `memory_resource`, at the cost of an
/// indirect call.
///
/// What takes at most four pointers and moves without throwing lies inside; anything else, also what cannot be moved (a
/// pool), on the heap. Move-only: a copy of a resource that counts would be another one. Default-constructed or moved
/// from it is empty, and then allocating is a caller's bug.
///
/// Two are equal when both are empty, or hold resources of one type that are equal.
/// Thread-compatible (distinct objects); the calls of `memory_resource` are thread-safe as far as those of the resource are.
class any_resource {
  public:
    static constexpr std::size_t inline_bytes = 4 * sizeof(void*);

    any_resource() = default;

    template<class Resource>
        requires(!std::same_as<Resource, any_resource> && memory_resource<Resource> &&
                 std::move_constructible<Resource>)
    explicit any_resource(Resource resource) : any_resource{std::in_place_type<Resource>, std::move(resource)} {}

    /// Makes the resource in place: `any_resource{std::in_place_type<pool>, best_device()}`.
    template<memory_resource Resource, class... Args>
        requires std::constructible_from<Resource, Args...>
    explicit any_resource(std::in_place_type_t<Resource>, Args&&... args) {
        if constexpr (fits<Resource>) {
            ::new (static_cast<void*>(storage_)) Resource(std::forward<Args>(args)...);
        } else {
            ::new (static_cast<void*>(storage_)) void* {new Resource(std::forward<Args>(args)...)};
        }
        kind_ = &kind_of<Resource>;
    }

    any_resource(any_resource&& other) noexcept { take(other); }

    any_resource& operator=(any_resource&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }

    ~any_resource() { reset(); }

    /// Throws what the resource throws: out_of_memory.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
        return calls().allocate(held(), bytes, alignment);
    }

    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        return calls().try_allocate(held(), bytes, alignment);
    }

    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        calls().deallocate(held(), p, bytes, alignment);
    }

    bool empty() const noexcept { return kind_ == nullptr; }

    /// The resource if it is of that type, else null.
    template<memory_resource Resource>
    Resource* target() noexcept {
        return kind_ == &kind_of<Resource> ? static_cast<Resource*>(held()) : nullptr;
    }

    // a member: as a friend it would be a candidate wherever an adaptor over these is compared
    bool operator==(any_resource const& other) const {
        return kind_ == other.kind_ && (kind_ == nullptr || kind_->calls->equal(held(), other.held()));
    }

  private:
    template<class Resource>
    static constexpr bool fits = sizeof(Resource) <= inline_bytes && alignof(Resource) <= alignof(std::max_align_t) &&
                                 std::is_nothrow_move_constructible_v<Resource>;

    struct kind {
        detail::resource_calls const* calls;
        bool is_inline;
        void (*move)(void* to, void* from) noexcept; ///< and ends what it moved from; inline ones only
        void (*end)(void* resource) noexcept;
    };

    template<class Resource>
    static void move_held(void* to, void* from) noexcept {
        if constexpr (fits<Resource>) {
            auto* const source = static_cast<Resource*>(from);
            ::new (to) Resource(std::move(*source));
            source->~Resource();
        }
    }

    template<class Resource>
    static void end_held(void* resource) noexcept {
        if constexpr (fits<Resource>) {
            static_cast<Resource*>(resource)->~Resource();
        } else {
            delete static_cast<Resource*>(resource);
        }
    }

    template<class Resource>
    static constexpr kind kind_of{&detail::calls_of<Resource>, fits<Resource>, &move_held<Resource>,
                                  &end_held<Resource>};

    detail::resource_calls const& calls() const noexcept {
        ORFEAS_ASSERT(kind_ != nullptr, "use an any_resource that holds a resource");
        return *kind_->calls;
    }

    void* held() noexcept { return const_cast<void*>(std::as_const(*this).held()); }
    void const* held() const noexcept {
        return kind_->is_inline ? static_cast<void const*>(storage_)
                                : *std::launder(reinterpret_cast<void* const*>(storage_));
    }

    void take(any_resource& other) noexcept {
        if (other.kind_ == nullptr) {
            return;
        }
        if (other.kind_->is_inline) {
            other.kind_->move(storage_, other.storage_);
        } else {
            ::new (static_cast<void*>(storage_)) void* {other.held()};
        }
        kind_ = std::exchange(other.kind_, nullptr);
    }

    void reset() noexcept {
        if (kind_ != nullptr) {
            kind_->end(held());
            kind_ = nullptr;
        }
    }

    alignas(std::max_align_t) std::byte storage_[inline_bytes];
    kind const* kind_ = nullptr;
};
static_assert(memory_resource<any_resource>);

} // namespace orfeas::inline v0::memory
