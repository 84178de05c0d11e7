// SPDX-License-Identifier: MIT
// Two jobs want more memory than there is: an idle model is unloaded for the first, and the second waits for the first.
#include <orfeas/memory.hpp>
#include <orfeas/memory/asio.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <optional>

namespace asio = boost::asio;
namespace memory = orfeas::memory;
using namespace orfeas::literals;

asio::awaitable<void> job(memory::awaiting_allocator<memory::pool>& allocator, char const* name) {
    void* const p = co_await allocator.allocate(std::chrono::seconds{5}, 48_MiB);
    std::cout << name << " has its memory\n";
    co_await asio::post(asio::use_awaitable); // its work
    allocator.resource().deallocate(p, 48_MiB);
}

int main() {
    asio::io_context io;
    memory::pool pool{memory::host_vmm{64_MiB}};
    memory::awaiting_allocator allocator{pool};
    std::optional<memory::buffer<char>> model{std::in_place, pool, 32_MiB};
    allocator.add_reclaimer(0, [&model](std::uint64_t) -> asio::awaitable<std::uint64_t> {
        if (!model) {
            co_return 0;
        }
        std::cout << "the model is unloaded\n";
        model.reset();
        co_await asio::post(asio::use_awaitable); // others run meanwhile
        co_return 32_MiB;
    });
    asio::co_spawn(io, job(allocator, "the first"), asio::detached);
    asio::co_spawn(io, job(allocator, "the second"), asio::detached);
    io.run();
}
