// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/memory/detail/address_spans.hpp>
#include <orfeas/memory/detail/id_index.hpp>
#include <orfeas/memory/detail/pickle_writer.hpp>
#include <orfeas/memory/snapshot.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory {

namespace detail {

/// Writes a snapshot as the dictionary that torch.cuda.memory._snapshot() answers (torch/csrc/cuda/Module.cpp).
template<class Sink>
class pytorch_writer {
  public:
    pytorch_writer(memory_snapshot const& snapshot, Sink& sink, std::uint64_t device)
        : snapshot_{snapshot}, device_{device}, out_{sink} {
        for (auto const& tag : snapshot.tags) {
            auto const size = tag.tag < tags_.size() ? tags_.size() : tag.tag + std::size_t{1};
            tags_.resize(size, pickle_text{"unknown"});
            tags_[tag.tag] = pickle_text{tag.tag == 0 ? "unknown" : std::string_view{tag.name}};
        }
        for (auto const& site : snapshot.sites) {
            auto const size = site.site < sites_.size() ? sites_.size() : site.site + std::size_t{1};
            sites_.resize(size, place{pickle_text{{}}, pickle_text{{}}, 0});
            sites_[site.site] = {pickle_text{site.file}, pickle_text{site.function}, site.line};
        }
    }

    void write() {
        out_.begin_dict();
        key("segments");
        out_.begin_list();
        for (std::size_t i = 0; i < snapshot_.ranges.size(); ++i) {
            segment(snapshot_.ranges[i]);
            out_.item_done(i);
        }
        out_.end_list();
        key("device_traces");
        traces();
        key("allocator_settings");
        settings();
        key("external_annotations");
        out_.begin_list();
        out_.end_list();
        out_.end_dict();
        out_.finish();
    }

  private:
    /// Keys are few and long-lived literals: told by their address, so that an event costs no search through texts.
    void key(char const* name) {
        for (auto& [literal, text] : keys_) {
            if (literal == name) {
                out_.text(text);
                return;
            }
        }
        out_.text(keys_.emplace_back(name, pickle_text{name}).second);
    }

    void number(char const* name, std::uint64_t value) {
        key(name);
        out_.integer(value);
    }

    void flag(char const* name, bool value) {
        key(name);
        out_.boolean(value);
    }

    void word(char const* name, char const* value) {
        key(name);
        key(value);
    }

    void segment(snapshot_range const& range) {
        std::uint64_t allocated = 0;
        std::uint64_t active = 0;
        std::uint64_t requested = 0;
        for (auto const& block : range.blocks) {
            bool const used = block.state == block_state::used;
            allocated += used ? block.bytes : 0;
            requested += used ? block.requested_bytes : 0;
            active += block.state != block_state::free ? block.bytes : 0;
        }
        out_.begin_dict();
        number("device", device_);
        number("address", range.address);
        number("total_size", range.bytes);
        number("allocated_size", allocated);
        number("active_size", active);
        number("requested_size", requested);
        number("stream", range.stream);
        word("segment_type", "large");
        key("segment_pool_id");
        out_.integer(0);
        out_.integer(0);
        out_.pair();
        flag("is_expandable", !range.whole_segment);
        frames(0, 0);
        key("blocks");
        out_.begin_list();
        for (std::size_t i = 0; i < range.blocks.size(); ++i) {
            block_of(range.blocks[i]);
            out_.item_done(i);
        }
        out_.end_list();
        out_.end_dict();
    }

    void block_of(snapshot_block const& block) {
        out_.begin_dict();
        number("address", block.address);
        number("size", block.bytes);
        number("requested_size", block.state == block_state::used ? block.requested_bytes : 0);
        word("state", block.state == block_state::used      ? "active_allocated"
                      : block.state == block_state::pending ? "active_pending_free"
                                                            : "inactive");
        frames(block.site, block.tag);
        out_.end_dict();
    }

