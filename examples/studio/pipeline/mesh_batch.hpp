// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/decode.hpp"
#include "pipeline/encode.hpp"
#include "pipeline/parameters.hpp"
#include "pipeline/picture_weight.hpp"
#include "pipeline/relief_device.hpp"
#include "pipeline/triangulate.hpp"

#include <orfeas/core/function_ref.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <iterator>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace studio {

/// A mesh to be made: `picture()` is a picture file and `asked()` what is to be made of it. `stage(name)` is called as each
/// stage begins, and what it returns ends with the stage (see stage_instrument). At the end exactly one of `made(mesh)` and
/// `failed(exception)` is called; neither throws.
template<class J>
concept mesh_job = requires(J& job, std::string_view name, encoded_mesh mesh, std::exception_ptr error) {
    { job.picture() } -> std::convertible_to<std::span<std::byte const>>;
    { job.asked() } -> std::convertible_to<parameters const&>;
    job.stage(name);
    job.made(std::move(mesh));
    job.failed(error);
};

/// Lengths of the plate that these parameters make of a picture: as wide as asked, as deep as the picture's proportion
/// says.
inline plate_size plate_of(parameters const& asked, picture_size picture) noexcept {
    double const proportion = static_cast<double>(picture.height) / static_cast<double>(picture.width);
    return {asked.width_mm, asked.width_mm * proportion, asked.base_mm, asked.relief_mm};
}

/// Makes meshes together, in three steps: `decode()`, `estimate()` (upload and relief, the device's part, in one go), and
/// `finish()` (triangulate and encode, each handed out as soon as it is done). A job that fails leaves the others alone. When
/// the device has no memory for another picture, those that it has are estimated first; when it has none for their reliefs at
/// once, it takes one after the other. Every picture, height field and mesh lies in memory of `host`, which the host can
/// access and which outlives the meshes; all else is given back as it is done with.
///
/// Each step calls `at_peak()` when much is allocated, for those who watch over memory. `weight()` and `peak_bytes()` are for
/// those who size batches.
/// Thread-compatible (distinct objects), when `host` and `device` are thread-safe.
template<memory_resource R, class Device, mesh_job Job>
    requires relief_device<Device, orfeas::memory::tracking_resource<R>>
class mesh_batch {
    using stage_memory = orfeas::memory::tracking_resource<R>;

  public:
    using notice = orfeas::function_ref<void()>;

    /// What is given outlives the batch.
    mesh_batch(R& host, Device& device, std::span<Job> jobs, picture_limits const& limits)
        : host_{host}, stages_{host}, device_{device}, jobs_{jobs}, limits_{limits} {
        members_.reserve(jobs.size()); // so that what belongs together is added together
        pictures_.reserve(jobs.size());
        orders_.reserve(jobs.size());
    }

    void decode(notice at_peak) {
        for (auto& job : jobs_) {
            attempt(job, [&] {
                check(job.asked());
                [[maybe_unused]] auto const scope = job.stage("decode");
                auto picture = studio::decode(stages_, job.picture(), limits_);
                auto const size = picture.size();
                pictures_.push_back(std::move(picture));
                members_.push_back({&job, size, grid_over(size, job.asked().resolution)});
                weight_ += weight_of(size, members_.back().grid);
            });
        }
        at_peak();
    }

    void estimate(notice at_peak) {
        auto const decoded = std::exchange(members_, {});
        members_.reserve(decoded.size());
        uploaded_.reserve(decoded.size());
        fields_.reserve(decoded.size());
        for (std::size_t i = 0; i < decoded.size(); ++i) {
            attempt(*decoded[i].job, [&] {
                try {
                    upload(decoded[i], pictures_[i]);
                } catch (std::bad_alloc const&) {
                    bool const is_lost = pictures_[i].pixels().empty(); // the device took it and cannot be asked again
                    if (orders_.empty() || is_lost) {
                        throw;
                    }
                    fits_ = false;
                    at_peak();
                    estimate_uploaded(); // which frees the memory of those before
                    upload(decoded[i], pictures_[i]);
                }
            });
        }
        pictures_.clear();
        at_peak();
        estimate_uploaded();
    }