    /// The call site as the one frame of a stack, and the tag as one more, which the viewer shows with it.
    void frames(std::uint32_t site, std::uint16_t tag) {
        key("frames");
        auto const hash = mix64(std::uint64_t{site} << 16U | tag);
        auto const found = frame_index_.find(hash, [&](std::uint32_t at) {
            return frame_lists_[at - 1].site == site && frame_lists_[at - 1].tag == tag;
        });
        if (found != 0) {
            out_.recall(frame_lists_[found - 1].memo);
            return;
        }
        frame_index_.reserve_one();
        out_.begin_list();
        if (site != 0 && site < sites_.size() && !sites_[site].file.empty()) {
            frame(sites_[site].file, sites_[site].line, sites_[site].function);
        }
        if (tag != 0) {
            frame(tag_text_, 0, tag_name(tag));
        }
        out_.end_list();
        frame_lists_.push_back({site, tag, out_.remember()});
        frame_index_.insert(hash, static_cast<std::uint32_t>(frame_lists_.size()));
    }

    void frame(pickle_text& file, std::uint64_t line, pickle_text& function) {
        out_.begin_dict();
        key("filename");
        out_.text(file);
        number("line", line);
        key("name");
        out_.text(function);
        out_.end_dict();
    }

    pickle_text& tag_name(std::uint16_t tag) { return tag < tags_.size() ? tags_[tag] : unknown_; }

    /// One list a device, those before ours empty.
    void traces() {
        out_.begin_list();
        for (std::uint64_t i = 0; i < device_; ++i) {
            out_.begin_list();
            out_.end_list();
        }
        out_.begin_list();
        for (auto const& event : snapshot_.events) {
            trace(event);
        }
        for (auto const& span : forgotten()) {
            entry("segment_free", {.time_ns = snapshot_.clock_ns}, "addr", span.begin, span.end - span.begin);
        }
        // the viewer fails when events have categories and none of them is "unknown": here is one
        entry("snapshot", {.time_ns = snapshot_.clock_ns}, "addr", 0, 0);
        out_.end_list();
        out_.end_list();
    }

    /// Where there were allocations, but no memory is now and no event says that it was given back. The viewer, which goes
    /// back in time from the present, fails at an allocation outside of all segments.
    address_spans forgotten() const {
        address_spans known;
        for (auto const& range : snapshot_.ranges) {
            known.add(range.address, range.bytes);
        }
        for (auto const& event : snapshot_.events) {
            if (event.kind == event_kind::release || event.kind == event_kind::move) {
                known.add(event.kind == event_kind::move ? event.related : event.address, event.bytes);
            }
        }
        known.settle();
        address_spans result;
        for (auto const& event : snapshot_.events) {
            bool const of_allocation = event.kind == event_kind::allocate || event.kind == event_kind::deallocate;
            if (of_allocation && !known.contains(event.address)) {
                result.add(event.address, event.bytes);
            }
        }
        result.settle();
        return result;
    }

    void trace(allocation_event const& event) {
        auto const requested = event.related != 0 ? event.related : event.bytes;
        bool const whole = in_whole_segment(event.address);
        switch (event.kind) {
        case event_kind::allocate:
            return entry("alloc", event, "addr", event.address, requested);
        case event_kind::deallocate: // in the order of its stream the memory is free at once
            entry("free_requested", event, "addr", event.address, requested);
            return entry("free_completed", event, "addr", event.address, requested);
        case event_kind::refuse:
            return entry("oom", event, "device_free", event.related, event.bytes);
        case event_kind::reserve:
            if (event.address == 0) {
                return; // kept for later without an address: the viewer knows addresses only
            }
            return entry(whole ? "segment_alloc" : "segment_map", event, "addr", event.address, event.bytes);
        case event_kind::release:
            if (event.address == 0) {
                return;
            }
            return entry(whole ? "segment_free" : "segment_unmap", event, "addr", event.address, event.bytes);
        case event_kind::move:
            if (event.related != 0) {
                entry("segment_unmap", event, "addr", event.related, event.bytes);
            }
            if (event.address != 0) {
                entry("segment_map", event, "addr", event.address, event.bytes);
            }
            return;
        case event_kind::cleanup:
        case event_kind::fence:
            return; // nothing that the viewer knows
        }
    }