    void finish(notice at_peak) {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            auto& job = *members_[i].job;
            attempt(job, [&] {
                auto const heights = std::move(fields_[i]);
                auto const plate = in_stage(job, "triangulate", [&] {
                    return triangulate(stages_, heights, plate_of(job.asked(), members_[i].size));
                });
                auto mesh = in_stage(job, "encode", [&] { return encode(host_, plate, job.asked().format); });
                at_peak();
                job.made(std::move(mesh));
            });
        }
        members_.clear();
        fields_.clear();
    }

    /// The sum over the pictures that were decoded.
    std::uint64_t weight() const noexcept { return weight_; }

    /// Taken of `host` at once so far, without finished meshes, which are not the batch's any more.
    std::uint64_t peak_bytes() const noexcept { return stages_.peak_bytes(); }

    /// Whether no job has wanted memory in vain so far.
    bool fits() const noexcept { return fits_; }

  private:
    struct member {
        Job* job;
        picture_size size;
        grid_size grid;
    };
    using order = relief_order<uploaded_to<Device, stage_memory>>;

    /// One stage of several jobs at once; it ends for the last of them first, as scopes do.
    class shared_stage {
      public:
        shared_stage(std::span<member const> members, std::string_view name) {
            for (auto const& each : members) {
                scopes_.emplace_back(*each.job, name);
            }
        }
        shared_stage(shared_stage const&) = delete;
        shared_stage& operator=(shared_stage const&) = delete;
        ~shared_stage() {
            while (!scopes_.empty()) {
                scopes_.pop_back();
            }
        }

      private:
        struct one {
            one(Job& job, std::string_view name) : scope{job.stage(name)} {}
            decltype(std::declval<Job&>().stage(std::string_view{})) scope;
        };
        std::deque<one> scopes_;
    };

    template<class Work>
    static auto in_stage(Job& job, std::string_view name, Work const& work) {
        [[maybe_unused]] auto const scope = job.stage(name);
        return work();
    }

    /// Does a job's part; what it throws is the job's failure.
    template<class Work>
    void attempt(Job& job, Work const& work) {
        try {
            work();
        } catch (std::bad_alloc const&) {
            fits_ = false;
            job.failed(std::current_exception());
        } catch (...) {
            job.failed(std::current_exception());
        }
    }

    void upload(member const& each, image<stage_memory>& picture) {
        [[maybe_unused]] auto const scope = each.job->stage("upload");
        orders_.push_back({device_.upload(std::move(picture)), each.grid});
        uploaded_.push_back(each);
    }

    /// Has the reliefs of what is uploaded made, and gives its memory back.
    void estimate_uploaded() {
        if (!orders_.empty()) {
            estimate_all();
        }
        uploaded_.clear();
        orders_.clear();
    }

    void estimate_all() {
        try {
            shared_stage const scope{uploaded_, "relief"};
            auto fields = device_.relief(stages_, std::span<order const>{orders_});
            std::ranges::move(fields, std::back_inserter(fields_));
            std::ranges::copy(uploaded_, std::back_inserter(members_));
        } catch (std::bad_alloc const&) {
            fits_ = false;
            estimate_one_by_one();
        } catch (...) {
            for (auto const& each : uploaded_) {
                each.job->failed(std::current_exception());
            }
        }
    }

    void estimate_one_by_one() {
        for (std::size_t i = 0; i < uploaded_.size(); ++i) {
            attempt(*uploaded_[i].job, [&] {
                [[maybe_unused]] auto const scope = uploaded_[i].job->stage("relief");
                auto one = device_.relief(stages_, std::span<order const>{&orders_[i], 1});
                fields_.push_back(std::move(one.front()));
                members_.push_back(uploaded_[i]);
            });
        }
    }

    R& host_;
    stage_memory stages_; // of it, all but what is finished
    Device& device_;
    std::span<Job> jobs_;
    picture_limits limits_;
    std::vector<member> members_; // those that have not failed, after decode() and after estimate()
    std::uint64_t weight_ = 0;
    bool fits_ = true;
    std::vector<image<stage_memory>> pictures_;
    std::vector<member> uploaded_; // whose order waits for its relief
    std::vector<order> orders_;
    std::vector<height_field<stage_memory>> fields_;
};

} // namespace studio