    void entry(char const* action, allocation_event const& event, char const* what, std::uint64_t value,
               std::uint64_t bytes) {
        out_.begin_dict();
        word("action", action);
        number(what, value);
        number("size", bytes);
        number("stream", event.stream);
        number("time_us", microseconds(event.time_ns));
        key("category");
        out_.text(tag_name(event.tag));
        frames(event.site, event.tag);
        out_.end_dict();
        out_.item_done(entries_++);
    }

    /// Of the Unix epoch.
    std::uint64_t microseconds(std::uint64_t time_ns) const noexcept {
        auto const wall =
            std::chrono::duration_cast<std::chrono::microseconds>(snapshot_.profile.time.time_since_epoch());
        auto const age = static_cast<std::int64_t>(snapshot_.clock_ns - time_ns) / 1000;
        auto const time = static_cast<std::int64_t>(wall.count()) - age;
        return time > 0 ? static_cast<std::uint64_t>(time) : 0;
    }

    /// Memory of a pool that maps piece by piece comes and goes so, but for segments that are there as a whole.
    bool in_whole_segment(std::uint64_t address) const noexcept {
        std::size_t low = 0;
        std::size_t high = snapshot_.ranges.size();
        while (low < high) {
            auto const middle = low + (high - low) / 2;
            (snapshot_.ranges[middle].address <= address ? low : high) =
                snapshot_.ranges[middle].address <= address ? middle + 1 : middle;
        }
        if (low > 0 && address - snapshot_.ranges[low - 1].address < snapshot_.ranges[low - 1].bytes) {
            return snapshot_.ranges[low - 1].whole_segment;
        }
        return !snapshot_.remaps;
    }

    void settings() {
        out_.begin_dict();
        word("PYTORCH_CUDA_ALLOC_CONF", "");
        key("max_split_size");
        out_.minus_one();
        key("garbage_collection_threshold");
        out_.zero_float();
        flag("expandable_segments", snapshot_.remaps);
        number("pinned_num_register_threads", 1);
        flag("release_lock_on_cudamalloc", true);
        flag("pinned_use_cuda_host_register", false);
        key("roundup_power2_divisions");
        out_.begin_dict();
        out_.end_dict();
        out_.end_dict();
    }

    struct place {
        pickle_text file;
        pickle_text function;
        std::uint32_t line;
    };

    struct frame_list {
        std::uint32_t site;
        std::uint16_t tag;
        std::uint32_t memo;
    };

    memory_snapshot const& snapshot_;
    std::uint64_t device_;
    pickle_writer<Sink> out_;
    std::vector<std::pair<char const*, pickle_text>> keys_;
    std::vector<pickle_text> tags_; // by number
    std::vector<place> sites_;      // by number
    std::vector<frame_list> frame_lists_;
    id_index frame_index_;
    pickle_text unknown_{"unknown"};
    pickle_text tag_text_{"tag"};
    std::size_t entries_ = 0;
};

} // namespace detail

/// Writes a snapshot as the pickle that PyTorch's memory viewer (pytorch.org/memory_viz) and torch.cuda._memory_viz read,
/// as if device number `device` had it. Tags are the categories of its timeline; a call site is a stack of one frame.
/// Deallocation counts as complete at once, cleanups and fences are left out. Calls `sink(std::string_view)` with chunks of
/// up to 64 KiB; what it throws passes through. Linear.
template<std::invocable<std::string_view> Sink>
void write_pytorch(memory_snapshot const& snapshot, Sink&& sink, std::uint32_t device = 0) {
    detail::pytorch_writer writer{snapshot, sink, device};
    writer.write();
}

} // namespace orfeas::inline v0::memory
